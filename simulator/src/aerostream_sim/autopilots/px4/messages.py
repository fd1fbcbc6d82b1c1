"""Messages as PX4 fills them."""

import math
from collections.abc import Callable, Sequence

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.autopilots.messages import AutopilotMessages
from aerostream_sim.autopilots.px4 import raw
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.autopilots.px4.remote_id import location, operator_location
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder
from aerostream_sim.mavlink.wire import Message

_NAN = math.nan
_ESTIMATOR_WITHOUT_GPS, _ESTIMATOR_WITH_GPS = 167, 895


class Px4Messages(AutopilotMessages):
    """PX4's messages.

    Args:
        platform: the vehicle.
        condition: tells the autopilot's own state.
        modes: the mode that they tell.
        events: the number of the last event, which they tell.
    """

    sensors = (16793645, 16859181, 857786431)
    further_sensors = (0, 0, 1)

    def __init__(
        self,
        *,
        platform: Platform,
        condition: Callable[[], Condition],
        modes: Px4Modes,
        events: Px4Events,
    ) -> None:
        super().__init__(platform=platform, condition=condition)
        self._modes = modes
        self._events = events
        self._ping = 0

    battery_function = 1
    battery_type = 1
    idle_servo = 900
    target_frame = 5

    def builders(self) -> dict[int, Builder]:
        """What it can send, by message id."""
        m = dialect
        found = super().builders() | {
            m.MAVLINK_MSG_ID_POSITION_TARGET_LOCAL_NED: self._target_local,
            m.MAVLINK_MSG_ID_ALTITUDE: self._altitude,
            m.MAVLINK_MSG_ID_ESTIMATOR_STATUS: self._estimator,
            m.MAVLINK_MSG_ID_ATTITUDE_TARGET: self._attitude_target,
            m.MAVLINK_MSG_ID_HIGHRES_IMU: self._highres_imu,
            m.MAVLINK_MSG_ID_ODOMETRY: self._odometry,
            m.MAVLINK_MSG_ID_TIMESYNC: self._timesync,
            m.MAVLINK_MSG_ID_PING: self._own_ping,
            m.MAVLINK_MSG_ID_CURRENT_MODE: self._current_mode,
            m.MAVLINK_MSG_ID_OPEN_DRONE_ID_LOCATION: lambda _at_s: location(self._platform),
            m.MAVLINK_MSG_ID_OPEN_DRONE_ID_SYSTEM: lambda _at_s: operator_location(self._platform),
            raw.LINK_NODE_STATUS: lambda at_s: raw.link_node_status(self.boot_us(at_s)),
            raw.TIME_ESTIMATE_TO_TARGET: lambda _at_s: raw.time_estimate(),
            raw.CURRENT_EVENT_SEQUENCE: lambda _at_s: raw.event_sequence(self._events.number),
        }
        if self._flight.craft.flies and self._flight.craft.hovers:
            found[m.MAVLINK_MSG_ID_DISTANCE_SENSOR] = self._distance
        if not self._flight.craft.hovers:
            found[m.MAVLINK_MSG_ID_WIND_COV] = self._wind
        return found

    @property
    def checks_fail(self) -> bool:
        """Armed or not."""
        return not self._condition().armable

    @property
    def load(self) -> int:
        """Whatever it does."""
        return round(58 + 20 * self._platform.rnd.random())

    @property
    def knows_place(self) -> bool:
        """From the first fix on."""
        return self._platform.gps.has_fix

    @property
    def airspeed(self) -> float:
        """Only a plane has a sensor for it."""
        return 0.0 if self._flight.craft.hovers else self._flight.motion.airspeed

    @property
    def battery_seconds_left(self) -> int:
        """Estimated from the current, while armed."""
        return round(self._platform.battery.seconds_left) if self._flight.armed else 0

    @property
    def home_quaternion(self) -> Sequence[float]:
        """Level."""
        return [1.0, 0.0, 0.0, 0.0]

    def _altitude(self, at_s: float) -> Message:
        up, home = self._flight.motion.up, self._platform.home.alt_m
        clear = max(up, 0.0) if self._flight.craft.flies else _NAN
        return dialect.MAVLink_altitude_message(
            self.boot_us(at_s), home + up + 0.4, home + up, up, up, 0.0, clear
        )

    def _estimator(self, at_s: float) -> Message:
        shown = self._platform.rnd.random
        fixed = self._platform.gps.has_fix
        plane = not self._flight.craft.hovers
        return dialect.MAVLink_estimator_status_message(
            self.boot_us(at_s),
            _ESTIMATOR_WITH_GPS if fixed else _ESTIMATOR_WITHOUT_GPS,
            0.05 + 0.1 * shown(),
            0.03 + 0.05 * shown(),
            0.03 + 0.05 * shown(),
            0.03 + 0.05 * shown(),
            0.015 * shown(),
            0.1 * shown() if plane else _NAN,
            0.29 + 0.02 * shown() if fixed else 20.0,
            0.29 + 0.02 * shown(),
        )

    def _attitude_target(self, at_s: float) -> Message:
        motion = self._flight.motion
        return dialect.MAVLink_attitude_target_message(
            self.boot_ms(at_s),
            0,
            self._platform.quaternion,
            motion.roll_rate,
            motion.pitch_rate,
            motion.yaw_rate,
            motion.throttle,
        )

    def _target_local(self, at_s: float) -> Message:
        north, east, up = self._target() or (_NAN, _NAN, _NAN)
        demand = self._flight.demand
        v_north, v_east, v_up = demand[:3] if demand else (_NAN, _NAN, _NAN)
        motion = self._flight.motion
        return dialect.MAVLink_position_target_local_ned_message(
            self.boot_ms(at_s),
            1,
            0,
            north,
            east,
            -up,
            v_north,
            v_east,
            -v_up,
            motion.a_north,
            motion.a_east,
            -motion.a_up,
            motion.yaw,
            motion.yaw_rate,
        )

    def _highres_imu(self, at_s: float) -> Message:
        platform, motion = self._platform, self._flight.motion
        noise = platform.rnd.gauss
        felt = [each + noise(0.0, 0.05) for each in platform.felt_acceleration]
        field = platform.body_vector(0.21, 0.01, 0.43)
        pressure = platform.pressure_hpa
        return dialect.MAVLink_highres_imu_message(
            self.boot_us(at_s),
            *felt,
            motion.roll_rate,
            motion.pitch_rate,
            motion.yaw_rate,
            *field,
            pressure,
            0.0,
            platform.home.alt_m + motion.up,
            platform.temperature_c,
            0b1101_1111_1111,
            0,
        )

    def _odometry(self, at_s: float) -> Message:
        motion = self._flight.motion
        unknown = [_NAN] + [0.0] * 20
        return dialect.MAVLink_odometry_message(
            self.boot_us(at_s),
            1,  # MAV_FRAME_LOCAL_NED
            8,  # MAV_FRAME_BODY_NED
            motion.north,
            motion.east,
            -motion.up,
            self._platform.quaternion,
            *self._platform.body_vector(motion.v_north, motion.v_east, -motion.v_up),
            motion.roll_rate,
            motion.pitch_rate,
            motion.yaw_rate,
            unknown,
            unknown,
            0,
            8,  # MAV_ESTIMATOR_TYPE_AUTOPILOT
            100,
        )

    def _distance(self, at_s: float) -> Message:
        """Downwards; on the ground it sees its own landing gear's height."""
        tilt = math.cos(self._flight.motion.roll) * math.cos(self._flight.motion.pitch)
        away = max(self._flight.motion.up, 0.0) / max(tilt, 0.5) + 0.1
        return dialect.MAVLink_distance_sensor_message(
            self.boot_ms(at_s), 0, 10_000, min(round(away * 100), 10_000), 0, 0, 25, 0
        )

    def _wind(self, at_s: float) -> Message:
        mean = self._flight.wind.mean
        return dialect.MAVLink_wind_cov_message(
            self.boot_us(at_s),
            mean.north,
            mean.east,
            0.0,
            0.5,
            0.0,
            self._platform.home.alt_m + self._flight.motion.up,
            0.3,
            0.0,
        )

    def _timesync(self, at_s: float) -> Message:
        return dialect.MAVLink_timesync_message(0, self.boot_us(at_s) * 1000)

    def _own_ping(self, at_s: float) -> Message:
        self._ping += 1
        return dialect.MAVLink_ping_message(self.boot_us(at_s), self._ping - 1, 0, 0)

    def _current_mode(self, _at_s: float) -> Message:
        mode = self._modes.mode
        return dialect.MAVLink_current_mode_message(0, mode, mode)
