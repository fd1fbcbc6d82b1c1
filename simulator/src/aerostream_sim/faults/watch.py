"""A subscriber at the broker that counts what passes, and sees who is there."""

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from aerostream_contract.errors import ContractError
from aerostream_contract.models import ServiceState, ServiceStatus, State, decode
from aerostream_contract.topics import ROOT, UP_BF, UP_EVT, UP_STATE, UP_TEL, parse_drone_topic
from paho.mqtt.client import Client, MQTTMessage

from aerostream_sim.faults.door import INGEST_STATES, Door
from aerostream_sim.faults.processes import monotonic_s

_LEAVES = (UP_TEL, UP_BF, UP_EVT)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Payload bytes on the drones' topics, as far as the laboratory saw them.

    It listens at the broker itself with QoS 0, and hears nothing while the broker is down, or where
    its account may not read them.
    """

    live_bytes: int
    """On `up/tel` and `up/evt`."""
    again_bytes: int
    """On `up/bf`: what was sent again, and what had waited for over five seconds and went for
    the first time."""


class Watch:
    """Listens at the broker, and connects again whenever it was gone.

    Args:
        door: the broker's, past all proxies.
        fleet: the fleet of the drones.
        drones: ids of those that are watched.
    """

    def __init__(self, *, door: Door, fleet: str, drones: Collection[str]) -> None:
        self._url = door.url
        self._fleet = fleet
        self._drones = frozenset(drones)
        self._bytes: Counter[str] = Counter()
        self._ingest: ServiceStatus | None = None
        self._backlogs: dict[str, int] = {}
        self._told_s: dict[str, float] = {}
        # Paho calls from its own thread.
        self._lock = threading.Lock()
        self._client = door.client(door.account)
        self._client.on_connect = self._connected
        self._client.on_message = self._received
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)

    def start(self) -> None:
        """Begin to listen."""
        self._client.connect_async(self._url.host, self._url.port)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def connected(self) -> bool:
        """Whether the broker has let it in."""
        return self._client.is_connected()

    @property
    def ingest(self) -> ServiceStatus | None:
        """What ingest said of itself last."""
        with self._lock:
            return self._ingest

    @property
    def backlog_frames(self) -> int:
        """Frames that the agents said last to have waiting."""
        with self._lock:
            return sum(self._backlogs.values())

    def said_s(self, drone: str) -> float | None:
        """When an agent last told its state, by the laboratory's clock; None: it never did."""
        with self._lock:
            return self._told_s.get(drone)

    @property
    def traffic(self) -> Traffic:
        """What has passed; nothing at all where telemetry is not heard."""
        with self._lock:
            if not self._bytes[UP_TEL]:
                return Traffic(0, 0)
            return Traffic(self._bytes[UP_TEL] + self._bytes[UP_EVT], self._bytes[UP_BF])

    def _connected(self, client: Client, *_: Any) -> None:
        leaves = (*_LEAVES, UP_STATE)
        topics = [(f"{ROOT}/{self._fleet}/+/{leaf}", 0) for leaf in leaves]
        client.subscribe([*topics, (INGEST_STATES, 0)])

    def _received(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            if "/_svc/" in message.topic:
                status = decode(bytes(message.payload), ServiceState).status
                with self._lock:
                    self._ingest = status
                return
            topic = parse_drone_topic(message.topic)
            if topic.name.drone not in self._drones:
                return
            if topic.leaf == UP_STATE:
                backlog = decode(bytes(message.payload), State).backlog
                with self._lock:
                    self._backlogs[topic.name.drone] = sum(each.frames for each in backlog)
                    # What the broker kept was said at some time before.
                    if not message.retain:
                        self._told_s[topic.name.drone] = monotonic_s()
                return
            with self._lock:
                self._bytes[topic.leaf] += len(message.payload)
        except ContractError:
            # What is no message of ours is ingest's to complain about.
            return
