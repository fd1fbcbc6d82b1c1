"""The dead letter store: messages that could not be stored, kept with the reason.

A file of its own, capped by bytes. What is in it was acknowledged: it blocks nobody, and a
person can list and inspect it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from aerostream_cloud.errors import NotOurStore, StoreUnavailable
from aerostream_cloud.opened_files import OpenedFiles, is_misplaced

_APPLICATION_ID = 0x41455244
_SCHEMA_VERSION = 2
_LETTERS_TABLE = """
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_us INTEGER NOT NULL,    -- when it was first received, UTC
    kind TEXT NOT NULL,          -- what could not be used
    reason TEXT NOT NULL,        -- why, in a sentence
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,       -- as received; of one bad row: JSON
    digest BLOB NOT NULL UNIQUE  -- of kind, topic and payload: what comes again is kept once
)
"""
_NEW_FILE = (
    _LETTERS_TABLE,
    "CREATE TABLE evicted (count INTEGER NOT NULL)",  # letters that the cap pushed out
    "INSERT INTO evicted VALUES (0)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)
#: Version 1 had no digests; of letters that came again, the first is kept.
_FROM_VERSION_1 = (
    "ALTER TABLE dead_letters RENAME TO former_letters",
    _LETTERS_TABLE,
    "INSERT OR IGNORE INTO dead_letters"
    " SELECT id, time_us, kind, reason, topic, payload, letter_digest(kind, topic, payload)"
    " FROM former_letters ORDER BY id",
    # Ids are never given out again, also where the newest letters are gone.
    "DELETE FROM sqlite_sequence WHERE name = 'dead_letters'",
    "UPDATE sqlite_sequence SET name = 'dead_letters' WHERE name = 'former_letters'",
    "DROP TABLE former_letters",
)
_INSERT = (
    "INSERT OR IGNORE INTO dead_letters (id, time_us, kind, reason, topic, payload, digest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = "SELECT id, time_us, kind, reason, topic, payload FROM dead_letters"
_BUSY_TIMEOUT_S = 5.0
_DIGEST_BYTES = 16
#: What a letter costs in the file beside its texts and payload.
_OVERHEAD_BYTES = 96
_SIZE = (
    "length(payload) + length(CAST(reason AS BLOB)) + length(CAST(topic AS BLOB))"
    f" + {_OVERHEAD_BYTES}"
)
_LONGEST_REASON = 1000


class Kind(StrEnum):
    """What of a message could not be used."""

    TOPIC = "topic"
    """The topic has no valid drone name."""
    FRAME = "frame"
    """The payload is no telemetry frame."""
    BLOCK = "block"
    """One block of an otherwise good frame."""
    EVENT = "event"
    """The payload, or an event in a frame, does not follow its model."""
    PRESENCE = "presence"
    """A status, info or state that does not follow its model."""
    FLEET = "fleet"
    """The drone is known in another fleet."""
    ROW = "row"
    """A sample that the store refuses."""
    DEFECT = "defect"
    """Dealing with the message failed in an unforeseen way: a fault of this program."""


class Letter(NamedTuple):
    """A message, or part of one, that goes to the dead letter store."""

    time_us: int
    kind: Kind
    reason: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter as it is kept."""

    id: int
    letter: Letter


