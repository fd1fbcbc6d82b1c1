"""Flight modes: which one it is in, and what a mode lets the flight do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.part import Handler, Part
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.platform import Platform


class Modes(Part, ABC):
    """The mode of one autopilot.

    Args:
        platform: the vehicle.
        commanded: is called when somebody on the link changes the mode.
    """

    def __init__(self, *, platform: Platform, commanded: Callable[[], None]) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._commanded = commanded
        self.mode = 0
        """HEARTBEAT.custom_mode."""

    def handlers(self) -> Mapping[int, Handler]:
        """DO_SET_MODE."""
        return {Cmd.DO_SET_MODE: self.on_set_mode}

    @property
    @abstractmethod
    def arming_mode(self) -> int:
        """The one in which an operator arms it."""

    @property
    @abstractmethod
    def mission_mode(self) -> int:
        """The one in which it flies its mission."""

    @abstractmethod
    def enter(self, mode: int) -> None:
        """Change to a mode that it has, and do what that means."""

    @abstractmethod
    def on_set_mode(self, command: Command) -> Result:
        """DO_SET_MODE."""

    @abstractmethod
    def on_old_mode(self, base_mode: int, custom_mode: int) -> Result | None:
        """The message SET_MODE; none: it is never acknowledged."""

    def perform(self, activity: Activity) -> None:
        """Let the flight do what a mode means."""
        flight = self._flight
        match activity:
            case Activity.HOLD:
                flight.hold()
            case Activity.MISSION:
                flight.fly_round()
            case Activity.RETURN:
                flight.return_home()
            case Activity.LAND:
                flight.land()
            case Activity.SINK:
                flight.sink()
            case Activity.TAKE_OFF:
                if flight.armed:
                    flight.take_off(flight.craft.limits.take_off_height)
            case Activity.IDLE:
                flight.idle()
