"""The SQLite store, read from its file as anybody with sqlite3 would."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from aerostream_sim.errors import LabError
from aerostream_sim.faults import stored
from aerostream_sim.faults.stored import Content, Drop, Stored

_BUSY_S = 30.0


class SqliteStore:
    """A store's file; see `stored.Store`.

    Args:
        file: the file.
        fleet: the fleet of the drones.
        drones: their ids; what is stored of others is none of our business.
    """

    def __init__(self, *, file: Path, fleet: str, drones: Sequence[str]) -> None:
        self._file = file
        self._fleet = fleet
        self._drones = list(drones)
        self._marks = ", ".join("?" * len(self._drones))

    def __str__(self) -> str:
        return f"the store {self._file}"

    def read(self) -> Content:
        """See `Store.read`; all of it at one moment."""
        with self._reading() as connection:
            return Content(self._samples(connection), list(self._drops(connection)))

    def known(self) -> list[str]:
        """See `Store.known`."""
        with self._reading() as connection:
            found = connection.execute(
                f"SELECT DISTINCT drone FROM series WHERE drone IN ({self._marks})",  # noqa: S608  # marks only
                self._drones,
            )
            return [drone for (drone,) in found]

    def meet(self) -> None:
        """See `Store.meet`; `known` has told all."""

    def mark(self) -> object:
        """See `Store.mark`."""
        files = (self._file, self._file.with_name(f"{self._file.name}-wal"))
        return list(_states(files))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            uri = f"{self._file.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as connection:
                connection.execute("BEGIN")
                yield connection
        except sqlite3.Error as error:
            raise LabError(f"{self} cannot be read: {error}") from error

    def _samples(self, connection: sqlite3.Connection) -> dict[str, list[Stored]]:
        found: defaultdict[str, list[Stored]] = defaultdict(list)
        for each in stored.COUNTED:
            for drone, _, component, time_us, *values in self._rows(
                connection, each.channel, each.fields
            ):
                if component == stored.AUTOPILOT:
                    found[drone].append(each.stored(time_us, values))
        for drone, _, component, time_us, text, _ in self._rows(
            connection, stored.EVENTS, stored.EVENT_FIELDS
        ):
            if component == stored.AUTOPILOT:
                found[drone] += stored.texts(time_us, text)
        return dict(found)

    def _drops(self, connection: sqlite3.Connection) -> Iterator[Drop]:
        for drone, instance, _, _, _, data in self._rows(
            connection, stored.EVENTS, stored.EVENT_FIELDS
        ):
            yield from stored.drops(drone, instance, data)

    def _rows(
        self, connection: sqlite3.Connection, channel: str, fields: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Drone, instance, component, time and fields of every row of a channel."""
        view = f"v_{channel}"
        exists = connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?", (view,)
        )
        if exists.fetchone() is None:
            return iter(())
        return iter(
            connection.execute(
                f"SELECT drone, instance, component, time_us, {', '.join(fields)} FROM {view}"  # noqa: S608  # names of `stored`
                f" WHERE fleet = ? AND drone IN ({self._marks})",
                (self._fleet, *self._drones),
            )
        )


def _states(files: Sequence[Path]) -> Iterator[tuple[str, int, int]]:
    for file in files:
        try:
            found = file.stat()
        except OSError:
            continue
        yield file.name, found.st_size, found.st_mtime_ns
