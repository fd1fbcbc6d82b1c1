"""A drone's MQTT session: its birth, its status and state, its numbered frames."""

from collections.abc import Callable
from dataclasses import dataclass

from aerostream_contract import SCHEMA_REVISION, __version__
from aerostream_contract.errors import ContractError
from aerostream_contract.models import (
    Ack,
    Attention,
    Info,
    LinkState,
    Presence,
    ServiceState,
    ServiceStatus,
    Status,
    decode,
    encode,
)
from aerostream_contract.settings import MqttUrl
from aerostream_contract.topics import (
    DN_ACK,
    DN_ATT,
    UP_INFO,
    UP_STATE,
    UP_STATUS,
    drone_topic,
    service_state_topic,
)
from aerostream_contract.vehicles import Heartbeat

from aerostream_edge.accounts import Account
from aerostream_edge.attention import AttendedChannels
from aerostream_edge.drone import Drone
from aerostream_edge.logs import bound_log
from aerostream_edge.reasons import because
from aerostream_edge.spool import Spool
from aerostream_edge.spool.pace import Pace
from aerostream_edge.spool.resend import Resend
from aerostream_edge.uplink import (
    Connected,
    Disconnected,
    Published,
    Received,
    Refused,
    Tls,
    Unreachable,
    Uplink,
    Will,
)

_SESSION_EXPIRY_S = 30
#: Shorter than the session's expiry: a short break is not announced as a loss.
_WILL_DELAY_S = 8
_STATUS_REPEAT_S = 30.0
_INGEST_STATES = service_state_topic("ingest", "+")


@dataclass(slots=True)
class Birth:
    """What the birth certificate says of the vehicle beside its name."""

    system: int
    component: int
    heartbeat: Heartbeat
    rate_policy: str
    capabilities: int | None = None
    firmware: str | None = None