class DeadLetters:
    """The dead letter store in a file.

    Args:
        file: made where it is missing, unless `read_only`.
        max_bytes: size of all letters together; the oldest make room for new ones.
        read_only: a file of an older version is read as it is; otherwise it is brought up to date.
        busy_timeout_s: how long to wait while another process holds the file.

    Raises:
        NotOurStore: the file is something else, or of a newer version.
        StoreUnavailable: it cannot be opened.
    """

    def __init__(
        self,
        file: Path,
        *,
        max_bytes: int,
        read_only: bool = False,
        busy_timeout_s: float = _BUSY_TIMEOUT_S,
    ) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._read_only = read_only
        self._busy_timeout_s = busy_timeout_s
        self._opened: OpenedFiles | None = None
        with self._failing_clearly():
            self._open()

    def add(self, letters: Sequence[Letter]) -> int:
        """Keep letters, durably when it returns; how many old ones had to go for them.

        A letter that is there already, as after a redelivery, is not kept twice.

        Raises:
            StoreUnavailable: the file cannot be written now; nothing was kept.
        """
        if not letters:
            return 0
        with self._writing():
            self._insert(letters)
            return self._evict()

    def replace(self, replayed: Sequence[tuple[int, Sequence[Letter]]]) -> int:
        """Put in each letter's place, given by id, what is left of it; nothing: remove it.

        A letter that is left as it was keeps its id and gets its new reason. Parts that have
        letters of their own already do not get another. Of how many letters something was put.

        Raises:
            StoreUnavailable: the file cannot be written now; nothing was changed.
        """
        with self._writing():
            kept = sum(self._replace(letter_id, left) for letter_id, left in replayed)
            self._version = -1
            self._evict()
        return kept

    def delete(self, ids: Sequence[int]) -> int:
        """Delete letters for good; how many of them there were.

        Raises:
            StoreUnavailable: the file cannot be written now; nothing was deleted.
        """
        with self._writing():
            self._version = -1
            rows = ((letter_id,) for letter_id in ids)
            return self._connection.executemany(
                "DELETE FROM dead_letters WHERE id = ?", rows
            ).rowcount

    def ids(self, kind: Kind | None = None, *, before_us: int | None = None) -> list[int]:
        """Ids of all letters, or those of one kind or received before a time, oldest first."""
        with self._failing_clearly():
            rows = self._connection.execute(
                "SELECT id FROM dead_letters WHERE (?1 IS NULL OR kind = ?1)"
                " AND (?2 IS NULL OR time_us < ?2) ORDER BY id",
                (kind and kind.value, before_us),
            )
            return [letter_id for (letter_id,) in rows]

    def newest(self, limit: int = 100) -> Iterator[StoredLetter]:
        """The newest letters, newest first."""
        with self._failing_clearly():
            rows = self._connection.execute(f"{_SELECT} ORDER BY id DESC LIMIT ?", (limit,))
            yield from map(_stored_letter, rows)

    def get(self, letter_id: int) -> StoredLetter | None:
        """One letter by its id."""
        with self._failing_clearly():
            row = self._connection.execute(f"{_SELECT} WHERE id = ?", (letter_id,)).fetchone()
        return None if row is None else _stored_letter(row)

    def counts(self) -> tuple[int, int]:
        """Letters that are kept, and letters that the cap pushed out."""
        with self._failing_clearly():
            kept = self._connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0]
            evicted = self._connection.execute("SELECT count FROM evicted").fetchone()[0]
        return kept, evicted

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _open(self) -> None:
        file, read_only = self._file, self._read_only
        if read_only and not file.exists():
            raise StoreUnavailable(f"{file} does not exist: no dead letter was ever kept")
        if not read_only:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._set_up()
        except BaseException:
            self._connection.close()
            raise
        self._opened = OpenedFiles(file)
        #: SQLite's mark of the file's content; another process, such as a replay, changes it.
        self._version = -1
        self._bytes = 0

    def _open_again(self) -> None:
        if self._opened is not None:
            # SQLite finds logs by name: it would apply this one to what came in the file's place.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._opened = None
        self._connection.close()
        self._open()

    def _set_up(self) -> None:
        self._check_header()
        if self._read_only:
            return
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            # Another process may have been faster.
            version = self._check_header()
            if version == _SCHEMA_VERSION:
                return
            connection.create_function("letter_digest", 3, _digest, deterministic=True)
            for statement in _FROM_VERSION_1 if version else _NEW_FILE:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def _check_header(self) -> int:
        """The version of the file's schema; 0 of a new one."""
        connection = self._connection
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and application != _APPLICATION_ID:
            raise NotOurStore(f"{self._file} is an SQLite file, but not a dead letter store")
        if version > _SCHEMA_VERSION:
            raise NotOurStore(
                f"{self._file} has schema {version}; this program knows up to {_SCHEMA_VERSION}"
            )
        return version

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, in the file that lies there now; sizes are known inside."""
        with self._failing_clearly():
            if self._opened is None or self._opened.changed():
                self._open_again()
            try:
                with self._transaction():
                    self._measure()
                    yield
            except BaseException:
                self._version = -1
                raise

    def _measure(self) -> None:
        """Know the size of all letters; they are looked at only after somebody else wrote."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            self._bytes = self._connection.execute(
                f"SELECT coalesce(sum({_SIZE}), 0) FROM dead_letters"  # noqa: S608  # a constant
            ).fetchone()[0]

    def _insert(self, letters: Sequence[Letter]) -> int:
        """How many were not there yet."""
        inserted = 0
        for letter in letters:
            if self._connection.execute(_INSERT, (None, *_storable(letter))).rowcount:
                self._bytes += _size(letter)
                inserted += 1
        return inserted

    def _replace(self, letter_id: int, left: Sequence[Letter]) -> bool:
        connection = self._connection
        row = connection.execute(f"{_SELECT} WHERE id = ?", (letter_id,)).fetchone()
        if row is None:
            return False  # the cap pushed it out meanwhile
        old = _stored_letter(row).letter
        connection.execute("DELETE FROM dead_letters WHERE id = ?", (letter_id,))
        kept = 0
        for each in left:
            if (each.topic, each.payload) == (old.topic, old.payload):
                kept += connection.execute(_INSERT, (letter_id, *_storable(each))).rowcount
            else:
                kept += self._insert([each])
        return kept > 0

    def _evict(self) -> int:
        """Delete the oldest letters until the rest fits; how many."""
        if self._version == -1:
            self._measure()
        if self._bytes <= self._max_bytes:
            return 0
        last = 0
        evicted = 0
        for letter_id, letter_size in self._connection.execute(
            f"SELECT id, {_SIZE} FROM dead_letters ORDER BY id"  # noqa: S608  # a constant
        ):
            if self._bytes <= self._max_bytes:
                break
            last = letter_id
            self._bytes -= letter_size
            evicted += 1
        self._connection.execute("DELETE FROM dead_letters WHERE id <= ?", (last,))
        self._connection.execute("UPDATE evicted SET count = count + ?", (evicted,))
        return evicted

    @contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code == sqlite3.SQLITE_NOTADB:
                raise NotOurStore(f"{self._file} is not an SQLite file") from error
            raise StoreUnavailable(
                f"dead letter store {self._file}: {error}", misplaced=is_misplaced(error)
            ) from error


def _storable(letter: Letter) -> tuple[int, str, str, str, bytes, bytes]:
    time_us, kind, reason, topic, payload = letter
    topic = _text(topic)
    digest = _digest(kind.value, topic, payload)
    return time_us, kind.value, _text(reason)[:_LONGEST_REASON], topic, payload, digest


def _digest(kind: str, topic: str, payload: bytes) -> bytes:
    head = f"{kind} {topic}\0".encode()
    return blake2b(head + payload, digest_size=_DIGEST_BYTES).digest()


def _size(letter: Letter) -> int:
    _, _, reason, topic, payload, _ = _storable(letter)
    return len(payload) + len(reason.encode()) + len(topic.encode()) + _OVERHEAD_BYTES


def _text(text: str) -> str:
    """Without lone surrogates and NULs, which SQLite cannot hold or counts differently."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def _stored_letter(row: tuple[int, int, str, str, str, bytes]) -> StoredLetter:
    letter_id, time_us, kind, reason, topic, payload = row
    return StoredLetter(letter_id, Letter(time_us, Kind(kind), reason, topic, payload))
