"""PX4's arming checks, told as events, and as texts for ground stations."""

from collections.abc import Callable

from aerostream_sim.autopilots.arming import Arming
from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.px4 import event_table as event
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.failsafe import LOW_PERCENT, Px4Failsafe
from aerostream_sim.autopilots.px4.mission import Px4Mission
from aerostream_sim.autopilots.px4.mode_table import LOITER, NOT_ARMABLE
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.autopilots.px4.texts import Px4Texts
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.platform import Platform

_ARMABLE_S = 8.4


class Px4Arming(Arming):
    """Arms and disarms a vehicle with PX4.

    Args:
        platform: the vehicle.
        modes: not every one can be armed.
        mission: ends with disarming.
        failsafe: ends with it, too.
        events: tell why.
        texts: say the same.
        commanded: is called when somebody on the link arms or disarms.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        modes: Px4Modes,
        mission: Px4Mission,
        failsafe: Px4Failsafe,
        events: Px4Events,
        texts: Px4Texts,
        commanded: Callable[[], None],
    ) -> None:
        super().__init__(platform=platform, commanded=commanded)
        self._modes = modes
        self._mission = mission
        self._failsafe = failsafe
        self._events = events
        self._texts = texts

    @property
    def armable(self) -> bool:
        """Whether it can be armed in this mode."""
        return self.ready and self._modes.mode not in NOT_ARMABLE

    @property
    def ready(self) -> bool:
        """Whether it has booted and is charged."""
        charged = self._platform.battery.percent > LOW_PERCENT
        return self._platform.boot_s >= _ARMABLE_S and charged

    def arm(self) -> None:
        """Arm by command, and do what the mode means."""
        self._arm(event.BY_COMMAND, "external command")

    def arm_for_mission(self) -> None:
        """The same, as a mission was started."""
        self._arm(event.BY_MISSION, "mission start")

    def _arm(self, reason: int, by: str) -> None:
        self._flight.arm()
        self.armed_s = self._platform.now_s
        self._events.say(event.ARMED_BY, bytes((reason,)))
        self._texts.say(Severity.INFO, f"Armed by {by}")
        self._modes.enter(self._modes.mode)

    def disarm(self) -> None:
        """Disarm by command."""
        self._disarm(event.BY_COMMAND, "external command")

    def disarm_landed(self) -> None:
        """Disarm after a landing."""
        self._disarm(event.BY_LANDING, "landing")

    def disarm_idle(self) -> None:
        """Disarm as no take-off came."""
        self._disarm(event.BY_IDLENESS, "auto preflight disarming")

    def _disarm(self, reason: int, by: str) -> None:
        self._flight.disarm()
        self._failsafe.end()
        self._mission.started = False
        self._events.say(event.DISARMED_BY, bytes((reason,)))
        self._texts.say(Severity.INFO, f"Disarmed by {by}")
        if self._flight.craft.flies:
            self._modes.mode = LOITER

    def refuse_arming(self) -> Result:
        """One reason for all checks."""
        self._events.say(event.ARMING_DENIED)
        self._texts.say(Severity.CRITICAL, "Arming denied: Resolve system health failures first")
        return Result.TEMPORARILY_REJECTED

    def refuse_disarming(self) -> Result:
        """It flies."""
        self._events.say(event.DISARMING_DENIED)
        self._texts.say(Severity.CRITICAL, "Disarming denied: not landed")
        return Result.TEMPORARILY_REJECTED

    def on_prearm_checks(self, _command: Command) -> Result:
        """They run all the time."""
        return Result.ACCEPTED
