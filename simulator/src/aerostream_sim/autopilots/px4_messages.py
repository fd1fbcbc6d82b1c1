"""Messages as PX4 fills them, those included that pymavlink's dialects lack."""

import math
import struct
from collections.abc import Callable, Sequence

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots import px4_facts as facts
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder, Telemetry, centidegrees, deg_e7
from aerostream_sim.mavlink.wire import Message, RawMessage

_NAN = math.nan
_NOT_ASKED = 0xFFFFFFFF


class Px4Messages(Telemetry):
    """PX4's messages.

    Args:
        platform: the vehicle.
        condition: tells the autopilot's own state.
        mode: tells HEARTBEAT.custom_mode.
        events: tells the number of the last event.
    """

    def __init__(
        self,
        platform: Platform,
        condition: Callable[[], Condition],
        mode: Callable[[], int],
        events: Callable[[], int],
    ) -> None:
        super().__init__(platform)
        self._condition = condition
        self._mode = mode
        self._events = events
        self._ping = 0
        self._sent = 0

    battery_function = 1
    battery_type = 1
    idle_servo = 900
    target_frame = 5

    def builders(self) -> dict[int, Builder]:
        """What it can send, by message id."""
        m = dialect
        found: dict[int, Builder] = {
            m.MAVLINK_MSG_ID_ATTITUDE: self.attitude,
            m.MAVLINK_MSG_ID_ATTITUDE_QUATERNION: self.attitude_quaternion,
            m.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: self._located(self.global_position),
            m.MAVLINK_MSG_ID_LOCAL_POSITION_NED: self.local_position,
            m.MAVLINK_MSG_ID_VFR_HUD: self.vfr_hud,
            m.MAVLINK_MSG_ID_HOME_POSITION: self._located(self.home_position),
            m.MAVLINK_MSG_ID_GPS_GLOBAL_ORIGIN: self._located(self.gps_origin),
            m.MAVLINK_MSG_ID_POSITION_TARGET_GLOBAL_INT: self.target_global,
            m.MAVLINK_MSG_ID_POSITION_TARGET_LOCAL_NED: self._target_local,
            m.MAVLINK_MSG_ID_NAV_CONTROLLER_OUTPUT: self.navigation,
            m.MAVLINK_MSG_ID_GPS_RAW_INT: self.gps_raw,
            m.MAVLINK_MSG_ID_SYSTEM_TIME: self.system_time,
            m.MAVLINK_MSG_ID_BATTERY_STATUS: self.battery_status,
            m.MAVLINK_MSG_ID_VIBRATION: self.vibrations,
            m.MAVLINK_MSG_ID_SCALED_PRESSURE: self.scaled_pressure,
            m.MAVLINK_MSG_ID_SERVO_OUTPUT_RAW: self.servo_outputs,
            m.MAVLINK_MSG_ID_SYS_STATUS: self._sys_status,
            m.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: self._landed,
            m.MAVLINK_MSG_ID_MISSION_CURRENT: self._mission,
            m.MAVLINK_MSG_ID_ALTITUDE: self._altitude,
            m.MAVLINK_MSG_ID_ESTIMATOR_STATUS: self._estimator,
            m.MAVLINK_MSG_ID_ATTITUDE_TARGET: self._attitude_target,
            m.MAVLINK_MSG_ID_HIGHRES_IMU: self._highres_imu,
            m.MAVLINK_MSG_ID_ODOMETRY: self._odometry,
            m.MAVLINK_MSG_ID_TIMESYNC: self._timesync,
            m.MAVLINK_MSG_ID_PING: self._own_ping,
            m.MAVLINK_MSG_ID_CURRENT_MODE: self._current_mode,
            m.MAVLINK_MSG_ID_OPEN_DRONE_ID_LOCATION: self._remote_id_location,
            m.MAVLINK_MSG_ID_OPEN_DRONE_ID_SYSTEM: self._remote_id_system,
            facts.LINK_NODE_STATUS: self._link_node,
            facts.TIME_ESTIMATE_TO_TARGET: self._time_estimate,
            facts.CURRENT_EVENT_SEQUENCE: self._event_sequence,
        }
        if self._flight.craft.flies and self._flight.craft.hovers:
            found[m.MAVLINK_MSG_ID_DISTANCE_SENSOR] = self._distance
        if not self._flight.craft.hovers:
            found[m.MAVLINK_MSG_ID_WIND_COV] = self._wind
        return found

    def _located(self, builder: Builder) -> Builder:
        """Before the first fix there is no place to tell."""
        return lambda at_s: builder(at_s) if self._platform.gps.has_fix else None

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

    def _sys_status(self, _at_s: float) -> Message:
        battery = self._platform.battery
        present, enabled, health = facts.SENSORS
        if not self._condition().armable:
            health &= ~facts.PREARM_BIT
        return dialect.MAVLink_sys_status_message(
            present,
            enabled,
            health,
            round(58 + 20 * self._platform.rnd.random()),
            round(battery.volts * 1000),
            round(battery.amps * 100),
            battery.percent,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
        )

    def _landed(self, _at_s: float) -> Message:
        return dialect.MAVLink_extended_sys_state_message(0, self._flight.landed)

    def _mission(self, _at_s: float) -> Message:
        condition = self._condition()
        state = 3 if condition.in_mission else 2
        return dialect.MAVLink_mission_current_message(
            condition.mission_item, condition.mission_total, state, 1 if state == 3 else 2
        )

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
            facts.ESTIMATOR_WITH_GPS if fixed else facts.ESTIMATOR_WITHOUT_GPS,
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
        mode = self._mode()
        return dialect.MAVLink_current_mode_message(0, mode, mode)

    def _remote_id_location(self, _at_s: float) -> Message:
        motion, place = self._flight.motion, self._platform.place
        return dialect.MAVLink_open_drone_id_location_message(
            0,
            0,
            [0] * 20,
            2 if self._flight.flying else 1,
            centidegrees(motion.course),
            round(motion.ground_speed * 100),
            round(motion.v_up * 100),
            deg_e7(place.lat_deg),
            deg_e7(place.lon_deg),
            place.alt_m,
            place.alt_m,
            0,
            motion.up,
            12,
            5,
            0,
            3,
            (self._platform.utc_us / 1e6) % 3600.0,
            0,
        )

    def _remote_id_system(self, _at_s: float) -> Message:
        home = self._platform.home
        since_2019 = self._platform.utc_us // 1_000_000 - 1_546_300_800
        return dialect.MAVLink_open_drone_id_system_message(
            0,
            0,
            [0] * 20,
            0,
            0,
            deg_e7(home.lat_deg),
            deg_e7(home.lon_deg),
            1,
            0,
            -1000.0,
            -1000.0,
            0,
            0,
            home.alt_m,
            max(0, since_2019),
        )

    def _link_node(self, at_s: float) -> Message:
        payload = struct.pack("<QIIIIIHHHBBBB", self.boot_us(at_s), *[0] * 12)
        return RawMessage(facts.LINK_NODE_STATUS, facts.LINK_NODE_STATUS_CRC, payload)

    def _time_estimate(self, _at_s: float) -> Message:
        payload = struct.pack("<IIIII", 0, *[_NOT_ASKED] * 4)
        return RawMessage(facts.TIME_ESTIMATE_TO_TARGET, facts.TIME_ESTIMATE_CRC, payload)

    def _event_sequence(self, _at_s: float) -> Message:
        payload = struct.pack("<HB", self._events() & 0xFFFF, 1)
        return RawMessage(facts.CURRENT_EVENT_SEQUENCE, facts.CURRENT_EVENT_SEQUENCE_CRC, payload)

    def event(self, kind: facts.EventType, number: int, arguments: bytes) -> Message:
        """An EVENT to everybody."""
        head = struct.pack(
            "<IIHBBB",
            kind.id,
            self.boot_ms(self._platform.now_s),
            number & 0xFFFF,
            0,
            0,
            kind.levels,
        )
        return RawMessage(facts.EVENT, facts.EVENT_CRC, head + arguments.ljust(40, b"\0"))
