"""The live half of the bridge as one object: parts, one task group."""

import asyncio
import secrets
import time

from aerostream_contract.times import iso_from_us
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.hub import STALL_S, Hub
from aerostream_cloud.bridge.live.ingests import Ingests
from aerostream_cloud.bridge.live.late import LateEvents
from aerostream_cloud.bridge.live.messages import HEARTBEAT_S, TICK_S
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.bridge.live.seed import INTERVAL_S, Seeder
from aerostream_cloud.bridge.live.uplink import Uplink
from aerostream_cloud.bridge.live.websocket import MAX_CONNECTIONS, WebSocketEndpoints
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.registry import RegistryReader
from aerostream_cloud.settings import CloudSettings

_LOOK_AFTER_S = 0.25
_EXPIRE_S = 5.0


class Live:
    """The fleet as it is now, kept by the broker, shown on `/ws`.

    Args:
        settings: broker, instance, origins.
        reader: reads the newest stored samples of drones.
        registry: which drones there are.
        metrics: where its metrics go.
        log: for what happens.
        stall_s: a client that reads nothing for so long is cut off.
        seed_interval_s: how often the registry is read.
        max_connections: WebSocket connections at a time.
    """

    def __init__(
        self,
        *,
        settings: CloudSettings,
        reader: StoreReader,
        registry: RegistryReader,
        metrics: CollectorRegistry,
        log: FilteringBoundLogger,
        stall_s: float = STALL_S,
        seed_interval_s: float = INTERVAL_S,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self.fleet = Fleet()
        self._log = log
        self._metrics = LiveMetrics(metrics)
        # Hexadecimal, unlike anything of another start: cursors of one are void in the other.
        boot = secrets.token_hex(6)
        self._hub = Hub(
            fleet=self.fleet,
            boot=boot,
            metrics=self._metrics,
            clock_s=time.monotonic,
            stall_s=stall_s,
        )
        self._ingests = Ingests()
        self._uplink = Uplink(
            settings=settings,
            fleet=self.fleet,
            ingests=self._ingests,
            metrics=self._metrics,
            log=log,
        )
        self._seeder = Seeder(
            fleet=self.fleet, reader=reader, registry=registry, log=log, interval_s=seed_interval_s
        )
        self._late = LateEvents(fleet=self.fleet, reader=reader, log=log)
        self._endpoints = WebSocketEndpoints(
            hub=self._hub,
            fleet=self.fleet,
            fleet_known=self._seeder.wait,
            allowed_origins=settings.origins,
            utc=_utc,
            connected=lambda: self.connected,
            metrics=self._metrics,
            max_connections=max_connections,
        )
        self._connection: asyncio.Task[None] | None = None
        self.router = self._endpoints.router

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._uplink.connected

    @property
    def ingest_failure(self) -> str:
        """Why samples are not stored, as ingest says; empty where nothing says so."""
        return self._ingests.failure if self.ingest_is_heard else ""

    @property
    def ingest_is_heard(self) -> bool:
        """Whether any ingest says anything; without the broker nobody can."""
        return self.connected and self._ingests.is_heard

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            BrokerRefused: the broker does not let us in; inside an exception group.
        """
        async with asyncio.TaskGroup() as group:
            self._connection = group.create_task(self._uplink.run(), name="broker")
            group.create_task(self._seeder.run(), name="registry and store")
            group.create_task(self._late.run(), name="late events")
            group.create_task(self._tick(), name="tick")
            group.create_task(self._look_after(), name="look after")

    async def close(self) -> None:
        """Say goodbye to all clients (1001) and to the broker; before `run` is cancelled."""
        self._endpoints.close()
        await self._uplink.close()
        if self._connection is not None:
            self._connection.cancel()  # or it would connect anew

    async def _tick(self) -> None:
        heartbeat_s = time.monotonic() + HEARTBEAT_S
        while True:
            await self._hub.occupied.wait()
            await asyncio.sleep(TICK_S)
            now_s = time.monotonic()
            is_due = now_s >= heartbeat_s
            if is_due:
                heartbeat_s = now_s + HEARTBEAT_S
            self._hub.heartbeat(_utc(), broker=self.connected, is_due=is_due)
            self._hub.tick()
            for drone, word in self._hub.attention.due(now_s):
                self._uplink.tell(drone, word)

    async def _look_after(self) -> None:
        expire_s, not_shown = 0.0, 0
        while True:
            await asyncio.sleep(_LOOK_AFTER_S)
            self._hub.look_after()
            now_s = time.monotonic()
            self._uplink.report(now_s)
            for drone, reason in self.fleet.take_left_out().items():
                self._log.error(
                    "something of a drone cannot be shown and is left out",
                    drone=drone,
                    reason=reason,
                )
            if now_s >= expire_s:
                expire_s = now_s + _EXPIRE_S
                self.fleet.expire(time.time_ns() // 1000)
            self._metrics.not_shown.inc(self.fleet.not_shown - not_shown)
            not_shown = self.fleet.not_shown
            self._metrics.drones.set(len(self.fleet))
            self._metrics.attended.set(len(self._hub.attention))


def _utc() -> str:
    return iso_from_us(time.time_ns() // 1000)
