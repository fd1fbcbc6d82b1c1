"""A fleet of thousands over REST: the live part of the bridge does not wait for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from aerostream_cloud.bridge.api.drones import drone_routes
from aerostream_cloud.bridge.faults import handle_faults
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import DroneState
from aerostream_cloud.bridge.problems import did_you_mean
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_contract.names import DroneName
from fastapi import FastAPI

DRONES = 5000


class CountingFleet(Fleet):
    """Counts the states that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def drones(self) -> list[DroneState]:
        found = super().drones()
        self.made += len(found)
        return found

    def drone(self, drone: str) -> DroneState | None:
        self.made += 1
        return super().drone(drone)


@pytest.fixture
def fleet() -> CountingFleet:
    fleet = CountingFleet()
    names = [DroneName("n", f"copter-{number:04}") for number in range(DRONES)]
    fleet.register([(name, number) for number, name in enumerate(names)], now_us=0)
    return fleet


@pytest.fixture
async def client(fleet: CountingFleet, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    handle_faults(app, structlog.get_logger())
    reader = StoreReader(url=f"sqlite:///{tmp_path / 'none.sqlite'}")
    app.include_router(drone_routes(fleet=fleet, reader=reader))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as made:
        yield made
    reader.close()


async def test_only_the_drones_of_the_page_are_looked_at(
    client: httpx.AsyncClient, fleet: CountingFleet
) -> None:
    found = (await client.get("/drones", params={"limit": 3, "offset": 4000})).json()
    assert [each["drone"] for each in found["items"]] == [f"copter-{n}" for n in (4000, 4001, 4002)]
    assert found["total"] == DRONES
    assert fleet.made == 3


async def test_an_unknown_drone_costs_no_look_at_the_others(
    client: httpx.AsyncClient, fleet: CountingFleet
) -> None:
    answer = await client.get("/drones/copter-41717")
    assert answer.status_code == 404
    assert "copter-4171" in answer.json()["detail"]
    assert fleet.made == 1


async def test_a_search_through_all_drones_lets_others_have_their_turn(
    client: httpx.AsyncClient,
) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    found = (await client.get("/drones", params={"q": "R-0042", "presence": "unknown"})).json()
    task.cancel()
    assert [each["drone"] for each in found["items"]] == ["copter-0042"]
    assert found["total"] == 1
    assert turns > DRONES // 100


def test_hints_are_quick_among_very_many_names() -> None:
    names = [f"copter-{number:06}" for number in range(50_000)]
    started = time.thread_time()
    assert "copter-012345" in did_you_mean("copter-12345", ["copter-012345"])
    assert "copter-049999" in did_you_mean("copter-0499999", reversed(names))
    assert did_you_mean("c" * 100_000, names) == ""
    assert time.thread_time() - started < 0.3
