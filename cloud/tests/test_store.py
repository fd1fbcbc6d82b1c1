"""The SQLite store against a model in plain Python: the same rows in, the same answers out."""

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from math import copysign, inf, nan
from pathlib import Path

import pytest
from aerostream_cloud.errors import NotOurStore, QueryTooLong, RowsRejected, StoreUnavailable
from aerostream_cloud.store import (
    Aggregate,
    Run,
    Sample,
    Selection,
    SeriesBlock,
    SeriesKey,
    SeriesSpan,
    TelemetryStore,
    Value,
    Written,
    open_store,
)
from aerostream_cloud.store.sqlite import SqliteStore
from aerostream_contract.channels import CHANNELS, channel_named
from aerostream_contract.errors import ContractError, InvalidSetting
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName
from hypothesis import given, settings
from hypothesis import strategies as st

ATTITUDE = CHANNELS["attitude"]
D1, D2 = DroneName("north", "d1"), DroneName("south", "d2")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield store
    store.close()


def block(
    drone: DroneName = D1,
    channel: str = "attitude",
    component: int = 1,
    instance: str = "0",
    rows: dict[int, list[Value]] | None = None,
) -> SeriesBlock:
    rows = {1_000_000: [0.5] * 6} if rows is None else rows
    columns = [list(column) for column in zip(*rows.values(), strict=True)]
    found = channel_named(channel)
    return SeriesBlock(
        drone,
        DecodedBlock(found, component, instance, list(rows), columns),
    )


def key(written: SeriesBlock) -> SeriesKey:
    each = written.block
    return SeriesKey(
        written.drone.fleet, written.drone.drone, each.channel.name, each.component, each.instance
    )


values = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 1e300, 5e-324]))
blocks = st.builds(
    block,
    drone=st.sampled_from([D1, D2]),
    component=st.sampled_from([1, 100]),
    rows=st.dictionaries(
        st.integers(-30, 30).map(lambda n: n * 250_000 + n % 3),
        st.lists(values, min_size=6, max_size=6),
        min_size=1,
        max_size=12,
    ),
)
Model = dict[SeriesKey, dict[int, tuple[Value, ...]]]


def modelled(batches: list[list[SeriesBlock]]) -> tuple[Model, int]:
    """What must be stored, and how many rows were duplicates: the first of a key stands."""
    model: Model = {}
    duplicates = 0
    for batch in batches:
        for each in batch:
            rows = model.setdefault(key(each), {})
            for time_us, row in zip(
                each.block.times, zip(*each.block.columns, strict=True), strict=True
            ):
                duplicates += time_us in rows
                rows.setdefault(time_us, row)
    return model, duplicates


