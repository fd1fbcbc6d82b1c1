"""Telemetry over REST: what one answer holds is bounded, and the next page tells the rest."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from aerostream_cloud.bridge.api.telemetry import telemetry_routes
from aerostream_cloud.bridge.faults import handle_faults
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import SeriesBlock, open_store
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock
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
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    url = f"sqlite:///{tmp_path / 's.sqlite'}"
    store = open_store(url)
    columns: list[list[float | int | str | None]] = [[1] * len(TIMES)] * len(BATTERY.fields)
    store.write([SeriesBlock(DRONE, DecodedBlock(BATTERY, 1, "0", TIMES, columns))])
    store.close()
    fleet = Fleet()
    fleet.register([(DRONE, 0)], now_us=0)
    reader = StoreReader(url=url)
    app = FastAPI()
    handle_faults(app, structlog.get_logger())
    app.include_router(telemetry_routes(fleet=fleet, reader=reader, most_values=MOST_VALUES))
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
