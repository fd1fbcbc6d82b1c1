"""Reading samples from the SQLite tables: the SQL and what it becomes."""

# Names in these statements come from the channel table, values are bound.
# ruff: noqa: S608

import sqlite3
from collections.abc import Collection, Iterator, Sequence

from aerostream_contract.channels import Channel, ColumnKind, Field
from aerostream_contract.errors import ContractError

from aerostream_cloud.store.port import (
    Aggregate,
    Bucket,
    Run,
    Sample,
    Selection,
    SeriesKey,
    SeriesSpan,
    SeriesStats,
    Value,
)
from aerostream_cloud.store.tables import ChannelTable, quoted

_KEY = "s.fleet, s.drone, s.channel, s.component, s.instance"
_KEY_SIZE = 5


def chosen_fields(channel: Channel, names: Sequence[str] | None) -> list[Field]:
    """The named fields, or all.

    Raises:
        ContractError: the channel has no such field.
    """
    if names is None:
        return list(channel.fields)
    for name in names:
        if name not in channel.field_by_name:
            raise ContractError(f"channel {channel.name} has no field {name!r}")
    return [channel.field_by_name[name] for name in names]


def has_table(connection: sqlite3.Connection, channel: Channel) -> bool:
    """Whether the file has a table of the channel."""
    found = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (channel.name,)
    )
    return found.fetchone() is not None


def samples(
    connection: sqlite3.Connection,
    selection: Selection,
    fields: Sequence[Field],
    limit: int | None,
    at_most: tuple[Field, int] | None,
) -> Iterator[Sample]:
    """Samples by series, then time."""
    fields = _present(connection, selection.channel, fields)
    columns = "".join(f", t.{quoted(field.name)}" for field in fields)
    where, values = _where(selection)
    if at_most is not None:
        if not _present(connection, selection.channel, at_most[:1]):
            return
        where += f" AND t.{quoted(at_most[0].name)} <= ?"
        values.append(at_most[1])
    rows = connection.execute(
        f"SELECT {_KEY}, t.time_us{columns} FROM series AS s"
        f" JOIN {quoted(selection.channel)} AS t ON t.series = s.id WHERE {where}"
        f" ORDER BY {_KEY}, t.time_us LIMIT ?",
        (*values, -1 if limit is None else limit),
    )
    for row in rows:
        yield _sample(row, fields)


def latest(
    connection: sqlite3.Connection, selection: Selection, channel: Channel
) -> Iterator[Sample]:
    """The newest sample of each series."""
    fields = _present(connection, selection.channel, channel.fields)
    columns = "".join(f", t.{quoted(field.name)}" for field in fields)
    where, values = _where(selection)
    times = "".join(
        f" AND time_us {comparison} ?"
        for comparison, bound in ((">=", selection.start_us), ("<", selection.end_us))
        if bound is not None
    )
    bounds = [each for each in (selection.start_us, selection.end_us) if each is not None]
    table = quoted(selection.channel)
    rows = connection.execute(
        f"SELECT {_KEY}, t.time_us{columns} FROM series AS s JOIN {table} AS t"
        f" ON t.series = s.id AND t.time_us ="
        f" (SELECT max(time_us) FROM {table} WHERE series = s.id{times})"
        f" WHERE {where} ORDER BY {_KEY}",
        (*bounds, *values),
    )
    for row in rows:
        yield _sample(row, fields)


def buckets(
    connection: sqlite3.Connection,
    selection: Selection,
    fields: Sequence[Field],
    every_us: int,
) -> Iterator[Bucket]:
    """First, last, min, max and mean of each field over buckets of time.

    The inner statement sums up each bucket and finds the times of each field's first and last
    value; the outer one looks these two up by the primary key.
    """
    fields = _present(connection, selection.channel, fields)
    table = quoted(selection.channel)
    where, values = _where(selection)
    inner, outer = "", ""
    for number, field in enumerate(fields):
        name = quoted(field.name)
        column = _comparable(field)
        mean = "NULL" if field.kind is ColumnKind.TEXT else f"avg(t.{name})"
        present = f"FILTER (WHERE t.{name} IS NOT NULL)"
        inner += (
            f", min(t.time_us) {present} AS f{number}, max(t.time_us) {present} AS l{number}"
            f", min({column}) AS a{number}, max({column}) AS z{number}, {mean} AS m{number}"
        )
        for edge in (f"f{number}", f"l{number}"):
            outer += f", (SELECT {name} FROM {table} WHERE series = b.id AND time_us = b.{edge})"
        outer += f", b.a{number}, b.z{number}, b.m{number}"
    start = "t.time_us - ((t.time_us % :every) + :every) % :every"
    rows = connection.execute(
        f"WITH b AS (SELECT s.id, {_KEY}, {start} AS start, count(*) AS samples{inner}"
        f" FROM series AS s JOIN {table} AS t ON t.series = s.id WHERE {where}"
        f" GROUP BY s.id, start)"
        f" SELECT fleet, drone, channel, component, instance, start, samples{outer}"
        f" FROM b ORDER BY fleet, drone, channel, component, instance, start".replace(
            ":every", str(int(every_us))
        ),
        values,
    )
    for row in rows:
        found = iter(row[_KEY_SIZE + 2 :])
        yield Bucket(
            SeriesKey(*row[:_KEY_SIZE]),
            row[_KEY_SIZE],
            row[_KEY_SIZE + 1],
            {
                field.name: Aggregate(
                    first=_value(field, next(found)),
                    last=_value(field, next(found)),
                    min=_value(field, next(found)),
                    max=_value(field, next(found)),
                    mean=next(found),
                )
                for field in fields
            },
        )


