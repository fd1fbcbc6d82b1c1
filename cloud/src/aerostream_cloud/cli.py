"""The command line: `aerostream-cloud …`."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer
from aerostream_contract.errors import ContractError
from aerostream_contract.setting_names import ALL_SETTINGS
from aerostream_contract.settings import unknown_variables
from aerostream_contract.times import iso_from_us
from aerostream_contract.words import counted

from aerostream_cloud import provision
from aerostream_cloud.dead_letter import DeadLetters, Kind, StoredLetter
from aerostream_cloud.errors import CloudError
from aerostream_cloud.logs import configure_logs
from aerostream_cloud.settings import CloudSettings, load_cloud_settings

if TYPE_CHECKING:
    from aerostream_cloud.ingest.replay import Replayed
    from aerostream_cloud.serve import Service

_BAD_INPUT, _FAILED = 2, 1
#: As a shell tells of a program that SIGPIPE has ended.
_NOBODY_READS = 141

app = typer.Typer(
    name="aerostream-cloud",
    help="AeroStream's cloud services: store the telemetry of drone fleets and look at it.\n\n"
    "Settings are AEROSTREAM_* variables, or the same names in lower case in a TOML file "
    "given by --config.\n\n"
    "Example: AEROSTREAM_MQTT_URL=mqtt://127.0.0.1:1883 aerostream-cloud serve",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
letters_app = typer.Typer(
    help="Messages that could not be stored, kept with the reason.\n\n"
    "Example: aerostream-cloud dead-letter list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(letters_app, name="dead-letter")

Config = Annotated[
    Path | None, typer.Option("--config", help="TOML file with settings.", metavar="FILE")
]


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

    with _one_sentence():
        store = open_store(_settings_of_command(config).effective_store_url, read_only=True)
        try:
            found = store.stats()
        finally:
            store.close()
        _print(stats_json(found) if as_json else stats_table(found))


@app.command()
def sub(
    topic: Annotated[str, typer.Argument(help="MQTT topic filter.")] = "aero/1/+/+/up/#",
    config: Config = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="Stop after so many messages.")
    ] = None,
) -> None:
    """Print messages from the broker, telemetry frames decoded, one JSON object per line.

    Example: aerostream-cloud sub 'aero/1/north/+/up/tel' --count 10
    """
    from aerostream_cloud.serve import run_services
    from aerostream_cloud.sub import run_sub

    async def service(settings: CloudSettings, stop: asyncio.Event) -> None:
        await run_sub(settings, stop, topic=topic, count=count, write=_print)

    with _one_sentence():
        _check_filter(topic)
        settings = _settings_of_command(config)
        configure_logs("warning")
        run_services(settings, [service])


@letters_app.command("list")
def list_letters(
    config: Config = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
) -> None:
    """List dead letters: id, time, kind, topic, reason.

    Example: aerostream-cloud dead-letter list --limit 10
    """
    with _one_sentence(), _dead_letters(_settings_of_command(config)) as letters:
        kept, evicted = letters.counts()
        for each in letters.newest(limit):
            letter = each.letter
            _print(
                f"{each.id}  {iso_from_us(letter.time_us)}  {letter.kind}  {letter.topic}  "
                f"{_bytes(letter.payload)}  {letter.reason}"
            )
        _print(f"{counted(kept, 'dead letter')} kept, {evicted} pushed out by the size limit")


@letters_app.command("show")
def show_letter(
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")],
    config: Config = None,
    raw: Annotated[bool, typer.Option("--raw", help="Only the payload, as it came.")] = False,
) -> None:
    """Show one dead letter with its payload.

    Example: aerostream-cloud dead-letter show 17
    """
    with _one_sentence(), _dead_letters(_settings_of_command(config)) as letters:
        found = letters.get(letter_id)
        if found is None:
            raise CloudError(f"there is no dead letter {letter_id}")
        if raw:
            _write(found.letter.payload)
        else:
            _print(_letter_text(found))


@letters_app.command("replay")
def replay_letters(
    letter_ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]…", help="As `list` shows them.")
    ] = None,
    config: Config = None,
    kind: Annotated[Kind | None, typer.Option(help="All letters of this kind.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All letters.")] = False,
) -> None:
    """Try to store dead letters again, after what was wrong is put right.

    What can be stored now is, and its letter is removed; the others stay, with the reason of
    today. Ingest may run meanwhile. The exit code is 1 where some could not be stored.

    Example: aerostream-cloud dead-letter replay --kind block
    """
    from aerostream_cloud.ingest.replay import Replayed, replay

    done = Replayed()
    with _one_sentence():
        if bool(letter_ids) + (kind is not None) + every != 1:
            raise ContractError("say which letters to replay: either IDs, or --kind, or --all")
        settings = _settings_of_command(config)
        configure_logs("warning")
        with _dead_letters(settings) as letters:
            ids = _chosen(letters, letter_ids or [], kind)
        with _dead_letters(settings, read_only=False) as letters:
            try:
                for done in replay(settings, letters, ids):
                    if len(ids) > done.stored + done.kept:
                        typer.echo(f"{_replayed(done)}, of {len(ids)}", err=True)
            finally:
                _print(_replayed(done))
    if done.kept:
        raise typer.Exit(_FAILED)


provision.register(app)


def main() -> None:
    """Entry point of `aerostream-cloud`."""
    app()


def _run_services(config: Path | None, services: "Sequence[Service]") -> None:
    from aerostream_cloud.serve import run_services

    with _one_sentence():
        settings = _settings(config)
        configure_logs(settings.log_level)
        for variable in _unknown_variables():
            structlog.get_logger().warning("unknown variable is ignored", variable=variable)
        run_services(settings, services)


def _settings(config: Path | None) -> CloudSettings:
    return load_cloud_settings(os.environ, config)


def _settings_of_command(config: Path | None) -> CloudSettings:
    """The same for commands for people; services warn in their log."""
    settings = _settings(config)
    for variable in _unknown_variables():
        typer.echo(f"aerostream-cloud: unknown variable {variable} is ignored", err=True)
    return settings


def _unknown_variables() -> list[str]:
    return unknown_variables(os.environ, ALL_SETTINGS)


@contextmanager
def _dead_letters(settings: CloudSettings, *, read_only: bool = True) -> Iterator[DeadLetters]:
    letters = DeadLetters(
        settings.dead_letter_file, max_bytes=settings.dead_letter_max_bytes, read_only=read_only
    )
    try:
        yield letters
    finally:
        letters.close()


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn our errors into a sentence on standard error and an exit code."""
    try:
        yield
    except ContractError as error:
        _fail(error, _BAD_INPUT)
    except CloudError as error:
        _fail(error, _FAILED)


