"""The spool's SQLite file: everything that touches the disk.

Each `apply` is one transaction: items in, acknowledged ones out, and whatever must be true
together with that. Rows are written once and deleted once, never changed: an SD card wears by
what is rewritten. A file that is damaged is set aside under another name, and a new one begins
a new epoch.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from aerostream_contract.errors import ContractError
from msgspec import convert

from aerostream_edge.errors import StateError
from aerostream_edge.spool import dropping, tables
from aerostream_edge.spool.item import Drop, Item, Kind
from aerostream_edge.spool.reserve import ReserveFile
from aerostream_edge.spool.restamp import Restamp, moved_by, restamped
from aerostream_edge.spool.work import Opened, SpoolDamaged, SpoolFailed, Write

#: Somebody who looks at the file holds it for longer only with `BEGIN IMMEDIATE`.
_BUSY_TIMEOUT_S = 1.0
#: Rows that are dropped at once.
_DROPPED_ROWS = 16
#: Where the disk is full this part of the items goes, so that the next second is not as bad.
_ROOM_PART = 50
_LEAST_PAGES = 256
#: What an item takes besides its payload, and pages that a write touches besides those.
_ITEM_BYTES, _OTHER_PAGES = 64, 24
#: What the disk, or whoever else uses the file, is to blame for. Anything else that SQLite says
#: of statements that fit their tables says that the file is not as it was written.
_TROUBLE = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
)
#: A change, so that committing it syncs.
_SYNC = "UPDATE spool SET synced = synced + 1"
# A damaged page gives whatever is in it.
_ItemRow = tuple[Kind, bytes, int, int, int]


class SpoolFile:
    """A spool's file. One thread at a time may use it.

    Args:
        path: where; None for one in memory, which is gone with the process.
        max_bytes: size that it may have.
    """

    def __init__(self, path: Path | None, *, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._max_pages = max(_LEAST_PAGES, max_bytes // tables.PAGE_BYTES)
        self._page_limit = self._max_pages
        self._reserve = None if path is None else ReserveFile(path, most_bytes=max_bytes // 16)
        self._synchronous = ""
        self._restamps: list[Restamp] = []
        self._sync_failed = False
        self._made_room: list[Drop] = []
        """What was dropped for a write that has not succeeded yet."""
        self.used_bytes = 0
        """What it holds."""

    def open(self, new_epoch: int) -> Opened:
        """Open or make the file; a damaged one is set aside.

        Args:
            new_epoch: of a file that has to be made.

        Raises:
            SpoolFailed: it can be neither opened nor made.
            StateError: it is of another version of this program, or its path can be no file's.
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
        except (StateError, FileExistsError, NotADirectoryError, PermissionError) as error:
            self.close()
            raise StateError(f"the spool {self.path} cannot be used: {error}") from error
        except (OSError, SpoolFailed, SpoolDamaged) as error:
            self.close()
            raise SpoolFailed(f"the spool {self.path} cannot be used: {error}") from error

    def apply(self, write: Write) -> list[Drop]:
        """Carry out a write; gives what had to be dropped, which is kept until it is reported.

        Raises:
            SpoolDamaged: the file is damaged.
            SpoolFailed: the disk refuses even after room was made.
        """
        with self._clearly():
            for make_room in (self._use_reserve, self._drop_part):
                try:
                    return self._with_earlier(self._apply(write))
                except sqlite3.OperationalError as error:
                    if not _is_full(error):
                        raise
                make_room()
            return self._with_earlier(self._apply(write))

    def _with_earlier(self, drops: list[Drop]) -> list[Drop]:
        """Drops of a write, and what was dropped to make room for it or for one that failed."""
        drops = self._made_room + drops
        self._made_room = []
        return drops

    def read(self, numbers: Sequence[int], most_bytes: int) -> list[Item]:
        """Items by their numbers, times moved, until they have so many bytes; at least one.

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
                kind, payload, samples, from_us, to_us = convert(row, _ItemRow)
                size += len(payload)
                if found and size > most_bytes:
                    break
                item = Item(number, kind, payload, samples, from_us, to_us)
                # What cannot be read is not moved: the cloud says what is wrong with it.
                with contextlib.suppress(ContractError):
                    item = restamped(self._restamps, item)
                found.append(item)
        return found

    def times(self, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """UTC of the first and last sample of ranges of numbers, by the items at their ends.

        Raises:
            SpoolDamaged: the file is damaged.
            SpoolFailed: it cannot be read.
        """
        with self._clearly():
            return [
                (self._time("from_us", first), self._time("to_us", last)) for first, last in ranges
            ]

    def _time(self, column: str, number: int) -> int:
        row = self._connection.execute(
            f"SELECT {column} FROM items WHERE number = ?",  # noqa: S608  # a constant
            (number,),
        ).fetchone()
        return moved_by(self._restamps, number) + convert(row[0], int) if row else 0

    def replace(self, new_epoch: int) -> Opened:
        """Set the file aside, which turned out to be damaged, and begin a new one.

        Raises:
            SpoolFailed: no other can be made.
        """
        self.close()
        try:
            aside = self._set_aside()
        except OSError as error:
            raise SpoolFailed(f"the spool {self.path} cannot be set aside: {error}") from error
        opened = self.open(new_epoch)
        opened.set_aside = aside
        return opened

    def sync(self) -> None:
        """Have everything that was written on the disk, safe from a power cut.

        Raises:
            SpoolDamaged: the file is damaged.
            SpoolFailed: the disk refuses.
        """
        if self.path is None:
            return
        try:
            if self._sync_failed:
                self._copy_log()
            else:
                _sync(Path(f"{self.path}-wal"))
        except FileNotFoundError:
            pass  # a file system on which SQLite keeps no log: there each commit syncs
        except OSError as error:
            self._sync_failed = True
            raise SpoolFailed(f"{self.path}: {error}") from error
        self._sync_failed = False

    def _copy_log(self) -> None:
        # What a sync failed on may never be written by a later one, which then says nothing.
        with self._clearly():
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise SpoolFailed(f"{self.path}: somebody else reads it")

    def mend(self) -> None:
        """Take the reserve back where there is room for it again, and the full size with it."""
        if self._reserve is not None and self._reserve.make():
            self._page_limit = self._max_pages

    @property
    def cramped(self) -> bool:
        """Whether the disk was full, and the file may not grow."""
        return self._page_limit < self._max_pages

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
            self._synchronous = ""
            tables.set_up(self._connection, new_epoch)
            self._count_start()
            opened = tables.content(self._connection)
            self._restamps = opened.restamps
            self._count_pages()
        if self._reserve is not None:
            self._reserve.make()
        return opened

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
        # The log last: without it the file would be one of earlier days, that opens and gives
        # numbers a second time.
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").replace(f"{aside}{suffix}")
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        return aside

    def _count_start(self) -> None:
        """Count the start, on the disk, and with it what a killed run left to the system."""
        try:
            self._write_start()
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise
            self._use_reserve()
            self._write_start()

    def _write_start(self) -> None:
        self._begin(durable=True)
        try:
            self._connection.execute("UPDATE spool SET starts = starts + 1")
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _apply(self, write: Write) -> list[Drop]:
        execute = self._connection.execute
        self._begin(durable=write.durable)
        try:
            for first, last in write.stored:
                dropping.delete(self._connection, first, last)
            drops = dropping.set_aside(self._connection, write.refused, self._restamps)
            if write.too_old_us is not None:
                drops += dropping.drop_older(self._connection, write.too_old_us, self._restamps)
            drops += self._drop_for(write.items)
            self._insert(write.items)
            if write.reserve is not None:
                execute("UPDATE spool SET reserved = max(reserved, ?)", (write.reserve,))
            if write.seal is not None:
                execute("UPDATE spool SET sealed = max(sealed, ?)", (write.seal,))
            self._note_times(write)
            dropping.note_drops(self._connection, drops, write.reported)
            if write.durable and not write.items:
                # What earlier writes left to the operating system goes to the disk with a
                # change; one that changes nothing is not written.
                execute(_SYNC)
            self._count_pages()
            execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        if write.forget_restamps:
            self._restamps = []
        self._restamps = self._restamps + write.restamps
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
            # Or replaced: a write that failed may be there all the same, and is repeated.
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?)",
            [(i.number, int(i.kind), i.samples, i.from_us, i.to_us) for i in items],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO payloads VALUES (?, ?)",
            [(i.number, i.payload) for i in items],
        )
        tables.note_full_blocks(self._connection, (item.number for item in items))

    def _note_times(self, write: Write) -> None:
        execute = self._connection.execute
        if write.forget_restamps:
            execute("DELETE FROM restamps")
        for restamp in write.restamps:
            text = msgspec.json.encode(restamp).decode()
            execute("INSERT INTO restamps (restamp) VALUES (?)", (text,))
        if write.run is not None:
            run = write.run
            execute(
                "DELETE FROM runs WHERE NOT EXISTS (SELECT * FROM items WHERE number >= runs.first"
                " AND number < coalesce((SELECT min(later.first) FROM runs AS later"
                " WHERE later.first > runs.first), ?))",
                (run.first,),
            )
            execute(
                "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?)",
                (run.first, run.host_boot, run.base_us, run.told),
            )
        if write.told is not None:
            execute(
                "UPDATE runs SET told = ? WHERE told IS NULL AND host_boot = ?",
                (write.told.first, write.told.host_boot),
            )

    # --- room ---------------------------------------------------------------------------

    def _drop_for(self, items: Sequence[Item]) -> list[Drop]:
        """Make room for items, if there is none: the least important and oldest go."""
        needed = sum(len(item.payload) + _ITEM_BYTES for item in items)
        # A file that may not grow can be so small that a fixed margin would be all of it.
        margin = min(_OTHER_PAGES, self._page_limit // 8)
        pages_needed = needed // tables.PAGE_BYTES + margin
        drops: list[Drop] = []
        if self._pages_used() + pages_needed > self._page_limit:
            self._connection.execute("DELETE FROM aside")
        while self._pages_used() + pages_needed > self._page_limit:
            dropped = dropping.drop_least(self._connection, _DROPPED_ROWS, self._restamps)
            if dropped is None:
                break
            drops.append(dropped)
        return drops

    def _use_reserve(self) -> None:
        """The disk is full: give the reserve back, and grow by no more than a part of it."""
        regained = 0 if self._reserve is None else self._reserve.release()
        # Room in the log first: where even that fails, the caller's next try says so.
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")
        # The log takes the other half.
        more_pages = regained // 2 // tables.PAGE_BYTES
        self._page_limit = min(self._max_pages, self._pages() + more_pages)

    def _drop_part(self) -> None:
        """There was no reserve, or it went to somebody else: what is here must make the room."""
        (count,) = self._connection.execute("SELECT count(*) FROM items").fetchone()
        # In small steps: the log has little room itself.
        for _ in range(1 + count // (_ROOM_PART * _DROPPED_ROWS)):
            self._begin(durable=False)
            try:
                dropped = dropping.drop_least(self._connection, _DROPPED_ROWS, self._restamps)
                if dropped is not None:
                    dropping.note_drops(self._connection, [dropped])
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            if dropped is not None:
                self._made_room.append(dropped)

    def _pages(self) -> int:
        pages: int = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return pages

    def _pages_used(self) -> int:
        free: int = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        return self._pages() - free

    def _count_pages(self) -> None:
        self.used_bytes = self._pages_used() * tables.PAGE_BYTES

    def _is_writable(self) -> bool:
        return self.path is not None and os.access(self.path, os.W_OK)

    @contextmanager
    def _clearly(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SpoolDamaged(f"{self.path}: {error}") from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            # SQLite does not write to a file whose head says that another format is in it.
            foreign = code == sqlite3.SQLITE_READONLY and self._is_writable()
            if code in _TROUBLE and not foreign:
                raise SpoolFailed(f"{self.path}: {error}") from error
            raise SpoolDamaged(f"{self.path}: {error}") from error


def _sync(path: Path) -> None:
    # Not on every system: it leaves out what the file's length and content do not need.
    sync = getattr(os, "fdatasync", os.fsync)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def _is_full(error: sqlite3.OperationalError) -> bool:
    """Whether there is no room: on the disk, or for the shared memory of the log."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE
