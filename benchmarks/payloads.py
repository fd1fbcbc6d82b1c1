"""How many bytes of telemetry each drone publishes, counted by a subscriber of the broker."""

from collections import Counter
from types import TracebackType

import paho.mqtt.client as paho
from aerostream_contract.topics import ROOT, UP_BF, UP_EVT, UP_TEL
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


class PayloadBytes:
    """Counts what the drones of a fleet publish of what has to be kept: frames and events.

    Args:
        port: the broker's.
        fleet: the fleet.
    """

    def __init__(self, port: int, fleet: str) -> None:
        self.by_drone: Counter[str] = Counter()
        """Payload bytes so far."""
        self._topics = [f"{ROOT}/{fleet}/+/{leaf}" for leaf in (UP_TEL, UP_EVT, UP_BF)]
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> "PayloadBytes":
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

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(topic, 0) for topic in self._topics])

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        drone = message.topic.removeprefix(f"{ROOT}/").split("/")[1]
        self.by_drone[drone] += len(message.payload)
