"""From the broker to the fleet: what drones send, live."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aerostream_contract import __version__, models
from aerostream_contract.errors import ContractError, FrameError, InvalidName, InvalidPayload
from aerostream_contract.frame import decode_frame
from aerostream_contract.models import Attention, ServiceState, ServiceStatus
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from aerostream_contract.topics import (
    DN_ATT,
    ROOT,
    UP_EVT,
    UP_INFO,
    UP_STATE,
    UP_STATUS,
    UP_TEL,
    DroneTopic,
    drone_topic,
    parse_drone_topic,
    parse_service_state_topic,
    service_state_topic,
)
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.ingests import Ingests
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.mqtt import Broker, Link, Will, tls_context
from aerostream_cloud.settings import CloudSettings

REPORT_INTERVAL_S = 5.0
MAX_JSON_BYTES = 64 * 1024
"""A JSON message of a drone: what it says is kept, so it must not be as large as it likes."""
_MOST_ROUTES = 200_000
#: Told again with every change, so a lost one does not matter; acknowledging would cost more.
_UNPROMISED = (UP_TEL,)
_PROMISED = (UP_STATUS, UP_INFO, UP_STATE, UP_EVT)
_SERVICES = f"{ROOT}/_svc/"


class Uplink:
    """Keeps the connection to the broker and applies what comes.

    Args:
        settings: broker, instance.
        fleet: takes what drones send.
        ingests: takes what ingest services say of themselves.
        metrics: what is counted.
        log: for what happens.
    """

    def __init__(
        self,
        *,
        settings: CloudSettings,
        fleet: Fleet,
        ingests: Ingests,
        metrics: LiveMetrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._fleet = fleet
        self._ingests = ingests
        self._metrics = metrics
        self._log = log
        self._routes: dict[str, DroneTopic] = {}
        self._started = iso_from_us(time.time_ns() // 1000)
        self._state_topic = service_state_topic("bridge", settings.instance)
        self._unreported: Counter[str] = Counter()
        self._last_reason = ""
        self._next_report_s = 0.0
        self._unacknowledged: list[int] = []
        self._broker = Broker(
            url=settings.broker,
            tls=tls_context(
                settings.broker,
                ca=settings.mqtt_ca,
                certificate=settings.mqtt_cert,
                key=settings.mqtt_key,
            ),
            client_id=f"bridge-{settings.instance}",
            subscriptions=[*_filters(_PROMISED), service_state_topic("ingest", "+")],
            unpromised=_filters(_UNPROMISED),
            receive=self._receive,
            log=log,
            will=Will(self._state_topic, self._state(ServiceStatus.LOST)),
            connected=self._say_online,
        )

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._broker.is_connected

    async def run(self) -> None:
        """Keep the connection until cancelled.

        Raises:
            BrokerRefused: the broker does not let us in.
        """
        await self._broker.run()

    async def close(self) -> None:
        """Say goodbye to the broker."""
        self._broker.publish(
            self._state_topic, self._state(ServiceStatus.OFFLINE), qos=1, retain=True
        )
        await self._broker.close()

    def tell(self, drone: str, word: Attention) -> None:
        """Tell a drone that somebody looks at it."""
        fleet = self._fleet.fleet_of(drone)
        if fleet is not None:
            topic = drone_topic(DroneName(fleet, drone), DN_ATT)
            self._broker.publish(topic, models.encode(word))

    def report(self, now_s: float) -> None:
        """Say how many messages could not be used, at most every few seconds."""
        self._metrics.connected.set(self.connected)
        if self._unreported and now_s >= self._next_report_s:
            self._log.warning(
                "messages from the broker could not be used",
                kinds=dict(self._unreported),
                last=self._last_reason,
            )
            self._unreported.clear()
            self._next_report_s = now_s + REPORT_INTERVAL_S

    def _receive(
        self,
        topic: str,
        payload: bytes,
        packet_id: int | None,
        properties: Mapping[str, Any],
        link: Link,
    ) -> None:
        if packet_id is not None:
            if not self._unacknowledged:
                asyncio.get_running_loop().call_soon(self._acknowledge, link)
            self._unacknowledged.append(packet_id)
        self._metrics.received.inc()
        retained = bool(properties.get("retain"))
        try:
            if topic.startswith(_SERVICES):
                self._apply_service(topic, payload)
                return
            self._apply(topic, payload, retained=retained, now_us=time.time_ns() // 1000)
        except InvalidName as error:
            self._refuse("topic", error)
        except FrameError as error:
            self._refuse("frame", error)
        except ContractError as error:
            self._refuse("payload", error)

    def _apply(self, topic: str, payload: bytes, *, retained: bool, now_us: int) -> None:
        """Apply one message.

        Raises:
            ContractError: it cannot be used.
        """
        fleet = self._fleet
        name, leaf = self._routes.get(topic) or self._route(topic)
        if leaf != UP_TEL:
            _check_size(payload)
        foreign = fleet.foreign
        if leaf == UP_TEL:
            self._frame(name, payload, now_us)
        elif leaf == UP_EVT:
            fleet.apply_event(name, models.decode(payload, models.Event))
        elif not payload:
            fleet.clear(name)
        elif leaf == UP_STATUS:
            status = models.decode(payload, models.Status)
            fleet.apply_status(name, status, retained=retained, now_us=now_us)
        elif leaf == UP_INFO:
            fleet.apply_info(name, models.decode(payload, models.Info), now_us=now_us)
        else:
            state = models.decode(payload, models.State)
            try:
                fleet.apply_state(name, state, now_us=now_us)
            except (ValueError, OverflowError) as error:
                raise InvalidPayload(f"not a valid State: {error}") from error
        if fleet.foreign != foreign:
            self._refuse("fleet", InvalidName(f"drone {name} is known in another fleet"))

    def _apply_service(self, topic: str, payload: bytes) -> None:
        _check_size(payload)
        _, instance = parse_service_state_topic(topic)
        self._ingests.apply(instance, models.decode(payload, ServiceState) if payload else None)

    def _frame(self, name: DroneName, payload: bytes, now_us: int) -> None:
        frame = decode_frame(payload)
        if frame.blocks:
            self._fleet.apply_frame(name, frame.blocks, now_us=now_us, now_s=time.monotonic())
        for problem in frame.problems:
            self._refuse("block", FrameError(problem))
        for raw in frame.events:
            try:
                _check_size(raw)
                event = models.decode(raw, models.Event)
            except InvalidPayload as error:
                self._refuse("event", error)
            else:
                self._fleet.apply_event(name, event)

    def _route(self, topic: str) -> DroneTopic:
        route = parse_drone_topic(topic)
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        self._routes[topic] = route
        return route

    def _refuse(self, kind: str, error: ContractError) -> None:
        self._metrics.refused.labels(kind).inc()
        self._unreported[kind] += 1
        self._last_reason = str(error)

    def _acknowledge(self, link: Link) -> None:
        link.acknowledge(self._unacknowledged)
        self._unacknowledged.clear()

    def _say_online(self) -> None:
        self._unacknowledged.clear()
        self._ingests.forget()
        self._broker.publish(
            self._state_topic, self._state(ServiceStatus.ONLINE), qos=1, retain=True
        )

    def _state(self, status: ServiceStatus) -> bytes:
        return models.encode(ServiceState(status, __version__, self._started))


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_JSON_BYTES:
        raise InvalidPayload(f"{len(payload)} bytes, expected at most {MAX_JSON_BYTES}")


def _filters(leaves: tuple[str, ...]) -> list[str]:
    return [f"{ROOT}/+/+/{leaf}" for leaf in leaves]
