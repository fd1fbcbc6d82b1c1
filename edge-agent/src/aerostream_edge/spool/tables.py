"""The tables of a spool's file: making them, and reading what they hold at the start."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from aerostream_contract.models import Epoch, Number
from aerostream_contract.ranges import RangeSet
from msgspec import convert

from aerostream_edge.errors import StateError
from aerostream_edge.spool.item import Drop
from aerostream_edge.spool.restamp import Restamp
from aerostream_edge.spool.work import Opened, Run, SpoolDamaged

_APPLICATION_ID = 0x41455350
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE spool (
    epoch INTEGER NOT NULL,     -- one life of the numbering
    reserved INTEGER NOT NULL,  -- numbers below it may have been used
    sealed INTEGER NOT NULL,    -- items below it may have been published as they are
    starts INTEGER NOT NULL,    -- how often it was opened
    synced INTEGER NOT NULL     -- counts the syncs that had nothing else to write
);
CREATE TABLE items (
    number INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,      -- 0 event of a loss, 1 command report, 2 event, 3 telemetry
    samples INTEGER NOT NULL,
    from_us INTEGER NOT NULL,   -- UTC of the first sample
    to_us INTEGER NOT NULL      -- and of the last
);
-- Apart from `items`, so that those can be counted without reading all that is kept.
CREATE TABLE payloads (number INTEGER PRIMARY KEY, payload BLOB NOT NULL);
-- Blocks of 1024 numbers of which all are there: none of those need to be looked at at the start.
CREATE TABLE full_blocks (block INTEGER PRIMARY KEY);
CREATE TABLE restamps (id INTEGER PRIMARY KEY, restamp TEXT NOT NULL);
CREATE TABLE runs (
    first INTEGER PRIMARY KEY,  -- its first number
    host_boot TEXT NOT NULL,    -- which boot of the host it was in
    base_us INTEGER NOT NULL,   -- UTC minus the host's monotonic clock, as the host believed
    told INTEGER                -- the first number after the true time was told
);
CREATE TABLE drops (            -- given up, and not yet reported
    reason TEXT PRIMARY KEY,
    frames INTEGER NOT NULL,
    events INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL
);
-- What was sent eight times in vain, for a person to look at.
CREATE TABLE aside (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, payload BLOB NOT NULL);
"""
#: Small: the pages that one frame changes are what wears a card.
PAGE_BYTES = 1024
_CACHE_KIB = 512
#: Pages in the log before it is copied into the file: log and growth fit into the reserve.
_CHECKPOINT_PAGES = 1000
#: Numbers of a block, as a power of two.
BLOCK_BITS = 10

# SQLite keeps whatever is in a damaged page: rows are what they should be, or it is told.
_SpoolRow = tuple[Epoch, Number, Number, Number]
_DropRow = tuple[Literal["full", "age", "refused"], Number, Number, Number, int, int]


def set_up(connection: sqlite3.Connection, new_epoch: int) -> None:
    """Make the tables where there are none.

    Raises:
        SpoolDamaged: the file has others.
        StateError: they are of another version of this program.
        sqlite3.Error: as SQLite says.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and application != _APPLICATION_ID:
        raise SpoolDamaged("it is no spool")
    if tables and version != _SCHEMA_VERSION:
        raise StateError(
            f"it has version {version}, and this program knows {_SCHEMA_VERSION}: use the program "
            "that made it, or move it away"
        )
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "journal_mode = WAL",
        "secure_delete = OFF",
        f"cache_size = -{_CACHE_KIB}",
        f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if tables:
        return
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in _statements(_SCHEMA):
        connection.execute(statement)
    connection.execute("INSERT INTO spool VALUES (?, 0, 0, 0, 0)", (new_epoch,))
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute("COMMIT")


def content(connection: sqlite3.Connection) -> Opened:
    """What the file holds.

    Raises:
        SpoolDamaged: that cannot be.
        msgspec.DecodeError: that, too.
        sqlite3.Error: as SQLite says.
    """
    query = connection.execute
    row = query("SELECT epoch, reserved, sealed, starts FROM spool").fetchone()
    epoch, reserved, sealed, starts = convert(row, _SpoolRow)
    # In two questions: SQLite finds both ends of the table at once, but reads all of it for a pair.
    (lowest,) = query("SELECT min(number) FROM items").fetchone()
    (highest,) = query("SELECT max(number) FROM items").fetchone()
    if lowest is not None and not 0 <= lowest <= highest < reserved:
        raise SpoolDamaged("it holds numbers that were never reserved")
    return Opened(
        epoch=epoch,
        next_number=reserved,
        sealed=sealed,
        starts=starts,
        pending=_pending(connection),
        restamps=[
            msgspec.json.decode(text, type=Restamp)
            for (text,) in query("SELECT restamp FROM restamps ORDER BY id")
        ],
        runs=convert(query("SELECT * FROM runs ORDER BY first").fetchall(), list[Run]),
        drops=[Drop(*convert(each, _DropRow)) for each in query("SELECT * FROM drops")],
    )


def note_full_blocks(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Note the blocks that numbers, which were just put in, complete."""
    last_of_block = (1 << BLOCK_BITS) - 1
    for number in numbers:
        if number & last_of_block == last_of_block:
            (count,) = connection.execute(
                "SELECT count(*) FROM items WHERE number BETWEEN ? AND ?",
                (number - last_of_block, number),
            ).fetchone()
            if count == 1 << BLOCK_BITS:
                block = number >> BLOCK_BITS
                connection.execute("INSERT OR IGNORE INTO full_blocks VALUES (?)", (block,))


def _pending(connection: sqlite3.Connection) -> RangeSet:
    """The numbers that are there; those of full blocks are not looked at."""
    query = connection.execute
    pending = RangeSet()
    full = {block for (block,) in query("SELECT block FROM full_blocks")}
    (first,) = query("SELECT min(number) FROM items").fetchone()
    while first is not None:
        block = first >> BLOCK_BITS
        end = ((block + 1) << BLOCK_BITS) - 1
        if block in full:
            pending.add(block << BLOCK_BITS, end)
        else:
            rows = query("SELECT number FROM items WHERE number BETWEEN ? AND ?", (first, end))
            for run in _runs(number for (number,) in rows):
                pending.add(*run)
        if block + 1 in full:
            first = end + 1
        else:
            (first,) = query("SELECT min(number) FROM items WHERE number > ?", (end,)).fetchone()
    return pending


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Rising numbers as ranges."""
    first = last = None
    for number in numbers:
        if last is None or first is None:
            first = number
        elif number != last + 1:
            yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
