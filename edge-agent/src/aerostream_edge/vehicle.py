"""One vehicle on a live link: its drone, its session, and what is asked of its autopilot."""

import math
from dataclasses import dataclass, field

from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.models import LinkState
from aerostream_contract.times import iso_from_us
from aerostream_contract.vehicles import Heartbeat
from aerostream_contract.words import counted

from aerostream_edge.attention import AttendedChannels
from aerostream_edge.drone import DROPPED, Drone, Reception
from aerostream_edge.logs import BoundLog, bound_log
from aerostream_edge.mavlink.messages import read_fields
from aerostream_edge.rates import RateRequests
from aerostream_edge.session import Birth, DroneSession
from aerostream_edge.spool import Spool
from aerostream_edge.spool.keeper import SpoolKeeper
from aerostream_edge.twin import Happening

LINK_DOWN_AFTER_S = 5.0
#: Time for an autopilot that streams by itself to show what it sends.
_ASK_AFTER_S = 2.0
_ACK = MESSAGES.named("COMMAND_ACK").id
_VERSION = MESSAGES.named("AUTOPILOT_VERSION").id
_NOTICE, _WARNING = 5, 4
_DROPS_INTERVAL_S = 30.0
_REASONS = {
    "full": "the spool is full",
    "age": "they are too old",
    "refused": "they were sent in vain too often",
    "damaged": "the spool's file was lost",
}


