"""One connection to the broker, from its CONNECT to its end."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Any

import gmqtt
from aerostream_contract.settings import MqttUrl
from gmqtt.mqtt.connection import MQTTConnection
from gmqtt.mqtt.protocol import MQTTProtocol
from gmqtt.storage import PersistentStorage
from structlog.typing import FilteringBoundLogger

KEEPALIVE_S = 10
CONNECT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0

_PUBACK = Struct("!BBH")
_PUBACK_HEADER, _PUBACK_LENGTH = 0x40, 2
#: SUBACK and PUBACK codes from here on are errors.
_FIRST_ERROR = 0x80


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


class Reason(IntEnum):
    """MQTT 5 reason codes that the services act upon."""

    NOT_AUTHORIZED = 0x87
    SESSION_TAKEN_OVER = 0x8E


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

    async def _create_connection(
        self,
        host: str,
        port: int,
        ssl: ssl.SSLContext | bool,
        clean_session: bool,
        keepalive: int,
    ) -> MQTTConnection:
        """Connect as gmqtt does, with a protocol that may be given up at any moment."""
        handler = self._package_handler
        transport, protocol = await asyncio.get_running_loop().create_connection(
            lambda: _Protocol(
                connection_state=self._connection_state, id_generator=handler.id_generator
            ),
            host,
            port,
            ssl=ssl,
        )
        return MQTTConnection(
            transport, protocol, clean_session, keepalive, handler, logger=self._logger
        )

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


class _Protocol(MQTTProtocol):  # type: ignore[misc]  # gmqtt has no types
    """gmqtt's protocol, which fails when it is lost before a connection uses it.

    That happens to a link that is cancelled while it connects.
    """

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._connection = _Nobody()


class _Nobody:
    """Stands for the connection as long as there is none."""

    def put_package(self, package: object) -> None:
        """Drop it."""


class _Nowhere(PersistentStorage):  # type: ignore[misc]  # gmqtt has no types
    """gmqtt's memory of unacknowledged messages: a link sends nothing twice, so keeps none."""

    def push_message(self, mid: int, raw_package: bytes) -> None:
        """Forget it."""
