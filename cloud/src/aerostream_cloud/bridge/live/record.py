"""One drone as the bridge knows it: what the broker and the store say of it. Pure."""

from collections import deque
from collections.abc import Sequence

from aerostream_contract import models
from aerostream_contract.channels import Channel
from aerostream_contract.models import Info, Presence, State, Status
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us, us_from_iso
from aerostream_contract.vehicles import CRITICAL, EMERGENCY, LANDED_STATES, Heartbeat

from aerostream_cloud.bridge.live.arrivals import Stretch
from aerostream_cloud.bridge.live.changes import EventEntry, SampleEntry, StateEntry
from aerostream_cloud.bridge.live.shapes import (
    Backlog,
    Battery,
    DroneState,
    FailsafeName,
    LandedName,
    LinkName,
    Position,
    PresenceName,
    SampleValue,
)
from aerostream_cloud.newest import follows

STATUS_LIFE_US = 95_000_000
"""An agent repeats its status every 30 s; after three that did not come nothing is known."""
CLOCK_ERROR_US = 30_000_000
"""Live samples are younger than this, so a larger difference is a clock's."""

SeriesId = tuple[str, int, str]
"""Channel, component and instance."""

_FAILSAFES: dict[int, FailsafeName] = {CRITICAL: "critical", EMERGENCY: "emergency"}
_LANDED: dict[str, LandedName] = {
    "in_air": "in_air",
    "on_ground": "on_ground",
    "takeoff": "takeoff",
    "landing": "landing",
}
_PRESENCE: dict[Presence, PresenceName] = {
    Presence.ONLINE: "online",
    Presence.OFFLINE: "offline",
    Presence.LOST: "lost",
}
_LINK: dict[models.LinkState, LinkName] = {
    models.LinkState.UP: "up",
    models.LinkState.DOWN: "down",
}

#: An event that the broker hands out twice comes twice soon.
_RECENT_EVENTS = 64
#: Channels of which the autopilot's first instance is shown at a glance.
GLANCED = frozenset({"heartbeat", "position", "system", "landed", "mission"})


