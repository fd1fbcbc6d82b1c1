"""Sections of a frame written block by block: for bytes that no encoder would make."""

from collections.abc import Sequence
from dataclasses import dataclass

from aerostream_contract.frame_pb2 import Body, Frame, Section

from support.frames import NEW_YEAR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block as it lies in its section's lists, good or bad."""

    channel: int = 0
    """Number in the channel table; 0 for a message that passes through."""
    message: int = 0
    instance: str = "0"
    rows: int = 0
    tick_us: int = 1
    layout: bytes = b""
    values: Sequence[int] = ()
    """The time column, then the others."""


def add_block(section: Section, block: Block) -> None:
    """Append a block to each of a section's lists but `tick_us`, which may be one of all."""
    entry = block.channel << 2 if block.channel else block.message << 2 | 1
    if block.instance != "0":
        entry |= 2
        section.instances.append(block.instance)
    section.series.append(entry)
    section.rows.append(block.rows)
    section.layouts += block.layout
    section.layout_sizes.append(len(block.layout))
    section.values.extend(block.values)
    # More rows than values make a section that its blocks do not fill.
    section.value_counts.append(max(0, len(block.values) - block.rows))


def section_of(
    *blocks: Block,
    component: int = 1,
    boot: int = 0,
    clock: int = 0,
    offset_us: int = NEW_YEAR_US,
    texts: Sequence[str] = (),
) -> Section:
    """A section of these blocks, each with its own tick; the offset counts from the one before."""
    section = Section(component=component, boot=boot, offset_us=offset_us, texts=texts)
    # Set by itself, so that a clock may be one that the schema does not know.
    section.MergeFromString(bytes([0x18, clock]))
    for block in blocks:
        add_block(section, block)
    section.tick_us.extend(block.tick_us for block in blocks)
    return section


def frame_of(*sections: Section) -> bytes:
    """A frame of these sections, not deflated."""
    body = Body(sections=sections)
    return Frame(schema=1, epoch=1, number=1, body=body).SerializeToString()
