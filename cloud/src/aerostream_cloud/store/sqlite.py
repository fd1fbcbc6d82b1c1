"""The embedded store: one SQLite file that `sqlite3` opens and a person understands.

`series` names each series; each channel has a table `{channel}` of its samples and a view
`v_{channel}` with the names and the time spelled out. The file may be read by others while
services write it.
"""

import sqlite3
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import TypeVar

from aerostream_contract.channels import CHANNELS, Channel, Field, channel_named
from aerostream_contract.errors import ContractError

from aerostream_cloud.errors import NotOurStore, QueryTooLong, RowsRejected, StoreUnavailable
from aerostream_cloud.opened_files import OpenedFiles, is_misplaced
from aerostream_cloud.store import reading
from aerostream_cloud.store.port import (
    Bucket,
    Run,
    Sample,
    Selection,
    SeriesBlock,
    SeriesKey,
    SeriesSpan,
    SeriesStats,
    Written,
)
from aerostream_cloud.store.tables import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    SERIES_TABLE,
    ChannelTable,
    storable,
)

_BUSY_TIMEOUT_S = 5.0
#: Hot pages are one per series; 32 MB hold 8,000 of them.
_CACHE_KIB = 32 * 1024
#: Pages in the log before it is copied into the file: larger means fewer copies of hot pages.
_CHECKPOINT_PAGES = 4000

#: Steps of SQLite's machine between two looks at the clock: well below a millisecond.
_STEPS_PER_LOOK = 20_000

#: What SQLite and its driver say to a value that they cannot store.
_BAD_ROW = (
    OverflowError,
    UnicodeError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
)

_Row = TypeVar("_Row")
_SeriesId = tuple[str, str, str, int, str]
#: Series whose ids are remembered; those of five thousand drones fit, and another costs a query.
_MOST_SERIES = 200_000