class DroneRecord:
    """State of one drone; the `take_…` methods tell whether something to show has changed.

    Position, battery and the time of the newest sample move all the time: they alone are no
    such change.
    """

    def __init__(self, name: DroneName) -> None:
        self.name = name
        self.was_heard = False
        """Whether the broker has told anything of it."""
        self.first_seen_us: int | None = None
        self.position: Position | None = None
        self.state = StateEntry(self)
        self.series: dict[SeriesId, SampleEntry] = {}
        self.text_chars = 0
        """Length of the texts in its newest samples."""
        self.events: deque[EventEntry] = deque()
        self.version = 0
        """The newest version of any entry of it."""
        self.shown_us = 0
        """Receipt time at which its state last counted as changed."""
        self.waiting: list[Stretch] = []
        """Stretches of history that it has still to send."""
        self.online_us: int | None = None
        """Receipt time at which its agent last said that it is connected."""
        self._presence: PresenceName = "unknown"
        self._presence_since_us: int | None = None
        self._status: Status | None = None
        self._status_us = 0
        self._info: Info | None = None
        self._heartbeat: Heartbeat | None = None
        self._mode: str | None = None
        self._armed: bool | None = None
        self._failsafe: FailsafeName | None = None
        self._landed: LandedName | None = None
        self._mission_item: int | None = None
        self._battery: Battery | None = None
        self._state_us: int | None = None
        self._backlog: list[Backlog] = []
        self._last_sample_us: int | None = None
        self._clock_error_us = 0
        self._times: dict[str, int] = {}
        self._stored: set[str] = set()
        self._recent: deque[tuple[int, int]] = deque(maxlen=_RECENT_EVENTS)

    def shape(self) -> DroneState:
        """The drone at a glance."""
        info, heartbeat = self._info, self._heartbeat
        status = self._status
        error_us = self._clock_error_us
        return DroneState(
            drone=self.name.drone,
            fleet=self.name.fleet,
            first_seen=_iso(self.first_seen_us),
            presence=self._presence,
            presence_since=_iso(self._presence_since_us),
            link=None if status is None or status.link is None else _LINK[status.link],
            vehicle=info.vehicle if info else heartbeat.vehicle if heartbeat else None,
            autopilot=info.autopilot if info else heartbeat.autopilot_name if heartbeat else None,
            firmware=info.firmware if info else None,
            system_id=info.system_id if info else None,
            agent_version=status.agent_version if status else info.agent_version if info else None,
            rate_policy=info.rate_policy if info else None,
            mode=self._mode,
            armed=self._armed,
            landed=self._landed,
            mission_item=self._mission_item,
            failsafe=self._failsafe,
            battery=self._battery,
            position=self.position,
            state_time=_iso(self._state_us),
            backlog=self._backlog,
            last_sample=_iso(self._last_sample_us),
            clock_error_s=error_us / 1_000_000 if abs(error_us) > CLOCK_ERROR_US else None,
        )

    @property
    def session(self) -> tuple[int, int] | None:
        """Epoch and session of the agent's newest status; a new connection is a new session."""
        return None if self._status is None else (self._status.epoch, self._status.session)

    def own_time_us(self, receipt_us: int) -> int:
        """What the drone's clock shows at a time of receipt, to half a minute."""
        error_us = self._clock_error_us
        return receipt_us - (error_us if abs(error_us) > CLOCK_ERROR_US else 0)

    def take_status(self, status: Status, *, retained: bool, now_us: int) -> bool:
        """Take a status; the will of an earlier session, which comes late, says nothing."""
        known = self._status
        if known is not None:
            if status.epoch == known.epoch:
                late = status.session < known.session
            else:
                # Another life: only what the broker keeps can tell which of the two is the newer.
                late = status.status is Presence.LOST and not retained
                late = late and known.status is Presence.ONLINE
            if late:
                return False
        presence = _PRESENCE[status.status]
        changed = known != status or presence != self._presence
        if presence != self._presence:
            self._presence = presence
            self._presence_since_us = None if retained else now_us
        self._status, self._status_us = status, now_us
        if presence == "online":
            self.online_us = now_us
        return changed

    def expire(self, now_us: int) -> bool:
        """An agent that said nothing for long may be there or not."""
        if self._presence != "online" or now_us - self._status_us < STATUS_LIFE_US:
            return False
        self._presence, self._presence_since_us = "unknown", now_us
        return True

    def take_info(self, info: Info) -> bool:
        """Take a birth certificate."""
        changed = info != self._info
        self._info = info
        return changed

    def take_state(self, state: State) -> bool:
        """Take the twin; what is newer from samples stays, and so does what it leaves out.

        Raises:
            ValueError: its time is none.
        """
        time_us = us_from_iso(state.time)
        if state.position is not None and self._is_newest("position", time_us):
            at = state.position
            self.position = Position(at.lat, at.lon, at.alt, at.relative_alt, at.heading)
        if state.battery is not None and self._is_newest("system", time_us):
            self._battery = Battery(state.battery.percent, state.battery.voltage)
        if state.mode is not None and self._is_newest("heartbeat", time_us):
            self._mode, self._armed = state.mode, state.armed
        if state.landed is not None and self._is_newest("landed", time_us):
            self._landed = _LANDED.get(state.landed)
        if state.mission_item is not None and self._is_newest("mission", time_us):
            self._mission_item = state.mission_item
        self._backlog = [
            {"from": iso_from_us(each.from_), "to": iso_from_us(each.to), "frames": each.frames}
            for each in state.backlog
        ]
        self.waiting = [(each.from_, each.to) for each in state.backlog]
        self._state_us = time_us
        return True

    def take_sample(
        self,
        channel: Channel,
        time_us: int,
        values: Sequence[SampleValue],
        *,
        stored: bool = False,
    ) -> bool:
        """Take a sample of the autopilot's first instance of a channel in `GLANCED`.

        One that is stored gives way to all that came live.
        """
        if not (self._is_newest_stored if stored else self._is_newest)(channel.name, time_us):
            return False
        before = (self._mode, self._armed, self._failsafe, self._landed, self._mission_item)
        named = dict(zip(channel.field_names, values, strict=True))
        match channel.name:
            case "heartbeat":
                self._take_heartbeat(named)
            case "position":
                self._take_position(named)
            case "system":
                self._take_battery(named)
            case "landed":
                landed = LANDED_STATES.get(_whole(named["landed_state"]))
                self._landed = _LANDED.get(landed or "")
            case "mission":
                self._mission_item = _whole(named["seq"])
        after = (self._mode, self._armed, self._failsafe, self._landed, self._mission_item)
        return before != after

    def take_time(self, time_us: int, now_us: int) -> bool:
        """Take the time of the newest sample of a live frame, and its receipt."""
        self._last_sample_us = time_us
        self._stored.discard("time")
        was_wrong = abs(self._clock_error_us) > CLOCK_ERROR_US
        self._clock_error_us = now_us - time_us
        return was_wrong != (abs(self._clock_error_us) > CLOCK_ERROR_US)

    def take_stored_time(self, time_us: int) -> None:
        """Take the time of a stored sample; that of a live one stands."""
        if self._last_sample_us is None:
            self._stored.add("time")
            self._last_sample_us = time_us
        elif "time" in self._stored:
            self._last_sample_us = max(time_us, self._last_sample_us)

    def is_new_event(self, epoch: int, number: int) -> bool:
        """Whether the event did not come a moment ago."""
        if (epoch, number) in self._recent:
            return False
        self._recent.append((epoch, number))
        return True

    def _take_heartbeat(self, values: dict[str, SampleValue]) -> None:
        heartbeat = Heartbeat(
            _whole(values["type"]),
            _whole(values["autopilot"]),
            _whole(values["base_mode"]),
            _whole(values["custom_mode"]),
            _whole(values["system_status"]),
        )
        self._heartbeat = heartbeat
        self._mode, self._armed = heartbeat.mode, heartbeat.armed
        self._failsafe = _FAILSAFES.get(heartbeat.system_status)

    def _take_position(self, values: dict[str, SampleValue]) -> None:
        lat, lon, alt, relative_alt, heading = (
            _number(values[name]) for name in ("lat", "lon", "alt", "relative_alt", "hdg")
        )
        if lat is not None and lon is not None and alt is not None and relative_alt is not None:
            self.position = Position(lat, lon, alt, relative_alt, heading)

    def _take_battery(self, values: dict[str, SampleValue]) -> None:
        percent = _number(values["battery_remaining"])
        voltage = _number(values["voltage_battery"])
        self._battery = Battery(None if percent is None else round(percent), voltage)

    def _is_newest(self, what: str, time_us: int) -> bool:
        known = self._times.get(what)
        if known is not None and time_us != known and not follows(time_us, known):
            return False
        self._times[what] = time_us
        self._stored.discard(what)
        return True

    def _is_newest_stored(self, what: str, time_us: int) -> bool:
        known = self._times.get(what)
        if known is not None and (what not in self._stored or time_us <= known):
            return False
        self._times[what] = time_us
        self._stored.add(what)
        return True


def _iso(time_us: int | None) -> str | None:
    return None if time_us is None else iso_from_us(time_us)


def _number(value: SampleValue) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _whole(value: SampleValue) -> int:
    return int(value) if isinstance(value, int | float) else -1