@dataclass(slots=True)
class Vehicle:
    """A vehicle of the link; without a session it has no account and is not published."""

    drone: Drone
    session: DroneSession | None
    rates: RateRequests | None
    """None: the agent only listens."""
    rate_policy: str
    attended: AttendedChannels
    keeper: SpoolKeeper | None
    """None without a session: nothing is kept of what is not published."""
    system: int | None = None
    mavlink_version: int = 2
    _heartbeat_s: float | None = None
    _ask_at_s: float | None = None
    _arriving: set[int] = field(default_factory=set)
    _attended: frozenset[str] = frozenset()
    _boots: int = 1
    _shared: bool = False
    _mode: str | None = None
    _drops_s: float = -math.inf
    _log: BoundLog = field(init=False)

    def __post_init__(self) -> None:
        self._log = bound_log(drone=str(self.drone.name))

    @property
    def component(self) -> int:
        """The autopilot's component id."""
        return self.drone.timeline.autopilot

    def take(self, reception: Reception, heartbeat: Heartbeat | None, now_s: float) -> None:
        """Take a message of this vehicle."""
        frame = reception.frame
        from_autopilot = frame.system == self.system and frame.component == self.component
        if from_autopilot:
            self.mavlink_version = frame.version
            self._arriving.add(frame.message_id)
            if frame.message_id == _ACK and self.rates is not None:
                values = read_fields(_ACK, frame.payload)
                self.rates.answered(values["command"], values["result"])
            elif frame.message_id == _VERSION:
                self._take_version(read_fields(_VERSION, frame.payload))
        self.drone.take(reception, heartbeat)
        if heartbeat is not None:
            self._take_heartbeat(reception, heartbeat, now_s)
        boots = self.drone.timeline.boot_count(self.component)
        if boots != self._boots:
            self._boots = boots
            self._tell_boot(reception.receipt_us, now_s)

    @property
    def hurried(self) -> bool:
        """Whether samples wait that somebody looks at."""
        return bool(self._attended) and self.drone.waiting

    def tick(self, now_s: float, utc_us: int) -> None:
        """Notice a silent link; attend; ask for rates when their time has come."""
        self.drone.tick(utc_us)
        self._attend(now_s)
        if self.keeper is not None:
            self.drone.twin.backlog = self.keeper.backlog
            self._report_drops(self.keeper.spool, now_s, utc_us)
        if (
            self.session is not None
            and self.session.link is LinkState.UP
            and self._heartbeat_s is not None
            and now_s - self._heartbeat_s > LINK_DOWN_AFTER_S
        ):
            self._set_link(LinkState.DOWN, now_s, utc_us)
        if self._ask_at_s is not None and now_s >= self._ask_at_s:
            self._ask_at_s = None
            if self.rates is not None:
                self.rates.begin(self._arriving)

    def lost_spool(self, sentence: str, utc_us: int) -> None:
        """Report that the spool had to be replaced."""
        happening = Happening("spool", _WARNING, sentence[:1].upper() + sentence[1:], {})
        self.drone.happened(happening, self.component, utc_us)

    def _tell_boot(self, receipt_us: int, now_s: float) -> None:
        """Report that the autopilot was booted, or that it turned out to be two, or one again."""
        was_shared = self._shared
        self._shared = self.drone.timeline.is_shared(self.component)
        ids: dict[str, str | int] = {"system": self.system or 0, "component": self.component}
        who = f"system id {self.system}, component id {self.component}"
        if self._shared:
            text = (
                f"Two autopilots seem to share {who}: give each vehicle a system id of its own "
                "(ArduPilot SYSID_THISMAV, PX4 MAV_SYS_ID). Until then their data are mixed, and "
                "timed by their receipt"
            )
            self._log.error(text, extra=ids)
            happening = Happening("ids", _WARNING, text, ids)
        else:
            self._ask_at_s = now_s + _ASK_AFTER_S
            if was_shared:
                text = f"Only one autopilot has {who} now"
                self._log.info(text, extra=ids)
                happening = Happening("ids", _NOTICE, text, ids)
            else:
                data: dict[str, str | int] = {"boot": self._boots - 1}
                happening = Happening("boot", _NOTICE, "Autopilot started", data)
        self.drone.happened(happening, self.component, receipt_us)

    def _report_drops(self, spool: Spool, now_s: float, utc_us: int) -> None:
        """Report what was given up; not more often than a person wants to read it."""
        if not spool.has_drops or now_s - self._drops_s < _DROPS_INTERVAL_S:
            return
        self._drops_s = now_s
        for drop in spool.take_drops():
            self.drone.counts.dropped_samples += drop.samples
            data: dict[str, str | int] = {
                "reason": drop.reason,
                "frames": drop.frames,
                "events": drop.events,
                "samples": drop.samples,
            }
            if drop.to_us:
                data |= {"from": iso_from_us(drop.from_us), "to": iso_from_us(drop.to_us)}
            text = f"{counted(drop.frames, 'frame')} given up: {_REASONS[drop.reason]}"
            self._log.error("given up", extra=data)
            self.drone.happened(Happening(DROPPED, _WARNING, text, data), self.component, utc_us)

    def _attend(self, now_s: float) -> None:
        """Let policy and autopilot know where somebody begins or ceases to look."""
        channels = self.attended.at(now_s)
        if channels == self._attended:
            return
        self._attended = channels
        self._log.debug("attended", extra={"channels": sorted(channels)})
        self.drone.attend(channels)
        if self.rates is not None:
            self.rates.attend(channels)

    def _take_heartbeat(self, reception: Reception, heartbeat: Heartbeat, now_s: float) -> None:
        frame = reception.frame
        returned = self._heartbeat_s is None or now_s - self._heartbeat_s > LINK_DOWN_AFTER_S
        self._heartbeat_s = now_s
        if returned:
            self._arriving.clear()
            self._ask_at_s = now_s + _ASK_AFTER_S
        session = self.session
        if session is None:
            return
        birth = session.birth
        if birth is None or (birth.component, birth.heartbeat.type, birth.heartbeat.autopilot) != (
            frame.component,
            heartbeat.type,
            heartbeat.autopilot,
        ):
            session.birth = Birth(frame.system, frame.component, heartbeat, self.rate_policy)
            session.publish_info()
            self._log.info(
                "vehicle heard",
                extra={
                    "system": frame.system,
                    "component": frame.component,
                    "autopilot": heartbeat.autopilot_name,
                    "vehicle": heartbeat.vehicle,
                    "mode": heartbeat.mode,
                },
            )
        elif heartbeat.mode != self._mode:
            self._log.info("flight mode", extra={"mode": heartbeat.mode})
        self._mode = heartbeat.mode
        if session.link is LinkState.DOWN:
            self._set_link(LinkState.UP, now_s, reception.receipt_us)

    def _set_link(self, link: LinkState, now_s: float, utc_us: int) -> None:
        assert self.session is not None
        self.session.link = link
        text = f"MAVLink link {link}"
        if link is LinkState.UP:
            severity = _NOTICE
            self._log.info(text)
        else:
            severity = _WARNING
            self._log.warning(text)
        happening = Happening("link", severity, text, {"link": str(link)})
        self.drone.happened(happening, self.component, utc_us)
        self.session.publish_status(now_s)

    def _take_version(self, values: dict[str, int]) -> None:
        if self.session is None or self.session.birth is None:
            return
        version = values["flight_sw_version"]
        firmware = f"{version >> 24 & 0xFF}.{version >> 16 & 0xFF}.{version >> 8 & 0xFF}"
        self.session.birth.capabilities = values["capabilities"]
        self.session.birth.firmware = firmware
        self.session.publish_info()