def summed_up(column: list[Value]) -> Aggregate:
    present = [value for value in column if isinstance(value, int | float)]
    if not present:
        return Aggregate(None, None, None, None, None)
    mean = sum(present) / len(present)
    return Aggregate(present[0], present[-1], min(present), max(present), mean)


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.lists(blocks, max_size=4), max_size=3), again=st.booleans())
def test_whatever_is_written_is_read_back_by_every_way_of_reading(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[SeriesBlock]], again: bool
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 's.sqlite'}")
    batches = batches + batches if again else batches
    model, duplicates = modelled(batches)
    written = [store.write(batch) for batch in batches]
    assert sum(each.stored for each in written) == sum(map(len, model.values()))
    assert sum(each.duplicates for each in written) == duplicates

    fields = ATTITUDE.field_names
    expected = [
        Sample(series, time_us, dict(zip(fields, row, strict=True)))
        for series in sorted(model)
        for time_us, row in sorted(model[series].items())
    ]
    assert list(store.query(Selection(channel="attitude"))) == expected

    assert store.latest(Selection(channel="attitude")) == [
        max(samples, key=lambda each: each.time_us)
        for _, samples in groupby(expected, key=lambda each: each.series)
    ]
    assert [(each.series, each.samples, each.first_us, each.last_us) for each in store.stats()] == [
        (series, len(rows), min(rows), max(rows)) for series, rows in sorted(model.items()) if rows
    ]

    every_us = 1_000_000
    buckets = list(store.query_every(Selection(channel="attitude"), every_us))
    grouped = groupby(expected, key=lambda s: (s.series, s.time_us // every_us * every_us))
    for bucket, ((series, start_us), group) in zip(buckets, grouped, strict=True):
        samples = list(group)
        assert (bucket.series, bucket.start_us, bucket.samples) == (series, start_us, len(samples))
        for name in fields:
            want = summed_up([each.values[name] for each in samples])
            got = bucket.fields[name]
            assert got._replace(mean=None) == want._replace(mean=None)
            if want.mean is None:
                assert got.mean is None
            else:
                assert got.mean == pytest.approx(want.mean, rel=1e-9, abs=1e-9)
    store.close()


@pytest.mark.parametrize(
    ("selection", "times"),
    [
        (Selection(channel="attitude", drone="d1", component=1, start_us=2, end_us=4), [2, 3]),
        (Selection(channel="attitude", start_us=3), [3, 4, 9, 5]),
        (Selection(channel="attitude", drone="d2"), [5]),
        (Selection(channel="attitude", fleet="south", component=1), [5]),
        (Selection(channel="attitude", component=100), [9]),
        (Selection(channel="attitude", fleet="north", component=1, end_us=2), [1]),
        (Selection(channel="attitude", instance="7"), []),
    ],
)
def test_a_selection_narrows_what_is_read(
    store: TelemetryStore, selection: Selection, times: list[int]
) -> None:
    row: list[Value] = [1.0] * 6
    store.write(
        [
            block(rows={1: row, 2: row, 3: row, 4: row}),
            block(D2, rows={5: row}),
            block(component=100, rows={9: row}),
        ]
    )
    assert [sample.time_us for sample in store.query(selection)] == times
    latest = {sample.time_us for sample in store.latest(selection)}
    assert latest == {each for each in times if each in (5, 9) or each == max(set(times) - {5, 9})}


def test_fields_and_limit_narrow_it_further(store: TelemetryStore) -> None:
    store.write([block(rows={n: [float(n)] * 6 for n in range(1, 9)})])
    read = store.query(Selection(channel="attitude"), fields=["yaw", "roll"], limit=2)
    assert [sample.values for sample in read] == [
        {"yaw": 1.0, "roll": 1.0},
        {"yaw": 2.0, "roll": 2.0},
    ]


def test_samples_are_chosen_by_the_greatest_value_of_a_field(store: TelemetryStore) -> None:
    rows: dict[int, list[Value]] = {n: [float(n)] * 6 for n in range(1, 9)}
    store.write([block(rows=rows | {9: [None] * 6})])
    chosen = store.query(Selection(channel="attitude"), fields=["yaw"], at_most=("roll", 2))
    assert [sample.time_us for sample in chosen] == [1, 2]
    with pytest.raises(ContractError, match="attitude has no field 'speed'"):
        list(store.query(Selection(channel="attitude"), at_most=("speed", 2)))
    assert (
        list(store.query(Selection(channel="mav_fence_status"), at_most=("breach_type", 1))) == []
    )


def test_what_does_not_exist_is_named_in_the_error(store: TelemetryStore) -> None:
    with pytest.raises(ContractError, match="'heights' is not in the channel table"):
        list(store.query(Selection(channel="heights")))
    with pytest.raises(ContractError, match="attitude has no field 'speed'"):
        list(store.query(Selection(channel="attitude"), fields=["speed"]))


def test_a_channel_that_nobody_sent_yet_is_empty(store: TelemetryStore) -> None:
    assert list(store.query(Selection(channel="mav_fence_status"))) == []
    assert store.latest(Selection(channel="mav_fence_status")) == []


@pytest.mark.parametrize(
    "value", [0, 1, (1 << 63) - 1, 1 << 63, 9_999_999_999_999_999_999, 10**19, (1 << 64) - 1]
)
def test_unsigned_integers_of_64_bits_survive(store: TelemetryStore, value: int) -> None:
    store.write([block(channel="system_time", rows={5: [value]})])
    [sample] = store.query(Selection(channel="system_time"))
    assert sample.values["time_unix_usec"] == value


def test_unsigned_integers_beyond_sqlite_are_compared_as_numbers(store: TelemetryStore) -> None:
    large = [3, 1 << 63, 10**19, (1 << 64) - 1, 9_999_999_999_999_999_999]
    store.write([block(channel="system_time", rows={n: [v] for n, v in enumerate(large)})])
    [bucket] = store.query_every(Selection(channel="system_time"), 1000)
    found = bucket.fields["time_unix_usec"]
    assert (found.min, found.max) == (3, (1 << 64) - 1)
    assert (found.first, found.last) == (3, 9_999_999_999_999_999_999)


def test_passed_through_floats_keep_every_bit(store: TelemetryStore) -> None:
    names = channel_named("mav_wind_cov").field_names
    row: list[Value] = [7, *[-0.0] * (len(names) - 1)]
    store.write([block(channel="mav_wind_cov", rows={1: row})])
    [sample] = store.query(Selection(channel="mav_wind_cov"))
    assert sample.values[names[0]] == 7
    for name in names[1:]:
        value = sample.values[name]
        assert isinstance(value, float)
        assert copysign(1, value) == -1


def test_nan_is_not_a_value_but_infinity_is_kept(store: TelemetryStore) -> None:
    store.write([block(rows={1: [nan, inf, -inf, None, 0.0, 1.0]})])
    [sample] = store.query(Selection(channel="attitude"))
    assert list(sample.values.values()) == [None, inf, -inf, None, 0.0, 1.0]


def test_a_row_that_cannot_be_stored_undoes_the_whole_write(store: TelemetryStore) -> None:
    good = block(D2)
    with pytest.raises(RowsRejected):
        store.write([good, block(rows={1: [1 << 70, 0, 0, 0, 0, 0]})])
    assert store.stats() == []
    # The series that the failed write made are made again.
    assert store.write([good]) == Written(1, 0)
    assert [each.series.drone for each in store.stats()] == ["d2"]


def test_prune_deletes_what_is_older_in_every_channel(store: TelemetryStore) -> None:
    row: list[Value] = [1.0] * 6
    store.write([block(rows={1: row, 2: row, 3: row})])
    store.write([block(channel="system_time", rows={1: [1], 5: [1]})])
    assert store.prune(3) == 3
    assert {each.series.channel: each.first_us for each in store.stats()} == {
        "attitude": 3,
        "system_time": 5,
    }


def test_a_person_with_sqlite3_reads_names_times_and_values(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{file}")
    store.write([block(rows={-1: [0.5] * 6, 1_767_225_600_123_456: [1.5, None, 0, 0, 0, 0]})])
    reader = sqlite3.connect(file)
    assert reader.execute(
        "SELECT fleet, drone, component, instance, time, roll, pitch FROM v_attitude"
    ).fetchall() == [
        ("north", "d1", 1, "0", "1969-12-31T23:59:59.999999Z", 0.5, 0.5),
        ("north", "d1", 1, "0", "2026-01-01T00:00:00.123456Z", 1.5, None),
    ]
    assert reader.execute("SELECT channel, source FROM series").fetchall() == [
        ("attitude", "ATTITUDE")
    ]
    assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    reader.close()
    store.close()


def test_a_read_only_store_reads_while_another_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    writer = open_store(url)
    reader = open_store(url, read_only=True)
    writer.write([block()])
    assert [each.samples for each in reader.stats()] == [1]
    with pytest.raises(StoreUnavailable, match="readonly"):
        reader.write([block(D2)])
    reader.close()
    writer.close()


def test_a_store_is_opened_again_with_all_that_it_had(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    first = open_store(url)
    first.write([block(), block(channel="mav_wind_cov", rows={1: [1] * 9})])
    first.close()
    second = open_store(url)
    assert second.write([block()]) == Written(0, 1)
    assert [each.series.channel for each in second.stats()] == ["attitude", "mav_wind_cov"]
    second.close()


def test_columns_of_newer_fields_are_added_when_the_store_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{file}")
    store.write([block()])
    store.close()
    older = sqlite3.connect(file)
    older.execute('DROP VIEW "v_attitude"')
    older.execute("ALTER TABLE attitude DROP COLUMN yawspeed")
    older.commit()
    older.close()

    reading = open_store(f"sqlite:///{file}", read_only=True)
    [sample] = reading.query(Selection(channel="attitude"))
    assert "yawspeed" not in sample.values
    reading.close()

    store = open_store(f"sqlite:///{file}")
    store.write([block(rows={2_000_000: [2.0] * 6})])
    read = store.query(Selection(channel="attitude"))
    assert [sample.values["yawspeed"] for sample in read] == [None, 2.0]
    store.close()


def test_other_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be looked at as one " * 20)
    with pytest.raises(NotOurStore, match="is not an SQLite file"):
        open_store(f"sqlite:///{text}")

    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(NotOurStore, match="not a telemetry store"):
        open_store(f"sqlite:///{other}")
    assert other.read_bytes() == before

    newer = tmp_path / "newer.sqlite"
    open_store(f"sqlite:///{newer}").close()
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NotOurStore, match="has schema 99"):
        open_store(f"sqlite:///{newer}")


@pytest.mark.parametrize("url", ["influxdb://o:secret@h:1/b", "postgresql://x", "sqlite:///", "x"])
def test_other_urls_are_refused_without_showing_a_secret(url: str) -> None:
    with pytest.raises(InvalidSetting, match="expected sqlite:///path") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_a_missing_store_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_store(f"sqlite:///{tmp_path / 'none.sqlite'}", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_commits_are_on_the_disk_when_they_return(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    connection = store._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def written(file: Path) -> int:
    """Rows that somebody who opens the file now finds."""
    reader = SqliteStore(file, read_only=True)
    try:
        return sum(each.samples for each in reader.stats())
    finally:
        reader.close()


def test_a_deleted_file_takes_no_rows_until_it_is_back(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = SqliteStore(file)
    store.write([block(rows={1: [0.5] * 6})])
    file.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="was deleted while in use"):
            store.write([block(rows={2: [0.5] * 6})])
    assert not file.exists()
    (tmp_path / "away").rename(file)
    assert store.write([block(rows={2: [0.5] * 6})]) == Written(1, 0)
    assert written(file) == 2
    store.close()


@pytest.mark.parametrize("logs_go", [True, False])
@pytest.mark.parametrize("moved", [True, False])
def test_rows_go_to_the_file_that_lies_there_and_not_to_one_that_was_replaced(
    tmp_path: Path, moved: bool, logs_go: bool
) -> None:
    file, other = tmp_path / "store.sqlite", tmp_path / "other.sqlite"
    made = SqliteStore(other)
    made.write([block(rows={7: [0.5] * 6})])
    made.close()
    store = SqliteStore(file)
    store.write([block(rows={1: [0.5] * 6})])
    if moved:
        file.rename(tmp_path / "away.sqlite")
    other.rename(file)
    if logs_go:
        (tmp_path / "store.sqlite-wal").unlink()
        (tmp_path / "store.sqlite-shm").unlink()
    # Series and tables of the file before mean nothing in this one.
    assert store.write([block(D2, rows={2: [0.5] * 6})]) == Written(1, 0)
    assert written(file) == 2
    store.close()
    assert written(file) == 2
    checked = sqlite3.connect(file)
    assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    checked.close()
    if moved:
        assert written(tmp_path / "away.sqlite") == 1


def test_a_file_that_is_replaced_by_something_else_is_refused_and_never_written(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store.sqlite"
    store = SqliteStore(file)
    store.write([block()])
    (tmp_path / "text").write_text("no database " * 100)
    (tmp_path / "text").rename(file)
    for _ in range(2):
        with pytest.raises(NotOurStore):
            store.write([block(D2)])
    assert file.read_text() == "no database " * 100
    store.close()


def test_nothing_is_lost_when_only_the_log_is_deleted(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = SqliteStore(file)
    store.write([block(rows={1: [0.5] * 6})])
    (tmp_path / "store.sqlite-wal").unlink()
    store.write([block(rows={2: [0.5] * 6})])
    assert written(file) == 2
    store.close()
    assert written(file) == 2


def test_a_commit_into_a_file_that_went_away_meanwhile_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"

    class Meanwhile(SqliteStore):
        def _roll_back(self) -> None:
            raise AssertionError("the commit itself worked")

        def _check_in_place(self) -> None:
            file.rename(tmp_path / "away")
            super()._check_in_place()

    store = Meanwhile(file)
    with pytest.raises(StoreUnavailable, match="was replaced while in use"):
        store.write([block()])
    store.close()


# ---- What the bridge reads -----------------------------------------------------------------------

HEARTBEAT = CHANNELS["heartbeat"]


def heartbeats(rows: dict[int, int | None]) -> SeriesBlock:
    """Heartbeats at these times with this base_mode."""
    place = HEARTBEAT.field_names.index("base_mode")
    cells: dict[int, list[Value]] = {}
    for time_us, mode in rows.items():
        cells[time_us] = [0] * len(HEARTBEAT.fields)
        cells[time_us][place] = mode
    return block(channel="heartbeat", rows=cells)


def modelled_runs(rows: dict[int, int | None], threshold: int, gap_us: int) -> list[Run]:
    found: list[Run] = []
    for time_us, value in sorted(rows.items()):
        if value is None:
            continue
        above = value >= threshold
        if found and found[-1].above == above and time_us - found[-1].last_us <= gap_us:
            found[-1] = found[-1]._replace(last_us=time_us)
        else:
            found.append(Run(above, time_us, time_us))
    return found


@settings(max_examples=60, deadline=None)
@given(
    rows=st.dictionaries(
        st.integers(-20, 40), st.one_of(st.none(), st.sampled_from([0, 81, 127, 128, 209]))
    ),
    start=st.integers(-25, 40),
    length=st.integers(0, 60),
    gap=st.integers(1, 12),
)
def test_runs_and_buckets_that_reach_a_threshold_are_those_of_a_simple_model(
    tmp_path_factory: pytest.TempPathFactory,
    rows: dict[int, int | None],
    start: int,
    length: int,
    gap: int,
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('s') / 's.sqlite'}")
    try:
        written = heartbeats(rows)
        store.write([written, block(channel="heartbeat", component=7, rows={0: [255] * 6})])
        found = list(store.runs(key(written), start, start + length, "base_mode", 128, gap))
        reached = store.reaching(key(written), start, start + length, gap, "base_mode", 128)
    finally:
        store.close()
    inside = {time: mode for time, mode in rows.items() if start <= time < start + length}
    assert found == modelled_runs(inside, 128, gap)
    high = {time for time, mode in inside.items() if mode is not None and mode >= 128}
    assert reached == sorted({time // gap * gap for time in high})


@settings(max_examples=60, deadline=None)
@given(
    times=st.sets(st.integers(-40, 60), max_size=40),
    start=st.integers(-45, 60),
    length=st.integers(0, 100),
    every=st.integers(1, 30),
    limit=st.one_of(st.none(), st.integers(0, 5)),
)
def test_thinned_samples_are_the_first_of_each_bucket(
    tmp_path_factory: pytest.TempPathFactory,
    times: set[int],
    start: int,
    length: int,
    every: int,
    limit: int | None,
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('s') / 's.sqlite'}")
    try:
        written = block(rows={time: [float(time)] * 6 for time in times})
        store.write([written, block(D2)])
        found = store.thin(key(written), start, start + length, every, fields=["yaw"], limit=limit)
        given = [(each.series, each.time_us, each.values) for each in found]
    finally:
        store.close()
    inside = sorted(time for time in times if start <= time < start + length)
    firsts = [next(group) for _, group in groupby(inside, key=lambda time: time // every)]
    expected = [(key(written), time, {"yaw": float(time)}) for time in firsts]
    assert given == expected[:limit]


def test_spans_tell_from_when_to_when_each_series_of_a_drone_is_stored(
    store: TelemetryStore,
) -> None:
    here, there = block(rows={5: [0.0] * 6, 9: [1.0] * 6, 7: [2.0] * 6}), block(component=100)
    beat = heartbeats({3: 81})
    store.write([here, there, beat, block(D2)])
    assert store.spans("d1") == [
        SeriesSpan(key(here), "ATTITUDE", 5, 9),
        SeriesSpan(key(there), "ATTITUDE", 1_000_000, 1_000_000),
        SeriesSpan(key(beat), "HEARTBEAT", 3, 3),
    ]
    assert [each.series for each in store.spans("d1", "heartbeat")] == [key(beat)]
    assert [each.series.fleet for each in store.spans("d2")] == ["south"]
    assert store.spans("d3") == store.spans("d1", "mav_wind_cov") == []
    with pytest.raises(ContractError, match="'nope'"):
        store.spans("d1", "nope")


def test_a_series_that_does_not_exist_has_no_samples_and_no_runs(store: TelemetryStore) -> None:
    nowhere = SeriesKey("north", "d9", "heartbeat", 1, "0")
    assert list(store.thin(nowhere, 0, 10, 1)) == []
    assert list(store.runs(nowhere, 0, 10, "base_mode", 128, 1)) == []
    assert list(store.runs(nowhere._replace(channel="mav_wind_cov"), 0, 9, "wind_x", 1, 1)) == []


def test_a_question_that_takes_too_long_is_given_up_and_the_next_one_is_answered(
    store: TelemetryStore,
) -> None:
    written = block(rows={time: [0.5] * 6 for time in range(50_000)})
    store.write([written])
    every = Selection(channel="attitude")
    store.limit_time(0.0)
    with pytest.raises(QueryTooLong):
        list(store.query_every(every, 1000))
    store.limit_time(60.0)
    assert len(list(store.query_every(every, 1000))) == 50
    store.limit_time(None)
    assert len(list(store.query(every))) == 50_000
