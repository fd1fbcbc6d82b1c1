"""The host's clock as the agent uses it: monotonic, counted from its UTC at start."""

import time


class HostClock:
    """Receipt times that never jump, whatever happens to the host's UTC."""

    def __init__(self) -> None:
        self._utc_minus_monotonic_us = (time.time_ns() - time.monotonic_ns()) // 1000

    def monotonic_s(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    def receipt_us(self) -> int:
        """The monotonic clock in µs, plus the host's UTC at start."""
        return time.monotonic_ns() // 1000 + self._utc_minus_monotonic_us
