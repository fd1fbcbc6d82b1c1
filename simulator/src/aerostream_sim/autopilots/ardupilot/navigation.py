"""How ArduPilot takes commands that make it go somewhere."""

from collections.abc import Callable

from aerostream_sim.autopilots.ardupilot.mode_table import COPTER_LAND
from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.missions import GLOBAL_RELATIVE
from aerostream_sim.autopilots.navigation import Navigation
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform

#: Altitudes from here on do not fit into its own places.
_TOO_HIGH_M = 83_000.0
_FRAMES_ABSOLUTE, _FRAMES_RELATIVE = (0, 5), (3, 6)


class ArduPilotNavigation(Navigation):
    """Lets one of ArduPilot's vehicles go.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        modes: are changed by most of the commands.
        texts: what it says.
        commanded: is called when somebody on the link lets it go somewhere.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        facts: VehicleFacts,
        modes: ArduPilotModes,
        texts: ArduPilotTexts,
        commanded: Callable[[], None],
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._facts = facts
        self._modes = modes
        self._texts = texts
        self._commanded = commanded

    def on_take_off(self, command: Command) -> Result:
        """A copter, armed, on the ground and in GUIDED; the frame of a COMMAND_INT must be 3."""
        flight = self._flight
        if not flight.craft.flies:
            return Result.UNSUPPORTED
        wrong = command.frame != GLOBAL_RELATIVE or not flight.craft.hovers
        if command.frame is not None and wrong:
            return Result.DENIED
        fits = flight.craft.hovers and self._modes.mode == self._facts.guided and flight.armed
        if not fits or flight.flying or not command.z > 0.0:
            return Result.FAILED
        self._commanded()
        flight.take_off(command.z)
        return Result.ACCEPTED

    def on_land(self, _command: Command) -> Result:
        """A copter lands where it is; for the others there is no such command."""
        if self._platform.kind is not Kind.COPTER:
            return Result.UNSUPPORTED
        self._commanded()
        self._modes.enter(COPTER_LAND)
        return Result.ACCEPTED

    def on_return(self, _command: Command) -> Result:
        """Mode RTL."""
        self._commanded()
        self._modes.enter(self._facts.rtl)
        return Result.ACCEPTED

    def on_mission_start(self, command: Command) -> Result:
        """Mode AUTO, armed or not; it never arms."""
        if command.number(1) != 0 and self._platform.kind is Kind.COPTER:
            return Result.DENIED
        self._commanded()
        self._modes.enter(self._facts.auto)
        return Result.ACCEPTED

    def on_reposition(self, command: Command) -> Result:
        """Only as COMMAND_INT; the flag changes the mode to GUIDED."""
        if command.frame is None:
            return Result.UNSUPPORTED
        if abs(command.x) > 90.0 or abs(command.y) > 180.0 or not abs(command.z) < _TOO_HIGH_M:
            return Result.DENIED
        guided = self._facts.guided
        if self._modes.mode != guided and not command.number(2) & 1:
            return Result.FAILED if self._platform.kind is Kind.PLANE else Result.DENIED
        self._commanded()
        if self._modes.mode != guided:
            self._modes.enter(guided)
        flight, home = self._flight, self._platform.home
        if not flight.armed or (flight.craft.flies and flight.motion.grounded):
            return Result.ACCEPTED
        up = command.z
        if command.frame in _FRAMES_ABSOLUTE:
            up -= home.alt_m
        elif command.frame not in _FRAMES_RELATIVE:
            return Result.DENIED
        north, east = home.metres_to(command.x, command.y)
        flight.go_to(north, east, up if flight.craft.flies else 0.0)
        return Result.ACCEPTED

    def on_change_speed(self, command: Command) -> Result:
        """A new speed, if it can be flown."""
        speed = command.params[1]
        craft = self._flight.craft
        if not 0.0 < speed <= craft.limits.top_speed:
            return Result.FAILED
        self._flight.speed = speed
        if not craft.hovers:
            self._texts.say(Severity.INFO, f"Set airspeed {speed:.0f} m/s")
        return Result.ACCEPTED
