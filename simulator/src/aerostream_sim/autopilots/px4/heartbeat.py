"""PX4's HEARTBEAT."""

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.px4.arming import Px4Arming
from aerostream_sim.autopilots.px4.failsafe import Px4Failsafe
from aerostream_sim.autopilots.px4.mode_table import AUTO, OFFBOARD, main_and_sub
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message

_PX4 = 12
_UNINIT, _STANDBY, _ACTIVE, _CRITICAL = 0, 3, 4, 5


class Px4Heartbeat:
    """Makes HEARTBEAT.

    Args:
        platform: the vehicle.
        modes: the mode that it tells.
        arming: what cannot be armed is not initialised.
        failsafe: makes its state critical.
    """

    def __init__(
        self, *, platform: Platform, modes: Px4Modes, arming: Px4Arming, failsafe: Px4Failsafe
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._modes = modes
        self._arming = arming
        self._failsafe = failsafe

    def __call__(self) -> Message:
        """HEARTBEAT, as it is now."""
        return dialect.MAVLink_heartbeat_message(
            self._platform.facts.mav_type,
            _PX4,
            self._base_mode(),
            self._modes.mode,
            self._state(),
            3,
        )

    def _base_mode(self) -> int:
        mode = self._modes.mode
        armed = 0x80 if self._flight.armed else 0
        if main_and_sub(mode)[0] == AUTO:
            return armed | 0x1D
        if mode == OFFBOARD:
            return armed | (0x11 if self._flight.armed else 0x01)
        return armed | 0x51

    def _state(self) -> int:
        if self._failsafe.active:
            return _CRITICAL
        if self._flight.armed:
            return _ACTIVE
        return _STANDBY if self._arming.armable else _UNINIT
