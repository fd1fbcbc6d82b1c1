"""What goes to a spool's file and what comes out of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from aerostream_contract.ranges import RangeSet

from aerostream_edge.spool.item import Drop, Item
from aerostream_edge.spool.restamp import Restamp


class SpoolDamaged(Exception):
    """The file cannot be understood; what is in it is out of reach for this program."""


class SpoolFailed(Exception):
    """The disk does not take or give what it should."""


class Run(NamedTuple):
    """One life of an agent, by whose clock items are stamped until the true time is told."""

    first: int
    host_boot: str
    base_us: int
    told: int | None = None
    """The first number after the true time was told."""


@dataclass(slots=True)
class Opened:
    """What a file had in it."""

    epoch: int
    next_number: int
    sealed: int
    starts: int
    """How often it was opened, this time included."""
    pending: RangeSet
    restamps: list[Restamp]
    runs: list[Run]
    drops: list[Drop]
    set_aside: Path | None = None
    """The damaged file that was in its place."""


@dataclass(slots=True)
class Write:
    """One transaction."""

    items: list[Item] = field(default_factory=list)
    stored: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of numbers that are in the database."""
    refused: list[int] = field(default_factory=list)
    """Numbers that were sent in vain too often."""
    reserve: int | None = None
    """Numbers below it may be used from now on."""
    seal: int | None = None
    run: Run | None = None
    told: Run | None = None
    """The true time was told, and from its first number on it is known."""
    restamps: list[Restamp] = field(default_factory=list)
    forget_restamps: bool = False
    reported: list[Drop] = field(default_factory=list)
    """Drops that an event in `items` reports."""
    too_old_us: int | None = None
    """Items whose last sample is older may go."""
    durable: bool = False
    """It must be on the disk when it returns, not only with the operating system."""
