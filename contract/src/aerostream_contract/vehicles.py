"""What a heartbeat's numbers mean: vehicles, autopilots and flight modes by name."""

from typing import NamedTuple

#: MAV_AUTOPILOT by number; others are `autopilot-N`.
AUTOPILOTS = {0: "generic", 3: "ardupilot", 8: "none", 12: "px4", 13: "smaccmpilot"}
ARDUPILOT, PX4, NO_AUTOPILOT = 3, 12, 8

#: MAV_TYPE by number for what flies, drives or swims; others are `vehicle-N`.
VEHICLES = {
    0: "generic",
    1: "plane",
    2: "copter",
    3: "helicopter",
    4: "helicopter",
    5: "antenna-tracker",
    7: "airship",
    8: "balloon",
    9: "rocket",
    10: "rover",
    11: "boat",
    12: "sub",
    13: "copter",
    14: "copter",
    15: "copter",
    16: "flapping-wing",
    17: "kite",
    19: "vtol",
    20: "vtol",
    21: "vtol",
    22: "vtol",
    23: "vtol",
    24: "vtol",
    25: "vtol",
    28: "parafoil",
    29: "copter",
    35: "copter",
    43: "copter",
    45: "spacecraft",
    46: "quadruped",
    47: "vtol",
}

GCS = 6
#: MAV_TYPE of things on a link that are no vehicle: ground stations, cameras, gimbals, radios …
_NOT_A_VEHICLE = frozenset(
    {GCS, 18, 26, 27, 30, 31, 32, 33, 34, 36, 37, 38, 39, 40, 41, 42, 44, 48}
)
_AUTOPILOT_COMPONENT = 1

ARMED_FLAG = 0x80
_CUSTOM_MODE_FLAG = 0x01

#: MAV_STATE of a failsafe.
CRITICAL, EMERGENCY = 5, 6

#: MAV_LANDED_STATE by number.
LANDED_STATES = {1: "on_ground", 2: "in_air", 3: "takeoff", 4: "landing"}

#: MAV_SEVERITY by number.
SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")


def _numbered(names: str) -> dict[int, str]:
    """Modes by number, from 0; `-` is a number without a mode."""
    return {number: name for number, name in enumerate(names.split()) if name != "-"}


_COPTER = _numbered(
    "STABILIZE ACRO ALT_HOLD AUTO GUIDED LOITER RTL CIRCLE - LAND - DRIFT - SPORT FLIP "
    "AUTOTUNE POSHOLD BRAKE THROW AVOID_ADSB GUIDED_NOGPS SMART_RTL FLOWHOLD FOLLOW ZIGZAG "
    "SYSTEMID AUTOROTATE AUTO_RTL TURTLE"
)
_PLANE = _numbered(
    "MANUAL CIRCLE STABILIZE TRAINING ACRO FBWA FBWB CRUISE AUTOTUNE - AUTO RTL LOITER "
    "TAKEOFF AVOID_ADSB GUIDED INITIALISING QSTABILIZE QHOVER QLOITER QLAND QRTL QAUTOTUNE "
    "QACRO THERMAL LOITER_ALT_QLAND AUTOLAND"
)
_ROVER = _numbered(
    "MANUAL ACRO - STEERING HOLD LOITER FOLLOW SIMPLE DOCK CIRCLE AUTO RTL SMART_RTL - - "
    "GUIDED INITIALISING"
)
_SUB = _numbered(
    "STABILIZE ACRO ALT_HOLD AUTO GUIDED - - CIRCLE - SURFACE - - - - - - POSHOLD - - MANUAL "
    "MOTOR_DETECT SURFTRAK"
)
_TRACKER = {
    0: "MANUAL",
    1: "STOP",
    2: "SCAN",
    3: "SERVO_TEST",
    4: "GUIDED",
    10: "AUTO",
    16: "INITIALISING",
}
_ARDUPILOT_MODES = {
    "copter": _COPTER,
    "helicopter": _COPTER,
    "plane": _PLANE,
    "vtol": _PLANE,
    "rover": _ROVER,
    "boat": _ROVER,
    "sub": _SUB,
    "antenna-tracker": _TRACKER,
}
_PX4_MAIN = {
    1: "MANUAL",
    2: "ALTCTL",
    3: "POSCTL",
    4: "AUTO",
    5: "ACRO",
    6: "OFFBOARD",
    7: "STABILIZED",
    8: "RATTITUDE",
    9: "SIMPLE",
    10: "TERMINATION",
}
_PX4_AUTO = {
    1: "AUTO.READY",
    2: "AUTO.TAKEOFF",
    3: "AUTO.LOITER",
    4: "AUTO.MISSION",
    5: "AUTO.RTL",
    6: "AUTO.LAND",
    8: "AUTO.FOLLOW_TARGET",
    9: "AUTO.PRECLAND",
    10: "AUTO.VTOL_TAKEOFF",
}


class Heartbeat(NamedTuple):
    """The numbers of a MAVLink HEARTBEAT."""

    type: int
    autopilot: int
    base_mode: int
    custom_mode: int
    system_status: int

    @property
    def armed(self) -> bool:
        """Whether the motors may turn."""
        return bool(self.base_mode & ARMED_FLAG)

    @property
    def vehicle(self) -> str:
        """Kind of vehicle by name."""
        return VEHICLES.get(self.type, f"vehicle-{self.type}")

    @property
    def autopilot_name(self) -> str:
        """Kind of autopilot by name."""
        return AUTOPILOTS.get(self.autopilot, f"autopilot-{self.autopilot}")

    @property
    def mode(self) -> str:
        """Flight mode by its autopilot's name, or `mode-N` where that is not known."""
        if self.autopilot == PX4:
            return _px4_mode(self.custom_mode)
        modes = _ARDUPILOT_MODES.get(self.vehicle, {}) if self.autopilot == ARDUPILOT else {}
        if self.custom_mode in modes and self.base_mode & _CUSTOM_MODE_FLAG:
            return modes[self.custom_mode]
        return f"mode-{self.custom_mode}"

    def is_ground_station(self) -> bool:
        """Whether a ground station sent it."""
        return self.type == GCS

    def is_vehicle(self, component: int) -> bool:
        """Whether its system is a vehicle, rather than something on board or on the ground."""
        if self.type in _NOT_A_VEHICLE:
            return False
        return self.autopilot != NO_AUTOPILOT or component == _AUTOPILOT_COMPONENT


def _px4_mode(custom_mode: int) -> str:
    main, sub = custom_mode >> 16 & 0xFF, custom_mode >> 24 & 0xFF
    if main == 4 and sub in _PX4_AUTO:
        return _PX4_AUTO[sub]
    if main == 3 and sub == 1:
        return "ORBIT"
    return _PX4_MAIN.get(main, f"mode-{custom_mode}")
