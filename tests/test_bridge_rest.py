"""REST of the bridge as a process, over a store whose content is known."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow.parquet
import pytest
from aerostream_cloud.store import Value
from aerostream_contract.channels import CHANNELS
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us, us_from_iso
from support.bridge import Bridge, block, fill
from support.broker import Broker
from support.cloud import until

SECOND = 1_000_000
#: 2026-01-01 UTC.
START = 1_767_225_600 * SECOND
COPTER, ROVER = DroneName("north", "copter-01"), DroneName("south", "rover-02")
NEW = DroneName("north", "new-03")
DRONE = "/api/v1/drones/copter-01"


def at(second: float) -> int:
    return START + round(second * SECOND)


def iso(second: float) -> str:
    return iso_from_us(at(second))


#: 1,000 s of flight every half second, north along a meridian at 11.1 m/s, a pause of 2 h, and
#: 100 s more. The first position has no fix yet.
POSITIONS: dict[int, dict[str, Value]] = {
    at(n / 2): {
        "lat": 0.0 if n == 0 else 47 + n * 0.00005,
        "lon": 0.0 if n == 0 else 8.0,
        "alt": 500.0 + n / 100,
        "relative_alt": n / 100 if n < 1000 else (2000 - n) / 100,
        "hdg": None if n % 7 == 0 else float(n % 360),
    }
    for n in [*range(2000), *range(16_400, 16_600)]
}
SECOND_COMPONENT: dict[int, dict[str, Value]] = {
    at(n / 2): {"lat": -33.0, "lon": 151.0} for n in range(0, 2000, 10)
}
#: Armed from 100 s to 900 s, and again at 8,210 s until the records end.
HEARTBEATS: dict[int, dict[str, Value]] = {
    at(n): {"base_mode": 209 if 100 <= n < 900 or n >= 8210 else 81, "type": 2, "autopilot": 3}
    for n in [*range(1000), *range(8200, 8300)]
}
BATTERY: dict[int, dict[str, Value]] = {
    at(n): {"battery_remaining": 100 - n // 20} for n in range(0, 1000, 5)
}
EVENTS: dict[str, dict[int, dict[str, Value]]] = {
    kind: {at(n): {"severity": severity, "text": f"{kind} {n}", "data": data} for n in times}
    for kind, severity, data, times in (
        ("mode", 5, '{"mode":"AUTO"}', range(0, 1000, 100)),
        ("statustext", 2, "not json", range(50, 1000, 300)),
    )
}


#: The same drone id, imported into fleets that it is not in, before and after its own by name.
ELSEWHERE = [DroneName("east", "copter-01"), DroneName("west", "copter-01")]

FOREIGN: dict[str, dict[str, Value]] = {
    "position": {"lat": 80.0, "lon": 0.5, "alt": 9000.0, "relative_alt": 9000.0},
    "heartbeat": {"base_mode": 209, "type": 2, "autopilot": 3},
    "battery": {"battery_remaining": 1},
    "gps": {"satellites_visible": 5},
}


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    folder = tmp_path_factory.mktemp("bridge")
    (folder / "broker").mkdir()
    broker = Broker(folder / "broker")
    bridge = Bridge(broker.url, folder / "data")
    fill(
        folder / "data",
        [COPTER, ROVER, NEW],
        [
            block(COPTER, "position", POSITIONS),
            block(COPTER, "position", SECOND_COMPONENT, component=100),
            block(COPTER, "heartbeat", HEARTBEATS),
            block(COPTER, "battery", BATTERY),
            *(block(COPTER, "event", rows, instance=kind) for kind, rows in EVENTS.items()),
            block(COPTER, "system_time", {at(0): {"time_unix_usec": (1 << 64) - 1}}),
            block(ROVER, "position", {at(0): {"lat": 1.0, "lon": 2.0}}),
            *(
                block(name, channel, {at(n / 3): values for n in range(3, 9000, 3)})
                for name in ELSEWHERE
                for channel, values in FOREIGN.items()
            ),
        ],
    )
    broker.start()
    try:
        bridge.start()
        until(lambda: bridge.json("/api/v1/drones")["total"] == 3, "the drones")
        yield bridge
    finally:
        bridge.stop()
        broker.stop()


def between(start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"start": iso(start), "end": iso(end), **more}


def problem(answer: Any, status: int, kind: str) -> str:
    """The detail of an answer that must be a problem document."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(answer.content)
    assert found.keys() == {"type", "title", "status", "detail", "errors"}
    assert found["status"] == status
    assert found["type"] == f"urn:aerostream:problem:{kind}"
    detail: str = found["detail"]
    assert all(part["name"] and part["detail"] for part in found["errors"])
    return detail


