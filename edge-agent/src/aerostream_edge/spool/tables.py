"""The tables of a spool's file: making them, and reading what they hold at the start."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from aerostream_contract.models import Epoch, Number
from aerostream_contract.ranges import RangeSet
from msgspec import convert

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
    samples INTEGER NOT NULL,
    from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL
);
-- What was sent eight times in vain, for a person to look at.
CREATE TABLE aside (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, payload BLOB NOT NULL);
"""
PAGE_BYTES = 4096
_CACHE_KIB = 512
#: Pages in the log before it is copied into the file: log and growth fit into the reserve.
_CHECKPOINT_PAGES = 250
#: Rows that are counted at once.
_COUNTED_ROWS = 16_384

# SQLite keeps whatever is in a damaged page: rows are what they should be, or it is told.
_SpoolRow = tuple[Epoch, Number, Number]
_DropRow = tuple[Literal["full", "age", "refused"], Number, Number, int, int]


def set_up(connection: sqlite3.Connection, new_epoch: int) -> None:
    """Make the tables where there are none.

    Raises:
        SpoolDamaged: the file has others.
        sqlite3.Error: as SQLite says.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and (application, version) != (_APPLICATION_ID, _SCHEMA_VERSION):
        raise SpoolDamaged("it is no spool of this version")
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
    connection.execute("INSERT INTO spool VALUES (?, 0, 0, 0)", (new_epoch,))
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
    row = query("SELECT epoch, reserved, sealed FROM spool").fetchone()
    epoch, reserved, sealed = convert(row, _SpoolRow)
    lowest, highest = query("SELECT min(number), max(number) FROM items").fetchone()
    if lowest is not None and not 0 <= lowest <= highest < reserved:
        raise SpoolDamaged("it holds numbers that were never reserved")
    return Opened(
        epoch=epoch,
        next_number=reserved,
        sealed=sealed,
        pending=_pending(connection),
        restamps=[
            msgspec.json.decode(text, type=Restamp)
            for (text,) in query("SELECT restamp FROM restamps ORDER BY id")
        ],
        runs=convert(query("SELECT * FROM runs ORDER BY first").fetchall(), list[Run]),
        drops=[Drop(*convert(each, _DropRow)) for each in query("SELECT * FROM drops")],
    )


def _pending(connection: sqlite3.Connection) -> RangeSet:
    """The numbers that are there; whole stretches are counted, not listed."""
    query = connection.execute
    pending = RangeSet()
    (first,) = query("SELECT min(number) FROM items").fetchone()
    while first is not None:
        end = first + _COUNTED_ROWS - 1
        count, low, high = query(
            "SELECT count(*), min(number), max(number) FROM items WHERE number BETWEEN ? AND ?",
            (first, end),
        ).fetchone()
        if high - low + 1 == count:
            pending.add(low, high)
        else:
            high = low
            rows = query("SELECT number FROM items WHERE number BETWEEN ? AND ?", (first, end))
            for (number,) in rows:
                if number > high + 1:
                    pending.add(low, high)
                    low = number
                high = number
            pending.add(low, high)
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
