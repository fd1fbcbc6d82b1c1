"""Telemetry frames: the payload of `up/tel` and `up/bf`, encoded and decoded.

The wire form is `frame.proto`; the reasons for it are in docs/adr/0002-frame-format.md.
Decoding is safe on hostile bytes: it raises FrameError, in time and memory that `limits`
bounds. Encoding refuses what decoding would.
"""

from aerostream_contract.frame.decoding import decode_frame
from aerostream_contract.frame.encoding import encode_frame
from aerostream_contract.frame.envelope import (
    frame_identity,
    move_frame,
    renumber_frame,
    restamp_frame,
)
from aerostream_contract.frame.merging import merge_frames
from aerostream_contract.frame.numbers import frame_numbers
from aerostream_contract.frame.samples import (
    Clock,
    DecodedBlock,
    DecodedFrame,
    Section,
    SeriesRows,
)

__all__ = [
    "Clock",
    "DecodedBlock",
    "DecodedFrame",
    "Section",
    "SeriesRows",
    "decode_frame",
    "encode_frame",
    "frame_identity",
    "frame_numbers",
    "merge_frames",
    "move_frame",
    "renumber_frame",
    "restamp_frame",
]
