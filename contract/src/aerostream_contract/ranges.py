"""Sets of frame numbers kept as ranges: what is stored, acknowledged, still open."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator


class RangeSet:
    """A set of non-negative integers, held as sorted, disjoint, inclusive ranges.

    Cheap where numbers come nearly in order, as frame numbers do: one range, whose end moves.
    """

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int | None = None) -> None:
        """Add one number, or all of `start … end`.

        Raises:
            ValueError: the range is reversed or negative.
        """
        end = start if end is None else end
        if not 0 <= start <= end:
            raise ValueError(f"range {start}…{end} is reversed or negative")
        # All ranges that touch or overlap start-1 … end+1 melt into one.
        low = bisect_left(self._ends, start - 1)
        high = bisect_right(self._starts, end + 1)
        if low < high:
            start = min(start, self._starts[low])
            end = max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]

    def discard(self, start: int, end: int | None = None) -> list[tuple[int, int]]:
        """Remove one number, or all of `start … end`; gives those that were there, as ranges.

        Raises:
            ValueError: the range is reversed or negative.
        """
        end = start if end is None else end
        if not 0 <= start <= end:
            raise ValueError(f"range {start}…{end} is reversed or negative")
        low = bisect_left(self._ends, start)
        high = bisect_right(self._starts, end)
        if low >= high:
            return []
        touched = list(zip(self._starts[low:high], self._ends[low:high], strict=True))
        kept = []
        if touched[0][0] < start:
            kept.append((touched[0][0], start - 1))
        if touched[-1][1] > end:
            kept.append((end + 1, touched[-1][1]))
        self._starts[low:high] = [first for first, _ in kept]
        self._ends[low:high] = [last for _, last in kept]
        return [(max(first, start), min(last, end)) for first, last in touched]

    def common(self, numbers: Collection[int]) -> list[int]:
        """Which of these numbers, a set or the keys of a dictionary, are in it."""
        if len(self) > len(numbers):
            return [number for number in numbers if number in self]
        each = (number for start, end in self for number in range(start, end + 1))
        return [number for number in each if number in numbers]

    @property
    def last(self) -> int:
        """The highest number.

        Raises:
            IndexError: the set is empty.
        """
        return self._ends[-1]

    def from_highest(self) -> Iterator[int]:
        """The numbers, the highest first; the set must not change meanwhile."""
        for start, end in zip(reversed(self._starts), reversed(self._ends), strict=True):
            yield from range(end, start - 1, -1)

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __len__(self) -> int:
        """How many numbers there are."""
        return sum(self._ends) - sum(self._starts) + len(self._starts)

    def __repr__(self) -> str:
        return f"RangeSet({list(self)})"

    def clear(self) -> None:
        """Forget all."""
        self._starts.clear()
        self._ends.clear()
