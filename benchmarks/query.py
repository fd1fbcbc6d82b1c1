"""How long the bridge takes to read history out of a store of 100 drones over 24 hours.

Real requests over HTTP on one connection, one after the other, of a drone chosen at random each.
The answer is read to its end, not parsed. Everything is warm except where it says cold: there
the store's pages are put out of the machine's memory before each request.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from aerostream_contract.times import iso_from_us
from aerostream_sim.ports import free_port

from benchmarks.day_store import DRONES, HOURS, DayStore, day_store
from benchmarks.measure import MeasureError, Report, Result, cpu_s, percentile
from benchmarks.processes import bridge, broker

COMMAND = "uv run python -m benchmarks query"
TARGET_MS = 50.0

_SEED = 1
_WARM_UP = 100
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class _Question:
    """A request about one drone, asked so many times."""

    what: str
    leaf: str
    parameters: dict[str, str]
    times: int
    cold: bool = False


@dataclass(frozen=True, slots=True)
class _Answered:
    """How long the answers to a question took."""

    question: _Question
    took_s: Sequence[float]
    cpu_s: float
    """Processor time of the bridge, all answers together."""
    size: int
    """Of the largest answer, in bytes."""

    def ms(self, percent: float) -> float:
        """A percentile in milliseconds."""
        return percentile(self.took_s, percent) * 1000


def run() -> Report:
    """Measure; some 30 seconds, and three minutes more the first time.

    Raises:
        MeasureError: an answer is not what it should be.
    """
    store = day_store()
    with tempfile.TemporaryDirectory() as name:
        logs = Path(name)
        port = free_port()
        with (
            broker(logs) as broker_port,
            bridge(store.folder, broker_port, port, logs=logs) as process,
        ):
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            ask = _Asker(connection, store, process.pid)
            questions = _questions(store)
            ask.answers(questions[0], _WARM_UP)
            answered = [ask.answers(question, question.times) for question in questions]
            connection.close()
    return _report(store, answered)


def _questions(store: DayStore) -> list[_Question]:
    end = iso_from_us(store.end_us)
    ten_minutes = {"start": iso_from_us(store.end_us - 10 * _MINUTE_US), "end": end}
    day = {"start": iso_from_us(store.start_us), "end": end}
    position = {"channel": "position"}
    return [
        _Question("position, 10 min", "telemetry", position | ten_minutes, 500),
        _Question("position, 10 min, cold", "telemetry", position | ten_minutes, 100, cold=True),
        _Question("battery, 10 min", "telemetry", {"channel": "battery"} | ten_minutes, 300),
        _Question("position, 24 h by minute", "telemetry", position | day | {"every": "1m"}, 15),
        _Question("track, 10 min", "track", ten_minutes, 100),
        _Question("track, 24 h, 2,000 points", "track", day, 15),
        _Question("flights, 24 h", "flights", day, 10),
    ]


class _Asker:
    """Asks the bridge about drones at random."""

    def __init__(self, connection: HTTPConnection, store: DayStore, pid: int) -> None:
        self._connection = connection
        self._store = store
        self._pid = pid
        self._rnd = random.Random(_SEED)

    def answers(self, question: _Question, times: int) -> _Answered:
        """Ask it so many times."""
        forget = _forgetter(self._store.file) if question.cold else _nothing
        took_s = []
        largest = 0
        before_s = cpu_s(self._pid)
        for _ in range(times):
            drone = self._rnd.choice(self._store.drones)
            url = f"/api/v1/drones/{drone}/{question.leaf}?{urlencode(question.parameters)}"
            forget()
            started_s = time.perf_counter()
            self._connection.request("GET", url)
            answer = self._connection.getresponse()
            body = answer.read()
            took_s.append(time.perf_counter() - started_s)
            if answer.status != HTTPStatus.OK:
                raise MeasureError(f"{url}: {answer.status} {body[:200]!r}")
            largest = max(largest, len(body))
        return _Answered(question, took_s, cpu_s(self._pid) - before_s, largest)


def _forgetter(file: Path) -> Callable[[], None]:
    """Puts a file's pages out of the machine's memory, as if nobody had read it for long."""

    def forget() -> None:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)

    return forget


def _nothing() -> None:
    pass


def _report(store: DayStore, answered: Sequence[_Answered]) -> Report:
    result = Result(
        "query_last_ten_minutes_p99_ms",
        f"The last ten minutes of one drone out of {DRONES} drones × {HOURS} h, p99",
        round(answered[0].ms(99), 1),
        "ms",
        "<=",
        TARGET_MS,
        COMMAND,
    )
    header = ("Request", "Requests", "p50 ms", "p99 ms", "Longest ms", "CPU ms", "Answer kB")
    rows = [
        (
            each.question.what,
            f"{len(each.took_s)}",
            f"{each.ms(50):.1f}",
            f"{each.ms(99):.1f}",
            f"{each.ms(100):.1f}",
            f"{each.cpu_s / len(each.took_s) * 1000:.1f}",
            f"{each.size / 1000:.1f}",
        )
        for each in answered
    ]
    size_gb = store.file.stat().st_size / 1e9
    note = (
        f"The store has {store.samples:,} samples in {size_gb:.1f} GB. "
        f"It took {store.built_s:.0f} s to write."
    )
    return Report([result], header, rows, note)
