"""ArduPilot's arming checks, told as texts."""

from collections.abc import Callable

from aerostream_sim.autopilots.ardupilot.failsafe import ArduPilotFailsafe
from aerostream_sim.autopilots.ardupilot.mission import ArduPilotMission
from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.arming import Arming
from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.platform import Platform

_REPEAT_S = 30.0


class ArduPilotArming(Arming):
    """Arms and disarms one of ArduPilot's vehicles.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        modes: not every one can be armed.
        mission: ends with disarming.
        failsafe: stands against arming once it came.
        texts: what it says.
        commanded: is called when somebody on the link arms or disarms.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        facts: VehicleFacts,
        modes: ArduPilotModes,
        mission: ArduPilotMission,
        failsafe: ArduPilotFailsafe,
        texts: ArduPilotTexts,
        commanded: Callable[[], None],
    ) -> None:
        super().__init__(platform=platform, commanded=commanded)
        self._facts = facts
        self._modes = modes
        self._mission = mission
        self._failsafe = failsafe
        self._texts = texts
        self._repeat_s = 0.0

    @property
    def armable(self) -> bool:
        """Whether no check stands against arming, in a mode that can be armed."""
        return not self._refusals(self._modes.mode)

    @property
    def ready(self) -> bool:
        """The same, whatever the mode."""
        return not self._refusals(self._facts.arming_mode)

    def _refusals(self, mode: int) -> list[str]:
        reasons: list[str] = []
        boot_s = self._platform.boot_s
        for until_s, texts in self._facts.refusals:
            if boot_s < until_s:
                reasons += texts
                break
        known = self._facts.modes.get(mode)
        if known is not None and not known.armable:
            reasons.append(f"{known.name} mode not armable")
        if self._failsafe.latched:
            reasons += ["Battery 1 low voltage failsafe", "Battery failsafe"]
        return reasons

    def _tell_refusals(self, what: str) -> None:
        for reason in self._refusals(self._modes.mode):
            self._texts.say(Severity.CRITICAL, f"{what}: {reason}")

    def restart(self) -> None:
        """The checks are told again after a while."""
        self._repeat_s = self._platform.now_s + _REPEAT_S

    def watch(self, _news: list[News]) -> None:
        """Tell now and then why it would not arm."""
        now_s = self._platform.now_s
        if now_s >= self._repeat_s:
            self._repeat_s = now_s + _REPEAT_S
            if not self._flight.armed:
                self._tell_refusals("PreArm")

    def arm(self) -> None:
        """Arm, and do what the mode means."""
        self._flight.arm()
        self.armed_s = self._platform.now_s
        self._modes.perform_again()
        self._texts.say(Severity.INFO, self._facts.armed_text)
        if self._modes.name == "TAKEOFF":
            self._tell_of_take_off()

    def _tell_of_take_off(self) -> None:
        course = round(self._flight.wind.setting.from_deg) % 360
        height = round(self._flight.craft.limits.take_off_height)
        for delay_s, text in (
            (0.03, "Armed AUTO, xaccel = -0.0 m/s/s, waiting 0.2 sec"),
            (0.23, "Triggered AUTO. GPS speed = 0.0"),
            (1.23, f"Takeoff to {height}m for 200.0m heading {course}.0 deg"),
            (1.4, f"Autoland direction= {course}"),
        ):
            self._texts.say_later(delay_s, Severity.INFO, text)

    def disarm(self) -> None:
        """Disarm; the mission is over."""
        self._flight.disarm()
        self._mission.started = False
        self._texts.say(Severity.INFO, self._facts.disarmed_text)

    def disarm_landed(self) -> None:
        """It says nothing more than when it is told to."""
        self.disarm()

    def disarm_idle(self) -> None:
        """The same."""
        self.disarm()

    def refuse_arming(self) -> Result:
        """The reasons come as texts."""
        self._tell_refusals("Arm")
        return Result.FAILED

    def refuse_disarming(self) -> Result:
        """Without a word."""
        return Result.FAILED

    def on_prearm_checks(self, _command: Command) -> Result:
        """The reasons come as texts."""
        if not self._flight.armed:
            self._tell_refusals("PreArm")
        return Result.ACCEPTED
