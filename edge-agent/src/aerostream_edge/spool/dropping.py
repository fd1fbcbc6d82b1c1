"""Giving items up, inside the transaction of whoever needs it, and counting what went."""

import sqlite3
from collections.abc import Sequence

from aerostream_contract.times import EARLIEST_US, LATEST_US
from msgspec import convert

from aerostream_edge.spool import tables
from aerostream_edge.spool.item import Drop, Kind
from aerostream_edge.spool.restamp import Restamp, moved_by

#: Rows that are looked at from the oldest on when the too old are looked for.
_OLDEST_ROWS = 16_384
_MOST_ASIDE = 200
_EXPENDABLE = (Kind.TELEMETRY, Kind.EVENT, Kind.REPORT)

_Row = tuple[int, Kind, int, int, int]


def delete(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Delete the items of a range of numbers."""
    connection.execute("DELETE FROM items WHERE number BETWEEN ? AND ?", (first, last))
    connection.execute("DELETE FROM payloads WHERE number BETWEEN ? AND ?", (first, last))
    blocks = (first >> tables.BLOCK_BITS, last >> tables.BLOCK_BITS)
    connection.execute("DELETE FROM full_blocks WHERE block BETWEEN ? AND ?", blocks)


def drop_least(
    connection: sqlite3.Connection, most: int, restamps: Sequence[Restamp]
) -> Drop | None:
    """Drop the oldest of the least important kind that there is; None: there is nothing."""
    for kind in _EXPENDABLE:
        rows = connection.execute(
            "SELECT number, kind, samples, from_us, to_us FROM items WHERE kind = ?"
            " ORDER BY number LIMIT ?",
            (int(kind), most),
        ).fetchall()
        if rows:
            return _dropped(connection, "full", rows, restamps)
    return None


def drop_older(
    connection: sqlite3.Connection, limit_us: int, restamps: Sequence[Restamp]
) -> list[Drop]:
    """Drop what ends before a time, as far as its times are certain."""
    (lowest,) = connection.execute("SELECT min(number) FROM items").fetchone()
    # What the host's clock alone has stamped may look older than it is: the last run that began
    # before an item must have been told the time before it.
    rows = connection.execute(
        "SELECT number, kind, samples, from_us, to_us FROM items WHERE number < ? AND to_us < ?"
        " AND number >= coalesce((SELECT coalesce(told, 1 << 53) FROM runs"
        " WHERE first <= number ORDER BY first DESC LIMIT 1), 0) AND kind != ?",
        ((lowest or 0) + _OLDEST_ROWS, limit_us, int(Kind.LOSS)),
    ).fetchall()
    return [_dropped(connection, "age", rows, restamps)] if rows else []


def set_aside(
    connection: sqlite3.Connection, numbers: Sequence[int], restamps: Sequence[Restamp]
) -> list[Drop]:
    """Drop what the cloud never took; the newest of it stays for a person to look at."""
    rows: list[_Row] = []
    for number in numbers:
        row = connection.execute(
            "SELECT number, kind, samples, from_us, to_us FROM items WHERE number = ?", (number,)
        ).fetchone()
        if row is not None:
            rows.append(row)
            connection.execute(
                "INSERT OR REPLACE INTO aside SELECT number, kind, payload FROM items"
                " JOIN payloads USING (number) WHERE number = ?",
                (number,),
            )
    if not rows:
        return []
    connection.execute(
        "DELETE FROM aside WHERE number <="
        " (SELECT number FROM aside ORDER BY number DESC LIMIT 1 OFFSET ?)",
        (_MOST_ASIDE,),
    )
    return [_dropped(connection, "refused", rows, restamps)]


def note_drops(
    connection: sqlite3.Connection, drops: Sequence[Drop], reported: Sequence[Drop] = ()
) -> None:
    """Count drops until an event that reports them is kept; forget those that one reports."""
    for drop in reported:
        connection.execute(
            "UPDATE drops SET frames = frames - ?, events = events - ?, samples = samples - ?"
            " WHERE reason = ?",
            (drop.frames, drop.events, drop.samples, drop.reason),
        )
    if reported:
        connection.execute("DELETE FROM drops WHERE frames <= 0")
    for drop in drops:
        connection.execute(
            "INSERT INTO drops VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (reason) DO UPDATE SET"
            " frames = frames + excluded.frames, events = events + excluded.events,"
            " samples = samples + excluded.samples,"
            " from_us = min(from_us, excluded.from_us), to_us = max(to_us, excluded.to_us)",
            (drop.reason, drop.frames, drop.events, drop.samples, drop.from_us, drop.to_us),
        )


def _dropped(
    connection: sqlite3.Connection,
    reason: str,
    rows: Sequence[_Row],
    restamps: Sequence[Restamp],
) -> Drop:
    drop = Drop(reason, 0, 0, 0, LATEST_US, EARLIEST_US)
    for number, kind, samples, from_us, to_us in convert(rows, list[_Row]):
        delete(connection, number, number)
        by_us = moved_by(restamps, number)
        drop.numbers.append(number)
        drop.frames += 1
        drop.events += kind is not Kind.TELEMETRY
        drop.samples += samples
        drop.from_us = min(drop.from_us, from_us + by_us)
        drop.to_us = max(drop.to_us, to_us + by_us)
    return drop
