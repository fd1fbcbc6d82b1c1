"""What was sent and is not acknowledged: how often, and how long to wait for it."""

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aerostream_contract.ranges import RangeSet

from aerostream_edge.tries import Tries

#: What is sent in vain is tried for so long at least.
_LEAST_TRIED_S = 3600.0
#: Items that were passed over this often go alone: one of them may be what spoils the others.
_ALONE_FROM = 4


class _Flight(NamedTuple):
    size: int
    """Its share of the payload's bytes."""
    history: bool
    seen_before: bool
    """It had been sent before this flight."""


class Flights:
    """The numbers of one epoch that are on their way to the database."""

    def __init__(self) -> None:
        self.seen = RangeSet()
        """Numbers that were sent, in this run of the agent, and are not acknowledged: somebody
        may have seen them, so their times stay."""
        self.history_bytes = 0
        self._flying: dict[int, _Flight] = {}
        self._tries: dict[int, Tries] = {}
        """Of all that is in flight, and of what was sent more than once."""
        self._due: list[tuple[float, int, int]] = []
        self._highest_acknowledged = -1
        self._freed = 0

    def __len__(self) -> int:
        return len(self._flying)

    def __iter__(self) -> Iterator[int]:
        return iter(self._flying)

    def goes_alone(self, number: int) -> bool:
        """Whether it was passed over too often to be sent with others."""
        tries = self._tries.get(number)
        return tries is not None and tries.passed_over >= _ALONE_FROM

    def sent(self, number: int, now_s: float, *, size: int = 0, history: bool = False) -> None:
        """A number went out, live or with others as history."""
        tries = self._tries.setdefault(number, Tries())
        passed = number < self._highest_acknowledged
        timeout_s = tries.sent(now_s, passed=passed, freed=self._freed)
        self._flying[number] = _Flight(size, history, number in self.seen)
        self.seen.add(number)
        self.history_bytes += size
        heapq.heappush(self._due, (now_s + timeout_s, number, tries.attempts))

    def refused(self, numbers: Iterable[int]) -> None:
        """The broker did not take what was sent: nobody can have stored it."""
        for number in numbers:
            if number in self._tries:
                self._tries[number].refused()
            flight = self._flying.get(number)
            if flight is not None and not flight.seen_before:
                self.seen.discard(number)

    def overdue(self, now_s: float) -> tuple[list[int], list[int]]:
        """What was not acknowledged in time: to go again, and to be given up."""
        again, hopeless = [], []
        while self._due and self._due[0][0] <= now_s:
            _, number, attempts = heapq.heappop(self._due)
            tries = self._tries.get(number)
            if tries is None or number not in self._flying or tries.attempts > attempts:
                continue
            self._land(number)
            if tries.hopeless(now_s, _LEAST_TRIED_S):
                self.forget(number)
                hopeless.append(number)
            else:
                if tries.attempts <= 1 and not tries.passed_over:
                    # While the cloud stores nothing each live frame comes by here once.
                    del self._tries[number]
                again.append(number)
        return again, hopeless

    def land(self, numbers: Iterable[int] | None = None) -> list[int]:
        """End the flight of numbers, or of all; those that were in flight may go again."""
        chosen = list(self._flying) if numbers is None else numbers
        landed = [number for number in chosen if number in self._flying]
        for number in landed:
            self._land(number)
        return landed

    def stored(self, ranges: RangeSet) -> list[int]:
        """Numbers that are stored are forgotten; gives those of them that were in flight."""
        known = ranges.common(self._tries)
        flying = [number for number in known if number in self._flying]
        for number in known:
            self._land(number)
            del self._tries[number]
        for first, last in ranges:
            self.seen.discard(first, last)
        return flying

    def acknowledged(self, highest: int, freed: int) -> None:
        """A number was acknowledged, and that or others freed so many items."""
        self._highest_acknowledged = max(self._highest_acknowledged, highest)
        self._freed += freed

    def forget(self, number: int) -> None:
        """A number is stored, or given up."""
        self._land(number)
        self._tries.pop(number, None)
        self.seen.discard(number)

    def history(self) -> Iterator[int]:
        """Numbers that are in flight as history."""
        return (number for number, flight in self._flying.items() if flight.history)

    def _land(self, number: int) -> None:
        flight = self._flying.pop(number, None)
        if flight is not None:
            self.history_bytes -= flight.size
