"""The bridge service: settings, parts, one task group."""

import asyncio
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from aerostream_contract.open_files import allow_files
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.api.channels import channel_routes
from aerostream_cloud.bridge.api.drones import drone_routes
from aerostream_cloud.bridge.api.events import event_routes
from aerostream_cloud.bridge.api.export import export_routes
from aerostream_cloud.bridge.api.flights import flight_routes
from aerostream_cloud.bridge.api.page_settings import page_routes
from aerostream_cloud.bridge.api.parameters import no_other_parameters
from aerostream_cloud.bridge.api.telemetry import telemetry_routes
from aerostream_cloud.bridge.api.tracks import track_routes
from aerostream_cloud.bridge.connections import MAX_CONNECTIONS, WANTED_FILES, limits_for
from aerostream_cloud.bridge.docs_page import docs_routes
from aerostream_cloud.bridge.faults import handle_faults
from aerostream_cloud.bridge.front import Front
from aerostream_cloud.bridge.health import Health, health_routes
from aerostream_cloud.bridge.large_answers import LargeAnswers
from aerostream_cloud.bridge.live import Live
from aerostream_cloud.bridge.metrics import RestMetrics
from aerostream_cloud.bridge.openapi import TITLE, document
from aerostream_cloud.bridge.page import PAGE_FILES, PageFiles, page_files_routes
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.bridge.server import listen, new_server, shown_url
from aerostream_cloud.database import open_database
from aerostream_cloud.logs import service_logger
from aerostream_cloud.registry import RegistryReader
from aerostream_cloud.settings import CloudSettings


async def run_bridge(settings: CloudSettings, stop: asyncio.Event) -> None:
    """Run the service until `stop` is set.

    Raises:
        CloudError: it cannot start, or the broker refuses it.
        ContractError: a setting is unusable.
    """
    log = service_logger("bridge", settings.instance)
    files = allow_files(WANTED_FILES)
    limits = limits_for(files)
    if limits.connections < MAX_CONNECTIONS:
        log.warning(
            "fewer connections are taken: this process may not have enough files open",
            files=files,
            connections=limits.connections,
            websockets=limits.websockets,
        )
    with ExitStack() as stack:
        sockets = await listen(settings.http_host, settings.http_port)
        for each in sockets:
            stack.callback(each.close)
        engine = open_database(settings.effective_database_url)
        stack.callback(engine.dispose)
        reader = StoreReader(url=settings.effective_store_url)
        stack.callback(reader.close)
        registry = RegistryReader(engine=engine)
        metrics = CollectorRegistry()
        live = Live(
            settings=settings,
            reader=reader,
            registry=registry,
            metrics=metrics,
            log=log,
            max_connections=limits.websockets,
        )
        app = create_app(
            settings=settings,
            live=live,
            reader=reader,
            registry=registry,
            metrics=metrics,
            log=log,
        )
        loopback = _is_loopback(settings.http_host)
        front = Front(
            LargeAnswers(app),
            metrics=RestMetrics(metrics),
            map_sources=settings.map_sources,
            # On other addresses nobody but the operator knows by which names it is reached.
            names=_names(settings) if loopback else None,
            log=log,
        )
        server = new_server(front, limits=limits)
        async with asyncio.TaskGroup() as group:
            fleet = group.create_task(live.run(), name="live fleet")
            web = group.create_task(server.serve(sockets), name="web server")
            log.info("listening", url=shown_url(settings.http_host, sockets[0]))
            if not loopback:
                log.warning(
                    "there are no accounts yet: whoever reaches this address reads everything",
                    address=settings.http_host,
                )
            await stop.wait()
            log.info("stopping")
            await live.close()
            server.should_exit = True
            await web
            fleet.cancel()


def create_app(
    *,
    settings: CloudSettings,
    live: Live,
    reader: StoreReader,
    registry: RegistryReader,
    metrics: CollectorRegistry,
    log: FilteringBoundLogger,
    page_files: Path = PAGE_FILES,
) -> FastAPI:
    """The web application over its parts."""
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None)
    handle_faults(app, log)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.origins), allow_methods=["GET"]
        )
    health = Health(broker=live, reader=reader, registry=registry)
    fleet = live.fleet
    for router in (
        drone_routes(fleet=fleet, reader=reader),
        telemetry_routes(fleet=fleet, reader=reader),
        track_routes(fleet=fleet, reader=reader),
        event_routes(fleet=fleet, reader=reader),
        flight_routes(fleet=fleet, reader=reader),
        export_routes(fleet=fleet, reader=reader),
        channel_routes(),
        page_routes(map_style=settings.map_style),
        health_routes(health=health, registry=metrics),
    ):
        app.include_router(router, dependencies=[Depends(no_other_parameters)])
    app.include_router(live.router)
    app.include_router(docs_routes())
    app.include_router(page_files_routes(files=PageFiles(page_files)))
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _names(settings: CloudSettings) -> set[str]:
    """Names that the settings give the bridge: a proxy in front of it passes them on."""
    return {urlsplit(origin).hostname or "" for origin in settings.origins}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
