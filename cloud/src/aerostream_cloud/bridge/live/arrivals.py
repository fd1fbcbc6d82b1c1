"""Which stretches of a drone's history have arrived, so that its events are worth reading. Pure.

The bridge does not listen to history itself (`up/bf`): that is all the telemetry of every outage,
and live data would wait behind it. It learns from `up/state` what has been stored, and reads the
few events of it from the store.
"""

from collections import deque
from collections.abc import Iterable, Sequence

Stretch = tuple[int, int]
"""First and last moment, UTC µs, both included."""

_MOST_STRETCHES = 8


def uncovered(before: Sequence[Stretch], after: Sequence[Stretch]) -> list[Stretch]:
    """What of some stretches other stretches do not cover."""
    left = list(before)
    for first, last in after:
        cut: list[Stretch] = []
        for start, end in left:
            if last < start or end < first:
                cut.append((start, end))
                continue
            if start < first:
                cut.append((start, first - 1))
            if last < end:
                cut.append((last + 1, end))
        left = cut
    return left


class Arrivals:
    """Stretches that are to be read, by drone; who waits longest comes first.

    However often a drone tells of the same hour, it is read once.
    """

    def __init__(self) -> None:
        self._due: dict[str, list[Stretch]] = {}
        self._later: deque[tuple[int, str, Stretch]] = deque()

    def add(self, drone: str, stretches: Iterable[Stretch]) -> None:
        """Take stretches that are stored by now."""
        for stretch in stretches:
            self._due[drone] = _joined([*self._due.get(drone, []), stretch])

    def add_later(self, drone: str, stretch: Stretch, due_us: int) -> None:
        """Take a stretch that will be stored by some time; later calls have later times."""
        self._later.append((due_us, drone, stretch))

    def take(self, now_us: int) -> tuple[str, list[Stretch]] | None:
        """A drone and what to read of it now, the newest stretch first; None: there is nothing."""
        while self._later and self._later[0][0] <= now_us:
            _, drone, stretch = self._later.popleft()
            self.add(drone, [stretch])
        for drone in self._due:
            return drone, self._due.pop(drone)
        return None


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    """The stretches, newest first, those that touch as one; too many of them all as one."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches, reverse=True):
        if joined and end >= joined[-1][0] - 1:
            joined[-1] = (start, max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    if len(joined) > _MOST_STRETCHES:
        return [(joined[-1][0], max(end for _, end in joined))]
    return joined
