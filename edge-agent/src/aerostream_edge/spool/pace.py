"""How fast history follows the live data over a link that may be thin."""

import math

_LEAST_BATCH_BYTES = 2048
_FIRST_BATCH_BYTES = 16 * 1024
_MOST_BATCH_BYTES = 64 * 1024
#: A batch should not keep what is live from the link for longer than this.
_LONGEST_BATCH_S = 0.25
_PROBE_INTERVAL_S = 30.0


class Pace:
    """Says when a batch of history may go, and how large it may be.

    One batch at a time is on its way to the broker, so that live data never waits behind more
    than one; and as fast as the broker took the last one, as large is the next. While the cloud
    says that it cannot store, a batch goes now and then to see.

    Args:
        rate: bytes per second on average.
        window_bytes: bytes that may be sent and not yet acknowledged.
    """

    def __init__(self, *, rate: int, window_bytes: int) -> None:
        self._rate = rate
        self._window_bytes = window_bytes
        self._most_bytes = min(_MOST_BATCH_BYTES, max(_LEAST_BATCH_BYTES, rate // 4))
        self._batch_bytes = min(_FIRST_BATCH_BYTES, self._most_bytes)
        self._tokens = float(self._most_bytes)
        self._counted_s: float | None = None
        self._sent_s: float | None = None
        self._probed_s = -math.inf
        self.paused = False
        """Whether every ingest that there is says that it cannot store."""

    def allows(self, now_s: float, unacknowledged_bytes: int) -> int:
        """Bytes that a batch may have now; 0: none may go.

        Args:
            now_s: the caller's clock.
            unacknowledged_bytes: of history that was sent, and may be stored.
        """
        self._count(now_s)
        if self._sent_s is not None or unacknowledged_bytes >= self._window_bytes:
            return 0
        if self.paused:
            return self._batch_bytes if now_s - self._probed_s >= _PROBE_INTERVAL_S else 0
        return self._batch_bytes if self._tokens > 0 else 0

    def sent(self, size: int, now_s: float) -> None:
        """A batch went out."""
        self._tokens -= size
        self._sent_s = self._probed_s = now_s

    def taken(self, now_s: float) -> None:
        """The broker has it."""
        if self._sent_s is None:
            return
        if now_s - self._sent_s > _LONGEST_BATCH_S:
            self._shrink()
        else:
            self._batch_bytes = min(self._most_bytes, self._batch_bytes * 5 // 4)
        self._sent_s = None

    def disconnected(self) -> None:
        """What was on its way is so no more; it may have been too much for the link."""
        if self._sent_s is not None:
            self._shrink()
        self._sent_s = None

    def _shrink(self) -> None:
        self._batch_bytes = max(_LEAST_BATCH_BYTES, self._batch_bytes // 2)

    def _count(self, now_s: float) -> None:
        if self._counted_s is not None:
            earned = (now_s - self._counted_s) * self._rate
            self._tokens = min(float(self._most_bytes), self._tokens + earned)
        self._counted_s = now_s
