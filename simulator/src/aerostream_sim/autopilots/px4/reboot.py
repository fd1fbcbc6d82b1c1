"""How PX4 takes the command to restart."""

from collections.abc import Mapping

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.part import Handler, Part


class Px4Reboot(Part):
    """The recorded build cannot restart; to do nothing it can."""

    def handlers(self) -> Mapping[int, Handler]:
        """PREFLIGHT_REBOOT_SHUTDOWN."""
        return {Cmd.PREFLIGHT_REBOOT_SHUTDOWN: self._on_reboot}

    def _on_reboot(self, command: Command) -> Result:
        return Result.DENIED if command.number(1) or command.number(2) else Result.ACCEPTED
