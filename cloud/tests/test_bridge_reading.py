"""Reading the store in threads: what is slow, busy, missing or broken is said, and gets better."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aerostream_cloud.bridge import reading
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.errors import StoreUnavailable
from aerostream_cloud.store import Selection, SeriesBlock, TelemetryStore, open_store
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName

ATTITUDE = CHANNELS["attitude"]
ROWS = 50_000


def fill(file: Path) -> None:
    store = open_store(f"sqlite:///{file}")
    columns: list[list[float | int | str | None]] = [[0.5] * ROWS] * len(ATTITUDE.fields)
    block = DecodedBlock(ATTITUDE, 1, "0", list(range(ROWS)), columns)
    store.write([SeriesBlock(DroneName("n", "d"), block)])
    store.close()


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[StoreReader]:
    reader = StoreReader(url=f"sqlite:///{tmp_path / 's.sqlite'}", longest_query_s=0.0)
    yield reader
    reader.close()


def count(store: TelemetryStore) -> int:
    return len(store.spans("d"))


def slow(store: TelemetryStore) -> int:
    return len(list(store.query_every(Selection(channel="attitude"), 7)))


async def test_a_slow_question_is_a_problem_and_the_next_one_is_answered(
    reader: StoreReader, tmp_path: Path
) -> None:
    fill(tmp_path / "s.sqlite")
    for _ in range(reading.THREADS + 1):
        with pytest.raises(ApiProblem, match="longer than 0 s") as given:
            await reader.run(slow)
        assert given.value.kind is ProblemKind.TOO_SLOW
    assert await reader.run(count) == 1


async def test_a_missing_store_is_opened_once_it_is_there(
    reader: StoreReader, tmp_path: Path
) -> None:
    for _ in range(2 * reading.THREADS):
        with pytest.raises(StoreUnavailable, match="does not exist"):
            await reader.run(count)
    fill(tmp_path / "s.sqlite")
    assert await reader.run(count) == 1


async def test_more_questions_than_threads_wait_and_are_all_answered(
    reader: StoreReader, tmp_path: Path
) -> None:
    fill(tmp_path / "s.sqlite")
    names = set()

    def work(store: TelemetryStore) -> int:
        names.add(threading.current_thread().name)
        return count(store)

    assert await asyncio.gather(*(reader.run(work) for _ in range(50))) == [1] * 50
    assert 1 <= len(names) <= reading.THREADS


async def test_when_all_threads_are_busy_for_too_long_it_is_said(
    tmp_path: Path,
) -> None:
    fill(tmp_path / "s.sqlite")
    reader = StoreReader(url=f"sqlite:///{tmp_path / 's.sqlite'}", longest_wait_s=0.05)
    release = threading.Event()

    def held(store: TelemetryStore) -> int:
        release.wait(60)
        return count(store)

    tasks = [asyncio.create_task(reader.run(held)) for _ in range(reading.THREADS)]
    try:
        await asyncio.sleep(0)
        with pytest.raises(ApiProblem, match="busy"):
            await reader.run(count)
    finally:
        release.set()
    assert await asyncio.gather(*tasks) == [1] * reading.THREADS
    assert await reader.run(count) == 1
    reader.close()


async def test_closing_does_not_wait_for_a_long_question(tmp_path: Path) -> None:
    fill(tmp_path / "s.sqlite")
    reader = StoreReader(url=f"sqlite:///{tmp_path / 's.sqlite'}", longest_query_s=60)
    begun = threading.Event()

    def endless(store: TelemetryStore) -> int:
        while True:
            begun.set()
            slow(store)

    task = asyncio.create_task(reader.run(endless))
    await asyncio.to_thread(begun.wait, 60)
    started = time.monotonic()
    await asyncio.to_thread(reader.close)
    assert time.monotonic() - started < 20
    with pytest.raises(ApiProblem):
        await task


async def test_a_request_that_is_cancelled_gives_its_thread_back(
    reader: StoreReader, tmp_path: Path
) -> None:
    fill(tmp_path / "s.sqlite")
    for _ in range(3 * reading.THREADS):
        task = asyncio.create_task(reader.run(count))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await reader.run(count) == 1
