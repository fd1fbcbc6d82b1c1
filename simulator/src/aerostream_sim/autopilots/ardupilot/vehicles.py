"""ArduPilot's vehicles: modes, texts, arming checks, and the minute after power-on."""

from dataclasses import dataclass, field

from aerostream_sim.autopilots.ardupilot.mode_table import (
    COPTER_MODES,
    INITIALISING,
    PLANE_MODES,
    ROVER_MODES,
    Mode,
)
from aerostream_sim.autopilots.ardupilot.stream_table import PLANE_STREAMS
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.kinds import Kind

INFO, DEBUG, ALERT, WARNING = Severity.INFO, Severity.DEBUG, Severity.ALERT, Severity.WARNING


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