def thinned(
    connection: sqlite3.Connection,
    series: SeriesKey,
    start_us: int,
    end_us: int,
    every_us: int,
    fields: Sequence[Field],
    limit: int | None,
) -> Iterator[Sample]:
    """The first sample of each bucket.

    Hops through the primary key, from one bucket's first sample to the next one's, instead of
    reading all that is between them.
    """
    found = _series_id(connection, series)
    if found is None:
        return
    fields = _present(connection, series.channel, fields)
    table = quoted(series.channel)
    columns = "".join(f", t.{quoted(field.name)}" for field in fields)
    first = f"SELECT min(time_us) FROM {table} WHERE series = :series AND time_us < :end AND "
    # SQLite's % has the dividend's sign, so a bucket's start is found as in `buckets`.
    next_bucket = "p.at - ((p.at % :every) + :every) % :every + :every"
    rows = connection.execute(
        f"WITH RECURSIVE p(at) AS ({first} time_us >= :start"
        f" UNION ALL SELECT ({first} time_us >= {next_bucket}) FROM p WHERE p.at IS NOT NULL)"
        f" SELECT t.time_us{columns} FROM p CROSS JOIN {table} AS t"
        f" ON t.series = :series AND t.time_us = p.at LIMIT :limit",
        {
            "series": found,
            "start": start_us,
            "end": end_us,
            "every": every_us,
            "limit": -1 if limit is None else limit,
        },
    )
    for row in rows:
        yield _sample((*series, *row), fields)


def runs(
    connection: sqlite3.Connection,
    series: SeriesKey,
    start_us: int,
    end_us: int,
    field: Field,
    threshold: int,
    gap_us: int,
) -> Iterator[Run]:
    """Stretches on one side of a threshold: SQLite finds where they begin, in one pass."""
    found = _series_id(connection, series)
    if found is None or not _present(connection, series.channel, [field]):
        return
    table, name = quoted(series.channel), quoted(field.name)
    rows = connection.execute(
        f"WITH near AS (SELECT time_us, {name} >= :threshold AS above,"
        f" lag(time_us) OVER side AS before, lag({name} >= :threshold) OVER side AS was"
        f" FROM {table} WHERE series = :series AND time_us >= :start AND time_us < :end"
        f" AND {name} IS NOT NULL WINDOW side AS (ORDER BY time_us))"
        f" SELECT time_us, above, before FROM near"
        f" WHERE before IS NULL OR above <> was OR time_us - before > :gap"
        # The last row tells where the last stretch ends; out of `near` it would cost a second pass.
        f" UNION ALL SELECT NULL, NULL, (SELECT time_us FROM {table} WHERE series = :series"
        f" AND time_us >= :start AND time_us < :end AND {name} IS NOT NULL"
        f" ORDER BY time_us DESC LIMIT 1)",
        {
            "series": found,
            "start": start_us,
            "end": end_us,
            "threshold": threshold,
            "gap": gap_us,
        },
    )
    begun: tuple[int, int] | None = None
    for time_us, above, before_us in rows:
        if begun is not None:
            yield Run(bool(begun[1]), begun[0], before_us)
        begun = (time_us, above)


