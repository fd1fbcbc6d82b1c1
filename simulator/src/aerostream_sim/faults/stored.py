"""What is stored: the other side of the comparison, read from the SQLite store's file."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from aerostream_contract.times import us_from_iso

from aerostream_sim.errors import LabError
from aerostream_sim.faults.ledger import TEXT_PREFIX, Kind, sequence_of

_BUSY_S = 30.0
_LAT_PER_DEGREE = 10_000_000
_AUTOPILOT = 1
#: Of a text that no vehicle said.
NO_SEQUENCE = -1


class Stored(NamedTuple):
    """A sample in the store."""

    kind: Kind
    sequence: int
    time_us: int
    """UTC that it is stored under."""


class Drop(NamedTuple):
    """An agent's report of what it dropped."""

    drone: str
    from_us: int
    to_us: int
    """UTC of the oldest and the newest of it."""
    samples: int
    events: int
    reason: str


class Content(NamedTuple):
    """All that is stored of a fleet."""

    samples: dict[str, list[Stored]]
    """By drone, every row."""
    drops: list[Drop]


def read_store(file: Path, fleet: str) -> Content:
    """Read everything that is stored of a fleet's autopilots, at one moment.

    Raises:
        LabError: the file cannot be read.
    """
    try:
        with closing(
            sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
        ) as connection:
            connection.execute("BEGIN")
            return Content(_samples(connection, fleet), list(_drops(connection, fleet)))
    except sqlite3.Error as error:
        raise LabError(f"the store {file} cannot be read: {error}") from error


def _samples(connection: sqlite3.Connection, fleet: str) -> dict[str, list[Stored]]:
    found: defaultdict[str, list[Stored]] = defaultdict(list)
    for drone, time_us, mode in _rows(connection, fleet, "heartbeat", "custom_mode"):
        found[drone].append(Stored(Kind.HEARTBEAT, mode, time_us))
    for drone, time_us, unix_us in _rows(connection, fleet, "system_time", "time_unix_usec"):
        found[drone].append(Stored(Kind.SYSTEM_TIME, int(unix_us), time_us))
    for drone, time_us, lat in _rows(connection, fleet, "position", "lat"):
        found[drone].append(Stored(Kind.POSITION, round(lat * _LAT_PER_DEGREE), time_us))
    for drone, time_us, roll, pitch in _rows(connection, fleet, "attitude", "roll, pitch"):
        found[drone].append(Stored(Kind.ATTITUDE, sequence_of(roll, pitch), time_us))
    for drone, time_us, value in _rows(connection, fleet, "mav_named_value_int", "value"):
        found[drone].append(Stored(Kind.NAMED_VALUE, value, time_us))
    for drone, time_us, text in _rows(connection, fleet, "event", "text"):
        if text.startswith(TEXT_PREFIX):
            count = text.removeprefix(TEXT_PREFIX)
            sequence = int(count) if count.isdecimal() else NO_SEQUENCE
            found[drone].append(Stored(Kind.TEXT, sequence, time_us))
    return dict(found)


def _drops(connection: sqlite3.Connection, fleet: str) -> Iterator[Drop]:
    if not _has(connection, "event"):
        return
    rows = connection.execute(
        "SELECT drone, data FROM v_event WHERE fleet = ? AND instance = 'dropped'", (fleet,)
    )
    for drone, text in rows:
        data = json.loads(text)
        if "from" in data and "to" in data:
            yield Drop(
                drone,
                us_from_iso(data["from"]),
                us_from_iso(data["to"]),
                int(data.get("samples", 0)),
                int(data.get("events", 0)),
                str(data.get("reason", "")),
            )


def _rows(
    connection: sqlite3.Connection, fleet: str, channel: str, columns: str
) -> Iterator[tuple[Any, ...]]:
    """Drone, time and columns of every row of the autopilots in a channel."""
    if not _has(connection, channel):
        return iter(())
    return iter(
        connection.execute(
            f"SELECT drone, time_us, {columns} FROM v_{channel}"  # noqa: S608  # names from above
            " WHERE fleet = ? AND component = ?",
            (fleet, _AUTOPILOT),
        )
    )


def _has(connection: sqlite3.Connection, channel: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?", (f"v_{channel}",)
    )
    return found.fetchone() is not None
