"""ArduPilot 4.7 as recorded: streams, modes, texts, the minute after power-on.

The recordings are of ArduCopter, ArduPlane and ArduRover in their own simulator. A boat is
ArduRover with the frame of a boat: it was not recorded apart.
"""

from dataclasses import dataclass, field

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.commands import Severity
from aerostream_sim.autopilots.params import INT8, INT16, INT32, REAL32
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.kinds import Kind

INFO, CRITICAL, DEBUG, ALERT, WARNING = (
    Severity.INFO,
    Severity.CRITICAL,
    Severity.DEBUG,
    Severity.ALERT,
    Severity.WARNING,
)


@dataclass(frozen=True, slots=True)
class Mode:
    """A flight mode."""

    name: str
    activity: Activity
    armable: bool = True
    guided: bool = False
    """MAV_MODE_FLAG_GUIDED_ENABLED in heartbeats: always."""
    guided_armed: bool = False
    """The same, while armed."""


_HOLD, _SINK = Activity.HOLD, Activity.SINK
COPTER_MODES = {
    0: Mode("STABILIZE", _SINK),
    2: Mode("ALT_HOLD", _SINK),
    3: Mode("AUTO", Activity.MISSION, armable=False, guided_armed=True),
    4: Mode("GUIDED", _HOLD, guided=True),
    5: Mode("LOITER", _SINK, guided_armed=True),
    6: Mode("RTL", Activity.RETURN, armable=False, guided_armed=True),
    7: Mode("CIRCLE", _HOLD, armable=False, guided_armed=True),
    9: Mode("LAND", Activity.LAND, armable=False, guided_armed=True),
    16: Mode("POSHOLD", _SINK, guided_armed=True),
    17: Mode("BRAKE", _HOLD, armable=False, guided_armed=True),
    21: Mode("SMART_RTL", Activity.RETURN, armable=False, guided_armed=True),
}
PLANE_MODES = {
    0: Mode("MANUAL", _HOLD),
    1: Mode("CIRCLE", _HOLD),
    2: Mode("STABILIZE", _HOLD),
    5: Mode("FBWA", _HOLD),
    6: Mode("FBWB", _HOLD),
    7: Mode("CRUISE", _HOLD),
    10: Mode("AUTO", Activity.MISSION, guided=True),
    11: Mode("RTL", Activity.RETURN, armable=False, guided=True),
    12: Mode("LOITER", _HOLD, guided=True),
    13: Mode("TAKEOFF", Activity.TAKE_OFF, guided=True),
    15: Mode("GUIDED", _HOLD, guided=True),
}
ROVER_MODES = {
    0: Mode("MANUAL", Activity.IDLE),
    1: Mode("ACRO", Activity.IDLE),
    3: Mode("STEERING", Activity.IDLE),
    4: Mode("HOLD", Activity.IDLE),
    5: Mode("LOITER", _HOLD, guided=True),
    10: Mode("AUTO", Activity.MISSION, guided=True),
    11: Mode("RTL", Activity.RETURN, armable=False, guided=True),
    12: Mode("SMART_RTL", Activity.RETURN, armable=False, guided=True),
    15: Mode("GUIDED", _HOLD, guided=True),
}
INITIALISING = 16

