"""Power of an autopilot: on, off for a while, or about to restart."""

import math

from aerostream_sim.autopilots.outbox import Outbox
from aerostream_sim.flight.platform import Platform

_OFF_S = 12.0
_REBOOT_OFF_S = 0.1


class Power:
    """Whether the autopilot has power.

    Args:
        platform: the vehicle.
        outbox: what waits to be sent is lost with the power.
    """

    def __init__(self, *, platform: Platform, outbox: Outbox) -> None:
        self._platform = platform
        self._outbox = outbox
        self._reboot_s = math.inf
        self.back_s: float | None = None
        """While it is off: when it comes back."""

    @property
    def on(self) -> bool:
        """Whether there is power."""
        return self.back_s is None

    def cut(self, for_s: float = _OFF_S) -> None:
        """Cut the power for a while: the autopilot forgets what it was asked for, and boots."""
        self._platform.flight.disarm()
        self._outbox.clear()
        self.back_s = self._platform.now_s + for_s

    def restore(self) -> None:
        """Give power again."""
        self.back_s = None

    def reboot(self, in_s: float) -> None:
        """Be gone for a moment, a little later."""
        self._reboot_s = self._platform.now_s + in_s

    def reboot_if_due(self) -> None:
        """Be gone now, where that was asked for."""
        if self._platform.now_s >= self._reboot_s:
            self._reboot_s = math.inf
            self.cut(_REBOOT_OFF_S)
