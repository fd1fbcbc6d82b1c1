"""How PX4 changes its mode."""

import struct
from collections.abc import Callable

from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.modes import Modes
from aerostream_sim.autopilots.px4 import event_table as event
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.mission import Px4Mission
from aerostream_sim.autopilots.px4.mode_table import (
    ACTIVITIES,
    ALTCTL,
    AUTO,
    LOITER,
    MISSION,
    POSCTL,
    custom_mode,
    main_and_sub,
)
from aerostream_sim.autopilots.px4.texts import Px4Texts
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.platform import Platform

#: MIS_TAKEOFF_ALT.
DEFAULT_TAKE_OFF_M = 2.5


class Px4Modes(Modes):
    """PX4's modes.

    Args:
        platform: the vehicle.
        mission: is begun by AUTO.MISSION.
        events: tell what a mode does.
        texts: say the same.
        commanded: is called when somebody on the link changes the mode.
    """

    arming_mode = LOITER
    mission_mode = MISSION

    def __init__(
        self,
        *,
        platform: Platform,
        mission: Px4Mission,
        events: Px4Events,
        texts: Px4Texts,
        commanded: Callable[[], None],
    ) -> None:
        super().__init__(platform=platform, commanded=commanded)
        self._mission = mission
        self._events = events
        self._texts = texts
        self.take_off_up = DEFAULT_TAKE_OFF_M
        """Metres above home to which AUTO.TAKEOFF climbs."""

    def restart(self) -> None:
        """AUTO.LOITER from the start."""
        self.mode = LOITER

    def enter(self, mode: int) -> None:
        """Change the mode; the next heartbeat tells."""
        self.mode = mode
        activity = ACTIVITIES.get(mode, Activity.HOLD)
        if activity is Activity.TAKE_OFF:
            if self._flight.armed and self._flight.craft.flies:
                self._take_off()
            return
        if activity is Activity.MISSION and self._flight.armed:
            self._mission.started = True
            self._events.say(event.MISSION_BEGINS)
        if activity is Activity.RETURN and self._flight.armed:
            self._tell_of_return()
        self.perform(activity)

    def _take_off(self) -> None:
        up = self.take_off_up
        if up == DEFAULT_TAKE_OFF_M:
            self._events.say(event.DEFAULT_HEIGHT, struct.pack("<f", up))
            self._texts.say(Severity.INFO, f"Using default takeoff altitude: {up:.1f} m")
        self._flight.take_off(up)

    def _tell_of_return(self) -> None:
        up = max(self._flight.motion.up, self._flight.craft.limits.return_height)
        above_sea = round(self._platform.home.alt_m + up)
        self._events.say(event.RETURN_AT, struct.pack("<ii", above_sea, round(up)))
        self._texts.say(
            Severity.INFO,
            f"RTL: start return at {above_sea} m ({round(up)} m above destination)",
        )

    def on_set_mode(self, command: Command) -> Result:
        """An unknown main mode is accepted and does nothing; an unknown sub-mode is not."""
        return self._try(command.number(2), command.number(3))

    def on_old_mode(self, _base_mode: int, custom_mode: int) -> Result | None:
        """SET_MODE is acknowledged as if it were the command."""
        return self._try(*main_and_sub(custom_mode))

    def _try(self, main: int, sub: int) -> Result:
        self._commanded()
        mode = custom_mode(main, sub if main == AUTO else 0)
        if mode not in ACTIVITIES:
            if main != AUTO:
                return Result.ACCEPTED
            self._events.say(event.UNSUPPORTED_AUTO_MODE)
            return Result.TEMPORARILY_REJECTED
        if mode in (POSCTL, ALTCTL) and self._flight.flying:
            return Result.TEMPORARILY_REJECTED
        if mode != self.mode:
            self.enter(mode)
        return Result.ACCEPTED
