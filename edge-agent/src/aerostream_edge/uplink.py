"""One MQTT connection to the broker: the only module that knows paho.

paho runs in a thread of its own. What it reports is queued and handed out by `poll` in the
owner's thread, after `wake` was called; so everything above this module is single-threaded.
"""

import queue
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from aerostream_contract.settings import MqttUrl
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from aerostream_edge.errors import UplinkError
from aerostream_edge.takeover import Contest

_NO_MATCHING_SUBSCRIBERS = 0x10
_TAKEN_OVER = 0x8E
_CONNECT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker let us in."""

    session_present: bool
    """False: it forgot what it had of us."""
    connection: int
    """Counts our connections; the will of this one was made from the same number."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker did not let us in; it is tried again."""

    reason: str
    permanent: bool
    """Trying again cannot help: user, password or right are wrong."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody answers at the broker's address; it is tried again."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended."""

    reason: str
    taken_over: bool


@dataclass(frozen=True, slots=True)
class Published:
    """The broker answered a QoS 1 publish."""

    mid: int
    accepted: bool
    """False: refused, never sent to anybody."""
    heard: bool
    """False: nobody subscribes to the topic, so nobody stores it."""
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message for us."""

    topic: str
    payload: bytes
    retained: bool


UplinkEvent = Connected | Refused | Unreachable | Disconnected | Published | Received


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for `mqtts://`."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes for us when the connection breaks."""

    topic: str
    payload: bytes
    delay_s: int


class Uplink:
    """A connection that comes back by itself.

    Args:
        url: the broker.
        client_id: also the user name where there is a password.
        username: account name, None without accounts.
        password: its password.
        tls: certificates for `mqtts://`.
        wake: called from another thread when `poll` has something.
        will: makes what the broker publishes when the connection breaks, from the count of
            connections so far; none for no will.
        subscriptions: topic filters and their QoS.
        session_expiry_s: how long the broker keeps our session; 0 starts clean.
        max_inflight: QoS 1 messages that may wait for their PUBACK.
    """

    def __init__(
        self,
        *,
        url: MqttUrl,
        client_id: str,
        username: str | None,
        password: str | None,
        tls: Tls,
        wake: Callable[[], None],
        will: Callable[[int], Will] | None = None,
        subscriptions: Sequence[tuple[str, int]] = (),
        session_expiry_s: int = 0,
        keepalive_s: int = 10,
        max_inflight: int = 20,
    ) -> None:
        self._url = url
        self._wake = wake
        self._subscriptions = list(subscriptions)
        self._session_expiry_s = session_expiry_s
        self._keepalive_s = keepalive_s
        self._max_inflight = max_inflight
        self._events: queue.SimpleQueue[UplinkEvent] = queue.SimpleQueue()
        self._inflight: set[int] = set()
        self.connected = False
        self.bytes_published = 0
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        client.max_inflight_messages_set(max_inflight)
        client.reconnect_delay_set(1, 30)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        if username is not None:
            client.username_pw_set(username, password)
        if url.tls:
            _set_tls(client, tls)
        self._will = will
        self._connections = 0
        self._contest = Contest()
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        self._client = client

    def start(self) -> None:
        """Connect in the background, and again whenever the connection breaks."""
        properties = _properties(PacketTypes.CONNECT)
        if self._session_expiry_s:
            properties.SessionExpiryInterval = self._session_expiry_s
        self._client.connect_async(
            self._url.host,
            self._url.port,
            keepalive=self._keepalive_s,
            clean_start=not self._session_expiry_s,
            properties=properties,
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect cleanly: the will is not published."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def has_room(self) -> bool:
        """Whether a QoS 1 publish would be sent at once."""
        return self.connected and len(self._inflight) < self._max_inflight

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """Publish; gives the id by which `Published` will name it.

        Raises:
            UplinkError: paho refuses the message.
        """
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            raise UplinkError(f"publish on {topic} failed: {paho.error_string(info.rc)}")
        if qos:
            self._inflight.add(info.mid)
        self.bytes_published += len(payload)
        return info.mid

    def poll(self) -> list[UplinkEvent]:
        """What happened since the last call."""
        events: list[UplinkEvent] = []
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return events
            if isinstance(event, Published):
                self._inflight.discard(event.mid)
            elif isinstance(event, Connected):
                self.connected = True
            elif isinstance(event, (Disconnected, Refused, Unreachable)):
                self.connected = False
                self._inflight.clear()
            events.append(event)

    def _on_pre_connect(self, client: paho.Client, _userdata: object) -> None:
        """Each connection has a will of its own: a late one of an older must be telling."""
        if self._will is None:
            return
        will = self._will(self._connections + 1)
        properties = _properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = will.delay_s
        client.will_set(will.topic, will.payload, qos=1, retain=True, properties=properties)

    def _report(self, event: UplinkEvent) -> None:
        self._events.put(event)
        self._wake()

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            # 0x84-0x8C: protocol, client id, user, right, ban; the rest passes by itself.
            permanent = 0x84 <= reason.value <= 0x8C and reason.value not in (0x88, 0x89)
            self._report(Refused(str(reason), permanent))
            return
        self._connections += 1
        self._contest.connected(time.monotonic(), session_present=flags.session_present)
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        self._report(Connected(flags.session_present, self._connections))

    def _on_connect_fail(self, _client: paho.Client, _userdata: object) -> None:
        self._report(Unreachable())

    def _on_disconnect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._forget_unconfirmed(client)
        told = flags.is_disconnect_packet_from_server
        taken_over = reason.value == _TAKEN_OVER or self._contest.disconnected(
            time.monotonic(), by_reason=told
        )
        if taken_over:
            client.disconnect()  # else paho would connect again, and throw the other one out
        self._report(Disconnected(str(reason), taken_over))

    @staticmethod
    def _forget_unconfirmed(client: paho.Client) -> None:
        """Have paho send nothing again by itself.

        It would send it before anything new on the next connection: over a link that breaks before
        a large payload is through, nothing else would ever get through either. Sending again is
        the caller's, who knows what is worth it. There is no public way to do this.
        """
        with client._out_message_mutex:
            client._out_messages.clear()
            client._inflight_messages = 0

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        accepted = not reason.is_failure
        heard = accepted and reason.value != _NO_MATCHING_SUBSCRIBERS
        self._report(Published(mid, accepted, heard, str(reason)))

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        self._report(Received(message.topic, bytes(message.payload), message.retain))


def _set_tls(client: paho.Client, tls: Tls) -> None:
    try:
        context = ssl.create_default_context(cafile=None if tls.ca is None else str(tls.ca))
        if tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(file) for file in (tls.ca, tls.cert, tls.key) if file)
        raise UplinkError(f"TLS files {files} cannot be used: {error}") from error
    client.tls_set_context(context)


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves it untyped
