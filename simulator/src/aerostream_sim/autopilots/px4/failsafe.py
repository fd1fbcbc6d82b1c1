"""PX4's battery failsafe: a warning, and later a moment's hold and the way home."""

import struct

from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.px4 import event_table as event
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.mode_table import RTL
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.autopilots.px4.texts import Px4Texts
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import Activity, News
from aerostream_sim.flight.platform import Platform

LOW_PERCENT, CRITICAL_PERCENT = 15, 7
_HOLD_S = 5.0
#: In the arguments of both failsafe events: the mode that it was in, as a bit mask.
_MODES = 0x3040000


class Px4Failsafe(Part):
    """Watches the battery.

    Args:
        platform: the vehicle.
        modes: are changed to AUTO.RTL.
        events: tell why.
        texts: say the same.
    """

    def __init__(
        self, *, platform: Platform, modes: Px4Modes, events: Px4Events, texts: Px4Texts
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._modes = modes
        self._events = events
        self._texts = texts
        self._warned = False
        self._hold_until_s: float | None = None
        self.active = False
        """Whether it came since the vehicle was armed."""

    def restart(self) -> None:
        """Nothing was low yet."""
        self._warned = False
        self.end()

    def end(self) -> None:
        """The vehicle is disarmed: nothing is to be saved any more."""
        self.active = False
        self._hold_until_s = None

    def watch(self, _news: list[News]) -> None:
        """Warn, hold, and fly home."""
        now_s, percent = self._platform.now_s, self._platform.battery.percent
        if self._hold_until_s is not None and now_s >= self._hold_until_s:
            self._hold_until_s = None
            if self._flight.armed:
                self._texts.say(Severity.CRITICAL, "Failsafe activated")
                self._events.say(event.FAILSAFE, struct.pack("<IBB", _MODES, 5, 4))
                self._modes.enter(RTL)
        if not self._flight.armed:
            return
        if percent <= LOW_PERCENT and not self._warned:
            self._warned = True
            self._events.say(event.LOW_BATTERY)
            self._texts.say(Severity.EMERGENCY, "Low battery level")
            self._texts.say(Severity.CRITICAL, "Failsafe activated")
        coming_down = self._flight.activity in (Activity.RETURN, Activity.LAND)
        if percent <= CRITICAL_PERCENT and not self.active and not coming_down:
            self._hold(now_s)

    def _hold(self, now_s: float) -> None:
        self.active = True
        self._hold_until_s = now_s + _HOLD_S
        self._flight.hold()
        self._events.say(event.FAILSAFE_HOLD, struct.pack("<IBBHB", _MODES, 6, 5, 4, 0))
        self._texts.say(Severity.EMERGENCY, "Low battery level")
        self._texts.say(Severity.CRITICAL, "Failsafe activated: entering Hold for 5 seconds")
