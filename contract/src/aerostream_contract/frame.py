"""Telemetry frames: the payload of `up/tel` and `up/bf`, encoded and decoded.

The wire form is `frame.proto`; the reasons for it are in docs/adr/0002-frame-format.md.
Decoding is safe on hostile bytes: it raises FrameError, in time and memory that the limits
below bound.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import gcd

from google.protobuf.message import DecodeError

from aerostream_contract import SCHEMA_REVISION
from aerostream_contract.channels import CHANNEL_BY_NUMBER, Channel, ColumnKind, Field, passthrough
from aerostream_contract.columns import Cell, ColumnReader, ColumnWriter, encodings
from aerostream_contract.errors import ContractError, FrameError
from aerostream_contract.frame_pb2 import Block as _Block
from aerostream_contract.frame_pb2 import Body as _Body
from aerostream_contract.frame_pb2 import Frame as _Frame

MAX_FRAME_BYTES = 256 * 1024
"""Largest payload; the broker refuses larger ones too."""
MAX_BODY_BYTES = 2 * 1024 * 1024
"""Largest body after inflating."""
MAX_ROWS = 4096
"""Most rows of one block."""
MAX_CELLS = 500_000
"""Most values of all blocks together."""
EARLIEST_US, LATEST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Times that a calendar can show: the years 1 to 9999."""

_DEFLATE_FROM_BYTES = 256
_MILLISECOND_US = 1000
_MAX_TICK_US = 1_000_000
_UNKNOWN_FIELD = Field("?", "", "a field of a newer schema")
#: Sums of MAX_ROWS integers of this size still fit in 63 bits.
_SAFE_INTEGER = 1 << 50


class Clock(IntEnum):
    """Where the times of a section come from."""

    BOOT = 0
    """The component's time since boot, plus the boot's offset to UTC."""
    RECEIPT = 1
    """The moment of receipt, plus the receipt offset."""
    UTC = 2
    """UTC from the component itself; never restamped."""


@dataclass(slots=True)
class SeriesRows:
    """Samples of one series that go into a frame together."""

    channel: Channel
    instance: str
    rows: list[tuple[int, Sequence[Cell]]] = field(default_factory=list)
    """Time in the section's clock, µs, and a cell per field of the channel."""


@dataclass(slots=True)
class Section:
    """Samples of one component in one boot that share a clock."""

    component: int
    boot: int
    clock: Clock
    offset_us: int
    """UTC minus the clock."""
    series: list[SeriesRows] = field(default_factory=list)


@dataclass(slots=True)
class DecodedBlock:
    """Samples of one series as they came out of a frame."""

    channel: Channel
    component: int
    instance: str
    times: list[int]
    """UTC, µs since 1970, one per row."""
    columns: list[list[int | float | str | None]]
    """One list per field of the channel, values in the field's unit."""

    @property
    def source(self) -> str:
        """The MAVLink message that these samples came from."""
        return self.channel.source_of(self.instance)

    def rows(self) -> Iterator[tuple[int | float | str | None, ...]]:
        """Rows of time and values."""
        return zip(self.times, *self.columns, strict=True)


@dataclass(slots=True)
class DecodedFrame:
    """A frame's content."""

    schema: int
    epoch: int
    number: int
    blocks: list[DecodedBlock]
    events: list[bytes]
    """JSON of each event, not yet validated."""
    problems: list[str]
    """Blocks that could not be read, each in a sentence; the others stand."""


def encode_frame(
    epoch: int, number: int, sections: Sequence[Section], events: Sequence[bytes] = ()
) -> bytes:
    """Encode one frame; the body is deflated where that makes it smaller."""
    body = _Body(events=events)
    for section in sections:
        _add_section(body, section)
    return _sealed(_Frame(schema=SCHEMA_REVISION, epoch=epoch, number=number), body)


def decode_frame(payload: bytes) -> DecodedFrame:
    """Decode one frame.

    Raises:
        FrameError: the bytes are not a frame, or break a limit.
    """
    frame, body = _parsed(payload)
    decoded = DecodedFrame(frame.schema, frame.epoch, frame.number, [], list(body.events), [])
    cells = 0
    for section in body.sections:
        for block in section.blocks:
            try:
                channel = _channel(block)
                cells += block.rows * max(len(channel.fields), 2 * len(block.layout))
                if cells > MAX_CELLS:
                    raise FrameError(f"frame holds more than {MAX_CELLS} values")
                decoded.blocks.append(
                    _decode_block(block, channel, section.component, section.offset_us)
                )
            except ContractError as error:
                if cells > MAX_CELLS:
                    raise
                decoded.problems.append(str(error))
    return decoded


def frame_identity(payload: bytes) -> tuple[int, int]:
    """Epoch and number of a frame, its content left alone.

    Raises:
        FrameError: the bytes are not a frame.
    """
    frame, _ = _parsed(payload)
    return frame.epoch, frame.number


def restamp_frame(payload: bytes, shifts: Mapping[tuple[int, int, Clock], int]) -> bytes:
    """Move the times of sections, named by component, boot and clock, by some µs.

    Raises:
        FrameError: the bytes are not a frame.
    """
    frame, body = _parsed(payload)
    for section in body.sections:
        key = (section.component, section.boot, Clock(section.clock))
        section.offset_us += shifts.get(key, 0)
    frame.ClearField("body")
    frame.ClearField("deflated")
    return _sealed(frame, body)


