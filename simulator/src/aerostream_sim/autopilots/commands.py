"""MAVLink commands as they come, and the numbers that both autopilots use."""

import math
from enum import IntEnum
from typing import Any, NamedTuple

from aerostream_sim.models.geo import clamped


class Result(IntEnum):
    """MAV_RESULT."""

    ACCEPTED = 0
    TEMPORARILY_REJECTED = 1
    DENIED = 2
    UNSUPPORTED = 3
    FAILED = 4


class Cmd(IntEnum):
    """MAV_CMD, as far as the simulator answers to them."""

    NAV_RETURN_TO_LAUNCH = 20
    NAV_LAND = 21
    NAV_TAKEOFF = 22
    DO_SET_MODE = 176
    DO_CHANGE_SPEED = 178
    DO_REPOSITION = 192
    PREFLIGHT_REBOOT_SHUTDOWN = 246
    MISSION_START = 300
    COMPONENT_ARM_DISARM = 400
    RUN_PREARM_CHECKS = 401
    GET_MESSAGE_INTERVAL = 510
    SET_MESSAGE_INTERVAL = 511
    REQUEST_MESSAGE = 512
    REQUEST_PROTOCOL_VERSION = 519
    REQUEST_AUTOPILOT_CAPABILITIES = 520


#: param2 of COMPONENT_ARM_DISARM that forces it.
FORCE = 21196
#: param1 of DO_SET_MODE: param2 is the autopilot's own mode.
CUSTOM_MODE = 1


class Command(NamedTuple):
    """A COMMAND_LONG or COMMAND_INT."""

    id: int
    params: tuple[float, float, float, float]
    x: float
    """Degrees of latitude, or param5."""
    y: float
    z: float
    """Metres, or param7."""
    frame: int | None
    """MAV_FRAME; none for a COMMAND_LONG."""
    system: int
    """Who sent it."""
    component: int

    @classmethod
    def of(cls, message: Any) -> "Command":
        """The command of a pymavlink message."""
        params = (message.param1, message.param2, message.param3, message.param4)
        sender = (message.get_srcSystem(), message.get_srcComponent())
        if message.get_type() == "COMMAND_INT":
            x, y = message.x * 1e-7, message.y * 1e-7
            return cls(message.command, params, x, y, message.z, message.frame, *sender)
        x, y, z = message.param5, message.param6, message.param7
        return cls(message.command, params, x, y, z, None, *sender)

    def number(self, place: int) -> int:
        """Param 1 to 4 as a whole number of 32 bits; 0 where it is none."""
        value = self.params[place - 1]
        return int(clamped(value, -(2**31), 2**31 - 1)) if math.isfinite(value) else 0
