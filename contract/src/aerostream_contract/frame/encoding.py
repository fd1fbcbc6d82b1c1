"""From samples to the bytes of a frame."""

from collections.abc import Sequence
from itertools import chain
from math import gcd
from operator import sub

from aerostream_contract import SCHEMA_REVISION
from aerostream_contract.columns import ColumnWriter
from aerostream_contract.errors import FrameError, shown
from aerostream_contract.frame.blocks import (
    HAS_INSTANCE,
    MILLISECOND_US,
    NUMBER_SHIFT,
    PASSES,
    Block,
)
from aerostream_contract.frame.envelope import sealed
from aerostream_contract.frame.limits import (
    MAX_BLOCKS,
    MAX_COMPONENT,
    MAX_EVENTS,
    MAX_INSTANCE,
    MAX_ROWS,
    Allowance,
    check_count,
    check_identity,
)
from aerostream_contract.frame.samples import Section, SeriesRows
from aerostream_contract.frame_pb2 import Body, Frame


def encode_frame(
    epoch: int, number: int, sections: Sequence[Section], events: Sequence[bytes] = ()
) -> bytes:
    """Encode one frame; the body is deflated where that makes it smaller.

    Raises:
        FrameError: the frame would break a limit, or a value does not fit its place.
    """
    check_identity(epoch, number)
    check_count("events", len(events), MAX_EVENTS)
    check_count("sections", len(sections), MAX_BLOCKS)
    try:
        body = Body(events=events)
        allowance = Allowance()
        offset_us = 0
        for section in sections:
            offset_us = add_section(body, section, offset_us, allowance)
    except ValueError as error:  # protobuf's, where a value does not fit its type
        raise FrameError(f"frame {number} cannot be encoded: {error}") from error
    return sealed(Frame(schema=SCHEMA_REVISION, epoch=epoch, number=number), body)


def add_section(body: Body, section: Section, offset_before_us: int, allowance: Allowance) -> int:
    """Add a section; gives the offset that the next one counts from."""
    if not 0 <= section.component <= MAX_COMPONENT:
        raise FrameError(f"component {section.component} is not 0 to {MAX_COMPONENT}")
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
    elif ticks_us[0] != MILLISECOND_US:
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
    series: SeriesRows, base: int, text_places: dict[str, int], allowance: Allowance
) -> Block:
    channel, instance, rows = series.channel, series.instance, len(series.rows)
    if rows > MAX_ROWS:
        raise FrameError(f"block of {channel.name} has more than {MAX_ROWS} rows")
    if not 1 <= len(instance) <= MAX_INSTANCE:
        raise FrameError(f"instance {shown(instance)} has not 1 to {MAX_INSTANCE} characters")
    times = [row[0] - base for row in series.rows]
    # Counted from the section's base: boot clocks tick in milliseconds, receipts in microseconds.
    tick_us = MILLISECOND_US if gcd(*times) % MILLISECOND_US == 0 else 1
    writer = ColumnWriter([time // tick_us for time in times], tick_us, text_places)
    columns = zip(*(row[1] for row in series.rows), strict=True)
    for column_field, column in zip(channel.fields, columns, strict=True):
        writer.add(column_field, column)
    layout = writer.layout()
    allowance.take_cells(rows * 2 * len(layout))
    allowance.take_text(writer.text_length)
    entry = (channel.number or channel.message_id) << NUMBER_SHIFT
    entry |= 0 if channel.number else PASSES
    entry |= 0 if instance == "0" else HAS_INSTANCE
    return Block(entry, instance, rows, tick_us, layout, writer.values)
