"""The live half of the bridge under test: a real web server in the test's loop, and clients."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aerostream_cloud.bridge.connections import HttpLimits
from aerostream_cloud.bridge.live import Live
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.bridge.server import Server, listen, new_server
from aerostream_cloud.database import open_database
from aerostream_cloud.logs import service_logger
from aerostream_cloud.registry import RegistryReader
from aerostream_cloud.settings import CloudSettings
from aerostream_contract import models
from aerostream_contract.channels import CHANNELS
from aerostream_contract.channels.flight import E7
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from aerostream_contract.models import Presence, Status
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from support.cloud import START_US
from support.patience import PATIENCE_S

_POSITION = CHANNELS["position"]


class LiveServer:
    """A running `Live` behind a web server on a free port."""

    def __init__(self, live: Live, registry: CollectorRegistry, server: Server, port: int) -> None:
        self.live = live
        self.port = port
        self._registry = registry
        self._server = server

    @property
    def url(self) -> str:
        """Of the WebSocket for everything."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric, without the common prefix; 0 where there is none yet."""
        return self._registry.get_sample_value(f"aerostream_bridge_{name}", labels) or 0.0

    async def stop(self) -> None:
        """Stop as the service does."""
        await self.live.close()
        self._server.should_exit = True


@asynccontextmanager
async def live_server(url: str, folder: Path, **options: Any) -> AsyncIterator[LiveServer]:
    """Run it; options of `Live`, and `http_origins` for the settings."""
    settings = CloudSettings(
        mqtt_url=url,
        data_dir=folder,
        instance="test",
        http_origins=options.pop("http_origins", ""),
    )
    async with AsyncExitStack() as stack:
        engine = open_database(settings.effective_database_url)
        stack.callback(engine.dispose)
        reader = StoreReader(url=settings.effective_store_url)
        stack.callback(reader.close)
        registry = CollectorRegistry()
        live = Live(
            settings=settings,
            reader=reader,
            registry=RegistryReader(engine=engine),
            metrics=registry,
            log=service_logger("bridge", "test"),
            **options,
        )
        app = FastAPI()
        app.include_router(live.router)
        [listening] = await listen("127.0.0.1", 0)
        stack.callback(listening.close)
        server = new_server(app, limits=HttpLimits())
        running = asyncio.create_task(live.run())
        serving = asyncio.create_task(server.serve([listening]))
        bridge = LiveServer(live, registry, server, listening.getsockname()[1])
        try:
            await eventually(lambda: live.connected and server.started, "the bridge is up")
            yield bridge
        finally:
            await bridge.stop()
            await serving
            running.cancel()
            await asyncio.wait([running])


async def eventually(
    condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S
) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {timeout_s} s: {what}"
        await asyncio.sleep(0.01)


class Page:
    """A client that keeps what it is told, as a page does."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []
        self.views: dict[str, View] = {}

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        await self.connection.send(json.dumps(message))

    async def subscribe(self, name: str, **wanted: Any) -> "View":
        """Subscribe, and wait for the whole snapshot, or the delta of a resumption."""
        before = self.views.get(name)
        since = 0 if before is None else before.told
        await self.send({"type": "subscribe", "subscription": name, **wanted})
        await self.until(
            lambda: (
                name in self.views and self.views[name].told > since and not self.views[name].more
            )
        )
        return self.views[name]

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE_S):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        self.messages.append(message)
        if message["type"] in ("snapshot", "delta"):
            self.views.setdefault(message["subscription"], View()).take(message)
        return message

    async def next(self, kind: str) -> dict[str, Any]:
        """The next message of a type."""
        while True:
            message = await self.receive()
            if message["type"] == kind:
                return message

    async def until(self, condition: Callable[[], object]) -> None:
        """Receive until a condition holds."""
        while not condition():
            await self.receive()


class View:
    """What a client knows by one subscription."""

    def __init__(self) -> None:
        self.drones: dict[str, dict[str, Any]] = {}
        self.samples: dict[tuple[str, str, int, str], dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.cursor = ""
        self.told = 0
        self.more = False
        self.missed_events = 0
        self.snapshots = 0

    def take(self, message: dict[str, Any]) -> None:
        """Apply a snapshot or delta."""
        if message["type"] == "snapshot" and message["part"] == 0:
            self.drones.clear()
            self.samples.clear()
            self.events.clear()
            self.snapshots += 1
        for drone in message.get("gone", ()):
            self.drones.pop(drone, None)
            for key in [key for key in self.samples if key[0] == drone]:
                del self.samples[key]
            self.events = [event for event in self.events if event["drone"] != drone]
        for state in message.get("drones", ()):
            self.drones[state["drone"]] = state
        for sample in message.get("samples", ()):
            key = sample["drone"], sample["channel"], sample["component"], sample["instance"]
            self.samples[key] = sample
        self.events += message.get("events", ())
        self.missed_events += message.get("missed_events", 0)
        self.more = message.get("more", False)
        self.cursor = message["cursor"]
        self.told += 1

    def value(self, drone: str, channel: str, field: str) -> Any:
        """A value of the autopilot's first instance; None where there is none."""
        sample = self.samples.get((drone, channel, 1, "0"))
        return None if sample is None else sample["values"][field]


@asynccontextmanager
async def page(url: str, **options: Any) -> AsyncIterator[Page]:
    """A connected client that has been greeted."""
    async with connect(url, compression=None, **options) as connection:
        client = Page(connection)
        assert (await client.receive())["type"] == "hello"
        yield client


async def closed_with(client: Page) -> int:
    """Receive until the connection ends; its close code, 1006 without one."""
    try:
        while True:
            await client.receive()
    except ConnectionClosed as end:
        return 1006 if end.rcvd is None else int(end.rcvd.code)


def position_frame(number: int, lat: float, lon: float, *, events: Sequence[bytes] = ()) -> bytes:
    """A frame with one position."""
    row = [round(lat * E7), round(lon * E7), 500_000, number * 1000, 0, 0, 0, 9000]
    at_us = START_US + number * 200_000
    section = Section(1, 1, Clock.UTC, 0, [SeriesRows(_POSITION, "0", [(at_us, row)])])
    return encode_frame(1, number, [section], events)


def status_json(presence: Presence, session: int = 1) -> bytes:
    """An `up/status`."""
    link = models.LinkState.UP if presence is Presence.ONLINE else None
    return models.encode(Status(presence, 1, session, "0.1.0", link))
