"""The live half of the bridge as one object."""

from aerostream_contract.settings import MqttUrl
from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.settings import CloudSettings


class Live:
    """The fleet as it is now, kept by the broker, shown on `/ws`.

    Args:
        settings: broker, instance, origins.
        reader: reads the newest stored samples at the start.
        engine: the registry's database.
        metrics: where its metrics go.
        log: for what happens.
    """

    def __init__(
        self,
        *,
        settings: CloudSettings,
        reader: StoreReader,
        engine: Engine,
        metrics: CollectorRegistry,
        log: FilteringBoundLogger,
    ) -> None:
        self.fleet = Fleet()
        self.router = APIRouter()
        self._broker_url: MqttUrl = settings.broker
        self._metrics = LiveMetrics(metrics)

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return False

    async def run(self) -> None:
        """Serve until cancelled."""

    async def close(self) -> None:
        """Say goodbye to all clients: the server stops (1001)."""
