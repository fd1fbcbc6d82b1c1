"""The drone at a glance, kept from its messages, and the events that its changes are."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.models import Backlog, Battery, Position, State
from aerostream_contract.times import iso_from_us
from aerostream_contract.vehicles import CRITICAL, EMERGENCY, LANDED_STATES, Heartbeat

from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.mavlink.messages import read_fields

_POSITION = MESSAGES.named("GLOBAL_POSITION_INT").id
_BATTERY = MESSAGES.named("SYS_STATUS").id
_LANDED = MESSAGES.named("EXTENDED_SYS_STATE").id
_MISSION = MESSAGES.named("MISSION_CURRENT").id

#: MAV_SEVERITY.
_CRITICAL, _NOTICE = 2, 5
_REPEAT_US = 30_000_000
_LEAST_INTERVAL_US = 1_000_000


class Happening(NamedTuple):
    """An event before it has its number: what changed."""

    kind: str
    severity: int
    """MAV_SEVERITY: 0 emergency … 7 debug."""
    text: str
    data: dict[str, Any]


@dataclass(slots=True)
class Twin:
    """State of one drone. Its changes are events; its snapshot goes to `up/state`."""

    mode: str | None = None
    armed: bool | None = None
    landed: str | None = None
    mission_item: int | None = None
    battery: Battery | None = None
    position: Position | None = None
    backlog: list[Backlog] = field(default_factory=list)
    """Stretches of history that are still to be stored."""
    _system_status: int | None = None
    _published: tuple[Any, ...] | None = None
    _published_us: int = field(default=-_REPEAT_US)

    def take_heartbeat(self, heartbeat: Heartbeat) -> list[Happening]:
        """Take a heartbeat of the autopilot; give what changed with it."""
        happenings = []
        if self.mode not in (None, heartbeat.mode):
            data = {"from": self.mode, "to": heartbeat.mode}
            happenings.append(Happening("mode", _NOTICE, f"Mode {heartbeat.mode}", data))
        if self.armed is not None and self.armed != heartbeat.armed:
            kind = "armed" if heartbeat.armed else "disarmed"
            happenings.append(Happening(kind, _NOTICE, kind.capitalize(), {"mode": heartbeat.mode}))
        status = heartbeat.system_status
        if status in (CRITICAL, EMERGENCY) and self._system_status not in (None, status):
            name = "emergency" if status == EMERGENCY else "critical"
            sentence = f"System status {name}"
            happenings.append(Happening("failsafe", _CRITICAL, sentence, {"system_status": status}))
        self.mode, self.armed, self._system_status = heartbeat.mode, heartbeat.armed, status
        return happenings

    def take(self, frame: Frame) -> None:
        """Take any other message of the autopilot."""
        if frame.message_id == _POSITION:
            self._take_position(read_fields(_POSITION, frame.payload))
        elif frame.message_id == _BATTERY:
            values = read_fields(_BATTERY, frame.payload)
            voltage, percent = values["voltage_battery"], values["battery_remaining"]
            self.battery = Battery(
                voltage=None if voltage == 65535 else voltage / 1000,
                percent=None if percent < 0 else percent,
            )
        elif frame.message_id == _LANDED:
            landed = read_fields(_LANDED, frame.payload)["landed_state"]
            self.landed = LANDED_STATES.get(landed)
        elif frame.message_id == _MISSION:
            self.mission_item = read_fields(_MISSION, frame.payload)["seq"]

    def due(self, now_us: int) -> bool:
        """Whether a snapshot should go out: something changed, or 30 s have passed."""
        since_us = now_us - self._published_us
        if since_us >= _REPEAT_US:
            return True
        return since_us >= _LEAST_INTERVAL_US and self._essence() != self._published

    def snapshot(self, now_us: int, utc_us: int) -> State:
        """The state now, with its time in UTC µs; counts as published."""
        self._published, self._published_us = self._essence(), now_us
        return State(
            time=iso_from_us(utc_us),
            mode=self.mode,
            armed=self.armed,
            landed=self.landed,
            mission_item=self.mission_item,
            battery=self.battery,
            position=self.position,
            backlog=self.backlog,
        )

    def _essence(self) -> tuple[Any, ...]:
        percent = None if self.battery is None else self.battery.percent
        return self.mode, self.armed, self.landed, self.mission_item, percent, self.backlog

    def _take_position(self, values: dict[str, Any]) -> None:
        heading = values["hdg"]
        self.position = Position(
            lat=values["lat"] / 10_000_000,
            lon=values["lon"] / 10_000_000,
            alt=values["alt"] / 1000,
            relative_alt=values["relative_alt"] / 1000,
            heading=None if heading == 65535 else heading / 100,
        )
