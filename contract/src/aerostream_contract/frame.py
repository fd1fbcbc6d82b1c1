"""Telemetry frames: the payload of `up/tel` and `up/bf`, encoded and decoded.

The wire form is `frame.proto`; the reasons for it are in docs/adr/0002-frame-format.md.
Decoding is safe on hostile bytes: it raises FrameError, in time and memory that the limits
below bound. Encoding refuses what decoding would.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import chain
from math import gcd
from operator import sub
from typing import NamedTuple

from google.protobuf.message import DecodeError

from aerostream_contract import SCHEMA_REVISION
from aerostream_contract.channels import CHANNEL_BY_NUMBER, Channel, ColumnKind, Field, passthrough
from aerostream_contract.columns import Cell, ColumnReader, ColumnWriter, Value, encodings
from aerostream_contract.errors import ContractError, FrameError, shown
from aerostream_contract.frame_pb2 import Body as _Body
from aerostream_contract.frame_pb2 import Frame as _Frame
from aerostream_contract.frame_pb2 import Section as _Section
from aerostream_contract.times import EARLIEST_US, LATEST_US

MAX_FRAME_BYTES = 256 * 1024
"""Largest payload; the broker refuses larger ones too."""
MAX_BODY_BYTES = 1024 * 1024
"""Largest body after inflating. Parsed, a hostile one takes some forty times its size for a moment:
hence not more."""
MAX_BLOCKS = 2000
"""Most blocks, and most sections, of one frame."""
MAX_EVENTS = 10_000
"""Most events of one frame."""
MAX_ROWS = 4096
"""Most rows of one block."""
MAX_COLUMNS = 512
"""Most columns of one block; MAVLink's longest array gives half as many."""
MAX_CELLS = 500_000
"""Most values of all blocks together."""
MAX_TEXT = 1_000_000
"""Most characters of all text values together, a repeated text counted as often as it occurs."""
MAX_INSTANCE = 64
"""Longest name of an instance."""
MAX_NUMBER = (1 << 53) - 1
"""Largest epoch and number: `dn/ack` names them in JSON, which JavaScript must read exactly."""

_DEFLATE_FROM_BYTES = 256
_MILLISECOND_US = 1000
_MAX_TICK_US = 1_000_000
_MAX_COMPONENT = 255
_UNKNOWN_FIELD = Field("?", "", "a field of a newer schema")
#: Sums of MAX_ROWS integers of this size still fit in 63 bits.
_SAFE_INTEGER = 1 << 50
#: Bits of an entry in `Section.series`, and where the number begins.
_PASSES, _HAS_INSTANCE, _NUMBER_SHIFT = 1, 2, 2


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
    """Time in the section's clock, µs, and a cell per field of the channel. At least one."""


@dataclass(slots=True)
class Section:
    """Samples of one component in one boot that share a clock."""

    component: int
    boot: int
    clock: Clock
    offset_us: int
    """UTC minus the clock."""
    series: list[SeriesRows] = field(default_factory=list)
    """At least one."""


@dataclass(slots=True)
class DecodedBlock:
    """Samples of one series as they came out of a frame."""

    channel: Channel
    component: int
    instance: str
    times: list[int]
    """UTC, µs since 1970, one per row."""
    columns: list[list[Value]]
    """One list per field of the channel, values in the field's unit."""

    @property
    def source(self) -> str:
        """The MAVLink message that these samples came from."""
        return self.channel.source_of(self.instance)

    def rows(self) -> Iterator[tuple[Value, ...]]:
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
    """Blocks and sections that could not be read, each in a sentence; the others stand."""


def encode_frame(
    epoch: int, number: int, sections: Sequence[Section], events: Sequence[bytes] = ()
) -> bytes:
    """Encode one frame; the body is deflated where that makes it smaller.

    Raises:
        FrameError: the frame would break a limit, or a value does not fit its place.
    """
    _check_identity(epoch, number)
    _check_count("events", len(events), MAX_EVENTS)
    _check_count("sections", len(sections), MAX_BLOCKS)
    try:
        body = _Body(events=events)
        allowance = _Allowance()
        offset_us = 0
        for section in sections:
            offset_us = _add_section(body, section, offset_us, allowance)
    except ValueError as error:  # protobuf's, where a value does not fit its type
        raise FrameError(f"frame {number} cannot be encoded: {error}") from error
    return _sealed(_Frame(schema=SCHEMA_REVISION, epoch=epoch, number=number), body)


