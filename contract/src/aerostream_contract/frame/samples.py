"""Samples on their way into a frame and out of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from aerostream_contract.channels import Channel
from aerostream_contract.columns import Cell, Value


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
    numbers: list[tuple[int, int]]
    """First and last of each range of numbers whose content is inside, `number` included; more
    than one number where frames were merged."""
    blocks: list[DecodedBlock]
    events: list[bytes]
    """JSON of each event, not yet validated."""
    problems: list[str]
    """Blocks and sections that could not be read, each in a sentence; the others stand."""
