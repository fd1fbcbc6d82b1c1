"""What is written and new: it is published at once, reports and events before telemetry."""

from collections import deque
from collections.abc import Collection, Iterator

from aerostream_edge.spool.item import Item, Kind


class Live:
    """Two queues of items; what could not be published in time leaves them."""

    def __init__(self) -> None:
        self._urgent: deque[Item] = deque()
        self._telemetry: deque[Item] = deque()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._telemetry)

    def __iter__(self) -> Iterator[Item]:
        yield from self._urgent
        yield from self._telemetry

    @property
    def first(self) -> Item | None:
        """What is to be published next."""
        return next(iter(self), None)

    def add(self, item: Item) -> None:
        """An item is written."""
        self._queue(item).append(item)

    def sent(self, item: Item) -> None:
        """The first one went out."""
        self._queue(item).popleft()

    def clear(self) -> list[Item]:
        """Take everything."""
        items = list(self)
        self._urgent.clear()
        self._telemetry.clear()
        return items

    def take_older(self, received_us: float) -> Iterator[Item]:
        """Take what was received before that moment."""
        for queue in (self._urgent, self._telemetry):
            while queue and queue[0].received_us < received_us:
                yield queue.popleft()

    def give_up(self, numbers: Collection[int]) -> None:
        """Forget numbers that are not in the file any more."""
        for item in self.clear():
            if item.number not in numbers:
                self.add(item)

    def _queue(self, item: Item) -> deque[Item]:
        return self._telemetry if item.kind is Kind.TELEMETRY else self._urgent