class SqliteStore:
    """A `TelemetryStore` in one file.

    Args:
        file: made where it is missing, unless `read_only`.
        read_only: open for reading, also while another process writes.

    Raises:
        NotOurStore: the file is something else, or of a newer version.
        StoreUnavailable: it cannot be opened.
    """

    def __init__(self, file: Path, *, read_only: bool = False) -> None:
        self._file = file
        self._series: OrderedDict[_SeriesId, int] = OrderedDict()
        """Ids that were used last."""
        self._tables: dict[str, ChannelTable] = {}
        self._interrupted = False
        self._read_only = read_only
        self._opened: OpenedFiles | None = None
        with self._failing_clearly():
            self._open("ro" if read_only else "rwc")

    def write(self, blocks: Sequence[SeriesBlock]) -> Written:
        """See `TelemetryStore.write`.

        A file that was replaced is opened anew; while it is missing, nothing can be written.
        """
        total = stored = 0
        with self._failing_clearly():
            if not self._read_only and (self._opened is None or self._opened.changed()):
                self._open_again()
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                for table, rows in self._rows_by_table(blocks).items():
                    total += len(rows)
                    stored += connection.executemany(self._tables[table].insert, rows).rowcount
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            self._check_in_place()
        return Written(stored, total - stored)

    def query(
        self,
        selection: Selection,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        at_most: tuple[str, int] | None = None,
    ) -> Iterator[Sample]:
        """See `TelemetryStore.query`."""
        channel = channel_named(selection.channel)
        chosen = reading.chosen_fields(channel, fields)
        bound: tuple[Field, int] | None = None
        if at_most is not None:
            [bounded] = reading.chosen_fields(channel, [at_most[0]])
            bound = (bounded, at_most[1])
        return self._read(
            channel, lambda: reading.samples(self._connection, selection, chosen, limit, bound)
        )

    def query_every(
        self, selection: Selection, every_us: int, *, fields: Sequence[str] | None = None
    ) -> Iterator[Bucket]:
        """See `TelemetryStore.query_every`."""
        _check_every(every_us)
        channel = channel_named(selection.channel)
        chosen = reading.chosen_fields(channel, fields)
        return self._read(
            channel, lambda: reading.buckets(self._connection, selection, chosen, every_us)
        )

    def latest(self, selection: Selection) -> list[Sample]:
        """See `TelemetryStore.latest`."""
        channel = channel_named(selection.channel)
        return list(
            self._read(channel, lambda: reading.latest(self._connection, selection, channel))
        )

    def thin(
        self,
        series: SeriesKey,
        start_us: int,
        end_us: int,
        every_us: int,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Sample]:
        """See `TelemetryStore.thin`."""
        _check_every(every_us)
        channel = channel_named(series.channel)
        chosen = reading.chosen_fields(channel, fields)
        return self._read(
            channel,
            lambda: reading.thinned(
                self._connection, series, start_us, end_us, every_us, chosen, limit
            ),
        )

    def runs(
        self, series: SeriesKey, start_us: int, end_us: int, field: str, threshold: int, gap_us: int
    ) -> Iterator[Run]:
        """See `TelemetryStore.runs`."""
        channel = channel_named(series.channel)
        [chosen] = reading.chosen_fields(channel, [field])
        return self._read(
            channel,
            lambda: reading.runs(
                self._connection, series, start_us, end_us, chosen, threshold, gap_us
            ),
        )

    def reaching(
        self,
        series: SeriesKey,
        start_us: int,
        end_us: int,
        every_us: int,
        field: str,
        threshold: int,
    ) -> list[int]:
        """See `TelemetryStore.reaching`."""
        _check_every(every_us)
        channel = channel_named(series.channel)
        [chosen] = reading.chosen_fields(channel, [field])
        return sorted(
            self._read(
                channel,
                lambda: reading.reaching(
                    self._connection, series, start_us, end_us, every_us, chosen, threshold
                ),
            )
        )

    def spans(self, drone: str, channel: str | None = None) -> list[SeriesSpan]:
        """See `TelemetryStore.spans`."""
        if channel is not None:
            channel_named(channel)
        with self._failing_clearly(), self._one_moment():
            tables = {each.name for each in self._existing_channels()}
            return sorted(reading.spans(self._connection, drone, channel, tables))

    def limit_time(self, seconds: float | None) -> None:
        """See `TelemetryStore.limit_time`."""
        if seconds is None:
            self._connection.set_progress_handler(None, 0)
            return
        deadline_s = time.monotonic() + seconds
        self._connection.set_progress_handler(
            lambda: self._interrupted or time.monotonic() > deadline_s, _STEPS_PER_LOOK
        )

    def interrupt(self) -> None:
        """See `TelemetryStore.interrupt`."""
        self._interrupted = True
        self._connection.interrupt()

    def is_in_place(self) -> bool:
        """See `TelemetryStore.is_in_place`."""
        with self._failing_clearly():
            return self._opened is not None and self._opened.changed() is None

    def stats(self) -> list[SeriesStats]:
        """See `TelemetryStore.stats`."""
        with self._failing_clearly(), self._one_moment():
            found = [
                each
                for channel in self._existing_channels()
                for each in reading.stats(self._connection, channel)
            ]
        return sorted(found)

    def prune(self, before_us: int) -> int:
        """See `TelemetryStore.prune`."""
        deleted = 0
        with self._failing_clearly():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for channel in self._existing_channels():
                    deleted += self._connection.execute(
                        f"DELETE FROM {ChannelTable(channel).name} WHERE time_us < ?",  # noqa: S608  # names of the channel table
                        (before_us,),
                    ).rowcount
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        return deleted

    def close(self) -> None:
        """See `TelemetryStore.close`."""
        self._connection.close()

    def _rows_by_table(
        self, blocks: Sequence[SeriesBlock]
    ) -> dict[str, list[tuple[int | float | str | None, ...]]]:
        """Rows to insert, by channel; runs over blocks and columns, never over values."""
        by_table: dict[str, list[tuple[int | float | str | None, ...]]] = defaultdict(list)
        series_ids = self._series
        for name, block in blocks:
            channel = block.channel
            key = (name.fleet, name.drone, channel.name, block.component, block.instance)
            series_id = series_ids.get(key)
            if series_id is None:
                series_id = self._series_id(key, channel, block.source)
            else:
                series_ids.move_to_end(key)
            columns = block.columns
            for index in self._tables[channel.name].unsigned_columns:
                columns = list(columns)
                columns[index] = [storable(value) for value in columns[index]]
            by_table[channel.name] += zip(repeat(series_id), block.times, *columns, strict=False)
        return by_table

    def _series_id(self, key: _SeriesId, channel: Channel, source: str) -> int:
        """Find or make a series, and its channel's table."""
        if channel.name not in self._tables:
            self._make_table(channel)
        connection = self._connection
        connection.execute(
            "INSERT OR IGNORE INTO series (fleet, drone, channel, component, instance, source)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*key, source),
        )
        found: tuple[int] = connection.execute(
            "SELECT id FROM series WHERE fleet = ? AND drone = ? AND channel = ?"
            " AND component = ? AND instance = ?",
            key,
        ).fetchone()
        self._series[key] = found[0]
        if len(self._series) > _MOST_SERIES:
            self._series.popitem(last=False)
        return found[0]

    def _make_table(self, channel: Channel) -> None:
        table = ChannelTable(channel)
        self._connection.execute(table.create)
        existing = {
            row[1].lower() for row in self._connection.execute(f"PRAGMA table_info({table.name})")
        }
        for field in channel.fields:
            if field.name.lower() not in existing:
                self._connection.execute(table.add_column(field))
        self._connection.execute(table.create_view)
        self._tables[channel.name] = table

    def _open(self, mode: str) -> None:
        self._connection = _connect(self._file, mode)
        try:
            self._check_header()
            if mode != "ro":
                self._set_up()
            # Readers leave logs to those who write.
            log = [] if mode == "ro" else [Path(f"{self._file}-wal")]
            self._opened = OpenedFiles(self._file, *log)
        except BaseException:
            self._connection.close()
            raise

    def _open_again(self) -> None:
        """Go on with the file that lies there now; a new one is made at the start only."""
        if not self._file.exists():
            raise StoreUnavailable(
                f"store {self._file} was deleted while in use: put it back, or restart to begin "
                "a new one"
            )
        if self._opened is not None:
            self._empty_log()
        self._opened = None
        self._series.clear()
        self._tables.clear()
        self._connection.close()
        self._open("rw")

    def _empty_log(self) -> None:
        """Bring home what the log holds of the file that was opened, wherever that is now.

        SQLite finds logs by name: it would apply this one to the file that came in its place.
        """
        [busy] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[:1]
        if busy:
            raise StoreUnavailable(
                f"store {self._file} was replaced while in use, and somebody reads the former one"
            )

    def _check_in_place(self) -> None:
        """After a commit: whether anybody will find what was committed."""
        if self._opened is not None and (changed := self._opened.changed()):
            raise StoreUnavailable(f"store {self._file}: {changed.name} was replaced while in use")

    def _check_header(self) -> None:
        connection = self._connection
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and application != APPLICATION_ID:
            raise NotOurStore(f"{self._file} is an SQLite file, but not a telemetry store")
        if version > SCHEMA_VERSION:
            raise NotOurStore(
                f"{self._file} has schema {version}; this program knows up to {SCHEMA_VERSION}"
            )

    def _set_up(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit is on the disk when it returns: frames are acknowledged because of it.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("PRAGMA application_id").fetchone()[0]:
            connection.execute(SERIES_TABLE)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        for channel in CHANNELS.values():
            self._make_table(channel)
        connection.execute("COMMIT")

    def _existing_channels(self) -> list[Channel]:
        """Channels that the file has a table of; a newer program may have made more."""
        channels = []
        rows = self._connection.execute("SELECT DISTINCT channel FROM series ORDER BY channel")
        for (name,) in rows.fetchall():
            try:
                channels.append(channel_named(name))
            except ContractError:
                continue
        return channels

    def _read(self, channel: Channel, rows: Callable[[], Iterator[_Row]]) -> Iterator[_Row]:
        if self._interrupted:
            raise QueryTooLong("the store is being closed")
        with self._failing_clearly():
            if reading.has_table(self._connection, channel):
                yield from rows()

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """All reads inside see the file at one moment, also while another process writes."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _roll_back(self) -> None:
        """Undo, and forget series and tables that were made in the transaction."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._series.clear()
        self._tables.clear()

    @contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise QueryTooLong("the store took too long to answer") from error
            raise StoreUnavailable(
                f"store {self._file}: {error}", misplaced=is_misplaced(error)
            ) from error
        except _BAD_ROW as error:
            raise RowsRejected(f"store {self._file}: {error}") from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise NotOurStore(f"{self._file} is not an SQLite file") from error
            raise StoreUnavailable(f"store {self._file}: {error}") from error


def _check_every(every_us: int) -> None:
    if every_us < 1:
        raise ValueError(f"every_us is {every_us}, expected at least 1")


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    """Connect with one of SQLite's modes: ro, rw, or rwc, which makes the file."""
    if mode == "ro" and not file.exists():
        raise StoreUnavailable(f"store {file} does not exist; ingest makes it when it starts")
    if mode == "rwc":
        file.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(
        f"{file.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        # Made by the thread that starts the service, used by the one that writes.
        check_same_thread=False,
    )
