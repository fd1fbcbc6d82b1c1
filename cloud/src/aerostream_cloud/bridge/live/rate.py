"""How often a client may ask for something. Pure: time comes in."""

MESSAGES_PER_S = 20.0
BURST = 50
"""Messages of a connection: for long, and at once after a pause."""


class TokenBucket:
    """So many at once, so many in a second for long.

    Args:
        per_s: how many in a second.
        burst: how many at once.
    """

    def __init__(self, per_s: float = MESSAGES_PER_S, burst: int = BURST) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = float(burst)
        self._at_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Whether one more is allowed now, by a clock that never goes back."""
        if self._at_s is not None:
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
