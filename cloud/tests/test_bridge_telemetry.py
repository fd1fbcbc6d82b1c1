"""Telemetry over REST: answers are bounded, and say what of the history is still to come."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from aerostream_cloud.bridge.api.events import event_routes
from aerostream_cloud.bridge.api.flights import flight_routes
from aerostream_cloud.bridge.api.telemetry import telemetry_routes
from aerostream_cloud.bridge.api.tracks import track_routes
from aerostream_cloud.bridge.faults import handle_faults
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import SeriesBlock, open_store
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.models import Backlog, State
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from fastapi import FastAPI

DRONE = DroneName("n", "d")
BATTERY = CHANNELS["battery"]
SECOND = 1_000_000
TIMES = [second * SECOND for second in range(60)]
#: Room for four samples of all fields.
MOST_VALUES = 4 * len(BATTERY.fields) + 3


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
async def client(tmp_path: Path, fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    url = f"sqlite:///{tmp_path / 's.sqlite'}"
    store = open_store(url)
    columns: list[list[float | int | str | None]] = [[1] * len(TIMES)] * len(BATTERY.fields)
    store.write([SeriesBlock(DRONE, DecodedBlock(BATTERY, 1, "0", TIMES, columns))])
    store.close()
    fleet.register([(DRONE, 0)], now_us=0)
    reader = StoreReader(url=url)
    app = FastAPI()
    handle_faults(app, structlog.get_logger())
    app.include_router(telemetry_routes(fleet=fleet, reader=reader, most_values=MOST_VALUES))
    app.include_router(track_routes(fleet=fleet, reader=reader))
    app.include_router(event_routes(fleet=fleet, reader=reader))
    app.include_router(flight_routes(fleet=fleet, reader=reader))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as made:
        yield made
    reader.close()


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({}, 4),
        ({"limit": 3}, 3),
        ({"fields": "current_battery"}, len(TIMES)),
        ({"fields": "current_battery,battery_remaining", "every": "1s"}, 10),
        ({"every": "1s"}, 1),
    ],
)
async def test_an_answer_has_no_more_values_than_fit(
    client: httpx.AsyncClient, asked: dict[str, str | int], rows: int
) -> None:
    seen: list[str] = []
    start: str | None = "1970-01-01"
    while start is not None:
        parameters = {"channel": "battery", "limit": 100_000, **asked, "start": start}
        found = (await client.get("/drones/d/telemetry", params=parameters)).json()
        times = found["series"][0]["times"]
        assert len(times) == min(rows, len(TIMES) - len(seen))
        assert found["truncated"] is (found["next"] is not None)
        seen += times
        start = found["next"]
    assert seen == [iso_from_us(time_us) for time_us in TIMES]


#: Stretches that an agent has still to send, in seconds.
WAITING = ((10, 20), (30, 30))


@pytest.mark.parametrize(
    ("start", "end", "named"),
    [
        (0, 60, [0, 1]),
        (0, 10, []),
        (0, 11, [0]),
        (15, 16, [0]),
        (20, 30, [0]),
        (21, 30, []),
        (25, 31, [1]),
        (31, 60, []),
    ],
)
@pytest.mark.parametrize(
    "path", ["telemetry?channel=battery", "telemetry?channel=battery&every=1s", "track", "events"]
)
async def test_an_answer_names_the_stretches_of_its_range_that_are_still_arriving(
    client: httpx.AsyncClient, fleet: Fleet, path: str, start: int, end: int, named: list[int]
) -> None:
    waiting = [Backlog(low * SECOND, high * SECOND, 4) for low, high in WAITING]
    fleet.apply_state(DRONE, State(iso_from_us(0), backlog=waiting), now_us=0)
    times = {"start": iso_from_us(start * SECOND), "end": iso_from_us(end * SECOND)}
    url = httpx.URL(f"/drones/d/{path}").copy_merge_params(times)
    expected = [
        {"from": iso_from_us(low * SECOND), "to": iso_from_us(high * SECOND), "frames": 4}
        for low, high in (WAITING[index] for index in named)
    ]
    assert (await client.get(url)).json()["backlog"] == expected
    fleet.apply_state(DRONE, State(iso_from_us(1)), now_us=1)
    assert (await client.get(url)).json()["backlog"] == []


async def test_a_list_of_flights_names_what_may_make_it_longer(
    client: httpx.AsyncClient, fleet: Fleet
) -> None:
    waiting = [Backlog(10 * SECOND, 20 * SECOND, 4)]
    fleet.apply_state(DRONE, State(iso_from_us(0), backlog=waiting), now_us=0)
    [stretch] = (await client.get("/drones/d/flights", params={"start": "1970-01-01"})).json()[
        "backlog"
    ]
    assert stretch["from"] == iso_from_us(10 * SECOND)


async def test_few_severe_events_are_found_quickly_among_very_many(
    tmp_path: Path, fleet: Fleet
) -> None:
    event = CHANNELS["event"]
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    store = open_store(url)
    times = list(range(40_000))
    severities: list[float | int | str | None] = [6] * len(times)
    # Two that happened at the same time stay together.
    severities[39_000] = severities[39_500] = 2
    nothing: list[float | int | str | None] = [None] * len(times)
    columns = [severities if name == "severity" else nothing for name in event.field_names]
    other: list[list[float | int | str | None]] = [
        [2] if name == "severity" else [None] for name in event.field_names
    ]
    store.write(
        [
            SeriesBlock(DRONE, DecodedBlock(event, 1, "mode", times, columns)),
            SeriesBlock(DRONE, DecodedBlock(event, 1, "failsafe", [39_500], other)),
        ]
    )
    store.close()
    fleet.register([(DRONE, 0)], now_us=0)
    reader = StoreReader(url=url, longest_query_s=1.0)
    app = FastAPI()
    handle_faults(app, structlog.get_logger())
    app.include_router(event_routes(fleet=fleet, reader=reader))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
        asked = {"start": "1970-01-01", "severity": "5", "limit": "1"}
        first = (await client.get("/drones/d/events", params=asked)).json()
        assert [each["time"] for each in first["items"]] == [iso_from_us(39_000)]
        assert first["next"] == iso_from_us(39_500)
        both = (
            await client.get("/drones/d/events", params=asked | {"start": first["next"]})
        ).json()
        assert sorted(each["kind"] for each in both["items"]) == ["failsafe", "mode"]
        assert (both["truncated"], both["next"]) == (False, None)
    reader.close()