# ---- Drones --------------------------------------------------------------------------------------


def test_the_fleet_is_listed_by_id_with_its_state(bridge: Bridge) -> None:
    found = bridge.json("/api/v1/drones")
    assert found["total"] == 3
    assert [each["drone"] for each in found["items"]] == ["copter-01", "new-03", "rover-02"]
    first = found["items"][0]
    assert first["fleet"] == "north"
    assert first["presence"] == "unknown"
    assert first["first_seen"] == "2026-01-01T00:00:00.000000Z"
    assert bridge.json(DRONE) == first


@pytest.mark.parametrize(
    ("parameters", "drones", "total"),
    [
        ({"fleet": "north"}, ["copter-01", "new-03"], 2),
        ({"fleet": "nowhere"}, [], 0),
        ({"q": "ROVER"}, ["rover-02"], 1),
        ({"presence": "unknown", "q": "0"}, ["copter-01", "new-03", "rover-02"], 3),
        ({"presence": "online"}, [], 0),
        ({"limit": 1}, ["copter-01"], 3),
        ({"limit": 2, "offset": 2}, ["rover-02"], 3),
        ({"offset": 99}, [], 3),
    ],
)
def test_the_fleet_is_filtered_and_paged(
    bridge: Bridge, parameters: dict[str, Any], drones: list[str], total: int
) -> None:
    found = bridge.json("/api/v1/drones", **parameters)
    assert [each["drone"] for each in found["items"]] == drones
    assert found["total"] == total


