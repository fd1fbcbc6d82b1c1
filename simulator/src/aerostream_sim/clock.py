"""The host's time, as something that is handed in."""

import time
from typing import Protocol


class Clock(Protocol):
    """The host's time."""

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        ...

    def utc_us(self) -> int:
        """UTC µs."""
        ...


class HostClock:
    """The clocks of this machine."""

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def utc_us(self) -> int:
        """UTC µs."""
        return time.time_ns() // 1000