def reaching(
    connection: sqlite3.Connection,
    series: SeriesKey,
    start_us: int,
    end_us: int,
    every_us: int,
    field: Field,
    threshold: int,
) -> Iterator[int]:
    """Starts of the buckets in which a field reaches a threshold."""
    found = _series_id(connection, series)
    if found is None or not _present(connection, series.channel, [field]):
        return
    rows = connection.execute(
        f"SELECT DISTINCT time_us - ((time_us % :every) + :every) % :every"
        f" FROM {quoted(series.channel)} WHERE series = :series"
        f" AND time_us >= :start AND time_us < :end AND {quoted(field.name)} >= :threshold",
        {
            "series": found,
            "start": start_us,
            "end": end_us,
            "every": every_us,
            "threshold": threshold,
        },
    )
    for (bucket_us,) in rows:
        yield bucket_us


def spans(
    connection: sqlite3.Connection, drone: str, channel: str | None, tables: Collection[str]
) -> Iterator[SeriesSpan]:
    """First and last time of each series of a drone that has samples.

    A drone's fleet is not asked for: the statement tries each fleet there is, by the index.
    """
    narrowed = "" if channel is None else " AND s.channel = :channel"
    rows = connection.execute(
        f"WITH RECURSIVE fleets(name) AS (SELECT min(fleet) FROM series UNION ALL"
        f" SELECT (SELECT min(fleet) FROM series WHERE fleet > name) FROM fleets"
        f" WHERE name IS NOT NULL)"
        f" SELECT s.id, s.source, {_KEY} FROM fleets CROSS JOIN series AS s"
        f" ON s.fleet = fleets.name AND s.drone = :drone{narrowed}",
        {"drone": drone, "channel": channel},
    ).fetchall()
    for series_id, source, *parts in rows:
        key: SeriesKey = SeriesKey._make(parts)
        if key.channel not in tables:
            continue
        table = quoted(key.channel)
        ends = connection.execute(
            f"SELECT (SELECT min(time_us) FROM {table} WHERE series = :series),"
            f" (SELECT max(time_us) FROM {table} WHERE series = :series)",
            {"series": series_id},
        ).fetchone()
        if ends[0] is not None:
            yield SeriesSpan(key, source, *ends)


def stats(connection: sqlite3.Connection, channel: Channel) -> Iterator[SeriesStats]:
    """Count, first and last time of each series of a channel."""
    rows = connection.execute(
        f"SELECT {_KEY}, s.source, c.samples, c.first, c.last FROM series AS s JOIN"
        f" (SELECT series, count(*) AS samples, min(time_us) AS first, max(time_us) AS last"
        f" FROM {ChannelTable(channel).name} GROUP BY series) AS c ON c.series = s.id"
    )
    for row in rows:
        yield SeriesStats(SeriesKey(*row[:_KEY_SIZE]), *row[_KEY_SIZE:])


def _series_id(connection: sqlite3.Connection, series: SeriesKey) -> int | None:
    found = connection.execute(
        "SELECT id FROM series WHERE fleet = ? AND drone = ? AND channel = ?"
        " AND component = ? AND instance = ?",
        series,
    ).fetchone()
    return None if found is None else int(found[0])


def _present(connection: sqlite3.Connection, channel: str, fields: Sequence[Field]) -> list[Field]:
    """Fields that the table has; an older program's file lacks the newest."""
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({quoted(channel)})")}
    return [field for field in fields if field.name in columns]


def _where(selection: Selection) -> tuple[str, list[Value]]:
    conditions = {
        "s.channel = ?": selection.channel,
        "s.fleet = ?": selection.fleet,
        "s.drone = ?": selection.drone,
        "s.component = ?": selection.component,
        "s.instance = ?": selection.instance,
        "t.time_us >= ?": selection.start_us,
        "t.time_us < ?": selection.end_us,
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    return " AND ".join(given), list(given.values())


def _comparable(field: Field) -> str:
    """The column, such that min and max order it as numbers.

    Integers above 63 bits are text (see `tables.storable`); with 20 digits each, texts
    order as numbers do, and after all integers.
    """
    name = f"t.{quoted(field.name)}"
    if field.kind is ColumnKind.UINT64:
        return f"CASE typeof({name}) WHEN 'text' THEN substr('0' || {name}, -20) ELSE {name} END"
    return name


def _sample(row: tuple[Value, ...], fields: Sequence[Field]) -> Sample:
    key: SeriesKey = SeriesKey._make(row[:_KEY_SIZE])
    time_us = row[_KEY_SIZE]
    assert isinstance(time_us, int)  # declared INTEGER NOT NULL
    return Sample(
        key,
        time_us,
        {
            field.name: _value(field, value)
            for field, value in zip(fields, row[_KEY_SIZE + 1 :], strict=True)
        },
    )


def _value(field: Field, stored: Value) -> Value:
    return int(stored) if field.kind is ColumnKind.UINT64 and isinstance(stored, str) else stored
