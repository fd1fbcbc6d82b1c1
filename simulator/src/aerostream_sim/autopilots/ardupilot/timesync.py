"""ArduPilot asks for the time itself, too."""

import random

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.timesync import Timesync
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.platform import Platform

_INTERVAL_S = 10.0


class ArduPilotTimesync(Timesync):
    """Answers TIMESYNC, and sends one now and then.

    Args:
        platform: the vehicle, whose time is told.
        system: its system id.
        sender: sends them.
        rnd: when it begins.
    """

    def __init__(
        self, *, platform: Platform, system: int, sender: Sender, rnd: random.Random
    ) -> None:
        super().__init__(platform=platform, sender=sender)
        self._system = system
        self._rnd = rnd
        self._next_s = 0.0

    def restart(self) -> None:
        """Begin within the interval."""
        self._next_s = self._platform.now_s + _INTERVAL_S * self._rnd.random()

    def watch(self, _news: list[News]) -> None:
        """Ask for the time when it is due."""
        if self._platform.now_s >= self._next_s:
            self._next_s += _INTERVAL_S
            self._sender.say(dialect.MAVLink_timesync_message(0, self.boot_ns + self._system))
