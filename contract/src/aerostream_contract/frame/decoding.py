"""From the bytes of a frame to samples."""

from collections.abc import Sequence

from aerostream_contract.channels import CHANNEL_BY_NUMBER, Channel, ColumnKind, Field, passthrough
from aerostream_contract.columns import ColumnReader, Value, encodings
from aerostream_contract.errors import ContractError, FrameError
from aerostream_contract.frame.blocks import (
    HAS_INSTANCE,
    MILLISECOND_US,
    NUMBER_SHIFT,
    PASSES,
    Block,
)
from aerostream_contract.frame.envelope import parsed_body, parsed_frame
from aerostream_contract.frame.limits import (
    MAX_BLOCKS,
    MAX_COLUMNS,
    MAX_COMPONENT,
    MAX_EVENTS,
    MAX_INSTANCE,
    MAX_ROWS,
    Allowance,
    LimitError,
    check_count,
)
from aerostream_contract.frame.numbers import numbers_of
from aerostream_contract.frame.samples import DecodedBlock, DecodedFrame
from aerostream_contract.frame_pb2 import Section
from aerostream_contract.times import EARLIEST_US, LATEST_US

_MAX_TICK_US = 1_000_000
_UNKNOWN_FIELD = Field("?", "", "a field of a newer schema")
#: Sums of MAX_ROWS integers of this size still fit in 63 bits.
_SAFE_INTEGER = 1 << 50


def decode_frame(payload: bytes) -> DecodedFrame:
    """Decode one frame.

    Raises:
        FrameError: the bytes are not a frame, or break a limit.
    """
    frame = parsed_frame(payload)
    body = parsed_body(frame)
    events = body.events[:]  # a slice is the fastest way out of a protobuf container
    check_count("events", len(events), MAX_EVENTS)
    check_count("sections", len(body.sections), MAX_BLOCKS)
    decoded = DecodedFrame(
        frame.schema, frame.epoch, frame.number, numbers_of(frame), [], events, []
    )
    allowance = Allowance()
    offset_us = 0
    for section in body.sections:
        offset_us += section.offset_us
        allowance.take_blocks(len(section.series))
        decode_section(section, offset_us, allowance, decoded)
    return decoded


def decode_section(
    section: Section, offset_us: int, allowance: Allowance, frame: DecodedFrame
) -> None:
    """Add a section's blocks to the frame, and its problems."""
    try:
        blocks = blocks_of(section)
    except FrameError as error:
        frame.problems.append(str(error))
        return
    component, texts = section.component, section.texts[:]
    for block in blocks:
        try:
            channel = channel_of(block.entry)
            # Counted before they are made, the columns of a newer schema included.
            allowance.take_cells(block.rows * max(len(channel.fields), 2 * len(block.layout)))
            decoded = decoded_block(block, channel, component, offset_us, texts)
            if texts:
                allowance.take_text(_text_length(decoded))
            frame.blocks.append(decoded)
        except LimitError:
            raise
        except ContractError as error:
            frame.problems.append(str(error))


def blocks_of(section: Section) -> list[Block]:
    """Cut a section's lists into blocks.

    Raises:
        FrameError: the lists do not fit each other: which block has what cannot be told.
    """
    entries, rows, ticks_us = section.series[:], section.rows[:], section.tick_us[:]
    sizes, counts, layouts = section.layout_sizes[:], section.value_counts[:], section.layouts
    values, instances = section.values[:], section.instances[:]
    if len(ticks_us) < 2:
        ticks_us = (ticks_us or [MILLISECOND_US]) * len(entries)
    if not len(entries) == len(rows) == len(ticks_us) == len(sizes) == len(counts):
        raise FrameError(f"lists of a section of component {section.component} differ in length")
    if len(instances) != sum([entry & HAS_INSTANCE for entry in entries]) // HAS_INSTANCE:
        raise FrameError(f"instances of a section of component {section.component} do not fit it")
    if sum(sizes) != len(layouts) or sum(counts) + sum(rows) != len(values):
        raise FrameError(f"blocks of a section of component {section.component} do not fill it")
    names = iter(instances)
    layout_end = value_end = 0
    blocks = []
    for entry, row_count, tick_us, size, count in zip(
        entries, rows, ticks_us, sizes, counts, strict=True
    ):
        instance = next(names) if entry & HAS_INSTANCE else "0"
        layout_start, value_start = layout_end, value_end
        layout_end += size
        value_end += row_count + count
        layout, integers = layouts[layout_start:layout_end], values[value_start:value_end]
        blocks.append(Block(entry, instance, row_count, tick_us, layout, integers))
    return blocks


def channel_of(entry: int) -> Channel:
    """The channel that an entry of `Section.series` names.

    Raises:
        FrameError: it names none.
    """
    number = entry >> NUMBER_SHIFT
    if entry & PASSES:
        passed = passthrough(number)
        if passed is None:
            raise FrameError(f"MAVLink message {number} is not known")
        return passed
    channel = CHANNEL_BY_NUMBER.get(number)
    if channel is None:
        raise FrameError(f"channel number {number} is not in the channel table")
    return channel


def decoded_block(
    block: Block, channel: Channel, component: int, offset_us: int, texts: Sequence[str]
) -> DecodedBlock:
    """The samples of a block.

    Raises:
        ContractError: it breaks a rule.
    """
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


def _check_shape(block: Block, channel: Channel, component: int) -> None:
    """Refuse what would cost too much to look at any closer, or has no place in the table."""
    _, instance, rows, tick_us, layout, integers = block
    if not 1 <= rows <= MAX_ROWS:
        raise FrameError(f"block of {channel.name} has {rows} rows, expected 1 to {MAX_ROWS}")
    if not 1 <= tick_us <= _MAX_TICK_US:
        raise FrameError(f"block of {channel.name} has a tick of {tick_us} µs")
    if component > MAX_COMPONENT:
        raise FrameError(f"component {component} of {channel.name} is not 0 to {MAX_COMPONENT}")
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
