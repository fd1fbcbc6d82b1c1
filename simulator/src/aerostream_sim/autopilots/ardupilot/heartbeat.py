"""ArduPilot's HEARTBEAT."""

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot.failsafe import ArduPilotFailsafe
from aerostream_sim.autopilots.ardupilot.mode_table import INITIALISING
from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.flight.flight import Landed
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message

_ARDUPILOT = 3
_STANDBY, _ACTIVE, _CRITICAL = 3, 4, 5


class ArduPilotHeartbeat:
    """Makes HEARTBEAT.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        modes: the mode that it tells.
        failsafe: makes its state critical.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        facts: VehicleFacts,
        modes: ArduPilotModes,
        failsafe: ArduPilotFailsafe,
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._facts = facts
        self._modes = modes
        self._failsafe = failsafe

    def __call__(self) -> Message:
        """HEARTBEAT, as it is now."""
        booting = self._modes.booting
        mode = self._facts.boot_mode if booting else self._modes.mode
        return dialect.MAVLink_heartbeat_message(
            self._platform.facts.mav_type,
            _ARDUPILOT,
            self._base_mode(mode),
            mode,
            self._facts.boot_state if booting else self._state(),
            3,
        )

    def _base_mode(self, mode: int) -> int:
        known = self._facts.modes.get(mode)
        base = 0x01
        if self._flight.craft.flies:
            base |= 0x10 if mode == INITIALISING else 0x50
        elif mode in (0, INITIALISING):
            base |= 0x40
        if known and (known.guided or (known.guided_armed and self._flight.armed)):
            base |= 0x08
        return base | (0x80 if self._flight.armed else 0)

    def _state(self) -> int:
        if self._failsafe.latched:
            return _CRITICAL
        if not self._flight.craft.flies:
            return _STANDBY if self._modes.name == "HOLD" else _ACTIVE
        return _ACTIVE if self._flight.landed is not Landed.ON_GROUND else _STANDBY