class DroneSession:
    """One drone's connection, driven by `handle` and `tick`.

    Args:
        drone: whose frames are sent.
        spool: where they are until they are stored.
        pace: how fast history goes.
        url: the broker.
        account: user and password.
        tls: certificates.
        wake: called from another thread when `handle` has something to do.
        attended: is told what somebody looks at.
    """

    def __init__(
        self,
        *,
        drone: Drone,
        spool: Spool,
        pace: Pace,
        url: MqttUrl,
        account: Account,
        tls: Tls,
        wake: Callable[[], None],
        attended: AttendedChannels,
    ) -> None:
        self.drone = drone
        self._spool = spool
        self._pace = pace
        self.birth: Birth | None = None
        self.link = LinkState.DOWN
        self.taken_over = False
        self._attended = attended
        self._let_in = False
        self._connection = 0
        self._status_s: float | None = None
        self._numbers: dict[int, list[int]] = {}
        """What each publish carries that is not confirmed yet."""
        self._history_mid: int | None = None
        self._said: set[str] = set()
        self._ingests: dict[str, ServiceState] = {}
        self.frames_sent = 0
        self.frames_resent = 0
        self._log = bound_log(drone=str(drone.name), broker=str(url))
        name = drone.name
        self.uplink = Uplink(
            url=url,
            client_id=str(name),
            username=account.username,
            password=account.password,
            tls=tls,
            wake=wake,
            will=lambda n: Will(
                self._topic(UP_STATUS), encode(self._status(Presence.LOST, n)), _WILL_DELAY_S
            ),
            subscriptions=[
                (self._topic(DN_ACK), 1),
                (self._topic(DN_ATT), 0),
                (_INGEST_STATES, 1),
            ],
            session_expiry_s=_SESSION_EXPIRY_S,
        )
        self.uplink.start()

    def handle(self, now_s: float) -> None:
        """Take what the broker said."""
        for event in self.uplink.poll():
            match event:
                case Connected():
                    self._connected(event, now_s)
                case Refused(reason=reason):
                    self._warn_once(f"the broker does not let us in: {reason}; trying again")
                case Unreachable():
                    self._warn_once("the broker is unreachable; trying again")
                case Disconnected(reason=reason, taken_over=taken_over):
                    self._disconnected()
                    self.taken_over = self.taken_over or taken_over
                    # A connection that was refused ends too, and has said why.
                    if self._let_in and not taken_over:
                        self._warn_once(f"the connection to the broker is lost{because(reason)}")
                    self._let_in = False
                case Published():
                    self._published(event, now_s)
                case Received():
                    self._received(event, now_s)
        self.send_due(now_s)

    def tick(self, now_s: float, utc_us: int) -> None:
        """Do what is due by time: status, state, frames to send again."""
        if self.uplink.connected:
            if self._status_s is None or now_s - self._status_s >= _STATUS_REPEAT_S:
                self.publish_status(now_s)
            if self.birth is not None and self.drone.twin.due(int(now_s * 1e6)):
                corrected_us = utc_us + self.drone.timeline.receipt_offset_us
                state = self.drone.twin.snapshot(int(now_s * 1e6), corrected_us)
                self.uplink.publish(self._topic(UP_STATE), encode(state), retain=True)
        self.send_due(now_s)

    @property
    def has_room(self) -> bool:
        """Whether a payload would be sent at once."""
        return self.uplink.has_room

    def send_due(self, now_s: float) -> None:
        """Send what is new, as far as the broker keeps up."""
        while self.uplink.has_room and (item := self._spool.next_live(now_s)) is not None:
            mid = self.uplink.publish(self._topic(item.kind.leaf), item.payload)
            self._numbers[mid] = [item.number]
            self.frames_sent += 1
            self._spool.sent_live(item, now_s)

    def send_history(self, batch: Resend, now_s: float) -> bool:
        """Send what was not stored in time; False where there is no room for it now."""
        if not self.uplink.has_room:
            return False
        mid = self.uplink.publish(self._topic(batch.leaf), batch.payload)
        self._numbers[mid] = batch.numbers
        self._history_mid = mid
        self.frames_resent += len(batch.numbers)
        self._pace.sent(len(batch.payload), now_s)
        self._spool.history.sent(batch.numbers, len(batch.payload), now_s)
        return True

    def begin_epoch(self, now_s: float) -> None:
        """Announce that the numbering began anew."""
        self.drone.begin_epoch()
        self._numbers.clear()
        self._history_mid = None
        self.publish_status(now_s)
        self.publish_info()

    def publish_status(self, now_s: float) -> None:
        """Announce that the drone is online, and its MAVLink link."""
        self._status_s = now_s
        if self.uplink.connected:
            payload = encode(self._status(Presence.ONLINE, self._connection))
            self.uplink.publish(self._topic(UP_STATUS), payload, retain=True)

    def publish_info(self) -> None:
        """Announce what the vehicle is, once that is known."""
        birth = self.birth
        if birth is None or not self.uplink.connected:
            return
        heartbeat = birth.heartbeat
        info = Info(
            schema=SCHEMA_REVISION,
            system_id=birth.system,
            component_id=birth.component,
            autopilot=heartbeat.autopilot_name,
            vehicle=heartbeat.vehicle,
            mav_autopilot=heartbeat.autopilot,
            mav_type=heartbeat.type,
            agent_version=__version__,
            epoch=self._spool.epoch,
            rate_policy=birth.rate_policy,
            capabilities=birth.capabilities,
            firmware=birth.firmware,
        )
        self.uplink.publish(self._topic(UP_INFO), encode(info), retain=True)

    def say_goodbye(self) -> None:
        """Announce a clean stop."""
        if self.uplink.connected:
            payload = encode(self._status(Presence.OFFLINE, self._connection))
            self.uplink.publish(self._topic(UP_STATUS), payload, retain=True)

    def close(self) -> None:
        """Disconnect."""
        self.uplink.stop()

    def _connected(self, event: Connected, now_s: float) -> None:
        self._said.clear()
        self._let_in = True
        self._connection = event.connection
        self._log.info("connected", extra={"session_present": event.session_present})
        if not event.session_present:
            self._spool.forgotten()
        self._spool.connected = True
        self.publish_status(now_s)
        self.publish_info()

    def _disconnected(self) -> None:
        self._spool.connected = False
        for numbers in self._numbers.values():
            self._spool.history.land(numbers)
        self._numbers.clear()
        self._history_mid = None
        self._pace.disconnected()

    def _published(self, event: Published, now_s: float) -> None:
        numbers = self._numbers.pop(event.mid, None)
        if event.mid == self._history_mid:
            self._history_mid = None
            self._pace.taken(now_s)
        if event.accepted:
            if not event.heard and numbers is not None:
                self._warn_once("no ingest service is listening; frames are kept")
            return
        self._warn_once(f"the broker refuses what this drone publishes: {event.reason}")
        if numbers is not None:
            self._spool.history.flights.refused(numbers)

    def _received(self, event: Received, now_s: float) -> None:
        try:
            if event.topic == self._topic(DN_ACK):
                ack = decode(event.payload, Ack)
                self._spool.acknowledge(ack.epoch, ack.ranges, now_s)
            elif event.topic == self._topic(DN_ATT):
                self._take_attention(event, now_s)
            elif event.payload:
                self._ingest_state(event, decode(event.payload, ServiceState))
        except ContractError as error:
            self._log.warning(
                "unreadable message", extra={"topic": event.topic, "reason": str(error)}
            )

    def _take_attention(self, event: Received, now_s: float) -> None:
        """Somebody looks at the drone."""
        if event.retained:
            return  # it is from nobody knows when; attention counts from receipt
        request = decode(event.payload, Attention)
        for name in self._attended.ask(request, now_s):
            self._log.debug("attention to what is no channel", extra={"channel": name})

    def _ingest_state(self, event: Received, state: ServiceState) -> None:
        """Note which ingests there are for us, and whether any of them can store."""
        before = self._ingests.get(event.topic)
        self._ingests[event.topic] = state
        ours = [each for each in self._ingests.values() if self._serves_us(each)]
        self._pace.paused = bool(ours) and all(each.status is ServiceStatus.PAUSED for each in ours)
        if not self._serves_us(state):
            return
        # One that comes (back) has not seen what was published to nobody; one that only paused
        # has what it was sent, as has one that was there when we came.
        if before is None:
            new = not event.retained
        else:
            new = before.started != state.started or not self._serves_us(before)
        if new:
            self._said.clear()
            self._log.info("an ingest service is listening")
            self._spool.forgotten()

    def _serves_us(self, state: ServiceState) -> bool:
        """Whether it is an ingest that runs, and for our fleet."""
        running = state.status in (ServiceStatus.ONLINE, ServiceStatus.PAUSED)
        return running and not {self.drone.name.fleet, "*"}.isdisjoint(state.fleets)

    def _status(self, presence: Presence, connection: int) -> Status:
        return Status(
            status=presence,
            epoch=self._spool.epoch,
            session=self._spool.first_session + connection,
            agent_version=__version__,
            link=self.link if presence is Presence.ONLINE else None,
        )

    def _topic(self, leaf: str) -> str:
        return drone_topic(self.drone.name, leaf)

    def _warn_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._log.warning(sentence)
