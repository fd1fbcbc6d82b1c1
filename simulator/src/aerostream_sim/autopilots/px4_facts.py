"""PX4 1.16 as recorded: streams, modes, events, the seconds after power-on.

The recordings are of a quadrotor in PX4's own simulator, on its link to a companion computer.
A plane, rover or boat with PX4 was not recorded: they follow the quadrotor where they can.
"""

from typing import NamedTuple

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.params import INT32, REAL32

# Messages that pymavlink's dialects lack: id and seed of the checksum.
LINK_NODE_STATUS, LINK_NODE_STATUS_CRC = 8, 117
PROTOCOL_VERSION, PROTOCOL_VERSION_CRC = 300, 217
TIME_ESTIMATE_TO_TARGET, TIME_ESTIMATE_CRC = 380, 232
EVENT, EVENT_CRC = 410, 160
CURRENT_EVENT_SEQUENCE, CURRENT_EVENT_SEQUENCE_CRC = 411, 106

_M = dialect
#: Messages per second on the companion's link, unasked.
STREAMS_HZ = {
    _M.MAVLINK_MSG_ID_ATTITUDE: 100,
    _M.MAVLINK_MSG_ID_ATTITUDE_QUATERNION: 50,
    _M.MAVLINK_MSG_ID_HIGHRES_IMU: 50,
    _M.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: 50,
    _M.MAVLINK_MSG_ID_LOCAL_POSITION_NED: 30,
    _M.MAVLINK_MSG_ID_ODOMETRY: 30,
    _M.MAVLINK_MSG_ID_ALTITUDE: 10,
    _M.MAVLINK_MSG_ID_ATTITUDE_TARGET: 10,
    _M.MAVLINK_MSG_ID_DISTANCE_SENSOR: 10,
    _M.MAVLINK_MSG_ID_POSITION_TARGET_LOCAL_NED: 10,
    _M.MAVLINK_MSG_ID_SERVO_OUTPUT_RAW: 10,
    _M.MAVLINK_MSG_ID_TIMESYNC: 10,
    _M.MAVLINK_MSG_ID_VFR_HUD: 10,
    _M.MAVLINK_MSG_ID_GPS_RAW_INT: 8,
    _M.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: 5,
    _M.MAVLINK_MSG_ID_SYS_STATUS: 5,
    LINK_NODE_STATUS: 1,
    _M.MAVLINK_MSG_ID_ESTIMATOR_STATUS: 1,
    _M.MAVLINK_MSG_ID_MISSION_CURRENT: 1,
    _M.MAVLINK_MSG_ID_OPEN_DRONE_ID_LOCATION: 1,
    _M.MAVLINK_MSG_ID_OPEN_DRONE_ID_SYSTEM: 1,
    _M.MAVLINK_MSG_ID_PING: 1,
    _M.MAVLINK_MSG_ID_SCALED_PRESSURE: 1,
    _M.MAVLINK_MSG_ID_SYSTEM_TIME: 1,
    _M.MAVLINK_MSG_ID_BATTERY_STATUS: 0.5,
    _M.MAVLINK_MSG_ID_CURRENT_MODE: 0.5,
    _M.MAVLINK_MSG_ID_HOME_POSITION: 0.5,
    _M.MAVLINK_MSG_ID_VIBRATION: 0.5,
    TIME_ESTIMATE_TO_TARGET: 0.5,
    CURRENT_EVENT_SEQUENCE: 0.33,
}
#: Messages that it knows and would send with other hardware, or in other states.
SILENT = frozenset(
    {
        _M.MAVLINK_MSG_ID_MANUAL_CONTROL,
        _M.MAVLINK_MSG_ID_GPS2_RAW,
        _M.MAVLINK_MSG_ID_SCALED_IMU,
        _M.MAVLINK_MSG_ID_SCALED_IMU2,
        _M.MAVLINK_MSG_ID_SCALED_IMU3,
        _M.MAVLINK_MSG_ID_SCALED_PRESSURE2,
        _M.MAVLINK_MSG_ID_SCALED_PRESSURE3,
        _M.MAVLINK_MSG_ID_RC_CHANNELS,
        291,  # ESC_STATUS
        290,  # ESC_INFO
        _M.MAVLINK_MSG_ID_ORBIT_EXECUTION_STATUS,
        _M.MAVLINK_MSG_ID_CAMERA_TRIGGER,
        _M.MAVLINK_MSG_ID_ADSB_VEHICLE,
        _M.MAVLINK_MSG_ID_OBSTACLE_DISTANCE,
    }
)


