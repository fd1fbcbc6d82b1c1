"""Messages as ArduPilot fills them."""

import math
from collections.abc import Callable

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot_facts import (
    EKF_WITH_GPS,
    EKF_WITHOUT_GPS,
    PREARM_BIT,
    VehicleFacts,
)
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder, Telemetry, deg_e7
from aerostream_sim.mavlink.wire import Message


class ArduPilotMessages(Telemetry):
    """ArduPilot's messages.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        condition: tells the autopilot's own state.
    """

    def __init__(
        self, platform: Platform, facts: VehicleFacts, condition: Callable[[], Condition]
    ) -> None:
        super().__init__(platform)
        self._facts = facts
        self._condition = condition

    target_mask = 65016

    def builders(self) -> dict[int, Builder]:
        """What it can send, by message id."""
        m = dialect
        found: dict[int, Builder] = {
            m.MAVLINK_MSG_ID_ATTITUDE: self.attitude,
            m.MAVLINK_MSG_ID_ATTITUDE_QUATERNION: self.attitude_quaternion,
            m.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: self._with_origin(self.global_position),
            m.MAVLINK_MSG_ID_LOCAL_POSITION_NED: self._with_origin(self.local_position),
            m.MAVLINK_MSG_ID_VFR_HUD: self.vfr_hud,
            m.MAVLINK_MSG_ID_HOME_POSITION: self._with_origin(self.home_position),
            m.MAVLINK_MSG_ID_GPS_GLOBAL_ORIGIN: self._with_origin(self.gps_origin),
            m.MAVLINK_MSG_ID_POSITION_TARGET_GLOBAL_INT: self.target_global,
            m.MAVLINK_MSG_ID_NAV_CONTROLLER_OUTPUT: self.navigation,
            m.MAVLINK_MSG_ID_GPS_RAW_INT: self.gps_raw,
            m.MAVLINK_MSG_ID_SYSTEM_TIME: self.system_time,
            m.MAVLINK_MSG_ID_BATTERY_STATUS: self.battery_status,
            m.MAVLINK_MSG_ID_VIBRATION: self.vibrations,
            m.MAVLINK_MSG_ID_SCALED_PRESSURE: self.scaled_pressure,
            m.MAVLINK_MSG_ID_SCALED_PRESSURE2: self._pressure_2,
            m.MAVLINK_MSG_ID_SERVO_OUTPUT_RAW: self.servo_outputs,
            m.MAVLINK_MSG_ID_SYS_STATUS: self._sys_status,
            m.MAVLINK_MSG_ID_POWER_STATUS: self._power,
            m.MAVLINK_MSG_ID_MEMINFO: self._memory,
            m.MAVLINK_MSG_ID_MISSION_CURRENT: self._mission,
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
            m.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: self._landed,
        }
        if not self._platform.flight.craft.hovers:
            found[m.MAVLINK_MSG_ID_AIRSPEED] = self._airspeed
            found[m.MAVLINK_MSG_ID_AOA_SSA] = self._angles
        return found

    def _with_origin(self, builder: Builder) -> Builder:
        """Without an origin there is no place to tell."""

        def build(at_s: float) -> Message | None:
            if self._platform.boot_s < self._facts.origin_s:
                return None
            return builder(at_s)

        return build

    @property
    def uses_gps(self) -> bool:
        """Whether the estimator relies on the GPS."""
        return self._platform.boot_s >= self._facts.using_gps_s and self._platform.gps.has_fix

    def _pressure_2(self, at_s: float) -> Message:
        platform = self._platform
        return dialect.MAVLink_scaled_pressure2_message(
            self.boot_ms(at_s), platform.pressure_hpa, 0.0, round(platform.temperature_c * 100)
        )

    def _sys_status(self, _at_s: float) -> Message:
        battery = self._platform.battery
        present, enabled, health = self._facts.sensors
        if not self._condition().armable and not self._flight.armed:
            health &= ~PREARM_BIT
        return dialect.MAVLink_sys_status_message(
            present,
            enabled,
            health,
            round(180 + 60 * self._flight.motion.throttle),
            round(battery.volts * 1000),
            round(battery.amps * 100),
            battery.percent,
            0,
            0,
            0,
            0,
            0,
            0,
        )

    def _power(self, _at_s: float) -> Message:
        return dialect.MAVLink_power_status_message(
            round(5000 + self._platform.rnd.gauss(0.0, 8.0)), 0, 0
        )

    def _memory(self, _at_s: float) -> Message:
        return dialect.MAVLink_meminfo_message(0, 65535, 524288)

    def _mission(self, _at_s: float) -> Message:
        condition = self._condition()
        # MISSION_STATE: 2 not started, 3 active.
        state = 3 if condition.in_mission else 2
        return dialect.MAVLink_mission_current_message(
            condition.mission_item, condition.mission_total, state, 1 if state == 3 else 2
        )

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
            EKF_WITH_GPS if uses else EKF_WITHOUT_GPS,
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

    def _landed(self, _at_s: float) -> Message:
        return dialect.MAVLink_extended_sys_state_message(0, self._flight.landed)

    def _airspeed(self, _at_s: float) -> Message:
        airspeed = self._flight.motion.airspeed
        return dialect.MAVLink_airspeed_message(0, airspeed, 0x7FFF, 0.6 * airspeed**2, 2)

    def _angles(self, at_s: float) -> Message:
        return dialect.MAVLink_aoa_ssa_message(self.boot_us(at_s), 0.0, 0.0)
