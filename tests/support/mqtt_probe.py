"""An MQTT 5 client for tests that remembers what happened to it and can be waited for."""

from collections.abc import Callable, Iterable
from threading import Condition
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from support.patience import PATIENCE_S


class Probe:
    """One connection; a context manager. A refused connection shows in `connack`."""

    def __init__(
        self,
        port: int,
        *,
        user: str | None = None,
        password: str | None = None,
        client_id: str = "",
        session_expiry_s: int = 0,
        will_topic: str | None = None,
    ) -> None:
        self.port = port
        self.connack: ReasonCode | None = None
        self.properties: Any = None
        self.disconnected: ReasonCode | None = None
        self.received: list[tuple[str, bytes]] = []
        self._changed = Condition()
        self._pubacks: dict[int, ReasonCode] = {}
        self._subacks: set[int] = set()
        self._clean_start = session_expiry_s == 0
        self._connect_properties = Properties(  # type: ignore[no-untyped-call]  # paho leaves it so
            PacketTypes.CONNECT
        )
        self._connect_properties.SessionExpiryInterval = session_expiry_s
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if user is not None:
            self._client.username_pw_set(user, password)
        if will_topic is not None:
            self._client.will_set(will_topic, b"lost", qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe

    def __enter__(self) -> Self:
        self._client.connect(
            "127.0.0.1",
            self.port,
            clean_start=self._clean_start,
            properties=self._connect_properties,
        )
        self._client.loop_start()
        self.wait(lambda: self.connack is not None)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def accepted(self) -> bool:
        """Whether the broker let us in."""
        return self.connack is not None and not self.connack.is_failure

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, which only what we receive can change."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"nothing for {PATIENCE_S} s"

    def wait_for_payload(self, payload: bytes) -> None:
        """Wait until a message with this payload has arrived."""
        self.wait(lambda: any(each == payload for _, each in self.received))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> ReasonCode:
        """Publish with QoS 1; returns the PUBACK's reason."""
        mid = self._client.publish(topic, payload, qos=1, retain=retain).mid
        self.wait(lambda: mid in self._pubacks)
        return self._pubacks[mid]

    def subscribe(self, *filters: str) -> None:
        """Subscribe with QoS 1, in one request, and wait for the answer."""
        _, mid = self._client.subscribe([(each, 1) for each in filters])
        self.wait(lambda: mid in self._subacks)

    def vanish(self) -> None:
        """Close the socket without a word, as a broken link does."""
        sock = self._client.socket()
        self._client.loop_stop()
        assert sock is not None
        sock.close()

    def _on_connect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        with self._changed:
            self.connack, self.properties = reason, properties
            self._changed.notify_all()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        with self._changed:
            self.disconnected = reason
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, bytes(message.payload)))
            self._changed.notify_all()

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Any
    ) -> None:
        with self._changed:
            self._pubacks[mid] = reason
            self._changed.notify_all()

    def _on_subscribe(
        self, _client: Client, _data: Any, mid: int, _reasons: Iterable[Any], _properties: Any
    ) -> None:
        with self._changed:
            self._subacks.add(mid)
            self._changed.notify_all()
