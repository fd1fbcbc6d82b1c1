"""How PX4 takes commands that make it go somewhere."""

import math
from collections.abc import Callable

from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.navigation import Navigation
from aerostream_sim.autopilots.px4 import event_table as event
from aerostream_sim.autopilots.px4.arming import Px4Arming
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.mode_table import LAND, LOITER, MISSION, RTL, TAKE_OFF
from aerostream_sim.autopilots.px4.modes import DEFAULT_TAKE_OFF_M, Px4Modes
from aerostream_sim.autopilots.px4.texts import Px4Texts
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.platform import Platform


class Px4Navigation(Navigation):
    """Lets a vehicle with PX4 go.

    Args:
        platform: the vehicle.
        modes: are changed by most of the commands.
        arming: the start of a mission arms.
        events: tell what it does.
        texts: say the same.
        commanded: is called when somebody on the link lets it go somewhere.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        modes: Px4Modes,
        arming: Px4Arming,
        events: Px4Events,
        texts: Px4Texts,
        commanded: Callable[[], None],
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._modes = modes
        self._arming = arming
        self._events = events
        self._texts = texts
        self._commanded = commanded

    def on_take_off(self, command: Command) -> Result:
        """Armed or not; the altitude is above sea level whatever the frame says."""
        flight = self._flight
        if not flight.craft.flies:
            return Result.UNSUPPORTED
        self._commanded()
        self._modes.take_off_up = DEFAULT_TAKE_OFF_M
        if math.isfinite(command.z):
            up = command.z - self._platform.home.alt_m
            if flight.armed and up <= flight.motion.up:
                self._events.say(event.ALREADY_HIGHER)
                self._texts.say(Severity.CRITICAL, "Already higher than takeoff altitude")
                return Result.ACCEPTED
            self._modes.take_off_up = up
        self._modes.enter(TAKE_OFF)
        return Result.ACCEPTED

    def on_land(self, _command: Command) -> Result:
        """AUTO.LAND, in the air or not."""
        self._commanded()
        self._events.say(event.LANDING_HERE)
        self._modes.enter(LAND)
        return Result.ACCEPTED

    def on_return(self, _command: Command) -> Result:
        """AUTO.RTL."""
        self._commanded()
        self.go_home()
        return Result.ACCEPTED

    def go_home(self) -> None:
        """AUTO.RTL, whoever wants it."""
        self._events.say(event.RETURNING)
        self._texts.say(Severity.INFO, "Returning to launch")
        self._modes.enter(RTL)

    def on_mission_start(self, _command: Command) -> Result:
        """It arms, if it is not armed yet."""
        self._commanded()
        flight = self._flight
        if not flight.armed:
            if not self._arming.ready:
                self._events.say(event.ARMING_DENIED)
                return Result.TEMPORARILY_REJECTED
            self._arming.arm_for_mission()
        self._modes.enter(MISSION)
        if flight.craft.flies and flight.motion.grounded:
            flight.take_off(flight.craft.limits.take_off_height)
        return Result.ACCEPTED

    def on_reposition(self, command: Command) -> Result:
        """Without the flag it refuses, and flies there all the same; altitudes are above sea."""
        flight, home = self._flight, self._platform.home
        if not flight.armed or (flight.craft.flies and flight.motion.grounded):
            return Result.UNSUPPORTED
        self._commanded()
        flagged = bool(command.number(2) & 1)
        if self._modes.mode != LOITER and not flagged:
            return Result.UNSUPPORTED
        self._modes.mode = LOITER
        motion = flight.motion
        north, east, up = motion.north, motion.east, motion.up
        if math.isfinite(command.x) and math.isfinite(command.y):
            north, east = home.metres_to(command.x, command.y)
        if math.isfinite(command.z) and flight.craft.flies:
            up = command.z - home.alt_m
        flight.go_to(north, east, up)
        return Result.ACCEPTED if flagged else Result.UNSUPPORTED

    def on_change_speed(self, command: Command) -> Result:
        """Any speed is accepted; one that makes no sense changes nothing."""
        speed = command.params[1]
        if 0.0 < speed <= self._flight.craft.limits.top_speed:
            self._flight.speed = speed
        return Result.ACCEPTED
