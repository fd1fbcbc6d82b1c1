"""The host's clock as the agent uses it: monotonic, counted from its UTC at start."""

import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class HostClock:
    """Receipt times that never jump, whatever happens to the host's UTC."""

    def __init__(self) -> None:
        self._utc_minus_monotonic_us = (time.time_ns() - time.monotonic_ns()) // 1000

    @property
    def base_us(self) -> int:
        """UTC minus the monotonic clock, as the host believed at start."""
        return self._utc_minus_monotonic_us

    @property
    def host_boot(self) -> str:
        """Which boot of the host it is, empty where the system does not tell."""
        try:
            return _BOOT_ID.read_text().strip()
        except OSError:
            return ""

    def utc_us(self) -> int:
        """The host's UTC as it believes now, in µs."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    def receipt_us(self) -> int:
        """The monotonic clock in µs, plus the host's UTC at start."""
        return time.monotonic_ns() // 1000 + self._utc_minus_monotonic_us