def decode_frame(payload: bytes) -> DecodedFrame:
    """Decode one frame.

    Raises:
        FrameError: the bytes are not a frame, or break a limit.
    """
    frame = _parsed_frame(payload)
    body = _parsed_body(frame)
    events = body.events[:]  # a slice is the fastest way out of a protobuf container
    _check_count("events", len(events), MAX_EVENTS)
    _check_count("sections", len(body.sections), MAX_BLOCKS)
    decoded = DecodedFrame(frame.schema, frame.epoch, frame.number, [], events, [])
    allowance = _Allowance()
    offset_us = 0
    for section in body.sections:
        offset_us += section.offset_us
        allowance.take_blocks(len(section.series))
        _decode_section(section, offset_us, allowance, decoded)
    return decoded


def frame_identity(payload: bytes) -> tuple[int, int]:
    """Epoch and number of a frame, its body left alone.

    Raises:
        FrameError: the bytes are not a frame.
    """
    frame = _parsed_frame(payload)
    return frame.epoch, frame.number


def restamp_frame(payload: bytes, shifts: Mapping[tuple[int, int, Clock], int]) -> bytes:
    """Move the times of sections, named by component, boot and clock, by some µs.

    Raises:
        FrameError: the bytes are not a frame, or a time would leave the calendar.
    """
    frame = _parsed_frame(payload)
    body = _parsed_body(frame)
    by_number = {(*key[:2], int(key[2])): shift for key, shift in shifts.items()}
    before_us = moved_us = 0
    for section in body.sections:
        # The number: a newer schema may know a clock that this one does not.
        shift = by_number.get((section.component, section.boot, int(section.clock)), 0)
        before_us += section.offset_us
        if not EARLIEST_US <= before_us + shift <= LATEST_US:
            raise FrameError(f"frame {frame.number} moved by {shift} µs leaves the calendar")
        section.offset_us = before_us + shift - moved_us
        moved_us = before_us + shift
    frame.ClearField("deflated")
    return _sealed(frame, body)


class _LimitError(FrameError):
    """The frame as a whole asks for too much: none of it stands."""


@dataclass(slots=True)
class _Allowance:
    """What the blocks of one frame may still hold."""

    blocks: int = MAX_BLOCKS
    cells: int = MAX_CELLS
    text: int = MAX_TEXT

    def take_blocks(self, count: int) -> None:
        self.blocks -= count
        if self.blocks < 0:
            raise _LimitError(f"frame has more than {MAX_BLOCKS} blocks")

    def take_cells(self, count: int) -> None:
        self.cells -= count
        if self.cells < 0:
            raise _LimitError(f"frame holds more than {MAX_CELLS} values")

    def take_text(self, characters: int) -> None:
        self.text -= characters
        if self.text < 0:
            raise _LimitError(f"frame holds more than {MAX_TEXT} characters of text")


def _check_identity(epoch: int, number: int) -> None:
    if not 1 <= epoch <= MAX_NUMBER:
        raise FrameError(f"frame has the epoch {epoch}, expected 1 to {MAX_NUMBER}")
    if not 0 <= number <= MAX_NUMBER:
        raise FrameError(f"frame has the number {number}, expected 0 to {MAX_NUMBER}")


def _check_count(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise FrameError(f"frame has {count} {what}, expected at most {limit}")


def _sealed(frame: _Frame, body: _Body) -> bytes:
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


def _parsed_frame(payload: bytes) -> _Frame:
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"frame of {len(payload)} bytes is larger than {MAX_FRAME_BYTES}")
    try:
        frame = _Frame.FromString(payload)
    except DecodeError as error:
        raise FrameError(f"payload of {len(payload)} bytes is not a frame: {error}") from error
    _check_identity(frame.epoch, frame.number)
    return frame


def _parsed_body(frame: _Frame) -> _Body:
    deflated = frame.deflated
    if not deflated:
        return frame.body
    inflater = zlib.decompressobj(-15)
    try:
        raw = inflater.decompress(deflated, MAX_BODY_BYTES)
        if inflater.unconsumed_tail or not inflater.eof:
            raise FrameError(f"body is cut off, or larger than {MAX_BODY_BYTES} bytes inflated")
        return _Body.FromString(raw)
    except zlib.error as error:
        raise FrameError(f"body of the frame does not inflate: {error}") from error
    except DecodeError as error:
        raise FrameError(f"inflated body of the frame is not one: {error}") from error


class _Block(NamedTuple):
    """One block of a section, its share of each of the lists."""

    entry: int
    """Of `Section.series`."""
    instance: str
    rows: int
    tick_us: int
    layout: bytes
    values: Sequence[int]


