"""Messages as ArduPilot fills them."""

import math
from collections.abc import Callable

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.autopilots.messages import AutopilotMessages
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder, deg_e7
from aerostream_sim.mavlink.wire import Message

_EKF_WITHOUT_GPS, _EKF_WITH_GPS = 167, 831


class ArduPilotMessages(AutopilotMessages):
    """ArduPilot's messages.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        condition: tells the autopilot's own state.
    """

    def __init__(
        self, *, platform: Platform, facts: VehicleFacts, condition: Callable[[], Condition]
    ) -> None:
        super().__init__(platform=platform, condition=condition)
        self._facts = facts

    target_mask = 65016

    def builders(self) -> dict[int, Builder]:
        """What it can send, by message id."""
        m = dialect
        found = super().builders() | {
            m.MAVLINK_MSG_ID_LOCAL_POSITION_NED: self.located(self.local_position),
            m.MAVLINK_MSG_ID_SCALED_PRESSURE2: self._pressure_2,
            m.MAVLINK_MSG_ID_POWER_STATUS: self._power,
            m.MAVLINK_MSG_ID_MEMINFO: self._memory,
            m.MAVLINK_MSG_ID_RC_CHANNELS: self._rc,
            m.MAVLINK_MSG_ID_RAW_IMU: self._raw_imu,
            m.MAVLINK_MSG_ID_SCALED_IMU2: self._imu_2,
            m.MAVLINK_MSG_ID_SCALED_IMU3: self._imu_3,
            m.MAVLINK_MSG_ID_SIMSTATE: self._simstate,
            m.MAVLINK_MSG_ID_AHRS: self._ahrs,
            m.MAVLINK_MSG_ID_AHRS2: self._ahrs_2,
            m.MAVLINK_MSG_ID_TERRAIN_REPORT: self._terrain,
            m.MAVLINK_MSG_ID_EKF_STATUS_REPORT: self._ekf,
            m.MAVLINK_MSG_ID_WIND: self._wind,
        }
        if not self._platform.flight.craft.hovers:
            found[m.MAVLINK_MSG_ID_AIRSPEED] = self._airspeed
            found[m.MAVLINK_MSG_ID_AOA_SSA] = self._angles
        return found

    @property
    def sensors(self) -> tuple[int, int, int]:
        """Those of the vehicle."""
        return self._facts.sensors

    @property
    def checks_fail(self) -> bool:
        """An armed vehicle is past its checks."""
        return not self._condition().armable and not self._flight.armed

    @property
    def load(self) -> int:
        """More, the more it moves."""
        return round(180 + 60 * self._flight.motion.throttle)

    @property
    def knows_place(self) -> bool:
        """Once its estimator has an origin."""
        return self._platform.boot_s >= self._facts.origin_s

    @property
    def uses_gps(self) -> bool:
        """Whether the estimator relies on the GPS."""
        return self._platform.boot_s >= self._facts.using_gps_s and self._platform.gps.has_fix

    def _pressure_2(self, at_s: float) -> Message:
        platform = self._platform
        return dialect.MAVLink_scaled_pressure2_message(
            self.boot_ms(at_s), platform.pressure_hpa, 0.0, round(platform.temperature_c * 100)
        )

    def _power(self, _at_s: float) -> Message:
        return dialect.MAVLink_power_status_message(
            round(5000 + self._platform.rnd.gauss(0.0, 8.0)), 0, 0
        )

    def _memory(self, _at_s: float) -> Message:
        return dialect.MAVLink_meminfo_message(0, 65535, 524288)

    def _rc(self, at_s: float) -> Message:
        sticks = [1500, 1500, 1000, 1500, 1800, 1000, 1000, 1800] + [0] * 10
        return dialect.MAVLink_rc_channels_message(self.boot_ms(at_s), 8, *sticks, 255)

    def _raw_imu(self, at_s: float) -> Message:
        felt, turned, field = self.imu()
        centi = round(self._platform.temperature_c * 100)
        return dialect.MAVLink_raw_imu_message(self.boot_us(at_s), *felt, *turned, *field, 0, centi)

    def _imu_2(self, at_s: float) -> Message:
        felt, turned, field = self.imu()
        centi = round(self._platform.temperature_c * 100)
        return dialect.MAVLink_scaled_imu2_message(
            self.boot_ms(at_s), *felt, *turned, *field, centi
        )

    def _imu_3(self, at_s: float) -> Message:
        """The third has a compass only, as in the recordings."""
        _, _, field = self.imu()
        return dialect.MAVLink_scaled_imu3_message(self.boot_ms(at_s), 0, 0, 0, 0, 0, 0, *field, 0)

    def _simstate(self, _at_s: float) -> Message:
        motion, place = self._flight.motion, self._platform.place
        return dialect.MAVLink_simstate_message(
            motion.roll,
            motion.pitch,
            motion.yaw,
            *self._platform.felt_acceleration,
            motion.roll_rate,
            motion.pitch_rate,
            motion.yaw_rate,
            deg_e7(place.lat_deg),
            deg_e7(place.lon_deg),
        )

    def _ahrs(self, _at_s: float) -> Message:
        drift = self._platform.rnd.gauss
        return dialect.MAVLink_ahrs_message(
            -0.0004 + drift(0.0, 2e-5), -0.0004, 0.002, 0.0, 0.0, 0.0026, 0.00013
        )

    def _ahrs_2(self, _at_s: float) -> Message:
        motion, place = self._flight.motion, self._platform.place
        off = self._platform.rnd.gauss
        return dialect.MAVLink_ahrs2_message(
            motion.roll + off(0.0, 0.002),
            motion.pitch + off(0.0, 0.002),
            motion.yaw + off(0.0, 0.01),
            place.alt_m + off(0.0, 0.1),
            deg_e7(place.lat_deg),
            deg_e7(place.lon_deg),
        )

    def _terrain(self, _at_s: float) -> Message:
        """No terrain data is loaded."""
        place = self._platform.place
        return dialect.MAVLink_terrain_report_message(
            deg_e7(place.lat_deg), deg_e7(place.lon_deg), 0, 0.0, place.alt_m, 504, 0
        )

    def _ekf(self, _at_s: float) -> Message:
        shown = self._platform.rnd.random
        uses = self.uses_gps
        plane = not self._platform.flight.craft.hovers
        return dialect.MAVLink_ekf_status_report_message(
            _EKF_WITH_GPS if uses else _EKF_WITHOUT_GPS,
            0.01 + 0.02 * shown() if uses else 0.0,
            0.003 + 0.02 * shown() if uses else 0.0,
            0.003 + 0.01 * shown(),
            0.02 + 0.02 * shown(),
            0.0,
            0.1 * shown() if plane and self._flight.flying else 0.0,
        )

    def _wind(self, _at_s: float) -> Message | None:
        if not self.uses_gps:
            return None
        mean = self._flight.wind.mean
        speed = math.hypot(mean.north, mean.east)
        # Where it comes from, -180 … 180; it is told as known only by what flies.
        known = speed if self._flight.flying and self._flight.craft.flies else 0.0
        direction = math.degrees(math.atan2(-mean.east, -mean.north))
        return dialect.MAVLink_wind_message(direction if known else -180.0, known, 0.0)

    def _airspeed(self, _at_s: float) -> Message:
        airspeed = self._flight.motion.airspeed
        return dialect.MAVLink_airspeed_message(0, airspeed, 0x7FFF, 0.6 * airspeed**2, 2)

    def _angles(self, at_s: float) -> Message:
        return dialect.MAVLink_aoa_ssa_message(self.boot_us(at_s), 0.0, 0.0)
