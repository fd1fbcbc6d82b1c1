"""Messages that wait for their moment: answers take milliseconds, as real ones do."""

import heapq
import math
from collections.abc import Sequence

from aerostream_sim.mavlink.wire import Message


class Outbox:
    """Messages by the moment at which they go; those of one moment go together."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Sequence[Message]]] = []
        self._count = 0

    @property
    def next_s(self) -> float:
        """When the next is due; infinity: nothing waits."""
        return self._waiting[0][0] if self._waiting else math.inf

    def add(self, at_s: float, messages: Sequence[Message]) -> None:
        """Let messages go together at a moment."""
        if messages:
            self._count += 1
            heapq.heappush(self._waiting, (at_s, self._count, messages))

    def due(self, now_s: float) -> list[Sequence[Message]]:
        """What goes now, in order."""
        found = []
        while self._waiting and self._waiting[0][0] <= now_s:
            found.append(heapq.heappop(self._waiting)[2])
        return found

    def clear(self) -> None:
        """Forget all: the power went."""
        self._waiting.clear()