def _sealed(frame: _Frame, body: _Body) -> bytes:
    raw = body.SerializeToString()
    if len(raw) >= _DEFLATE_FROM_BYTES:
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        deflated = compressor.compress(raw) + compressor.flush()
        if len(deflated) < len(raw):
            frame.deflated = deflated
            return frame.SerializeToString()
    frame.body.CopyFrom(body)
    return frame.SerializeToString()


def _parsed(payload: bytes) -> tuple[_Frame, _Body]:
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(payload)} bytes is larger than {MAX_FRAME_BYTES}")
    try:
        frame = _Frame.FromString(payload)
        if not frame.epoch:
            raise FrameError("frame has no epoch")
        if not frame.deflated:
            return frame, frame.body
        inflater = zlib.decompressobj(-15)
        raw = inflater.decompress(frame.deflated, MAX_BODY_BYTES)
        if inflater.unconsumed_tail or not inflater.eof:
            raise FrameError(f"body is cut off, or larger than {MAX_BODY_BYTES} bytes inflated")
        return frame, _Body.FromString(raw)
    except DecodeError as error:
        raise FrameError(f"payload of {len(payload)} bytes is not a frame: {error}") from error
    except zlib.error as error:
        raise FrameError(f"body of the frame does not inflate: {error}") from error


def _add_section(body: _Body, section: Section) -> None:
    base = min(row[0] for series in section.series for row in series.rows)
    message = body.sections.add(
        component=section.component,
        boot=section.boot,
        clock=int(section.clock),  # type: ignore[arg-type]  # stubs want the enum's own int type
        offset_us=section.offset_us + base,
    )
    for series in section.series:
        _add_block(message.blocks.add(), series, base)


def _add_block(block: _Block, series: SeriesRows, base: int) -> None:
    times = [row[0] - base for row in series.rows]
    # Counted from the section's base: boot clocks tick in milliseconds, receipts in microseconds.
    tick_us = _MILLISECOND_US if gcd(*times) % _MILLISECOND_US == 0 else 1
    writer = ColumnWriter([time // tick_us for time in times], tick_us)
    columns = zip(*(row[1] for row in series.rows), strict=True)
    for column_field, column in zip(series.channel.fields, columns, strict=True):
        writer.add(column_field, column)
    if series.channel.number:
        block.channel = series.channel.number
    else:
        block.message = series.channel.message_id
    if series.instance != "0":
        block.instance = series.instance
    block.rows = len(times)
    block.tick_us = tick_us
    block.layout = writer.layout()
    block.values.extend(writer.values)
    block.texts.extend(writer.texts)


def _channel(block: _Block) -> Channel:
    if block.channel:
        channel = CHANNEL_BY_NUMBER.get(block.channel)
        if channel is None:
            raise FrameError(f"channel number {block.channel} is not in the channel table")
        return channel
    passed = passthrough(block.message)
    if passed is None:
        raise FrameError(f"MAVLink message {block.message} is not known")
    return passed


def _decode_block(
    block: _Block, channel: Channel, component: int, offset_us: int
) -> DecodedBlock:
    rows, tick_us = block.rows, block.tick_us
    if not 1 <= rows <= MAX_ROWS:
        raise FrameError(f"block of {channel.name} has {rows} rows, expected 1 to {MAX_ROWS}")
    if not 1 <= tick_us <= _MAX_TICK_US:
        raise FrameError(f"block of {channel.name} has a tick of {tick_us} µs")
    if not 0 <= component <= 255:
        raise FrameError(f"component {component} of {channel.name} is not 0 to 255")
    values = list(block.values)
    reader = ColumnReader(values, block.texts, rows, tick_us)
    times = [offset_us + tick * tick_us for tick in reader.ticks]
    if min(times) < EARLIEST_US or max(times) > LATEST_US:
        raise FrameError(f"block of {channel.name} has times outside the years 1 to 9999")
    fields = channel.fields
    layout = encodings(block.layout)
    columns = [reader.column(*pair) for pair in zip(fields, layout, strict=False)]
    # A sender of an older schema has fewer columns; one of a newer schema has more.
    for encoding in layout[len(fields) :]:
        reader.column(_UNKNOWN_FIELD, encoding)
    while len(columns) < len(fields):
        columns.append([None] * rows)
    reader.finish()
    if max(values) > _SAFE_INTEGER or min(values) < -_SAFE_INTEGER:
        _check_integers(channel, columns)
    instance = block.instance or "0"
    channel.source_of(instance)  # refuses an instance that has no source
    return DecodedBlock(channel, component, instance, times, columns)


def _check_integers(channel: Channel, columns: list[list[int | float | str | None]]) -> None:
    """Refuse integers that only forged differences can reach; stores hold 64 bits."""
    for column_field, column in zip(channel.fields, columns, strict=True):
        limit = 1 << (64 if column_field.kind is ColumnKind.UINT64 else 63)
        for value in column:
            if type(value) is int and not -(1 << 63) <= value < limit:
                raise FrameError(f"{channel.name}.{column_field.name} {value} exceeds 64 bits")
