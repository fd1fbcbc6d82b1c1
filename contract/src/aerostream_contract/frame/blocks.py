"""One block of a section: its share of each of the section's lists."""

from collections.abc import Sequence
from typing import NamedTuple

#: Bits of an entry in `Section.series`, and where the number begins.
PASSES, HAS_INSTANCE, NUMBER_SHIFT = 1, 2, 2
MILLISECOND_US = 1000
"""The usual tick: boot clocks count milliseconds."""


class Block(NamedTuple):
    """One block of a section, its share of each of the lists."""

    entry: int
    """Of `Section.series`."""
    instance: str
    rows: int
    tick_us: int
    layout: bytes
    values: Sequence[int]
