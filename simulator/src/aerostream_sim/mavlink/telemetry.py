"""What a vehicle's state is in MAVLink messages that ArduPilot and PX4 have in common."""

import math
from collections.abc import Callable, Sequence

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message
from aerostream_sim.models.geo import clamped

#: Makes a message for a moment, in seconds of the simulation; none: there is nothing to say.
Builder = Callable[[float], Message | None]

_NO_VOLTAGE = 0xFFFF
_UNKNOWN_TEMPERATURE = 0x7FFF
_FIELD_GAUSS = (0.21, 0.01, 0.43)
_CHARGE_OK, _CHARGE_LOW, _CHARGE_CRITICAL = 1, 2, 3


def deg_e7(degrees: float) -> int:
    """Degrees as MAVLink writes places."""
    return round(degrees * 1e7)


def centidegrees(radians: float) -> int:
    """A direction of 0 … 359.99° in hundredths."""
    return round(math.degrees(radians) * 100.0) % 36000


class Telemetry:
    """Messages of one vehicle at the moment it is asked.

    Args:
        platform: the vehicle.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._flight = platform.flight

    def boot_ms(self, at_s: float) -> int:
        """Milliseconds since power-on at a moment of the simulation; 32 bits, as on the wire."""
        return max(0, round((at_s - self._platform.booted_s) * 1e3)) & 0xFFFFFFFF

    def boot_us(self, at_s: float) -> int:
        """The same in µs."""
        return max(0, round((at_s - self._platform.booted_s) * 1e6))

    # --- position and movement --------------------------------------------------------------

    def attitude(self, at_s: float) -> Message:
        """ATTITUDE; also for moments between two steps."""
        motion = self._flight.motion
        ago = at_s - self._platform.now_s
        noise = self._platform.rnd.gauss
        return dialect.MAVLink_attitude_message(
            self.boot_ms(at_s),
            motion.roll + motion.roll_rate * ago + noise(0.0, 0.001),
            motion.pitch + motion.pitch_rate * ago + noise(0.0, 0.001),
            motion.yaw,
            motion.roll_rate,
            motion.pitch_rate,
            motion.yaw_rate,
        )

    def attitude_quaternion(self, at_s: float) -> Message:
        """ATTITUDE_QUATERNION."""
        motion = self._flight.motion
        return dialect.MAVLink_attitude_quaternion_message(
            self.boot_ms(at_s),
            *self._platform.quaternion,
            motion.roll_rate,
            motion.pitch_rate,
            motion.yaw_rate,
        )

    def global_position(self, at_s: float) -> Message:
        """GLOBAL_POSITION_INT."""
        motion, place = self._flight.motion, self._platform.place
        return dialect.MAVLink_global_position_int_message(
            self.boot_ms(at_s),
            deg_e7(place.lat_deg),
            deg_e7(place.lon_deg),
            round(place.alt_m * 1000),
            round(motion.up * 1000),
            round(motion.v_north * 100),
            round(motion.v_east * 100),
            round(-motion.v_up * 100),
            centidegrees(motion.yaw),
        )

    def local_position(self, at_s: float) -> Message:
        """LOCAL_POSITION_NED."""
        motion = self._flight.motion
        return dialect.MAVLink_local_position_ned_message(
            self.boot_ms(at_s),
            motion.north,
            motion.east,
            -motion.up,
            motion.v_north,
            motion.v_east,
            -motion.v_up,
        )

    def vfr_hud(self, at_s: float) -> Message:  # noqa: ARG002 - a builder takes the moment
        """VFR_HUD."""
        motion = self._flight.motion
        return dialect.MAVLink_vfr_hud_message(
            self.airspeed,
            motion.ground_speed,
            round(math.degrees(motion.yaw)) % 360,
            round(motion.throttle * 100),
            self._platform.home.alt_m + motion.up,
            motion.v_up,
        )

    @property
    def airspeed(self) -> float:
        """m/s, measured or estimated."""
        return self._flight.motion.airspeed

    def home_position(self, at_s: float) -> Message | None:
        """HOME_POSITION, once it is known."""
        platform = self._platform
        if not platform.gps.has_fix:
            return None
        home = platform.home
        return dialect.MAVLink_home_position_message(
            deg_e7(home.lat_deg),
            deg_e7(home.lon_deg),
            round(home.alt_m * 1000),
            0.0,
            0.0,
            0.0,
            self.home_quaternion,
            0.0,
            0.0,
            0.0,
            self.boot_us(at_s),
        )

    @property
    def home_quaternion(self) -> Sequence[float]:
        """Of HOME_POSITION."""
        return [math.nan] * 4

    def gps_origin(self, at_s: float) -> Message | None:
        """GPS_GLOBAL_ORIGIN, once it is known."""
        if not self._platform.gps.has_fix:
            return None
        home = self._platform.home
        return dialect.MAVLink_gps_global_origin_message(
            deg_e7(home.lat_deg),
            deg_e7(home.lon_deg),
            round(home.alt_m * 1000),
            self.boot_us(at_s),
        )

    def target_global(self, at_s: float) -> Message | None:
        """POSITION_TARGET_GLOBAL_INT: where guidance aims, while it does."""
        flight = self._flight
        target = self._target()
        if target is None:
            return None
        place = self._platform.home.moved(*target)
        demand = flight.demand
        return dialect.MAVLink_position_target_global_int_message(
            self.boot_ms(at_s),
            self.target_frame,
            self.target_mask,
            deg_e7(place.lat_deg),
            deg_e7(place.lon_deg),
            place.alt_m,
            demand.v_north if demand else 0.0,
            demand.v_east if demand else 0.0,
            -demand.v_up if demand else 0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
        )

    #: MAV_FRAME and mask of POSITION_TARGET_GLOBAL_INT.
    target_frame = 0
    target_mask = 0

    def _target(self) -> tuple[float, float, float] | None:
        flight = self._flight
        if not flight.armed:
            return None
        match flight.activity:
            case Activity.MISSION:
                return flight.round.waypoints[flight.round.target]
            case Activity.HOLD:
                return flight.hold_at
            case Activity.RETURN:
                return (0.0, 0.0, flight.craft.limits.return_height)
        return None

    def navigation(self, at_s: float) -> Message:  # noqa: ARG002 - a builder takes the moment
        """NAV_CONTROLLER_OUTPUT."""
        motion = self._flight.motion
        target = self._target() or (motion.north, motion.east, motion.up)
        north, east = target[0] - motion.north, target[1] - motion.east
        demand = self._flight.demand
        course = demand.course if demand and demand.speed > 0.1 else motion.yaw
        bearing = math.atan2(east, north) if math.hypot(north, east) > 1.0 else motion.yaw
        return dialect.MAVLink_nav_controller_output_message(
            math.degrees(motion.roll),
            math.degrees(motion.pitch),
            round(math.degrees(course)),
            round(math.degrees(bearing)),
            min(65535, round(math.hypot(north, east))),
            target[2] - motion.up,
            0.0,
            0.0,
        )

    # --- satellites and time -----------------------------------------------------------------

    def gps_raw(self, at_s: float) -> Message:
        """GPS_RAW_INT: what the receiver says, its errors included."""
        platform, gps, motion = self._platform, self._platform.gps, self._flight.motion
        known = gps.fix >= 2
        place = platform.place.moved(gps.error_north, gps.error_east, gps.error_up)
        return dialect.MAVLink_gps_raw_int_message(
            # Receivers report five times a second; the time is that of the measurement.
            self.boot_us(at_s) // 200_000 * 200_000,
            gps.fix,
            deg_e7(place.lat_deg) if known else 0,
            deg_e7(place.lon_deg) if known else 0,
            round(place.alt_m * 1000) if known else 0,
            min(9999, round(gps.hdop * 100)),
            min(9999, round(gps.hdop * 160)),
            round(motion.ground_speed * 100) if known else 0,
            centidegrees(motion.course) if known else 0,
            gps.satellites,
            round((place.alt_m + 47.0) * 1000) if known else 0,
            round(gps.hdop * 700) if known else 0,
            round(gps.hdop * 1100) if known else 0,
            300 if known else 0,
        )

    def system_time(self, at_s: float) -> Message:
        """SYSTEM_TIME: UTC once there is a fix."""
        platform = self._platform
        utc_us = platform.utc_us + round((at_s - platform.now_s) * 1e6)
        return dialect.MAVLink_system_time_message(
            utc_us if platform.gps.has_fix else 0, self.boot_ms(at_s)
        )

    # --- power and electronics -----------------------------------------------------------------

    def battery_status(self, at_s: float) -> Message:  # noqa: ARG002 - a builder takes the moment
        """BATTERY_STATUS."""
        battery = self._platform.battery
        percent = battery.percent
        state = _CHARGE_OK
        if percent <= 20:
            state = _CHARGE_CRITICAL if percent <= 7 else _CHARGE_LOW
        return dialect.MAVLink_battery_status_message(
            0,
            self.battery_function,
            self.battery_type,
            _UNKNOWN_TEMPERATURE,
            [round(battery.volts * 1000)] + [_NO_VOLTAGE] * 9,
            round(battery.amps * 100),
            round(battery.used_mah),
            round(battery.used_wh * 36.0),
            percent,
            self.battery_seconds_left,
            state,
        )

    battery_function = 0
    battery_type = 0

    @property
    def battery_seconds_left(self) -> int:
        """BATTERY_STATUS.time_remaining; 0: not told."""
        return 0

    def vibrations(self, at_s: float) -> Message:
        """VIBRATION."""
        platform = self._platform
        return dialect.MAVLink_vibration_message(
            self.boot_us(at_s),
            platform.vibration,
            platform.vibration,
            platform.vibration * 1.4,
            0,
            0,
            0,
        )

    def scaled_pressure(self, at_s: float) -> Message:
        """SCALED_PRESSURE."""
        platform = self._platform
        airspeed = platform.flight.motion.airspeed if not platform.flight.craft.hovers else 0.0
        return dialect.MAVLink_scaled_pressure_message(
            self.boot_ms(at_s),
            platform.pressure_hpa,
            0.5 * 1.2 * airspeed * airspeed / 100.0,
            round(platform.temperature_c * 100),
        )

    def imu(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Accelerometer (mG), gyroscope (mrad/s) and compass (mGauss) as whole numbers."""
        platform, motion = self._platform, self._flight.motion
        noise = platform.rnd.gauss
        shake = 2.0 + platform.facts.vibration * motion.throttle * 4.0
        felt = platform.felt_acceleration
        field = platform.body_vector(*_FIELD_GAUSS)
        return (
            tuple(round(each / 9.80665 * 1000 + noise(0.0, shake)) for each in felt),
            tuple(
                round(each * 1000 + noise(0.0, 1.0))
                for each in (motion.roll_rate, motion.pitch_rate, motion.yaw_rate)
            ),
            tuple(round(each * 1000) for each in field),
        )

    def servo_outputs(self, at_s: float) -> Message:
        """SERVO_OUTPUT_RAW."""
        values = [*self.servos(), *[self.idle_servo] * 16][:16]
        return dialect.MAVLink_servo_output_raw_message(
            self.boot_us(at_s), 0, *values[:8], *values[8:]
        )

    idle_servo = 0

    def servos(self) -> list[int]:
        """Pulse widths that make the vehicle move as it does, µs."""
        motion, flight = self._flight.motion, self._flight
        throttle = round(1000 + 900 * motion.throttle) if flight.armed else 1000
        if flight.craft.flies and flight.craft.hovers:
            spread = 60.0 if not motion.grounded else 0.0
            roll, pitch = motion.roll_rate * spread, motion.pitch_rate * spread
            return [
                round(clamped(throttle + part, 1000, 2000))
                for part in (-roll + pitch, roll - pitch, roll + pitch, -roll - pitch)
            ]
        turn = round(1500 + clamped(motion.yaw_rate * 300.0, -400.0, 400.0))
        if flight.craft.flies:
            roll = round(1500 + clamped(motion.roll_rate * 200.0, -400.0, 400.0))
            pitch = round(1500 + clamped(motion.pitch_rate * 300.0, -400.0, 400.0))
            return [roll, pitch, throttle, turn]
        return [turn, 0, round(1500 + 400 * motion.throttle)]
