"""Which numbers to confirm to which drone, and when. Pure: time comes in, messages go out."""

from dataclasses import dataclass, field

from aerostream_contract.models import Ack
from aerostream_contract.names import DroneName
from aerostream_contract.ranges import RangeSet

LONGEST_WAIT_S = 0.8
"""A number is confirmed within a second of its commit; the rest is for the way."""
MOST_NUMBERS = 64
"""So many numbers are confirmed without waiting."""

_Key = tuple[DroneName, int]


@dataclass(slots=True)
class _Open:
    """Numbers of one drone and epoch that are stored and not yet confirmed."""

    since_s: float
    ranges: RangeSet = field(default_factory=RangeSet)
    count: int = 0


class AckLedger:
    """Collects stored numbers and gives them out as `dn/ack` messages."""

    def __init__(self) -> None:
        # In the order of `since_s`, because an entry is made when its first number comes.
        self._open: dict[_Key, _Open] = {}
        self._ready: dict[_Key, None] = {}

    def add(
        self, drone: DroneName, epoch: int, first: int, last: int, *, urgent: bool, now_s: float
    ) -> None:
        """Note that `first … last` are durably stored; `urgent` ones are due at once."""
        key = (drone, epoch)
        entry = self._open.get(key)
        if entry is None:
            entry = self._open[key] = _Open(now_s)
        entry.ranges.add(first, last)
        entry.count += last - first + 1
        if urgent or entry.count >= MOST_NUMBERS:
            self._ready[key] = None

    def due(self, now_s: float, *, everything: bool = False) -> list[tuple[DroneName, Ack]]:
        """Messages to send now; what is given out is forgotten."""
        keys = list(self._ready)
        for key, entry in self._open.items():
            if not everything and now_s - entry.since_s < LONGEST_WAIT_S:
                break
            if key not in self._ready:
                keys.append(key)
        self._ready.clear()
        acks = []
        for key in keys:
            drone, epoch = key
            acks.append((drone, Ack(epoch=epoch, ranges=list(self._open.pop(key).ranges))))
        return acks
