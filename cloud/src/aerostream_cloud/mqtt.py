"""The connection to the broker: gmqtt behind the few functions that the services need.

gmqtt was chosen by a benchmark (docs/adr tells): it costs the least CPU per received message.
Three things it does differently from what durable storage needs are replaced here:

- It acknowledges a QoS 1 message by itself. Here the receiver does, after the commit, with one
  write for a whole batch.
- Its reconnection keeps packet ids across connections. Here each connection is a `Link` of its
  own; acknowledging on a link that is gone does nothing, so an id never reaches the broker on
  another connection than its own.
- It refuses to publish when the broker's receive maximum is in flight. Here such messages wait.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import Any

import gmqtt
from aerostream_contract.errors import InvalidSetting
from aerostream_contract.settings import MqttUrl
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.errors import BrokerRefused

KEEPALIVE_S = 10
CONNECT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
SHORT_LIFE_S = 5.0
"""A connection that breaks earlier gives no reason to be quicker with the next one."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 10.0

#: So many in a row are no accident. Brokers of today say so (0x8E), older ones just hang up.
_MANY_SHORT_LIVES = 3

_PUBACK = Struct("!BBH")
_PUBACK_HEADER, _PUBACK_LENGTH = 0x40, 2
#: SUBACK and PUBACK codes from here on are errors.
_FIRST_ERROR = 0x80


class Reason(IntEnum):
    """MQTT 5 reason codes that the services act upon."""

    NOT_AUTHORIZED = 0x87
    SESSION_TAKEN_OVER = 0x8E


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained and with QoS 1, when our connection breaks."""

    topic: str
    payload: bytes


Receiver = Callable[[str, bytes, int | None, Mapping[str, Any], "Link"], None]
"""Called for each message with topic, payload, packet id (None for QoS 0), properties and link.

The properties have gmqtt's names: `retain` and `dup` are 0 or 1, every MQTT 5 property, such as
`correlation_data`, is a list. To acknowledge, hand the packet id to the link.
"""


class Broker:
    """A connection that is kept: connects, subscribes, and does both again when it breaks.

    Args:
        url: the broker.
        tls: for mqtts.
        client_id: unique at the broker.
        subscriptions: topic filters, with QoS 1.
        receive: called on the event loop for each message.
        log: for what happens to the connection; each state is said once.
        will: see `Will`.
        connected: called after each connect, subscriptions sent.
        receive_maximum: QoS 1 messages that the broker sends ahead of acknowledgements.
    """

    def __init__(
        self,
        *,
        url: MqttUrl,
        tls: ssl.SSLContext | None,
        client_id: str,
        subscriptions: Sequence[str],
        receive: Receiver,
        log: FilteringBoundLogger,
        will: Will | None = None,
        connected: Callable[[], None] = lambda: None,
        receive_maximum: int = 4000,
        qos: int = 1,
    ) -> None:
        self._url = url
        self._tls = tls
        self._client_id = client_id
        self._subscriptions = subscriptions
        self._receive = receive
        self._log = log
        self._will = will
        self._connected = connected
        self._receive_maximum = receive_maximum
        self._qos = qos
        self._link: Link | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a message published now goes out now."""
        return self._link is not None

    async def run(self) -> None:
        """Keep the connection until cancelled.

        Raises:
            BrokerRefused: the broker refuses the very first connection (wrong account), or
                another client with our id took over.
        """
        backoff_s = FIRST_BACKOFF_S
        said = ""
        ever_connected = False
        short_lived = 0
        while True:
            link = self._new_link()
            try:
                await link.open(self._url, self._tls)
            except MQTTConnectError as error:
                text = f"the broker {self._url} refuses client {self._client_id!r}: {error}"
                if not ever_connected:
                    raise BrokerRefused(text) from error
                said = self._say_once(text, said)
            except (OSError, TimeoutError) as error:
                reason = _one_line(error)
                said = self._say_once(f"cannot reach the broker {self._url}: {reason}", said)
            else:
                said, ever_connected = "", True
                lasted_s = await self._serve(link)
                if lasted_s < SHORT_LIFE_S:
                    short_lived += 1
                    if short_lived == _MANY_SHORT_LIVES:
                        self._log.error(self._contended("keeps breaking"))
                else:
                    backoff_s, short_lived = FIRST_BACKOFF_S, 0
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expiry_s: int | None = None,
    ) -> bool:
        """Publish, or return False: there is no connection and nothing is kept for later."""
        if self._link is None:
            return False
        properties = {} if expiry_s is None else {"message_expiry_interval": expiry_s}
        self._link.send(gmqtt.Message(topic, payload, qos=qos, retain=retain, **properties))
        return True

    async def close(self, timeout_s: float = 2.0) -> None:
        """Wait for what is published to be acknowledged, then disconnect cleanly (no will)."""
        link = self._link
        if link is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await link.drained()
        except TimeoutError:
            self._log.warning("the broker did not acknowledge everything before the end")
        await link.close()

    def _new_link(self) -> "Link":
        return Link(
            client_id=self._client_id,
            receive=self._receive,
            will=self._will,
            receive_maximum=self._receive_maximum,
            username=self._url.username,
            password=self._url.password,
            log=self._log,
        )

    async def _serve(self, link: "Link") -> float:
        """Use a link until it is lost; for how many seconds that was."""
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        self._log.info("connected to the broker", broker=str(self._url))
        try:
            link.subscribe_all(self._subscriptions, self._qos)
            self._link = link
            self._connected()
            reason = await link.lost()
        finally:
            self._link = None
            await link.close()
        if reason == Reason.SESSION_TAKEN_OVER:
            raise BrokerRefused(self._contended("was taken over"))
        self._log.warning("lost the connection to the broker", broker=str(self._url))
        return loop.time() - since_s

    def _contended(self, what: str) -> str:
        return (
            f"the connection to {self._url} {what}: another client seems to use the name "
            f"{self._client_id!r}; give each instance a name of its own (AEROSTREAM_INSTANCE)"
        )

    def _say_once(self, text: str, said: str) -> str:
        if text != said:
            self._log.warning(f"{text}; trying on")
        return text


