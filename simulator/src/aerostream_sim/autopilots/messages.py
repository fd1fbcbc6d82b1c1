"""Messages that both autopilots fill, each with what is its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder, Telemetry
from aerostream_sim.mavlink.wire import Message

_PREARM_BIT = 0x1000_0000
#: MISSION_STATE and the mission mode of MISSION_CURRENT.
_NOT_STARTED, _ACTIVE = 2, 3
_IN_MISSION, _SUSPENDED = 1, 2


class AutopilotMessages(Telemetry, ABC):
    """Messages that tell of the vehicle and of the autopilot itself.

    Args:
        platform: the vehicle.
        condition: tells the autopilot's own state.
    """

    #: Last fields of SYS_STATUS: present, enabled and health of further sensors.
    further_sensors = (0, 0, 0)

    def __init__(self, *, platform: Platform, condition: Callable[[], Condition]) -> None:
        super().__init__(platform)
        self._condition = condition

    @property
    @abstractmethod
    def sensors(self) -> tuple[int, int, int]:
        """SYS_STATUS present, enabled and health, while armable."""

    @property
    @abstractmethod
    def checks_fail(self) -> bool:
        """Whether SYS_STATUS tells that it would not arm."""

    @property
    @abstractmethod
    def load(self) -> int:
        """Of its processor, in thousandths."""

    @property
    @abstractmethod
    def knows_place(self) -> bool:
        """Whether it knows where it is."""

    def builders(self) -> dict[int, Builder]:
        """What it can send, by message id."""
        m = dialect
        return {
            m.MAVLINK_MSG_ID_ATTITUDE: self.attitude,
            m.MAVLINK_MSG_ID_ATTITUDE_QUATERNION: self.attitude_quaternion,
            m.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: self.located(self.global_position),
            m.MAVLINK_MSG_ID_LOCAL_POSITION_NED: self.local_position,
            m.MAVLINK_MSG_ID_VFR_HUD: self.vfr_hud,
            m.MAVLINK_MSG_ID_HOME_POSITION: self.located(self.home_position),
            m.MAVLINK_MSG_ID_GPS_GLOBAL_ORIGIN: self.located(self.gps_origin),
            m.MAVLINK_MSG_ID_POSITION_TARGET_GLOBAL_INT: self.target_global,
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
        }

    def located(self, builder: Builder) -> Builder:
        """The same, once there is a place to tell."""
        return lambda at_s: builder(at_s) if self.knows_place else None

    def _sys_status(self, _at_s: float) -> Message:
        battery = self._platform.battery
        present, enabled, health = self.sensors
        if self.checks_fail:
            health &= ~_PREARM_BIT
        return dialect.MAVLink_sys_status_message(
            present,
            enabled,
            health,
            self.load,
            round(battery.volts * 1000),
            round(battery.amps * 100),
            battery.percent,
            0,
            0,
            0,
            0,
            0,
            0,
            *self.further_sensors,
        )

    def _mission(self, _at_s: float) -> Message:
        condition = self._condition()
        return dialect.MAVLink_mission_current_message(
            condition.mission_item,
            condition.mission_total,
            _ACTIVE if condition.in_mission else _NOT_STARTED,
            _IN_MISSION if condition.in_mission else _SUSPENDED,
        )

    def _landed(self, _at_s: float) -> Message:
        return dialect.MAVLink_extended_sys_state_message(0, self._flight.landed)
