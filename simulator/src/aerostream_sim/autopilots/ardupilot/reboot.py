"""How ArduPilot is restarted by command."""

from collections.abc import Callable, Mapping

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.part import Handler, Part
from aerostream_sim.autopilots.power import Power
from aerostream_sim.flight.flight import Flight

_GONE_AFTER_S = 0.2


class ArduPilotReboot(Part):
    """Restarts the autopilot.

    Args:
        flight: of the vehicle.
        power: is gone for a moment.
        commanded: is called when somebody on the link restarts it.
    """

    def __init__(self, *, flight: Flight, power: Power, commanded: Callable[[], None]) -> None:
        self._flight = flight
        self._power = power
        self._commanded = commanded

    def handlers(self) -> Mapping[int, Handler]:
        """PREFLIGHT_REBOOT_SHUTDOWN."""
        return {Cmd.PREFLIGHT_REBOOT_SHUTDOWN: self._on_reboot}

    def _on_reboot(self, command: Command) -> Result:
        """Only while disarmed; it says yes and is gone a moment later."""
        if self._flight.armed:
            return Result.FAILED
        if command.number(1) != 1:
            return Result.UNSUPPORTED
        self._commanded()
        self._power.reboot(_GONE_AFTER_S)
        return Result.ACCEPTED
