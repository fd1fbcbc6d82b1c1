"""What an import has sent and the database has not yet confirmed.

The log on the disk is the spool of an import: when it is interrupted it is run again. So its
window is in memory, and bounded by not reading on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aerostream_contract.ranges import RangeSet

from aerostream_edge.spool.item import Item
from aerostream_edge.spool.restamp import Move
from aerostream_edge.tries import Tries


@dataclass(slots=True)
class _Entry:
    item: Item
    tries: Tries = field(default_factory=Tries)
    due_s: float = 0.0


class Window:
    """Numbered items of one drone of an import.

    Args:
        epoch: names this life of the numbering.
        max_bytes: payload bytes from which on it is full.
    """

    def __init__(self, *, epoch: int, max_bytes: int) -> None:
        self.epoch = epoch
        self._max_bytes = max_bytes
        self._next_number = 0
        self._entries: dict[int, _Entry] = {}
        self.bytes = 0
        self._highest_acknowledged = -1
        self._freed = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        """Whether the import should stop reading."""
        return self.bytes >= self._max_bytes

    @property
    def next_number(self) -> int:
        """The number that is given next."""
        return self._next_number

    def reserve(self) -> int:
        """The next number."""
        number = self._next_number
        self._next_number += 1
        return number

    def put(self, item: Item) -> None:
        """Keep an item."""
        self._entries[item.number] = _Entry(item)
        self.bytes += len(item.payload)

    def told(self, offset_us: int) -> None:
        """An import knows all times before its first item."""

    def restamp(self, moves: Sequence[Move]) -> None:
        """An import knows all times before its first item."""

    def next_due(self, now_s: float) -> Item | None:
        """The item that waited longest for its turn, new ones in order."""
        best: _Entry | None = None
        for entry in self._entries.values():
            if entry.due_s <= now_s and (best is None or entry.due_s < best.due_s):
                best = entry
                if not entry.tries.attempts:
                    break
        return None if best is None else best.item

    def sent(self, item: Item, now_s: float) -> None:
        """The item went out: it is due again after a time that grows with every attempt."""
        entry = self._entries[item.number]
        later = item.number < self._highest_acknowledged
        entry.due_s = now_s + entry.tries.sent(now_s, passed=later, freed=self._freed)

    def acknowledge(self, epoch: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Forget what is stored; an acknowledgement of another epoch is not for us."""
        if epoch != self.epoch:
            return 0
        newest = self._next_number - 1
        stored = RangeSet((first, min(last, newest)) for first, last in ranges if first <= newest)
        if not stored:
            return 0
        numbers = stored.common(self._entries)
        for number in numbers:
            self._remove(number)
        self._freed += len(numbers)
        self._highest_acknowledged = max(self._highest_acknowledged, stored.last)
        return len(numbers)

    def hopeless(self, now_s: float) -> list[Item]:
        """Set aside what was sent eight times after a later number was acknowledged, in vain."""
        lost = [
            entry.item
            for entry in self._entries.values()
            if entry.due_s <= now_s and entry.tries.hopeless(now_s, 0.0)
        ]
        for item in lost:
            self._remove(item.number)
        return lost

    def refused(self, item: Item) -> None:
        """The broker did not take the item, so nobody can have stored it: it was not sent."""
        self._entries[item.number].tries.refused()

    def forgotten(self, now_s: float) -> None:
        """Everything may go again at once."""
        for entry in self._entries.values():
            entry.due_s = now_s

    def _remove(self, number: int) -> None:
        self.bytes -= len(self._entries.pop(number).item.payload)
