"""Commands that make a vehicle go somewhere."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.part import Handler, Part


class Navigation(Part, ABC):
    """Take-off, landing, return, missions and places."""

    def handlers(self) -> Mapping[int, Handler]:
        """The commands below."""
        return {
            Cmd.NAV_TAKEOFF: self.on_take_off,
            Cmd.NAV_LAND: self.on_land,
            Cmd.NAV_RETURN_TO_LAUNCH: self.on_return,
            Cmd.MISSION_START: self.on_mission_start,
            Cmd.DO_REPOSITION: self.on_reposition,
            Cmd.DO_CHANGE_SPEED: self.on_change_speed,
        }

    @abstractmethod
    def on_take_off(self, command: Command) -> Result:
        """NAV_TAKEOFF."""

    @abstractmethod
    def on_land(self, command: Command) -> Result:
        """NAV_LAND."""

    @abstractmethod
    def on_return(self, command: Command) -> Result:
        """NAV_RETURN_TO_LAUNCH."""

    @abstractmethod
    def on_mission_start(self, command: Command) -> Result:
        """MISSION_START."""

    @abstractmethod
    def on_reposition(self, command: Command) -> Result:
        """DO_REPOSITION."""

    @abstractmethod
    def on_change_speed(self, command: Command) -> Result:
        """DO_CHANGE_SPEED."""
