"""The spool's SQLite file: everything that touches the disk.

Each `apply` is one transaction: items in, acknowledged ones out, and whatever must be true
together with that. Rows are written once and deleted once, never changed: an SD card wears by
what is rewritten. A file that is damaged is set aside under another name, and a new one begins
a new epoch.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from aerostream_contract.ranges import RangeSet

from aerostream_edge.errors import StateError
from aerostream_edge.spool.item import Drop, Item, Kind
from aerostream_edge.spool.reserve import ReserveFile
from aerostream_edge.spool.restamp import Restamp

_APPLICATION_ID = 0x41455350
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE spool (
    epoch INTEGER NOT NULL,     -- one life of the numbering
    reserved INTEGER NOT NULL,  -- numbers below it may have been used
    sealed INTEGER NOT NULL     -- items below it may have been published as they are
);
CREATE TABLE items (
    number INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,      -- 0 command report, 1 event, 2 telemetry
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
_PAGE_BYTES = 4096
_CACHE_KIB = 512
_BUSY_TIMEOUT_S = 5.0
#: Rows that are counted at once when the file is opened.
_COUNTED_ROWS = 16_384
#: Rows that are dropped at once.
_DROPPED_ROWS = 64
#: Where the disk is full this part of the items goes, so that the next second is not as bad.
_ROOM_PART = 50
_MOST_ASIDE = 200
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


class SpoolDamaged(Exception):
    """The file cannot be understood; what is in it is out of reach for this program."""


class SpoolFailed(Exception):
    """The disk does not take or give what it should."""


class Run(NamedTuple):
    """One life of an agent, by whose clock items are stamped until the true time is told."""

    first: int
    host_boot: str
    base_us: int
    told: int | None = None
    """The first number after the true time was told."""


@dataclass(slots=True)
class Opened:
    """What a file had in it."""

    epoch: int
    next_number: int
    sealed: int
    pending: RangeSet
    restamps: list[Restamp]
    runs: list[Run]
    drops: list[Drop]
    set_aside: Path | None = None
    """The damaged file that was in its place."""


@dataclass(slots=True)
class Write:
    """One transaction."""

    items: list[Item] = field(default_factory=list)
    stored: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of numbers that are in the database."""
    refused: list[int] = field(default_factory=list)
    """Numbers that were sent in vain too often."""
    reserve: int | None = None
    """Numbers below it may be used from now on."""
    seal: int | None = None
    run: Run | None = None
    told: Run | None = None
    """The true time was told, and from its first number on it is known."""
    restamps: list[Restamp] = field(default_factory=list)
    forget_restamps: bool = False
    reported: list[Drop] = field(default_factory=list)
    """Drops that an event in `items` reports."""
    too_old_us: int | None = None
    """Items whose last sample is older may go."""
    durable: bool = False
    """It must be on the disk when it returns, not only with the operating system."""


