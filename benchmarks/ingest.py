"""What a sample costs ingest, from MQTT to committed in SQLite.

200 drones send frames of 5 rows of a channel of 20 fields, each field wandering at random, each
row a new key. One publisher sends all of them, with QoS 1, as fast as ingest confirms: never more
frames are on the way than the broker holds. Counted is the processor time of the ingest process
alone, all its threads; what it spends on the JSON mirror and on `dn/ack` is in it.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

from aerostream_contract import models
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from aerostream_contract.names import DroneName
from aerostream_contract.topics import DN_ACK, ROOT, UP_TEL, drone_topic
from aerostream_sim.ports import free_port
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.measure import MeasureError, Report, Result, cpu_s
from benchmarks.processes import broker, ingest
from benchmarks.wire import Message, Publisher

COMMAND = "uv run python -m benchmarks ingest"
DRONES = 200
ROWS = 5
WARM_UP_FRAMES = 30
"""Per drone; registers it and fills caches."""
FRAMES = 600
"""Per drone, counted."""
CHANNEL = "rc"
"""The named channel with exactly 20 fields."""

_FLEET = "bench"
_EPOCH = 1
_START_US = 1_767_225_600_000_000
_ROW_US = 200_000
_STEPS = 50
_SEED = 1
#: Ingest confirms a drone's frames after 64 of them or 0.8 s; this is well more than that time's.
_MOST_UNCONFIRMED = 20_000
_BATCH_SECONDS = "aerostream_ingest_batch_seconds"


def run() -> Report:
    """Measure; some 40 seconds, most of them to make the frames.

    Raises:
        MeasureError: not everything was stored.
    """
    messages = list(_messages())
    warm_up = DRONES * WARM_UP_FRAMES
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(broker(folder))
        metrics_port = free_port()
        process = stack.enter_context(ingest(folder, port, metrics_port=str(metrics_port)))
        confirmations = _Confirmations()
        publisher = stack.enter_context(Publisher(port, "fleet", confirmations.receive))
        publisher.subscribe(f"{ROOT}/{_FLEET}/+/{DN_ACK}")
        _publish(publisher, confirmations, messages[:warm_up])
        before_s, buckets = cpu_s(process.pid), _batch_buckets(metrics_port)
        started_s = time.monotonic()
        _publish(publisher, confirmations, messages[warm_up:])
        elapsed_s = time.monotonic() - started_s
        used_s = cpu_s(process.pid) - before_s
        commit_s = _median(buckets, _batch_buckets(metrics_port))
        stored = _stored(folder / "telemetry.sqlite")
    if stored != len(messages) * ROWS:
        raise MeasureError(f"{stored} samples are stored of {len(messages) * ROWS}")
    return _report((len(messages) - warm_up), used_s, elapsed_s, commit_s)


class _Confirmations:
    """Counts the frames that `dn/ack` confirms."""

    def __init__(self) -> None:
        self.count = 0

    def receive(self, _topic: str, payload: bytes) -> None:
        ack = models.decode(payload, models.Ack)
        self.count += sum(last - first + 1 for first, last in ack.ranges)


def _publish(
    publisher: Publisher, confirmations: _Confirmations, messages: Sequence[Message]
) -> None:
    """Publish and wait until all of it is confirmed as stored."""
    total = publisher.sent + len(messages)
    publisher.send(
        messages,
        room=lambda sent: sent - confirmations.count < _MOST_UNCONFIRMED,
        done=lambda: confirmations.count >= total,
    )


def _messages() -> Iterator[Message]:
    """Frames of all drones in turn, as a fleet sends them."""
    rnd = random.Random(_SEED)
    fields = len(CHANNELS[CHANNEL].fields)
    names = [DroneName(_FLEET, f"drone-{index}") for index in range(DRONES)]
    topics = [drone_topic(name, UP_TEL).encode() for name in names]
    cells = [[rnd.randrange(1000, 2000) for _ in range(fields)] for _ in names]
    for number in range(WARM_UP_FRAMES + FRAMES):
        for index, topic in enumerate(topics):
            yield Message(topic, _frame(number, cells[index], rnd))


def _frame(number: int, cells: list[int], rnd: random.Random) -> bytes:
    """A frame of rows that follow the last ones; moves `cells` on."""
    rows = SeriesRows(CHANNELS[CHANNEL], "0")
    for row in range(ROWS):
        for place in range(len(cells)):
            cells[place] += int(rnd.random() * 2 * _STEPS) - _STEPS
        rows.rows.append(((number * ROWS + row) * _ROW_US, list(cells)))
    return encode_frame(_EPOCH, number, [Section(1, 1, Clock.BOOT, _START_US, [rows])])


def _stored(store: Path) -> int:
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        count: int = connection.execute(f"SELECT count(*) FROM {CHANNEL}").fetchone()[0]
    finally:
        connection.close()
    return count


def _batch_buckets(metrics_port: int) -> dict[float, float]:
    """Batches by the time that they took at most, from ingest's own metrics."""
    with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{_BATCH_SECONDS}_bucket"
    }


def _median(before: dict[float, float], after: dict[float, float]) -> float:
    """Median of the batches between two readings, evenly spread inside its bucket."""
    counts = {limit: after[limit] - before[limit] for limit in sorted(after)}
    half = counts[float("inf")] / 2
    lower, below = 0.0, 0.0
    for limit, count in counts.items():
        if count >= half > below:
            return lower + (min(limit, 2 * lower) - lower) * (half - below) / (count - below)
        lower, below = limit, count
    raise MeasureError("ingest wrote no batch")


def _report(frames: int, used_s: float, elapsed_s: float, commit_s: float) -> Report:
    samples = frames * ROWS
    result = Result(
        "ingest_samples_per_core_second",
        "Ingest: samples per second and core, MQTT to committed in SQLite",
        round(samples / used_s),
        "samples/s",
        ">=",
        60_000,
        COMMAND,
    )
    header = (
        "Samples", "Messages", "CPU s", "µs/message", "Wall-clock s", "Messages/s", "Samples/s",
        "Batch p50",
    )  # fmt: skip
    row = (
        f"{samples:,}",
        f"{frames:,}",
        f"{used_s:.2f}",
        f"{used_s / frames * 1e6:.0f}",
        f"{elapsed_s:.2f}",
        f"{frames / elapsed_s:,.0f}",
        f"{samples / elapsed_s:,.0f}",
        f"{commit_s * 1000:.0f} ms",
    )
    return Report([result], header, [row])
