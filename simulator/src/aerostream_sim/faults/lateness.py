"""How late this machine lets programs have their turn: a measure of how busy it is."""

import asyncio
from collections import deque
from collections.abc import Callable

_STEP_S = 0.05
_REMEMBERED_S = 3.0


class Lateness:
    """Measures by how much a short sleep is too long.

    Args:
        monotonic_s: a clock.
    """

    def __init__(self, *, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._recent: deque[float] = deque(maxlen=round(_REMEMBERED_S / _STEP_S))

    @property
    def recent_s(self) -> float:
        """The most within the last seconds."""
        return max(self._recent, default=0.0)

    async def measure(self) -> None:
        """Measure until cancelled."""
        while True:
            began_s = self._monotonic_s()
            await asyncio.sleep(_STEP_S)
            self._recent.append(max(0.0, self._monotonic_s() - began_s - _STEP_S))