class SpoolFile:
    """A spool's file.

    Args:
        path: where; None for one in memory, which is gone with the process.
        max_bytes: size that it may have.

    Raises:
        StateError: the file cannot be made or read, for a reason that is not its content.
    """

    def __init__(self, path: Path | None, *, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._max_pages = max(64, max_bytes // _PAGE_BYTES)
        self._page_limit = self._max_pages
        self._reserve = None if path is None else ReserveFile(path, most_bytes=max_bytes // 16)
        self._synchronous = ""
        self.used_bytes = 0
        """What it holds."""

    def open(self, new_epoch: int) -> Opened:
        """Open or make the file; a damaged one is set aside.

        Args:
            new_epoch: of a file that has to be made.

        Raises:
            StateError: it can be neither opened nor made.
        """
        try:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._open(new_epoch)
            except SpoolDamaged:
                self.close()
                aside = self._set_aside()
                opened = self._open(new_epoch)
                opened.set_aside = aside
                return opened
        except (OSError, SpoolFailed, SpoolDamaged) as error:
            self.close()
            raise StateError(f"the spool {self.path} cannot be used: {error}") from error

    def apply(self, write: Write) -> list[Drop]:
        """Carry out a write; gives what had to be dropped, which is kept until it is reported.

        Raises:
            SpoolDamaged: the file is damaged.
            SpoolFailed: the disk refuses even after room was made.
        """
        with self._clearly():
            try:
                return self._apply(write)
            except sqlite3.OperationalError as error:
                if not _is_full(error):
                    raise
            return self._make_room() + self._apply(write)

    def read(self, numbers: Sequence[int], most_bytes: int) -> list[Item]:
        """Items by their numbers, until they have so many bytes; at least one.

        Raises:
            SpoolDamaged: the file is damaged.
            SpoolFailed: it cannot be read.
        """
        found: list[Item] = []
        size = 0
        with self._clearly():
            for number in numbers:
                row = self._connection.execute(
                    "SELECT kind, payload, samples, from_us, to_us FROM items"
                    " JOIN payloads USING (number) WHERE number = ?",
                    (number,),
                ).fetchone()
                if row is None:
                    continue
                size += len(row[1])
                if found and size > most_bytes:
                    break
                kind, payload, samples, from_us, to_us = row
                found.append(Item(number, Kind(kind), payload, samples, from_us, to_us))
        return found

    def times(self, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """UTC of the first and last sample of ranges of numbers, of each whose ends are there.

        Raises:
            SpoolDamaged: the file is damaged.
            SpoolFailed: it cannot be read.
        """
        with self._clearly():
            query = "SELECT {} FROM items WHERE number = ?"
            found = []
            for first, last in ranges:
                low = self._connection.execute(query.format("from_us"), (first,)).fetchone()
                high = self._connection.execute(query.format("to_us"), (last,)).fetchone()
                found.append((low[0] if low else 0, high[0] if high else 0))
            return found

    def replace(self, new_epoch: int) -> Opened:
        """Set the file aside, which turned out to be damaged, and begin a new one.

        Raises:
            StateError: no other can be made.
        """
        self.close()
        aside = self._set_aside()
        opened = self.open(new_epoch)
        opened.set_aside = aside
        return opened

    def mend(self) -> None:
        """Take the reserve back where there is room for it again, and the full size with it."""
        if self._reserve is not None and self._reserve.make():
            self._page_limit = self._max_pages

    def close(self) -> None:
        """Release the file."""
        with contextlib.suppress(sqlite3.Error, AttributeError):
            self._connection.close()

    # --- opening ------------------------------------------------------------------------

    def _open(self, new_epoch: int) -> Opened:
        with self._clearly():
            self._connection = sqlite3.connect(
                ":memory:" if self.path is None else self.path,
                timeout=_BUSY_TIMEOUT_S,
                isolation_level=None,
                # Made by the agent's loop, used by its one disk thread.
                check_same_thread=False,
            )
            self._set_up(new_epoch)
            opened = self._content()
        if self._reserve is not None:
            self._reserve.make()
        return opened

    def _set_up(self, new_epoch: int) -> None:
        connection = self._connection
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and (application, version) != (_APPLICATION_ID, _SCHEMA_VERSION):
            raise SpoolDamaged(f"{self.path} is no spool of this version")
        for pragma in (
            f"page_size = {_PAGE_BYTES}",
            "journal_mode = WAL",
            "secure_delete = OFF",
            f"cache_size = -{_CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        self._synchronous = ""
        if not tables:
            self._begin(durable=True)
            for statement in _statements(_SCHEMA):
                connection.execute(statement)
            connection.execute("INSERT INTO spool VALUES (?, 0, 0)", (new_epoch,))
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            connection.execute("COMMIT")

    def _content(self) -> Opened:
        query = self._connection.execute
        row = query("SELECT epoch, reserved, sealed FROM spool").fetchone()
        if row is None:
            raise SpoolDamaged(f"{self.path} has no epoch")
        pending = self._pending()
        self._count_pages()
        highest = next(pending.from_highest(), -1)
        if highest >= row[1]:
            raise SpoolDamaged(f"{self.path} holds numbers that were never reserved")
        restamps = [
            msgspec.json.decode(each[0], type=Restamp)
            for each in query("SELECT restamp FROM restamps ORDER BY id")
        ]
        runs = [Run(*each) for each in query("SELECT * FROM runs ORDER BY first")]
        drops = [Drop(*each) for each in query("SELECT * FROM drops")]
        return Opened(row[0], row[1], row[2], pending, restamps, runs, drops)

    def _pending(self) -> RangeSet:
        """The numbers that are there; whole stretches are counted, not listed."""
        query = self._connection.execute
        pending = RangeSet()
        first, last = query("SELECT min(number), max(number) FROM items").fetchone()
        while first is not None and first <= last:
            end = first + _COUNTED_ROWS - 1
            count, low, high = query(
                "SELECT count(*), min(number), max(number) FROM items WHERE number BETWEEN ? AND ?",
                (first, end),
            ).fetchone()
            if count and high - low + 1 == count:
                pending.add(low, high)
            elif count:
                rows = query("SELECT number FROM items WHERE number BETWEEN ? AND ?", (first, end))
                for (number,) in rows:
                    pending.add(number)
            first = query("SELECT min(number) FROM items WHERE number > ?", (end,)).fetchone()[0]
        return pending

    def _set_aside(self) -> Path | None:
        """Give the damaged file another name, its log with it."""
        if self.path is None:
            return None
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        place = 1
        while aside.exists():
            place += 1
            aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{place}")
        for suffix in ("-wal", ""):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").replace(f"{aside}{suffix}")
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        return aside

    # --- writing ------------------------------------------------------------------------

    def _apply(self, write: Write) -> list[Drop]:
        execute = self._connection.execute
        self._begin(durable=write.durable)
        try:
            for first, last in write.stored:
                self._delete(first, last)
            drops = self._refused(write.refused)
            if write.too_old_us is not None:
                drops += self._drop_old(write.too_old_us)
            drops += self._drop_for(sum(len(item.payload) + 64 for item in write.items))
            self._insert(write.items)
            if write.reserve is not None:
                execute("UPDATE spool SET reserved = max(reserved, ?)", (write.reserve,))
            if write.seal is not None:
                execute("UPDATE spool SET sealed = max(sealed, ?)", (write.seal,))
            self._note_times(write)
            self._note_drops(drops, write.reported)
            if write.durable and not write.items:
                # What earlier writes left to the operating system goes to the disk with a change.
                execute("UPDATE spool SET epoch = epoch")
            self._count_pages()
            execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return drops

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _begin(self, *, durable: bool) -> None:
        synchronous = "FULL" if durable else "NORMAL"
        if synchronous != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._synchronous = synchronous
        self._connection.execute("BEGIN IMMEDIATE")

    def _insert(self, items: Sequence[Item]) -> None:
        self._connection.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?)",
            [(i.number, int(i.kind), i.samples, i.from_us, i.to_us) for i in items],
        )
        self._connection.executemany(
            "INSERT INTO payloads VALUES (?, ?)", [(i.number, i.payload) for i in items]
        )

    def _delete(self, first: int, last: int) -> None:
        for table in ("items", "payloads"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE number BETWEEN ? AND ?",  # noqa: S608  # constants
                (first, last),
            )

    def _note_times(self, write: Write) -> None:
        execute = self._connection.execute
        if write.forget_restamps:
            execute("DELETE FROM restamps")
        for restamp in write.restamps:
            text = msgspec.json.encode(restamp).decode()
            execute("INSERT INTO restamps (restamp) VALUES (?)", (text,))
        if write.run is not None:
            run = write.run
            execute("DELETE FROM runs WHERE NOT EXISTS (SELECT * FROM items WHERE number >= first)")
            execute(
                "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?)",
                (run.first, run.host_boot, run.base_us, run.told),
            )
        if write.told is not None:
            execute(
                "UPDATE runs SET told = ? WHERE told IS NULL AND host_boot = ?",
                (write.told.first, write.told.host_boot),
            )

    # --- giving up ----------------------------------------------------------------------

    def _drop_for(self, needed: int) -> list[Drop]:
        """Make room for so many bytes, if there is none: the least important and oldest go."""
        pages_needed = needed // _PAGE_BYTES + 8
        drops: list[Drop] = []
        while self._pages_used() + pages_needed > self._page_limit:
            dropped = self._drop_some("full", "", _DROPPED_ROWS)
            if dropped is None:
                break
            drops.append(dropped)
        return drops

    def _drop_old(self, limit_us: int) -> list[Drop]:
        drops = []
        lowest = self._connection.execute("SELECT min(number) FROM items").fetchone()[0] or 0
        # Those that the host's clock alone has stamped may look older than they are.
        condition = (
            f"AND number < {lowest + _COUNTED_ROWS} AND to_us < {int(limit_us)}"  # noqa: S608  # numbers
            " AND number >= coalesce((SELECT coalesce(told, 1 << 53) FROM runs"
            " WHERE first <= number ORDER BY first DESC LIMIT 1), 0)"
        )
        while dropped := self._drop_some("age", condition, _DROPPED_ROWS):
            drops.append(dropped)
        return drops

    def _drop_some(self, reason: str, condition: str, most: int) -> Drop | None:
        query = self._connection.execute
        for kind in sorted(Kind, reverse=True):
            rows = query(
                "SELECT number, samples, from_us, to_us FROM items"  # noqa: S608  # no input
                f" WHERE kind = ? {condition} ORDER BY number LIMIT ?",
                (int(kind), most),
            ).fetchall()
            if rows:
                return self._dropped(reason, rows)
        return None

    def _refused(self, numbers: Sequence[int]) -> list[Drop]:
        """Set aside what the cloud never took."""
        if not numbers:
            return []
        query = self._connection.execute
        rows = []
        for number in numbers:
            row = query(
                "SELECT number, samples, from_us, to_us FROM items WHERE number = ?", (number,)
            ).fetchone()
            if row is not None:
                rows.append(row)
                query(
                    "INSERT OR REPLACE INTO aside SELECT number, kind, payload FROM items"
                    " JOIN payloads USING (number) WHERE number = ?",
                    (number,),
                )
        query(
            "DELETE FROM aside WHERE number <="
            " (SELECT number FROM aside ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (_MOST_ASIDE,),
        )
        return [self._dropped("refused", rows)] if rows else []

    def _dropped(self, reason: str, rows: Sequence[tuple[int, int, int, int]]) -> Drop:
        for number, *_ in rows:
            self._delete(number, number)
        _, samples, froms, tos = zip(*rows, strict=True)
        drop = Drop(reason, len(rows), sum(samples), min(froms), max(tos))
        drop.numbers = [row[0] for row in rows]
        return drop

    def _note_drops(self, drops: Sequence[Drop], reported: Sequence[Drop]) -> None:
        execute = self._connection.execute
        for drop in reported:
            execute(
                "UPDATE drops SET frames = frames - ?, samples = samples - ? WHERE reason = ?",
                (drop.frames, drop.samples, drop.reason),
            )
        if reported:
            execute("DELETE FROM drops WHERE frames <= 0")
        for drop in drops:
            execute(
                "INSERT INTO drops VALUES (?, ?, ?, ?, ?) ON CONFLICT (reason) DO UPDATE SET"
                " frames = frames + excluded.frames, samples = samples + excluded.samples,"
                " from_us = min(from_us, excluded.from_us), to_us = max(to_us, excluded.to_us)",
                (drop.reason, drop.frames, drop.samples, drop.from_us, drop.to_us),
            )

    # --- room ---------------------------------------------------------------------------

    def _make_room(self) -> list[Drop]:
        """The disk is full: give back the reserve, drop a part, and grow no further."""
        if self._reserve is not None:
            self._reserve.release()
        # Room in the log first: where even that fails, the caller's next try says so.
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")
        self._page_limit = self._pages()
        count = self._connection.execute("SELECT count(*) FROM items").fetchone()[0]
        self._begin(durable=False)
        try:
            dropped = self._drop_some("full", "", max(_DROPPED_ROWS, count // _ROOM_PART))
            drops = [dropped] if dropped else []
            self._note_drops(drops, [])
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return drops

    def _pages(self) -> int:
        pages: int = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return pages

    def _pages_used(self) -> int:
        free: int = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        return self._pages() - free

    def _count_pages(self) -> None:
        self.used_bytes = self._pages_used() * _PAGE_BYTES

    @contextmanager
    def _clearly(self) -> Iterator[None]:
        try:
            yield
        except msgspec.DecodeError as error:
            raise SpoolDamaged(f"{self.path}: {error}") from error
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise SpoolDamaged(f"{self.path}: {error}") from error
            raise SpoolFailed(f"{self.path}: {error}") from error


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _is_full(error: sqlite3.OperationalError) -> bool:
    """Whether there is no room: on the disk, or for the shared memory of the log."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE
