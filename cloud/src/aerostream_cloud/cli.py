"""The command line: `aerostream-cloud …`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from aerostream_contract.errors import ContractError

from aerostream_cloud import dead_letter_cli, provision
from aerostream_cloud.command_line import (
    Config,
    OneSentenceGroup,
    one_sentence,
    settings_of,
    settings_of_command,
    unknown_names,
    whole_number,
    write_line,
)
from aerostream_cloud.logs import configure_logs
from aerostream_cloud.settings import CloudSettings

if TYPE_CHECKING:
    from aerostream_cloud.serve import Service

app = typer.Typer(
    name="aerostream-cloud",
    cls=OneSentenceGroup,
    help="AeroStream's cloud services: store the telemetry of drone fleets and look at it.\n\n"
    "Settings are AEROSTREAM_* variables, or the same names in lower case in a TOML file "
    "given by --config.\n\n"
    "Example: AEROSTREAM_MQTT_URL=mqtt://127.0.0.1:1883 aerostream-cloud serve",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def serve(config: Config = None) -> None:
    """Run every service in one process: ingest and the bridge.

    Example: aerostream-cloud serve --config /etc/aerostream/cloud.toml
    """
    from aerostream_cloud.bridge.app import run_bridge
    from aerostream_cloud.ingest.app import run_ingest

    _run_services(config, [run_ingest, run_bridge])


@app.command()
def ingest(config: Config = None) -> None:
    """Store telemetry: from the broker into the store, acknowledged once it is durable.

    Example: AEROSTREAM_INGEST_FLEETS=north,south aerostream-cloud ingest
    """
    from aerostream_cloud.ingest.app import run_ingest

    _run_services(config, [run_ingest])


@app.command()
def bridge(config: Config = None) -> None:
    """Show the fleet: the page, REST and WebSocket on one port.

    Reads the store and the registry, also while ingest runs elsewhere.

    Example: AEROSTREAM_HTTP_PORT=8080 aerostream-cloud bridge
    """
    from aerostream_cloud.bridge.app import run_bridge

    _run_services(config, [run_bridge])


@app.command()
def stats(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
) -> None:
    """Show what is stored: series, number of samples, first and last time.

    Reads the store only, also while ingest runs.

    Example: aerostream-cloud stats --json
    """
    from aerostream_cloud.stats import stats_json, stats_table
    from aerostream_cloud.store import open_store

    with one_sentence():
        store = open_store(settings_of_command(config).effective_store_url, read_only=True)
        try:
            found = store.stats()
        finally:
            store.close()
        write_line(stats_json(found) if as_json else stats_table(found))


@app.command()
def sub(
    topic: Annotated[str, typer.Argument(help="MQTT topic filter.")] = "aero/1/+/+/up/#",
    config: Config = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-n",
            parser=whole_number(1),
            metavar="NUMBER",
            help="Stop after so many messages.",
        ),
    ] = None,
) -> None:
    """Print messages from the broker, telemetry frames decoded, one JSON object per line.

    Example: aerostream-cloud sub 'aero/1/north/+/up/tel' --count 10
    """
    from aerostream_cloud.serve import run_services
    from aerostream_cloud.sub import run_sub

    async def service(settings: CloudSettings, stop: asyncio.Event) -> None:
        await run_sub(settings, stop, topic=topic, count=count, write=write_line)

    with one_sentence():
        _check_filter(topic)
        settings = settings_of_command(config)
        configure_logs("warning")
        run_services(settings, [service])


dead_letter_cli.register(app)
provision.register(app)


def main() -> None:
    """Entry point of `aerostream-cloud`."""
    app()


def _run_services(config: Path | None, services: "Sequence[Service]") -> None:
    from aerostream_cloud.serve import run_services

    with one_sentence():
        settings = settings_of(config)
        configure_logs(settings.log_level)
        for variable in unknown_names():
            structlog.get_logger().warning("unknown variable is ignored", variable=variable)
        run_services(settings, services)


def _check_filter(topic: str) -> None:
    levels = topic.split("/")
    wrong = (
        not topic
        or "\0" in topic
        or "#" in "/".join(levels[:-1])
        or any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
    )
    if wrong:
        raise ContractError(f"topic filter {topic!r} is not valid: + and # stand for whole levels")
