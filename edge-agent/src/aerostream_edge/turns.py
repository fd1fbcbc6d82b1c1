"""Notices two programs that speak as one MAVLink component: a usual mistake with two vehicles."""

from collections import deque

_MOST, _WITHIN_US = 5, 4_000_000
_CALM_US = 60_000_000


class Turns:
    """Tells the boots of one component from the clocks of two that take turns.

    A boot is seen by a clock that goes back by more than a second. So what boots has run for more
    than a second since the last time: five within four seconds cannot be the boots of one.
    """

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=_MOST)

    def went_back(self, receipt_us: int) -> bool:
        """Take note of a clock that shows a boot; gives whether there are too many of them."""
        self._seen.append(receipt_us)
        return len(self._seen) == _MOST and receipt_us - self._seen[0] <= _WITHIN_US

    def over(self, receipt_us: int) -> bool:
        """Whether no clock has gone back for a minute: only one of the two is left."""
        return not self._seen or receipt_us - self._seen[-1] > _CALM_US
