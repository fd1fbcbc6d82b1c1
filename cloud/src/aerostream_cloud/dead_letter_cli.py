"""`aerostream-cloud dead-letter …`: messages that could not be stored."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from aerostream_contract.errors import ContractError, shown
from aerostream_contract.times import iso_from_us
from aerostream_contract.words import counted

from aerostream_cloud.command_line import (
    FAILED,
    Config,
    one_sentence,
    settings_of_command,
    whole_number,
    write,
    write_line,
)
from aerostream_cloud.dead_letter import DeadLetters, Kind, StoredLetter
from aerostream_cloud.errors import CloudError
from aerostream_cloud.logs import configure_logs
from aerostream_cloud.settings import CloudSettings

if TYPE_CHECKING:
    from aerostream_cloud.ingest.replay import Replayed

letters_app = typer.Typer(
    help="Messages that could not be stored, kept with the reason.\n\n"
    "Example: aerostream-cloud dead-letter list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


_AGE = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _age_us(text: str) -> int:
    found = _AGE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{shown(text)} is not an age such as 30d, 12h, 90m or 10s")
    return int(found[1]) * _SECONDS[found[2]] * 1_000_000


def register(app: typer.Typer) -> None:
    """Add the commands `dead-letter …` to the command line."""
    app.add_typer(letters_app, name="dead-letter")


@letters_app.command("list")
def list_letters(
    config: Config = None,
    limit: Annotated[
        int,
        typer.Option(
            parser=whole_number(1), metavar="NUMBER", help="At most so many, the newest first."
        ),
    ] = 50,
) -> None:
    """List dead letters: id, time, kind, topic, reason.

    Example: aerostream-cloud dead-letter list --limit 10
    """
    with one_sentence(), _dead_letters(settings_of_command(config)) as letters:
        kept, evicted = letters.counts()
        for line in _table(letters.newest(limit)):
            write_line(line)
        write_line(f"{counted(kept, 'dead letter')} kept, {evicted} pushed out by the size limit")


@letters_app.command("show")
def show_letter(
    letter_id: Annotated[
        int, typer.Argument(metavar="ID", parser=whole_number(1), help="As `list` shows it.")
    ],
    config: Config = None,
    raw: Annotated[bool, typer.Option("--raw", help="Only the payload, as it came.")] = False,
) -> None:
    """Show one dead letter with its payload.

    Example: aerostream-cloud dead-letter show 17
    """
    with one_sentence(), _dead_letters(settings_of_command(config)) as letters:
        found = letters.get(letter_id)
        if found is None:
            raise CloudError(f"there is no dead letter {letter_id}")
        if raw:
            write(found.letter.payload)
        else:
            write_line(_letter_text(found))


@letters_app.command("replay")
def replay_letters(
    letter_ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]…", parser=whole_number(1), help="As `list` shows them."),
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
    with one_sentence():
        if bool(letter_ids) + (kind is not None) + every != 1:
            raise ContractError("say which letters to replay: either IDs, or --kind, or --all")
        settings = settings_of_command(config)
        configure_logs("warning")
        with _dead_letters(settings) as letters:
            ids = _chosen(letters, letter_ids or [], kind)
        with _dead_letters(settings, read_only=False) as letters:
            try:
                for done in replay(settings, letters, ids):
                    if len(ids) > done.stored + done.kept:
                        typer.echo(f"{_replayed(done)}, of {len(ids)}", err=True)
            finally:
                write_line(_replayed(done))
    if done.kept:
        raise typer.Exit(FAILED)


@letters_app.command("delete")
def delete_letters(
    letter_ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]…", parser=whole_number(1), help="As `list` shows them."),
    ] = None,
    config: Config = None,
    kind: Annotated[Kind | None, typer.Option(help="All letters of this kind.")] = None,
    older_than: Annotated[
        int | None,
        typer.Option(parser=_age_us, metavar="AGE", help="All received so long ago: 30d, 12h."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All letters.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Really delete more than what is named by its ID.")
    ] = False,
) -> None:
    """Delete dead letters for good; what was in them is stored nowhere else.

    With --kind, --older-than or --all it only says how many there are, until --yes is given.

    Example: aerostream-cloud dead-letter delete --older-than 30d --yes
    """
    with one_sentence():
        if bool(letter_ids) + (kind is not None) + (older_than is not None) + every != 1:
            raise ContractError(
                "say which letters to delete: either IDs, or --kind, or --older-than, or --all"
            )
        settings = settings_of_command(config)
        with _dead_letters(settings) as letters:
            before_us = None if older_than is None else time.time_ns() // 1000 - older_than
            ids = _chosen(letters, letter_ids or [], kind, before_us)
        if not yes and not letter_ids:
            raise ContractError(
                f"this would delete {counted(len(ids), 'dead letter')} for good: add --yes to do it"
            )
        with _dead_letters(settings, read_only=False) as letters:
            deleted = letters.delete(ids)
            kept, _ = letters.counts()
        write_line(f"{counted(deleted, 'dead letter')} deleted, {kept} kept")


def _table(letters: Iterable[StoredLetter]) -> Iterator[str]:
    """Lines of a table, the heading first."""
    rows = [("ID", "RECEIVED", "KIND", "TOPIC", "SIZE", "REASON")]
    for each in letters:
        letter = each.letter
        time_ = iso_from_us(letter.time_us)
        size = _bytes(letter.payload)
        rows.append((str(each.id), time_, letter.kind, letter.topic, size, letter.reason))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _chosen(
    letters: DeadLetters,
    ids: Sequence[int],
    kind: Kind | None,
    before_us: int | None = None,
) -> list[int]:
    """Ids of the letters that a person means, oldest first."""
    known = letters.ids(kind, before_us=before_us)
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


@contextmanager
def _dead_letters(settings: CloudSettings, *, read_only: bool = True) -> Iterator[DeadLetters]:
    letters = DeadLetters(
        settings.dead_letter_file, max_bytes=settings.dead_letter_max_bytes, read_only=read_only
    )
    try:
        yield letters
    finally:
        letters.close()