def _add_section(
    body: _Body, section: Section, offset_before_us: int, allowance: _Allowance
) -> int:
    """Add a section; gives the offset that the next one counts from."""
    if not 0 <= section.component <= _MAX_COMPONENT:
        raise FrameError(f"component {section.component} is not 0 to {_MAX_COMPONENT}")
    base = min(row[0] for series in section.series for row in series.rows)
    offset_us = section.offset_us + base
    allowance.take_blocks(len(section.series))
    message = body.sections.add(
        component=section.component,
        boot=section.boot,
        clock=int(section.clock),
        offset_us=offset_us - offset_before_us,
    )
    text_places: dict[str, int] = {}
    blocks = [_block_of(series, base, text_places, allowance) for series in section.series]
    entries, instances, rows, ticks_us, layouts, values = zip(*blocks, strict=True)
    if len(set(ticks_us)) > 1:
        message.tick_us.extend(ticks_us)
    elif ticks_us[0] != _MILLISECOND_US:
        message.tick_us.append(ticks_us[0])
    message.series.extend(entries)
    message.rows.extend(rows)
    message.layouts = b"".join(layouts)
    message.layout_sizes.extend(map(len, layouts))
    message.values.extend(chain.from_iterable(values))
    message.value_counts.extend(map(sub, map(len, values), rows))
    message.instances.extend([name for name in instances if name != "0"])
    message.texts.extend(text_places)
    return offset_us


