"""What a spool keeps: numbered frames, events and command reports of one drone."""

from dataclasses import dataclass, field
from enum import IntEnum

from aerostream_contract.topics import UP_EVT, UP_TEL


class Kind(IntEnum):
    """What an item is. The larger the value, the sooner it is given up where room is short."""

    LOSS = 0
    """An event that tells what was given up: it never is itself."""
    REPORT = 1
    """A command's state: an operator waits for it."""
    EVENT = 2
    """What no later sample repeats."""
    TELEMETRY = 3

    @property
    def leaf(self) -> str:
        """Where such an item is first published."""
        return _LEAVES[self]


_LEAVES = {
    Kind.LOSS: UP_EVT,
    Kind.REPORT: "up/cmd",
    Kind.EVENT: UP_EVT,
    Kind.TELEMETRY: UP_TEL,
}


@dataclass(slots=True)
class Item:
    """A numbered frame, event or command report."""

    number: int
    kind: Kind
    payload: bytes
    samples: int = 0
    """Samples in it, for the accounts where it is dropped."""
    from_us: int = 0
    """UTC of its first sample."""
    to_us: int = 0
    """UTC of its last sample."""
    received_us: int = 0
    """When its oldest sample was received, by the receipt clock: what a power cut may take, and
    what is new, counts from there."""


@dataclass(slots=True)
class Drop:
    """Items that were given up, in sum."""

    reason: str
    """`full`, `age`, `refused` or `damaged`."""
    frames: int
    events: int
    """Those of them that are events or reports."""
    samples: int
    from_us: int
    to_us: int
    numbers: list[int] = field(default_factory=list)
    """Which, as far as that is still known."""

    def plus(self, other: "Drop") -> "Drop":
        """Both together."""
        return Drop(
            self.reason,
            self.frames + other.frames,
            self.events + other.events,
            self.samples + other.samples,
            min(self.from_us, other.from_us),
            max(self.to_us, other.to_us),
            self.numbers + other.numbers,
        )