def custom_mode(main: int, sub: int = 0) -> int:
    """HEARTBEAT.custom_mode of a main mode and sub-mode."""
    return main << 16 | sub << 24


MANUAL, ALTCTL, POSCTL = custom_mode(1), custom_mode(2), custom_mode(3)
OFFBOARD = custom_mode(6)
AUTO = 4
TAKE_OFF, LOITER, MISSION, RTL, LAND = (custom_mode(AUTO, sub) for sub in (2, 3, 4, 5, 6))


class EventType(NamedTuple):
    """An event by its number, as PX4's event definitions have it."""

    id: int
    levels: int
    """External level in the high four bits, internal in the low ones."""


ARMED_BY = EventType(26266355, 0x66)
DISARMED_BY = EventType(32794487, 0x66)
ARMING_DENIED = EventType(16910493, 0x62)
DISARMING_DENIED = EventType(25868725, 0x62)
TAKE_OFF_DETECTED = EventType(21054825, 0x66)
DEFAULT_HEIGHT = EventType(20656071, 0x66)
ALREADY_HIGHER = EventType(19098816, 0x63)
LANDING_DETECTED = EventType(26622124, 0x66)
LANDING_HERE = EventType(20099806, 0x66)
RETURNING = EventType(20262116, 0x66)
RETURN_AT = EventType(22161044, 0x66)
RETURN_LANDS = EventType(16962474, 0x66)
MISSION_BEGINS = EventType(32375217, 0x66)
UNSUPPORTED_AUTO_MODE = EventType(19869445, 0x33)
LOW_BATTERY = EventType(28993875, 0x64)
FAILSAFE_HOLD = EventType(30481910, 0x42)
FAILSAFE = EventType(26528394, 0x42)

#: Why something was armed or disarmed.
BY_COMMAND, BY_MISSION, BY_LANDING, BY_IDLENESS = 4, 5, 6, 7

LOW_PERCENT, CRITICAL_PERCENT, HOLD_S = 15, 7, 5.0
#: SYS_STATUS present, enabled and health, while armable.
SENSORS = (16793645, 16859181, 857786431)
PREARM_BIT = 0x1000_0000
CAPABILITIES = 59647
#: As told at build time: 1.16.0 alpha.
FLIGHT_SW_VERSION = 17825856
OS_SW_VERSION = 101854463
CUSTOM_VERSION = (0, 0, 0, 7, 104, 209, 179, 18)
ESTIMATOR_WITHOUT_GPS, ESTIMATOR_WITH_GPS = 167, 895
ARMABLE_S = 8.4
IDLE_ARMED_S = 10.1
LANDED_ARMED_S = 2.0
DEFAULT_TAKE_OFF_M = 2.5

PARAMETERS: list[tuple[str, float, int]] = [
    ("SYS_AUTOSTART", 10040, INT32),
    ("MAV_SYS_ID", 1, INT32),
    ("MIS_TAKEOFF_ALT", DEFAULT_TAKE_OFF_M, REAL32),
    ("COM_LOW_BAT_ACT", 3, INT32),
    ("COM_DISARM_LAND", LANDED_ARMED_S, REAL32),
    ("COM_DISARM_PRFLT", 10.0, REAL32),
    ("BAT_LOW_THR", LOW_PERCENT / 100, REAL32),
    ("BAT_CRIT_THR", CRITICAL_PERCENT / 100, REAL32),
    ("RTL_RETURN_ALT", 30.0, REAL32),
    ("MPC_XY_CRUISE", 8.0, REAL32),
]