_M = dialect
#: What REQUEST_DATA_STREAM switches, by MAV_DATA_STREAM.
DATA_STREAMS = {
    1: (_M.MAVLINK_MSG_ID_RAW_IMU, _M.MAVLINK_MSG_ID_SCALED_IMU2, _M.MAVLINK_MSG_ID_SCALED_IMU3,
        _M.MAVLINK_MSG_ID_SCALED_PRESSURE, _M.MAVLINK_MSG_ID_SCALED_PRESSURE2),
    2: (_M.MAVLINK_MSG_ID_SYS_STATUS, _M.MAVLINK_MSG_ID_POWER_STATUS, _M.MAVLINK_MSG_ID_MEMINFO,
        _M.MAVLINK_MSG_ID_MISSION_CURRENT, _M.MAVLINK_MSG_ID_GPS_RAW_INT,
        _M.MAVLINK_MSG_ID_NAV_CONTROLLER_OUTPUT, _M.MAVLINK_MSG_ID_POSITION_TARGET_GLOBAL_INT),
    3: (_M.MAVLINK_MSG_ID_SERVO_OUTPUT_RAW, _M.MAVLINK_MSG_ID_RC_CHANNELS),
    6: (_M.MAVLINK_MSG_ID_GLOBAL_POSITION_INT, _M.MAVLINK_MSG_ID_LOCAL_POSITION_NED),
    10: (_M.MAVLINK_MSG_ID_ATTITUDE, _M.MAVLINK_MSG_ID_SIMSTATE, _M.MAVLINK_MSG_ID_AHRS2),
    11: (_M.MAVLINK_MSG_ID_VFR_HUD,),
    12: (_M.MAVLINK_MSG_ID_AHRS, _M.MAVLINK_MSG_ID_WIND, _M.MAVLINK_MSG_ID_SYSTEM_TIME,
         _M.MAVLINK_MSG_ID_TERRAIN_REPORT, _M.MAVLINK_MSG_ID_BATTERY_STATUS,
         _M.MAVLINK_MSG_ID_EKF_STATUS_REPORT, _M.MAVLINK_MSG_ID_VIBRATION),
}  # fmt: skip
#: ArduPlane's defaults stream on this link unasked, at 1 Hz; Copter's and Rover's do not.
_PLANE_UNASKED = (
    _M.MAVLINK_MSG_ID_AHRS, _M.MAVLINK_MSG_ID_ATTITUDE, _M.MAVLINK_MSG_ID_GLOBAL_POSITION_INT,
    _M.MAVLINK_MSG_ID_VFR_HUD, _M.MAVLINK_MSG_ID_SYS_STATUS, _M.MAVLINK_MSG_ID_POWER_STATUS,
    _M.MAVLINK_MSG_ID_MEMINFO, _M.MAVLINK_MSG_ID_MISSION_CURRENT, _M.MAVLINK_MSG_ID_RC_CHANNELS,
    _M.MAVLINK_MSG_ID_RAW_IMU, _M.MAVLINK_MSG_ID_SCALED_IMU2, _M.MAVLINK_MSG_ID_SCALED_IMU3,
    _M.MAVLINK_MSG_ID_SCALED_PRESSURE, _M.MAVLINK_MSG_ID_SCALED_PRESSURE2,
    _M.MAVLINK_MSG_ID_GPS_RAW_INT, _M.MAVLINK_MSG_ID_SYSTEM_TIME, _M.MAVLINK_MSG_ID_SIMSTATE,
    _M.MAVLINK_MSG_ID_WIND, _M.MAVLINK_MSG_ID_TERRAIN_REPORT, _M.MAVLINK_MSG_ID_VIBRATION,
    _M.MAVLINK_MSG_ID_BATTERY_STATUS, _M.MAVLINK_MSG_ID_AOA_SSA, _M.MAVLINK_MSG_ID_AIRSPEED,
    _M.MAVLINK_MSG_ID_EKF_STATUS_REPORT,
)  # fmt: skip
PLANE_STREAMS = dict.fromkeys(_PLANE_UNASKED, 1_000_000) | {
    _M.MAVLINK_MSG_ID_SERVO_OUTPUT_RAW: 50_000
}
#: Messages that it can stream; those without a builder need hardware that is not there.
WITHOUT_HARDWARE = frozenset(
    {
        _M.MAVLINK_MSG_ID_GPS2_RAW,
        _M.MAVLINK_MSG_ID_DISTANCE_SENSOR,
        _M.MAVLINK_MSG_ID_RANGEFINDER,
        _M.MAVLINK_MSG_ID_SCALED_PRESSURE3,
        _M.MAVLINK_MSG_ID_SCALED_IMU,
        _M.MAVLINK_MSG_ID_HIGHRES_IMU,
        _M.MAVLINK_MSG_ID_ESC_TELEMETRY_1_TO_4,
        _M.MAVLINK_MSG_ID_RPM,
        _M.MAVLINK_MSG_ID_ADSB_VEHICLE,
        _M.MAVLINK_MSG_ID_CAMERA_FEEDBACK,
        _M.MAVLINK_MSG_ID_CAMERA_INFORMATION,
        _M.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS,
        _M.MAVLINK_MSG_ID_UAVIONIX_ADSB_OUT_STATUS,
        _M.MAVLINK_MSG_ID_ATTITUDE_TARGET,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFacts:
    """One of ArduPilot's vehicles."""

    modes: dict[int, Mode]
    start_mode: int
    boot_mode: int
    boot_state: int
    boot_s: float
    """Until the mode and state of the start show in heartbeats."""
    auto: int
    guided: int
    rtl: int
    arming_mode: int
    ack_ms: tuple[float, float]
    armed_text: str
    disarmed_text: str
    capabilities: int
    sensors: tuple[int, int, int]
    """SYS_STATUS present, enabled and health, while armable."""
    armable_s: float
    origin_s: float
    using_gps_s: float
    texts: tuple[tuple[float, int, str], ...]
    """Seconds after power-on, severity, text."""
    refusals: tuple[tuple[float, tuple[str, ...]], ...]
    """Until so many seconds after power-on, arming is refused for these reasons."""
    streams: dict[int, int] = field(default_factory=dict)
    frame: str = ""
    """Last line of the banner."""


_EKF3 = (
    (4.2, INFO, "EKF3 IMU0 initialised"),
    (4.2, INFO, "EKF3 IMU1 initialised"),
)
_ALIGNED = (
    (5.6, INFO, "EKF3 IMU0 tilt alignment complete"),
    (5.6, INFO, "EKF3 IMU1 tilt alignment complete"),
    (5.7, INFO, "EKF3 IMU0 MAG0 initial yaw alignment complete"),
    (5.7, INFO, "EKF3 IMU1 MAG0 initial yaw alignment complete"),
    (9.6, INFO, "GPS 1: probing for u-blox at 230400 baud"),
    (9.61, INFO, "GPS 1: detected u-blox"),
    (19.8, INFO, "EKF3 IMU0 origin set"),
    (20.0, INFO, "EKF3 IMU1 origin set"),
)
_BAROMETERS = (
    (1.7, INFO, "Barometer 1 calibration complete"),
    (1.7, INFO, "Barometer 2 calibration complete"),
)
_USING_GPS = (
    (41.4, INFO, "EKF3 IMU0 is using GPS"),
    (41.4, INFO, "EKF3 IMU1 is using GPS"),
)

_COPTER = VehicleFacts(
    modes=COPTER_MODES,
    start_mode=0,
    boot_mode=0,
    boot_state=1,
    boot_s=2.8,
    auto=3,
    guided=4,
    rtl=6,
    arming_mode=4,
    ack_ms=(3.0, 6.0),
    armed_text="Arming motors",
    disarmed_text="Disarming motors",
    capabilities=64495,
    sensors=(1399979055, 1398930479, 1467087919),
    armable_s=43.3,
    origin_s=19.8,
    using_gps_s=41.4,
    texts=(
        (0.0, DEBUG, "RCInput: decoding UDP (Pulses)"),
        (0.1, INFO, "Calibrating barometer"),
        *_BAROMETERS,
        (2.2, INFO, "ArduPilot Ready"),
        (2.2, INFO, "AHRS: DCM active"),
        (2.5, INFO, "RC7: SaveWaypoint LOW"),
        *_EKF3,
        (4.2, INFO, "AHRS: EKF3 active"),
        *_ALIGNED,
        *_USING_GPS,
    ),
    refusals=(
        (
            4.2,
            (
                "Accels inconsistent",
                "EKF attitude is bad",
                "AHRS: not using configured AHRS type",
            ),
        ),
        (10.0, ("Accels inconsistent", "AHRS: waiting for home")),
        (19.8, ("Gyros inconsistent", "AHRS: waiting for home")),
        (43.3, ("Need Position Estimate",)),
    ),
    frame="Frame: QUAD/PLUS",
)
_PLANE = VehicleFacts(
    modes=PLANE_MODES,
    start_mode=0,
    boot_mode=INITIALISING,
    boot_state=2,
    boot_s=1.65,
    auto=10,
    guided=15,
    rtl=11,
    arming_mode=13,
    ack_ms=(10.0, 22.0),
    armed_text="Throttle armed",
    disarmed_text="Throttle disarmed",
    capabilities=62319,
    sensors=(325188671, 325188671, 322042943),
    armable_s=25.5,
    origin_s=19.4,
    using_gps_s=20.4,
    texts=(
        (0.06, INFO, "Ground start"),
        (0.06, ALERT, "Skipping INS calibration"),
        (0.06, INFO, "Calibrating barometer"),
        (0.13, DEBUG, "RCInput: decoding UDP (Pulses)"),
        *_BAROMETERS,
        (1.65, INFO, "Airspeed 1 calibration started"),
        (1.65, INFO, "ArduPilot Ready"),
        (1.65, INFO, "AHRS: DCM active"),
        (1.67, WARNING, "Throttle failsafe off"),
        (3.3, INFO, "Airspeed 1 calibrated"),
        (8.97, INFO, "GPS 1: probing for u-blox at 230400 baud"),
        (8.99, INFO, "GPS 1: detected u-blox"),
        (10.2, INFO, "EKF3 IMU0 initialised"),
        (10.2, INFO, "EKF3 IMU1 initialised"),
        (12.1, INFO, "EKF3 IMU0 tilt alignment complete"),
        (12.1, INFO, "EKF3 IMU1 tilt alignment complete"),
        (12.2, INFO, "EKF3 IMU0 MAG0 initial yaw alignment complete"),
        (12.2, INFO, "EKF3 IMU1 MAG0 initial yaw alignment complete"),
        (19.4, INFO, "EKF3 IMU0 origin set"),
        (19.4, INFO, "EKF3 IMU1 origin set"),
        (20.4, INFO, "EKF3 IMU0 is using GPS"),
        (20.4, INFO, "EKF3 IMU1 is using GPS"),
        (20.4, INFO, "AHRS: EKF3 active"),
    ),
    refusals=(
        (
            3.3,
            (
                "Accels inconsistent",
                "AHRS: waiting for home",
                "Airspeed: 1 pre-flight calibration in progress",
            ),
        ),
        (10.0, ("Accels inconsistent", "AHRS: waiting for home")),
        (19.4, ("Gyros inconsistent", "AHRS: waiting for home")),
        (25.5, ("Gyros inconsistent",)),
    ),
    streams=PLANE_STREAMS,
)
_ROVER = VehicleFacts(
    modes=ROVER_MODES,
    start_mode=0,
    boot_mode=INITIALISING,
    boot_state=2,
    boot_s=2.28,
    auto=10,
    guided=15,
    rtl=11,
    arming_mode=4,
    ack_ms=(9.0, 21.0),
    armed_text="Throttle armed",
    disarmed_text="Throttle disarmed",
    capabilities=61935,
    sensors=(322034735, 320986159, 322034991),
    armable_s=42.4,
    origin_s=19.8,
    using_gps_s=42.0,
    texts=(
        (0.04, INFO, "Calibrating barometer"),
        *_BAROMETERS,
        (1.65, INFO, "Beginning INS calibration. Do not move vehicle"),
        (2.28, DEBUG, "INS: alloc 6144 bytes for ISB (free=524288)"),
        (2.28, INFO, "ArduPilot Ready"),
        (2.28, DEBUG, "RCInput: decoding UDP (Pulses)"),
        (2.28, INFO, "AHRS: DCM active"),
        *_EKF3,
        *_ALIGNED,
        (42.0, INFO, "EKF3 IMU0 is using GPS"),
        (42.0, INFO, "EKF3 IMU1 is using GPS"),
        (42.0, INFO, "AHRS: EKF3 active"),
    ),
    refusals=(
        (6.0, ("Accels inconsistent",)),
        (19.8, ("Gyros inconsistent",)),
        (42.4, ("AHRS: not using configured AHRS type",)),
    ),
)
VEHICLES = {Kind.COPTER: _COPTER, Kind.PLANE: _PLANE, Kind.ROVER: _ROVER, Kind.BOAT: _ROVER}

#: 4.7.0, development snapshot.
FLIGHT_SW_VERSION = 67567616
GIT_HASH = b"0c6db27a"
LOW_VOLTS, LOW_FOR_S = 11.0, 5.0
EKF_WITHOUT_GPS, EKF_WITH_GPS = 167, 831
PREARM_BIT = 0x1000_0000

PARAMETERS: list[tuple[str, float, int]] = [
    ("FORMAT_VERSION", 120.0, INT16),
    ("SYSID_THISMAV", 1.0, INT16),
    ("BATT_LOW_VOLT", LOW_VOLTS, REAL32),
    ("BATT_LOW_TIMER", 5.0, INT8),
    ("BATT_FS_LOW_ACT", 2.0, INT8),
    ("BATT_CAPACITY", 8000.0, INT32),
    ("FS_GCS_ENABLE", 0.0, INT8),
    ("FS_OPTIONS", 16.0, INT32),
    ("RTL_ALT", 1500.0, INT32),
    ("RTL_LOIT_TIME", 5000.0, INT32),
    ("WPNAV_SPEED", 800.0, REAL32),
    ("FRAME_CLASS", 1.0, INT8),
]