def test_what_is_stored_of_a_drone_is_told_with_first_and_last_time(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/channels")
    assert [(each["channel"], each["component"], each["instance"]) for each in found] == [
        ("battery", 1, "0"),
        ("event", 1, "mode"),
        ("event", 1, "statustext"),
        ("heartbeat", 1, "0"),
        ("position", 1, "0"),
        ("position", 100, "0"),
        ("system_time", 1, "0"),
    ]
    assert found[4] == {
        "channel": "position",
        "component": 1,
        "instance": "0",
        "source": "GLOBAL_POSITION_INT",
        "first": iso(0),
        "last": iso(8299.5),
    }
    assert bridge.json("/api/v1/drones/new-03/channels") == []


# ---- Telemetry -----------------------------------------------------------------------------------


def test_samples_come_in_columns_with_their_units(bridge: Bridge) -> None:
    found = bridge.json(
        f"{DRONE}/telemetry", channel="position", fields="hdg,lat", **between(10, 12)
    )
    rows = {time: row for time, row in POSITIONS.items() if at(10) <= time < at(12)}
    assert found == {
        "drone": "copter-01",
        "channel": "position",
        "start": iso(10),
        "end": iso(12),
        "every": None,
        "units": {"hdg": "deg", "lat": "deg"},
        "series": [
            {
                "component": 1,
                "instance": "0",
                "times": [iso_from_us(time) for time in rows],
                "fields": {name: [row[name] for row in rows.values()] for name in ("hdg", "lat")},
            },
            {
                "component": 100,
                "instance": "0",
                "times": [iso(10)],
                "fields": {"hdg": [None], "lat": [-33.0]},
            },
        ],
        "truncated": False,
        "next": None,
        "backlog": [],
    }


@pytest.mark.parametrize("every", [None, "2s", "90s"])
@pytest.mark.parametrize("limit", [1, 2, 7, 500])
def test_pages_follow_each_other_without_gap_and_repetition(
    bridge: Bridge, every: str | None, limit: int
) -> None:
    start, end = (985, 8300) if limit > 2 else (985, 1000)
    asked = {"channel": "position", "fields": "lat", **between(start, end)}
    if every:
        asked["every"] = every
    whole = bridge.json(f"{DRONE}/telemetry", **asked)
    assert whole["next"] is None
    expected = {(each["component"], time) for each in whole["series"] for time in each["times"]}
    seen: list[tuple[int, str]] = []
    pages = 0
    while True:
        page = bridge.json(f"{DRONE}/telemetry", limit=limit, **asked)
        pages += 1
        found = [(each["component"], time) for each in page["series"] for time in each["times"]]
        # A page ends neither within a time, nor, with `every`, within a bucket.
        assert 1 <= len(found) <= max(limit, 2)
        seen += found
        assert page["truncated"] is (page["next"] is not None)
        if page["next"] is None:
            break
        asked["start"] = page["next"]
    assert sorted(seen) == sorted(expected)
    assert pages > 1 or len(expected) <= limit


def test_buckets_are_what_a_naive_computation_makes_of_the_samples(bridge: Bridge) -> None:
    found = bridge.json(
        f"{DRONE}/telemetry",
        channel="position",
        component=1,
        every="7s",
        fields="relative_alt,hdg",
        **between(3.25, 8290),
    )
    buckets: dict[int, list[dict[str, Value]]] = {}
    for time, row in sorted(POSITIONS.items()):
        if at(3.25) <= time < at(8290):
            buckets.setdefault(time - time % (7 * SECOND), []).append(row)
    [series] = found["series"]
    assert series["times"] == [iso_from_us(time) for time in buckets]
    for name in ("relative_alt", "hdg"):
        values = [[row[name] for row in rows if row[name] is not None] for rows in buckets.values()]
        got = series["fields"][name]
        assert got["first"] == [each[0] for each in values]
        assert got["last"] == [each[-1] for each in values]
        assert got["min"] == [min(each) for each in values]  # type: ignore[type-var]
        assert got["max"] == [max(each) for each in values]  # type: ignore[type-var]
        assert got["mean"] == pytest.approx([sum(each) / len(each) for each in values])  # type: ignore[arg-type]


def test_the_default_range_is_the_last_ten_minutes(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/telemetry", channel="position")
    assert found["series"] == []
    length = us_from_iso(found["end"]) - us_from_iso(found["start"])
    assert length == 600 * SECOND
    assert abs(us_from_iso(found["end"]) / SECOND - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize("channel", ["gps", "mav_wind_cov"])
def test_a_channel_that_the_drone_never_sent_is_empty(bridge: Bridge, channel: str) -> None:
    for every in ({}, {"every": "1m"}):
        found = bridge.json(f"{DRONE}/telemetry", channel=channel, start="1970-01-01", **every)
        assert found["series"] == []
        assert not found["truncated"]


def test_large_integers_arrive_whole(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/telemetry", channel="system_time", **between(0, 1))
    assert found["series"][0]["fields"]["time_unix_usec"] == [(1 << 64) - 1]


def test_long_answers_are_compressed_for_those_who_take_that(bridge: Bridge) -> None:
    asked = {"channel": "position", **between(0, 900)}
    answer = bridge.get(f"{DRONE}/telemetry", **asked)
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content) / 3
    assert "content-encoding" not in bridge.get(DRONE).headers


# ---- Track ---------------------------------------------------------------------------------------


def test_a_track_is_a_geojson_feature_of_valid_positions(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/track", **between(0, 3))
    rows = {time: row for time, row in POSITIONS.items() if at(0) < time < at(3)}
    assert found == {
        "type": "Feature",
        "geometry": {
            "type": "LineString",
            "coordinates": [[row["lon"], row["lat"], row["alt"]] for row in rows.values()],
        },
        "properties": {
            "drone": "copter-01",
            "times": [iso_from_us(time) for time in rows],
            "relative_alt": [row["relative_alt"] for row in rows.values()],
        },
        "backlog": [],
    }


@pytest.mark.parametrize("points", [2, 10, 57, 2000])
@pytest.mark.parametrize(("start", "end"), [(0, 1000), (-1e6, 1e6), (300.1, 8250)])
def test_a_track_is_thinned_to_stored_positions(
    bridge: Bridge, points: int, start: float, end: float
) -> None:
    found = bridge.json(f"{DRONE}/track", points=points, **between(start, end))
    times = [us_from_iso(time) for time in found["properties"]["times"]]
    assert times == sorted(set(times))
    assert set(times) <= POSITIONS.keys()
    assert 1 <= len(times) <= points
    inside = sum(start <= (time - START) / SECOND < end for time in POSITIONS)
    # The pause of two hours between the flights does not use the points up.
    assert len(times) >= min(points, inside) / 3


@pytest.mark.parametrize(
    ("drone", "start", "end", "geometry"),
    [
        ("copter-01", 0, 0.4, None),
        ("copter-01", 2000, 3000, None),
        ("new-03", 0, 9000, None),
        ("rover-02", 0, 9000, {"type": "Point", "coordinates": [2.0, 1.0]}),
    ],
)
def test_a_track_of_few_positions_is_a_point_or_nothing(
    bridge: Bridge, drone: str, start: float, end: float, geometry: Any
) -> None:
    found = bridge.json(f"/api/v1/drones/{drone}/track", **between(start, end))
    assert found["geometry"] == geometry


# ---- Events --------------------------------------------------------------------------------------


def test_events_come_oldest_first_with_their_details(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/events", **between(0, 101))
    assert [each["text"] for each in found["items"]] == ["mode 0", "statustext 50", "mode 100"]
    assert found["items"][0] == {
        "drone": "copter-01",
        "time": iso(0),
        "kind": "mode",
        "severity": 5,
        "component": 1,
        "text": "mode 0",
        "data": {"mode": "AUTO"},
    }
    assert found["items"][1]["data"] == {}
    assert (found["truncated"], found["next"]) == (False, None)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"kind": "mode"}, 10),
        ({"kind": "armed"}, 0),
        ({"severity": 2}, 4),
        ({"severity": 1}, 0),
        ({"severity": 5}, 14),
    ],
)
def test_events_are_filtered(bridge: Bridge, asked: dict[str, Any], count: int) -> None:
    assert len(bridge.json(f"{DRONE}/events", **between(0, 1000), **asked)["items"]) == count


@pytest.mark.parametrize("severity", [2, 7])
def test_pages_of_events_follow_each_other(bridge: Bridge, severity: int) -> None:
    asked = between(0, 1000, severity=severity)
    whole = bridge.json(f"{DRONE}/events", **asked)["items"]
    found = []
    while asked["start"] is not None:
        page = bridge.json(f"{DRONE}/events", limit=3, **asked)
        assert len(page["items"]) <= 3
        found += page["items"]
        asked["start"] = page["next"]
    assert found == whole


# ---- Flights -------------------------------------------------------------------------------------


def test_flights_are_from_armed_to_disarmed_newest_first(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/flights", **between(-1000, 10_000))
    assert not found["truncated"]
    second, first = found["items"]
    # 800 s at two steps of 5e-5 degrees a second, with 111,195 m to a degree.
    assert first == {
        "start": iso(100),
        "end": iso(900),
        "ongoing": False,
        "duration_s": 800.0,
        "distance_m": pytest.approx(800 * 2 * 0.00005 * 111_195, rel=0.001),
        "max_relative_alt_m": 10.0,
        "battery_used_percent": 40.0,
        "takeoff": {"lat": POSITIONS[at(100)]["lat"], "lon": 8.0},
    }
    # The records end armed, long ago: the flight ended with its last heartbeat.
    assert (second["start"], second["end"]) == (iso(8210), iso(8299))
    assert not second["ongoing"]
    assert second["battery_used_percent"] is None


@pytest.mark.parametrize(
    ("start", "end", "starts"),
    [
        (0, 100, []),
        (0, 101, [100]),
        (500, 600, [100]),
        (899, 8211, [8210, 100]),
        (901, 8210, []),
    ],
)
def test_flights_that_reach_into_the_range_are_told_whole(
    bridge: Bridge, start: float, end: float, starts: list[int]
) -> None:
    found = bridge.json(f"{DRONE}/flights", **between(start, end))["items"]
    assert [each["start"] for each in found] == [iso(each) for each in starts]
    assert all(each["duration_s"] in (800.0, 89.0) for each in found)


def test_of_many_flights_the_newest_are_told(bridge: Bridge) -> None:
    found = bridge.json(f"{DRONE}/flights", limit=1, **between(0, 10_000))
    assert [each["start"] for each in found["items"]] == [iso(8210)]
    assert found["truncated"]
    assert bridge.json("/api/v1/drones/new-03/flights")["items"] == []


# ---- Export --------------------------------------------------------------------------------------


def telemetry_rows(bridge: Bridge, **asked: Any) -> list[tuple[Any, ...]]:
    """What `telemetry` says, as rows."""
    found = bridge.json(f"{DRONE}/telemetry", limit=100_000, **asked)
    rows = [
        (time, each["component"], each["instance"], *values)
        for each in found["series"]
        for time, *values in zip(each["times"], *each["fields"].values(), strict=True)
    ]
    return sorted(rows)


def test_a_csv_file_holds_what_telemetry_says(bridge: Bridge) -> None:
    asked = between(-1, 9000, channel="position")
    answer = bridge.get(f"{DRONE}/export", **asked)
    assert answer.headers["content-type"].startswith("text/csv")
    name = 'attachment; filename="copter-01_position_2025-12-31T235959Z.csv"'
    assert answer.headers["content-disposition"] == name
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["time", "component", "instance", *CHANNELS["position"].field_names]
    expected = [
        tuple("" if value is None else str(value) for value in row)
        for row in telemetry_rows(bridge, **asked)
    ]
    assert sorted(map(tuple, rows)) == expected
    assert all(one[0] <= other[0] for one, other in pairwise(rows))


def test_a_parquet_file_holds_what_telemetry_says(bridge: Bridge) -> None:
    asked = between(-1, 9000, channel="position", fields="hdg,lat", component=1)
    answer = bridge.get(f"{DRONE}/export", format="parquet", **asked)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert table.schema.names == ["time", "component", "instance", "hdg", "lat"]
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    assert table.schema.field("lat").metadata[b"unit"] == b"deg"
    columns = table.to_pydict()
    columns["time"] = [
        time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        for time in columns["time"]
    ]
    assert list(zip(*columns.values(), strict=True)) == telemetry_rows(bridge, **asked)


@pytest.mark.parametrize(
    ("channel", "types"),
    [
        ("heartbeat", {"base_mode": "int64"}),
        ("event", {"text": "string", "severity": "int64"}),
        ("system_time", {"time_unix_usec": "uint64"}),
        ("mav_wind_cov", {"wind_x": "float", "time_usec": "uint64"}),
    ],
)
def test_parquet_columns_have_the_type_of_their_field(
    bridge: Bridge, channel: str, types: dict[str, str]
) -> None:
    answer = bridge.get(f"{DRONE}/export", channel=channel, format="parquet", **between(0, 9000))
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert {name: str(table.schema.field(name).type) for name in types} == types
    stored = channel != "mav_wind_cov"
    assert (table.num_rows > 0) is stored


# ---- Others --------------------------------------------------------------------------------------


def test_the_channel_table_is_told(bridge: Bridge) -> None:
    found = {each["name"]: each for each in bridge.json("/api/v1/channels")}
    assert found.keys() == CHANNELS.keys()
    position = found["position"]
    assert position["sources"] == ["GLOBAL_POSITION_INT"]
    assert position["stale_after_s"] == CHANNELS["position"].stale_after_s
    assert position["fields"][0] == {
        "name": "lat",
        "unit": "deg",
        "description": "Latitude, WGS 84",
    }


def test_the_page_learns_its_settings(bridge: Bridge) -> None:
    assert bridge.json("/api/v1/page") == {"map_style": None, "version": "0.1.0"}


def test_metrics_count_requests_by_route(bridge: Bridge) -> None:
    bridge.json("/api/v1/drones/rover-02")
    bridge.get("/api/v1/drones/nobody")
    text = bridge.get("/metrics").text
    route = 'route="/api/v1/drones/{drone}"'
    for status in (200, 404):
        labels = f'method="GET",{route},status="{status}"'
        assert f"aerostream_bridge_requests_total{{{labels}}}" in text
    assert f'aerostream_bridge_request_seconds_bucket{{le="0.05",{route}}}' in text
    assert "nobody" not in text


# ---- Bad input -----------------------------------------------------------------------------------

TELEMETRY = f"{DRONE}/telemetry?channel=position"
BAD = [
    (
        "/api/v1/drones/copter-1",
        404,
        "unknown-drone",
        "no drone 'copter-1'; did you mean copter-01",
    ),
    ("/api/v1/drones/NOBODY/flights", 404, "unknown-drone", "'NOBODY'"),
    ("/api/v1/dornes", 404, "not-found", "/api/v1/dornes"),
    ("/api/v2/drones", 404, "not-found", "/api/v2/drones"),
    (f"{DRONE}/telemetry", 422, "invalid-parameter", "channel is required and was not given"),
    (f"{DRONE}/telemetry?channel=", 422, "unknown-channel", "no channel ''"),
    (f"{DRONE}/telemetry?channel=postion", 422, "unknown-channel", "did you mean position"),
    (f"{DRONE}/export?channel=mav_nope", 422, "unknown-channel", "'mav_nope'"),
    (f"{TELEMETRY}&fields=latt", 422, "unknown-field", "no field 'latt'; did you mean lat"),
    (f"{DRONE}/export?channel=gps&fields=x", 422, "unknown-field", "channel gps has no field 'x'"),
    (f"{TELEMETRY}&start=now&end=-1h", 400, "bad-time-range", "is after end"),
    (f"{TELEMETRY}&start=1969-12-31", 400, "bad-time-range", "start is '1969-12-31'"),
    (f"{TELEMETRY}&start=-99999999d", 400, "bad-time-range", "before 1970"),
    (
        f"{TELEMETRY}&start=yesterday",
        422,
        "invalid-parameter",
        "start is 'yesterday', expected ISO",
    ),
    (f"{TELEMETRY}&end=10000-01-01", 422, "invalid-parameter", "end is '10000-01-01'"),
    (f"{TELEMETRY}&start=2026-01-01T00:00:00+01:00", 422, "invalid-parameter", "written %2B"),
    (f"{TELEMETRY}&every=often", 422, "invalid-parameter", "every is 'often', expected a duration"),
    (f"{TELEMETRY}&every=0s", 422, "invalid-parameter", "from 1ms to 366d"),
    (f"{TELEMETRY}&every=400d", 422, "invalid-parameter", "every is '400d'"),
    (f"{TELEMETRY}&limit=0", 422, "invalid-parameter", "limit is '0', expected at least 1"),
    (f"{TELEMETRY}&limit=100001", 422, "invalid-parameter", "expected at most 100000"),
    (f"{TELEMETRY}&limit=few", 422, "invalid-parameter", "limit is 'few', expected a whole number"),
    (f"{TELEMETRY}&component=256", 422, "invalid-parameter", "component is '256'"),
    (f"{TELEMETRY}&feilds=lat", 422, "invalid-parameter", "'feilds' here; did you mean fields"),
    (f"{DRONE}/track?points=1", 422, "invalid-parameter", "points is '1', expected at least 2"),
    (f"{DRONE}/events?severity=8", 422, "invalid-parameter", "severity is '8'"),
    (f"{DRONE}/flights?limit=501", 422, "invalid-parameter", "limit is '501'"),
    (f"{DRONE}/export?channel=gps&format=xls", 422, "invalid-parameter", "'csv' or 'parquet'"),
    ("/api/v1/drones?presence=asleep", 422, "invalid-parameter", "presence is 'asleep'"),
    ("/api/v1/drones?offset=-1", 422, "invalid-parameter", "offset is '-1'"),
    ("/api/v1/page?x=1", 422, "invalid-parameter", "no parameter 'x'"),
    ("/%2e%2e/%2e%2e/pyproject.toml", 404, "not-found", ""),
    ("/docs/..%2f..%2fcore.py", 404, "not-found", ""),
    (f"/api/v1/drones/{'x' * 5000}", 404, "unknown-drone", "…"),
]


@pytest.mark.parametrize(
    ("path", "status", "kind", "words"), BAD, ids=[each[0][:60] for each in BAD]
)
def test_bad_input_is_answered_with_a_problem_that_names_it(
    bridge: Bridge, path: str, status: int, kind: str, words: str
) -> None:
    detail = problem(bridge.get(path), status, kind)
    assert words in detail
    assert len(detail) < 500


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1/drones", DRONE, "/", "/healthz"])
def test_nothing_can_be_changed(bridge: Bridge, method: str, path: str) -> None:
    answer = bridge.send(method, path)
    assert problem(answer, 405, "method-not-allowed").startswith(method)
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/api/v1/drones", "/healthz", "/docs", f"{DRONE}/track"])
def test_head_is_a_get_without_its_body(bridge: Bridge, path: str) -> None:
    head = bridge.send("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == bridge.get(path).headers["content-type"]