def _block_of(
    series: SeriesRows, base: int, text_places: dict[str, int], allowance: _Allowance
) -> _Block:
    channel, instance, rows = series.channel, series.instance, len(series.rows)
    if rows > MAX_ROWS:
        raise FrameError(f"block of {channel.name} has more than {MAX_ROWS} rows")
    if not 1 <= len(instance) <= MAX_INSTANCE:
        raise FrameError(f"instance {shown(instance)} has not 1 to {MAX_INSTANCE} characters")
    times = [row[0] - base for row in series.rows]
    # Counted from the section's base: boot clocks tick in milliseconds, receipts in microseconds.
    tick_us = _MILLISECOND_US if gcd(*times) % _MILLISECOND_US == 0 else 1
    writer = ColumnWriter([time // tick_us for time in times], tick_us, text_places)
    columns = zip(*(row[1] for row in series.rows), strict=True)
    for column_field, column in zip(channel.fields, columns, strict=True):
        writer.add(column_field, column)
    layout = writer.layout()
    allowance.take_cells(rows * 2 * len(layout))
    allowance.take_text(writer.text_length)
    entry = (channel.number or channel.message_id) << _NUMBER_SHIFT
    entry |= 0 if channel.number else _PASSES
    entry |= 0 if instance == "0" else _HAS_INSTANCE
    return _Block(entry, instance, rows, tick_us, layout, writer.values)


def _decode_section(
    section: _Section, offset_us: int, allowance: _Allowance, frame: DecodedFrame
) -> None:
    """Add a section's blocks to the frame, and its problems."""
    try:
        blocks = _blocks(section)
    except FrameError as error:
        frame.problems.append(str(error))
        return
    component, texts = section.component, section.texts[:]
    for block in blocks:
        try:
            channel = _channel(block.entry)
            # Counted before they are made, the columns of a newer schema included.
            allowance.take_cells(block.rows * max(len(channel.fields), 2 * len(block.layout)))
            decoded = _decoded_block(block, channel, component, offset_us, texts)
            if texts:
                allowance.take_text(_text_length(decoded))
            frame.blocks.append(decoded)
        except _LimitError:
            raise
        except ContractError as error:
            frame.problems.append(str(error))


def _blocks(section: _Section) -> list[_Block]:
    """Cut a section's lists into blocks.

    Raises:
        FrameError: the lists do not fit each other: which block has what cannot be told.
    """
    entries, rows, ticks_us = section.series[:], section.rows[:], section.tick_us[:]
    sizes, counts, layouts = section.layout_sizes[:], section.value_counts[:], section.layouts
    values, instances = section.values[:], section.instances[:]
    if len(ticks_us) < 2:
        ticks_us = (ticks_us or [_MILLISECOND_US]) * len(entries)
    if not len(entries) == len(rows) == len(ticks_us) == len(sizes) == len(counts):
        raise FrameError(f"lists of a section of component {section.component} differ in length")
    if len(instances) != sum([entry & _HAS_INSTANCE for entry in entries]) // _HAS_INSTANCE:
        raise FrameError(f"instances of a section of component {section.component} do not fit it")
    if sum(sizes) != len(layouts) or sum(counts) + sum(rows) != len(values):
        raise FrameError(f"blocks of a section of component {section.component} do not fill it")
    names = iter(instances)
    layout_end = value_end = 0
    blocks = []
    for entry, row_count, tick_us, size, count in zip(
        entries, rows, ticks_us, sizes, counts, strict=True
    ):
        instance = next(names) if entry & _HAS_INSTANCE else "0"
        layout_start, value_start = layout_end, value_end
        layout_end += size
        value_end += row_count + count
        layout, integers = layouts[layout_start:layout_end], values[value_start:value_end]
        blocks.append(_Block(entry, instance, row_count, tick_us, layout, integers))
    return blocks


def _channel(entry: int) -> Channel:
    number = entry >> _NUMBER_SHIFT
    if entry & _PASSES:
        passed = passthrough(number)
        if passed is None:
            raise FrameError(f"MAVLink message {number} is not known")
        return passed
    channel = CHANNEL_BY_NUMBER.get(number)
    if channel is None:
        raise FrameError(f"channel number {number} is not in the channel table")
    return channel


def _decoded_block(
    block: _Block, channel: Channel, component: int, offset_us: int, texts: Sequence[str]
) -> DecodedBlock:
    _check_shape(block, channel, component)
    _, instance, rows, tick_us, layout, integers = block
    reader = ColumnReader(integers, texts, rows, tick_us)
    times = [offset_us + tick * tick_us for tick in reader.ticks]
    if min(times) < EARLIEST_US or max(times) > LATEST_US:
        raise FrameError(f"block of {channel.name} has times outside the years 1 to 9999")
    fields = channel.fields
    kinds = encodings(layout)
    columns = reader.columns(fields, kinds)
    # A sender of a newer schema has more columns, which are skipped; one of an older has fewer.
    if len(kinds) > len(fields):
        surplus = kinds[len(fields) :]
        reader.columns([_UNKNOWN_FIELD] * len(surplus), surplus)
    elif len(kinds) < len(fields):
        columns += [[None] * rows for _ in fields[len(kinds) :]]
    reader.finish()
    if max(integers) > _SAFE_INTEGER or min(integers) < -_SAFE_INTEGER:
        _check_integers(channel, columns)
    return DecodedBlock(channel, component, instance, times, columns)


def _check_shape(block: _Block, channel: Channel, component: int) -> None:
    """Refuse what would cost too much to look at any closer, or has no place in the table."""
    _, instance, rows, tick_us, layout, integers = block
    if not 1 <= rows <= MAX_ROWS:
        raise FrameError(f"block of {channel.name} has {rows} rows, expected 1 to {MAX_ROWS}")
    if not 1 <= tick_us <= _MAX_TICK_US:
        raise FrameError(f"block of {channel.name} has a tick of {tick_us} µs")
    if component > _MAX_COMPONENT:
        raise FrameError(f"component {component} of {channel.name} is not 0 to {_MAX_COMPONENT}")
    if not 1 <= len(instance) <= MAX_INSTANCE:
        raise FrameError(f"instance of {channel.name} has not 1 to {MAX_INSTANCE} characters")
    columns = 2 * len(layout)
    if columns > MAX_COLUMNS:
        raise FrameError(f"block of {channel.name} has more than {MAX_COLUMNS} columns")
    # No column takes more than a count, a pair of integers per null run and one per row.
    if len(integers) > rows + columns * (3 * rows + 1):
        raise FrameError(f"block of {channel.name} has {len(integers)} integers, too many for it")
    channel.source_of(instance)  # refuses an instance that has no source


def _text_length(block: DecodedBlock) -> int:
    return sum(
        sum(len(value) for value in column if isinstance(value, str))
        for column_field, column in zip(block.channel.fields, block.columns, strict=True)
        if column_field.kind is ColumnKind.TEXT
    )


def _check_integers(channel: Channel, columns: list[list[Value]]) -> None:
    """Refuse integers that only forged differences can reach; stores hold 64 bits."""
    for column_field, column in zip(channel.fields, columns, strict=True):
        limit = 1 << (64 if column_field.kind is ColumnKind.UINT64 else 63)
        for value in column:
            if type(value) is int and not -(1 << 63) <= value < limit:
                raise FrameError(f"{channel.name}.{column_field.name} {value} exceeds 64 bits")
