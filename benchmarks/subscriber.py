"""A subscriber of the broker on this host, which looks at what comes and counts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


class Subscriber(ABC):
    """Listens with QoS 0 for the length of its block, also over a restart of the broker.

    Args:
        port: the broker's.
        topics: topic filters.
    """

    def __init__(self, port: int, topics: Sequence[str]) -> None:
        self._topics = topics
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._receive
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @abstractmethod
    def take(self, topic: str, payload: bytes) -> None:
        """Take a message; called in a thread of the client's."""

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(topic, 0) for topic in self._topics])

    def _receive(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self.take(message.topic, bytes(message.payload))
