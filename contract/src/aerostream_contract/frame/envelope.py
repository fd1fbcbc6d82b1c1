"""The outside of a frame: identity, compression, and moving its times."""

import zlib
from collections.abc import Callable, Mapping

from google.protobuf.message import DecodeError

from aerostream_contract.errors import FrameError
from aerostream_contract.frame.limits import MAX_BODY_BYTES, MAX_FRAME_BYTES, check_identity
from aerostream_contract.frame.samples import Clock
from aerostream_contract.frame_pb2 import Body, Frame, Section
from aerostream_contract.times import EARLIEST_US, LATEST_US

_DEFLATE_FROM_BYTES = 256


def frame_identity(payload: bytes) -> tuple[int, int]:
    """Epoch and number of a frame, its body left alone.

    Raises:
        FrameError: the bytes are not a frame.
    """
    frame = parsed_frame(payload)
    return frame.epoch, frame.number


def renumber_frame(payload: bytes, epoch: int, number: int) -> bytes:
    """The frame under another epoch and number.

    Raises:
        FrameError: the bytes are not a frame, or the identity is none.
    """
    check_identity(epoch, number)
    frame = parsed_frame(payload)
    frame.epoch, frame.number = epoch, number
    return frame.SerializeToString()


def restamp_frame(payload: bytes, shifts: Mapping[tuple[int, int, Clock], int]) -> bytes:
    """Move the times of sections, named by component, boot and clock, by some µs.

    Raises:
        FrameError: the bytes are not a frame, or a time would leave the calendar.
    """
    by_number = {(*key[:2], int(key[2])): shift for key, shift in shifts.items()}
    # The number: a newer schema may know a clock that this one does not.
    return _moved(payload, lambda s: by_number.get((s.component, s.boot, int(s.clock)), 0))


def move_frame(payload: bytes, by_us: int) -> bytes:
    """Move all times by some µs, but those that came as UTC from the component.

    Raises:
        FrameError: the bytes are not a frame, or a time would leave the calendar.
    """
    return _moved(payload, lambda section: 0 if int(section.clock) == Clock.UTC else by_us)


def _moved(payload: bytes, shift_of: Callable[[Section], int]) -> bytes:
    frame = parsed_frame(payload)
    body = parsed_body(frame)
    before_us = moved_us = 0
    for section in body.sections:
        shift = shift_of(section)
        before_us += section.offset_us
        if not EARLIEST_US <= before_us + shift <= LATEST_US:
            raise FrameError(f"frame {frame.number} moved by {shift} µs leaves the calendar")
        section.offset_us = before_us + shift - moved_us
        moved_us = before_us + shift
    frame.ClearField("deflated")
    return sealed(frame, body)


def sealed(frame: Frame, body: Body) -> bytes:
    """The bytes of a frame, its body deflated where that makes it smaller."""
    raw = body.SerializeToString()
    if len(raw) > MAX_BODY_BYTES:
        raise FrameError(f"frame has a body of {len(raw)} bytes, expected at most {MAX_BODY_BYTES}")
    deflated = _deflated(raw) if len(raw) >= _DEFLATE_FROM_BYTES else raw
    if len(deflated) < len(raw):
        frame.ClearField("body")
        frame.deflated = deflated
    else:
        frame.body.CopyFrom(body)
    payload = frame.SerializeToString()
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(payload)} bytes is larger than {MAX_FRAME_BYTES}")
    return payload


def _deflated(raw: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(raw) + compressor.flush()


def parsed_frame(payload: bytes) -> Frame:
    """The frame of some bytes, its body as it is."""
    if not payload:
        raise FrameError("the payload is empty, expected a frame")
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(payload)} bytes is larger than {MAX_FRAME_BYTES}")
    try:
        frame = Frame.FromString(payload)
    except DecodeError as error:
        raise FrameError(f"payload of {len(payload)} bytes is not a frame: {error}") from error
    check_identity(frame.epoch, frame.number)
    return frame


def parsed_body(frame: Frame) -> Body:
    """The body of a frame, inflated."""
    deflated = frame.deflated
    if not deflated:
        return frame.body
    inflater = zlib.decompressobj(-15)
    try:
        raw = inflater.decompress(deflated, MAX_BODY_BYTES)
        if inflater.unconsumed_tail or not inflater.eof:
            raise FrameError(f"body is cut off, or larger than {MAX_BODY_BYTES} bytes inflated")
        return Body.FromString(raw)
    except zlib.error as error:
        raise FrameError(f"body of the frame does not inflate: {error}") from error
    except DecodeError as error:
        raise FrameError(f"inflated body of the frame is not one: {error}") from error