def _fail(error: Exception, code: int) -> Any:
    typer.echo(f"aerostream-cloud: {error}", err=True)
    raise typer.Exit(code) from error


def _print(text: str) -> None:
    _write(f"{text}\n".encode())


def _write(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # `aerostream-cloud sub | head` ends at once and quietly when nobody reads on. Not by the
        # signal SIGPIPE: that would also end a service whose client hangs up.
        os._exit(_NOBODY_READS)


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


def _chosen(letters: DeadLetters, ids: Sequence[int], kind: Kind | None) -> list[int]:
    """Ids of the letters that a person means, oldest first."""
    known = letters.ids(kind)
    if not ids:
        return known
    missing = sorted(set(ids) - set(known))
    if missing:
        raise CloudError(f"there is no dead letter {missing[0]}")
    return sorted(set(ids))


def _replayed(done: "Replayed") -> str:
    return f"{counted(done.stored, 'dead letter')} stored and removed, {done.kept} kept"


def _bytes(payload: bytes) -> str:
    return counted(len(payload), "byte")


def _letter_text(stored: StoredLetter) -> str:
    letter = stored.letter
    payload = letter.payload
    printable = payload.isascii() and payload.decode("ascii").isprintable()
    lines = [
        f"id:      {stored.id}",
        f"time:    {iso_from_us(letter.time_us)}",
        f"kind:    {letter.kind}",
        f"topic:   {letter.topic}",
        f"reason:  {letter.reason}",
        f"payload: {_bytes(payload)}{'' if printable else ', in hexadecimal'}",
    ]
    return "\n".join([*lines, payload.decode("ascii") if printable else payload.hex(" ")])
