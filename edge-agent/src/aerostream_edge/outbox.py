"""What has been handed over for sending and is not yet known to be stored.

The broker's word is not enough: a PUBACK does not mean stored. An item leaves the outbox when
`dn/ack` names its number, and is sent again after a growing time until then. `Outbox` is the
interface; `MemoryOutbox` is bounded and forgets when the process ends.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

FIRST_TIMEOUT_S = 5.0
_MAX_TIMEOUT_S = 60.0
#: Enough for the longest timeout; without end a week of attempts would be no float any more.
_MAX_DOUBLINGS = 10
#: An item sent this often after later ones were acknowledged will never be stored.
_MAX_PASSED_OVER = 8


@dataclass(slots=True)
class Item:
    """A numbered frame or event of one drone."""

    number: int
    leaf: str
    """Where it is first published, such as `up/tel`."""
    payload: bytes
    samples: int
    """Samples in it, for the accounts where it is dropped."""
    attempts: int = 0
    passed_over: int = 0
    """How often it was sent after a later number was acknowledged."""
    freed_before: int = 0
    """Items that acknowledgements had freed when it was last sent."""
    due_s: float = 0.0
    """When it may be sent (again), by the caller's clock."""
    published: bool = False
    """It has been out: its times are sealed."""


class Outbox(Protocol):
    """Numbered items of one drone and one epoch, between mapping and the database."""

    epoch: int

    def reserve(self) -> int:
        """The next number; never given twice in an epoch."""
        ...

    def put(self, item: Item) -> list[Item]:
        """Keep an item; gives those that had to be dropped for it."""
        ...

    def next_due(self, now_s: float) -> Item | None:
        """The item to send now, None where nothing is due."""
        ...

    def sent(self, item: Item, now_s: float) -> None:
        """The item went out: it is due again after its timeout."""
        ...

    def acknowledge(self, epoch: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Numbers that are stored; gives how many items that freed."""
        ...

    def refused(self, item: Item) -> None:
        """The broker did not take the item: it was not sent."""
        ...

    def forgotten(self, now_s: float) -> None:
        """The broker lost the session: everything may have to go again at once."""
        ...


class MemoryOutbox:
    """An outbox in memory, bounded by bytes.

    Args:
        epoch: names this life of the numbering.
        max_bytes: payload bytes to hold.
        drops: give up the oldest when it is full. An import does not: it stops reading instead.
    """

    def __init__(self, *, epoch: int, max_bytes: int, drops: bool = True) -> None:
        self.epoch = epoch
        self._drops = drops
        self._max_bytes = max_bytes
        self._next_number = 0
        self._items: dict[int, Item] = {}
        self.bytes = 0
        self._highest_acknowledged = -1
        self._freed = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether a source that can wait should."""
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

    def put(self, item: Item) -> list[Item]:
        """Keep an item; gives those that had to be dropped for it, the oldest first."""
        self._items[item.number] = item
        self.bytes += len(item.payload)
        dropped = []
        while self._drops and self.bytes > self._max_bytes and len(self._items) > 1:
            # Events tell what no later sample repeats: telemetry is dropped before them.
            victim = next((n for n, i in self._items.items() if i.samples), next(iter(self._items)))
            if victim == item.number:
                break
            dropped.append(self._remove(victim))
        return dropped

    def next_due(self, now_s: float) -> Item | None:
        """The item that waited longest for its turn, new ones in order."""
        best: Item | None = None
        for item in self._items.values():
            if item.due_s <= now_s and (best is None or item.due_s < best.due_s):
                best = item
                if not item.attempts:
                    break
        return best

    def sent(self, item: Item, now_s: float) -> None:
        """The item went out: it is due again after a time that grows with every attempt."""
        item.attempts += 1
        item.published = True
        # Sending in vain while nothing is stored at all says nothing about the item.
        later = item.number < self._highest_acknowledged
        item.passed_over += later and self._freed != item.freed_before
        item.freed_before = self._freed
        doublings = min(item.attempts - 1, _MAX_DOUBLINGS)
        item.due_s = now_s + min(_MAX_TIMEOUT_S, FIRST_TIMEOUT_S * 2**doublings)

    def acknowledge(self, epoch: int, ranges: Iterable[tuple[int, int]]) -> int:
        """Forget what is stored; an acknowledgement of another epoch is not for us."""
        if epoch != self.epoch:
            return 0
        freed = 0
        for first, last in ranges:
            if last - first < len(self._items):
                numbers = [n for n in range(first, last + 1) if n in self._items]
            else:
                numbers = [n for n in self._items if first <= n <= last]
            for number in numbers:
                self._remove(number)
            freed += len(numbers)
            self._freed += len(numbers)
            highest = min(last, self._next_number - 1)
            self._highest_acknowledged = max(self._highest_acknowledged, highest)
        return freed

    def hopeless(self) -> list[Item]:
        """Set aside what was sent eight times after a later number was acknowledged."""
        lost = [item for item in self._items.values() if item.passed_over >= _MAX_PASSED_OVER]
        for item in lost:
            self._remove(item.number)
        return lost

    def refused(self, item: Item) -> None:
        """The broker did not take the item, so nobody can have stored it: it was not sent."""
        item.attempts -= 1
        item.passed_over = max(0, item.passed_over - 1)

    def forgotten(self, now_s: float) -> None:
        """Everything may go again at once."""
        for item in self._items.values():
            item.due_s = now_s

    def restamp(self, rewrite: Callable[[Item], bytes]) -> None:
        """Rewrite the payloads of what nobody has seen yet."""
        for item in self._items.values():
            if not item.published:
                self.bytes -= len(item.payload)
                item.payload = rewrite(item)
                self.bytes += len(item.payload)

    def _remove(self, number: int) -> Item:
        item = self._items.pop(number)
        self.bytes -= len(item.payload)
        return item