class Link(gmqtt.Client):  # type: ignore[misc]  # gmqtt has no types
    """One connection, from its CONNECT to its end; never reconnected."""

    def __init__(
        self,
        *,
        client_id: str,
        receive: Receiver,
        will: Will | None,
        receive_maximum: int,
        username: str | None,
        password: str | None,
        log: FilteringBoundLogger,
    ) -> None:
        message = None
        if will is not None:
            message = gmqtt.Message(will.topic, will.payload, qos=1, retain=True)
        super().__init__(
            client_id,
            clean_session=True,
            optimistic_acknowledgement=False,
            will_message=message,
            persistent_storage=_Nowhere(),
            session_expiry_interval=0,
            receive_maximum=receive_maximum,
        )
        if username is not None:
            self.set_auth_credentials(username, password)
        self._receive = receive
        self._log = log
        self._refused_topics: set[str] = set()
        self._waiting: deque[gmqtt.Message] = deque()
        self._in_flight: dict[int, str] = {}
        self._window = 1
        self._alive = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._lost: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # gmqtt finds these by name on the handler object; there is no public seam that gives the
        # packet id of a received message or the reason code of a PUBACK.
        self._package_handler._handle_qos_1_publish_packet = self._on_qos_1
        self._package_handler._handle_puback_packet = self._on_puback
        self.on_message = self._on_message
        self.on_disconnect = self._on_disconnect
        self.on_subscribe = self._on_subscribe

    async def open(self, url: MqttUrl, tls: ssl.SSLContext | None) -> None:
        """Connect and wait for the broker's answer.

        Raises:
            OSError: the broker cannot be reached.
            TimeoutError: it does not answer.
            MQTTConnectError: it refuses.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self.connect(
                    url.host, url.port, ssl=tls if url.tls else False, keepalive=KEEPALIVE_S
                )
        except BaseException:
            await self.close()
            raise
        if self._lost.done():
            raise ConnectionResetError("it closed the connection")
        self._window = max(1, self._package_handler.id_generator._max - 2)
        self._alive = True

    def subscribe_all(self, filters: Sequence[str], qos: int) -> None:
        """Subscribe to topic filters."""
        if filters:
            self.subscribe([gmqtt.Subscription(topic, qos=qos) for topic in filters])

    def send(self, message: gmqtt.Message) -> None:
        """Publish, QoS 1 as soon as the broker's receive maximum allows."""
        if message.qos == 0:
            self._connection.publish(message)
            return
        self._idle.clear()
        self._waiting.append(message)
        self._pump()

    def acknowledge(self, ids: Iterable[int]) -> None:
        """PUBACK received messages; without effect once this connection is gone."""
        if self._alive:
            packets = [_PUBACK.pack(_PUBACK_HEADER, _PUBACK_LENGTH, each) for each in ids]
            if packets:
                self._connection.send_package(b"".join(packets))

    async def lost(self) -> int:
        """Wait for the end of the connection; the broker's reason code, 0 without one."""
        return await asyncio.shield(self._lost)

    async def drained(self) -> None:
        """Wait until the broker has acknowledged everything, or the connection is gone."""
        idle = asyncio.create_task(self._idle.wait(), name="mqtt idle")
        try:
            await asyncio.wait((idle, self._lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            idle.cancel()

    async def close(self) -> None:
        """Disconnect cleanly where still connected, and release the socket."""
        self._alive = False
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.disconnect()
        except TimeoutError:  # the other side takes no more bytes
            self._connection._transport.abort()

    async def reconnect(self, delay: bool = False) -> None:  # noqa: ARG002  # gmqtt's signature
        """End the link: gmqtt calls this when the connection breaks."""
        self._end(0)

    def _pump(self) -> None:
        while self._waiting and len(self._in_flight) < self._window and self._alive:
            message = self._waiting.popleft()
            packet_id, _ = self._connection.publish(message)
            self._in_flight[packet_id] = message.topic.decode()
        if not self._waiting and not self._in_flight:
            self._idle.set()

    def _on_message(
        self,
        _client: object,
        topic: str,
        payload: bytes,
        _qos: int,
        properties: Mapping[str, Any],
    ) -> None:
        self._receive(topic, payload, None, properties, self)

    def _on_qos_1(
        self, packet_id: int, payload: bytes, topic: str, properties: Mapping[str, Any]
    ) -> None:
        self._receive(topic, payload, packet_id, properties, self)

    def _on_puback(self, _header: int, packet: bytes) -> None:
        packet_id = packet[0] << 8 | packet[1]
        code = packet[2] if len(packet) > 2 else 0
        topic = self._in_flight.pop(packet_id, "")
        self._package_handler.id_generator.free_id(packet_id)
        if code >= _FIRST_ERROR:
            self._say_refused(topic, code)
        self._pump()

    def _say_refused(self, topic: str, code: int) -> None:
        leaf = "/".join(topic.split("/")[-2:])
        if leaf not in self._refused_topics:
            self._refused_topics.add(leaf)
            self._log.error("the broker refuses our publication", topic=topic, code=hex(code))

    def _on_subscribe(
        self, _client: object, _mid: int, codes: tuple[int, ...], _properties: object
    ) -> None:
        refused = [hex(code) for code in codes if code >= _FIRST_ERROR]
        if refused:
            self._log.error("the broker refuses a subscription", codes=refused)

    def _on_disconnect(self, _client: object, packet: object) -> None:
        self._end(packet[0] if isinstance(packet, bytes) and packet else 0)

    def _end(self, reason: int) -> None:
        self._alive = False
        if not self._lost.done():
            self._lost.set_result(reason)


class _Nowhere(PersistentStorage):  # type: ignore[misc]  # gmqtt has no types
    """gmqtt's memory of unacknowledged messages: a link sends nothing twice, so keeps none."""

    def push_message(self, mid: int, raw_package: bytes) -> None:
        """Forget it."""


def tls_context(url: MqttUrl, *, ca: str, certificate: str, key: str) -> ssl.SSLContext | None:
    """The TLS context of an mqtts URL, None for mqtt.

    Raises:
        InvalidSetting: a file cannot be read or is not what it should be.
    """
    if not url.tls:
        return None
    for name, file in (("CA", ca), ("CERT", certificate), ("KEY", key)):
        if file and not Path(file).is_file():
            raise InvalidSetting(f"AEROSTREAM_MQTT_{name}: there is no file {file}")
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if certificate:
            context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise InvalidSetting(f"the TLS files cannot be used: {_one_line(error)}") from error
    return context


def _one_line(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
