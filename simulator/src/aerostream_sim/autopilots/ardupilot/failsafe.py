"""ArduPilot's battery failsafe: home, as soon as the voltage is low for long enough."""

from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import Activity, News
from aerostream_sim.flight.platform import Platform

LOW_VOLTS = 11.0
_LOW_FOR_S = 5.0


class ArduPilotFailsafe(Part):
    """Watches the battery.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        modes: are changed to RTL.
        texts: what it says.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        facts: VehicleFacts,
        modes: ArduPilotModes,
        texts: ArduPilotTexts,
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._facts = facts
        self._modes = modes
        self._texts = texts
        self._low_since_s: float | None = None
        self.latched = False
        """Whether it came; it stays until the power goes."""

    def restart(self) -> None:
        """Nothing was low yet."""
        self.latched = False
        self._low_since_s = None

    def watch(self, _news: list[News]) -> None:
        """Fly home once the battery is low."""
        now_s, battery = self._platform.now_s, self._platform.battery
        if battery.volts >= LOW_VOLTS or not self._flight.armed or self.latched:
            self._low_since_s = None
            return
        if self._low_since_s is None:
            self._low_since_s = now_s
        if now_s - self._low_since_s < _LOW_FOR_S:
            return
        self.latched = True
        used = round(battery.used_mah)
        rtl = self._facts.rtl
        if self._modes.mode != rtl and self._flight.activity is not Activity.LAND:
            self._modes.enter(rtl)
        low = f"Battery 1 is low {battery.volts:.2f}V used {used} mAh"
        self._texts.say(Severity.WARNING, low)
        self._texts.say(Severity.WARNING, "Battery Failsafe")
