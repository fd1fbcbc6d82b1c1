"""What is in the file and not known to be stored: it waits, is being read, or is in flight."""

from collections.abc import Callable, Iterable, Sequence
from heapq import nlargest
from itertools import pairwise
from typing import NamedTuple

from aerostream_contract.ranges import RangeSet

from aerostream_edge.spool.flights import Flights

_MOST_IN_BATCH = 500
_MOST_STRETCHES = 16


class Stretch(NamedTuple):
    """Numbers that are still to be stored, as one stretch of history."""

    first: int
    last: int
    frames: int


class History:
    """Numbers of one epoch on their way to the database, once they left what is new.

    Args:
        waiting: what was not acknowledged in earlier runs.
    """

    def __init__(self, waiting: RangeSet) -> None:
        self.waiting = waiting
        """What is to be sent, the newest first."""
        self.flights = Flights()
        """What was sent."""
        self._chosen: set[int] = set()
        """What is being read."""

    def __len__(self) -> int:
        return len(self.waiting) + len(self._chosen) + len(self.flights)

    def numbers(self) -> RangeSet:
        """All of them."""
        numbers = RangeSet(self.waiting)
        for number in (*self._chosen, *self.flights):
            numbers.add(number)
        return numbers

    def choose(self, may_go: Callable[[int], bool]) -> list[int]:
        """Numbers to send together, the newest first.

        They are to be told as sent, given back, or missing.
        """
        numbers: list[int] = []
        for number in self.waiting.from_highest():
            if not may_go(number):
                continue
            if self.flights.goes_alone(number):
                if not numbers:
                    numbers.append(number)
                break
            numbers.append(number)
            if len(numbers) == _MOST_IN_BATCH:
                break
        for number in numbers:
            self.waiting.discard(number)
        self._chosen.update(numbers)
        return numbers

    def give_back(self, numbers: Iterable[int]) -> None:
        """Numbers that were chosen and not sent."""
        for number in numbers:
            if number in self._chosen:
                self._chosen.discard(number)
                self.waiting.add(number)

    def missing(self, numbers: Iterable[int]) -> None:
        """Numbers that were chosen, and are not in the file: they were deleted as stored."""
        for number in numbers:
            self._chosen.discard(number)
            self.flights.forget(number)

    def sent(self, numbers: Sequence[int], size: int, now_s: float) -> None:
        """Chosen numbers went out together; what was acknowledged meanwhile is done."""
        each = size // len(numbers) + 1
        for number in numbers:
            if number in self._chosen:
                self._chosen.discard(number)
                self.flights.sent(number, now_s, size=each, history=True)

    def land(self, numbers: Iterable[int] | None = None) -> None:
        """Numbers that were sent, or all of those, may never arrive: they wait again."""
        for number in self.flights.land(numbers):
            self.waiting.add(number)

    def land_overdue(self, now_s: float) -> list[int]:
        """What was not acknowledged in time waits again; gives what was sent in vain too often."""
        again, hopeless = self.flights.overdue(now_s)
        for number in again:
            self.waiting.add(number)
        return hopeless

    def acknowledge(self, stored: RangeSet) -> RangeSet:
        """Numbers are stored; gives those that were here."""
        freed = RangeSet()
        for first, last in stored:
            for low, high in self.waiting.discard(first, last):
                freed.add(low, high)
        chosen = stored.common(self._chosen)
        self._chosen.difference_update(chosen)
        for number in (*chosen, *self.flights.stored(stored)):
            freed.add(number)
        return freed

    def give_up(self, numbers: Iterable[int]) -> None:
        """Forget numbers that are not in the file any more."""
        for number in numbers:
            self.waiting.discard(number)
            self._chosen.discard(number)
            self.flights.forget(number)

    def unseen(self, first: int, end: int, written: Iterable[int]) -> list[tuple[int, int]]:
        """What was never sent, from `first` to before `end`, with what is being written."""
        unseen = RangeSet(
            (max(low, first), min(high, end - 1))
            for low, high in self.waiting
            if low < end and high >= first
        )
        for number in (*written, *self._chosen, *self.flights):
            if first <= number < end:
                unseen.add(number)
        for low, high in self.flights.seen:
            unseen.discard(low, high)
        return list(unseen)

    def stretches(self) -> list[Stretch]:
        """What waits or was sent as history, in few stretches, the oldest first."""
        history = RangeSet(self.waiting)
        for number in (*self._chosen, *self.flights.history()):
            history.add(number)
        ranges = list(history)
        gaps = ((after[0] - before[1], at) for at, (before, after) in enumerate(pairwise(ranges)))
        # Cut where the gaps are widest.
        cuts = sorted(at + 1 for _, at in nlargest(_MOST_STRETCHES - 1, gaps))
        parts = [ranges[low:high] for low, high in pairwise([0, *cuts, len(ranges)])]
        return [
            Stretch(part[0][0], part[-1][1], sum(last - first + 1 for first, last in part))
            for part in parts
            if part
        ]
