"""What WebSocket clients cost the bridge, and what one that does not read does to the others.

The fleet publishes a frame per drone and second; all clients have the page's subscription of the
whole fleet. For the stalled client the subscription is of all channels, so that more waits for
it. Rounds with and without it follow each other in one run.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aerostream_sim.ports import free_port

from benchmarks.latency import Ages
from benchmarks.measure import MeasureError, Report, Result, cpu_s, percentile, resident_mb
from benchmarks.metrics import metric
from benchmarks.processes import Running, bridge, broker, fleet_frames, ingest
from benchmarks.websocket import Reader, for_seconds, read

COMMAND = "uv run python -m benchmarks readers"
FLEETS = (100, 500)
CLIENTS = (0, 1, 20, 100)
READERS = 20
TARGET_RATIO = 1.2
TARGET_QUEUE_KB = 1000.0
TARGET_CLOSED_S = 15.0
"""Ten seconds without reading, and the time before that in which buffers fill."""

_SETTLE_S = 3.0
_MEASURE_S = 10.0
_SEEN_S = 30.0
_ROUNDS = 5
_STALLED_LONGEST_S = 40.0
_POLL_S = 0.5
#: Readers whose messages are understood; the others only read, or this process would be the
#: slowest part.
_WATCHED = 4
_SMALL_BUFFER_BYTES = 4096
_CLOSED = "aerostream_bridge_websocket_closed_total"
_STALLED_CODE = "4008"
_QUEUE = "aerostream_bridge_websocket_longest_queue_bytes"


@dataclass(frozen=True, slots=True)
class _Cost:
    """What the bridge used with so many clients."""

    drones: int
    clients: int
    cores: float
    memory_mb: float
    ages: Ages


@dataclass(frozen=True, slots=True)
class _Stall:
    """What a client that does not read did."""

    without: Sequence[Sequence[int]]
    """The ages that the others saw, in microseconds, per round."""
    with_it: Sequence[Sequence[int]]
    queue_kb: float
    closed_s: Sequence[float]
    """From its subscription to its end, per round."""

    @property
    def ratio(self) -> float:
        """p99 of the others with it, by p99 without it."""
        return _typical_ms(self.with_it, 99) / _typical_ms(self.without, 99)


def run() -> Report:
    """Measure; some four minutes.

    Raises:
        MeasureError: the bridge closes clients that read, or keeps one that does not.
    """
    costs = []
    for drones in FLEETS:
        with _bridge(drones) as (port, process):
            costs += [_cost(port, process, drones, clients) for clients in CLIENTS]
    with _bridge(FLEETS[-1]) as (port, _):
        stall = _stall(port)
    return _report(costs, stall)


@contextmanager
def _bridge(drones: int) -> Iterator[tuple[int, Running]]:
    """A bridge that knows the whole fleet; its port and process."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        broker_port = stack.enter_context(broker(folder))
        port = free_port()
        stack.enter_context(ingest(folder, broker_port))
        process = stack.enter_context(bridge(folder, broker_port, port))
        fleet = stack.enter_context(fleet_frames(folder, broker_port, drones))
        deadline = for_seconds(_SEEN_S)
        ages = Ages()

        def all_seen() -> bool:
            fleet.check()
            if deadline():
                raise MeasureError(f"{len(ages.drones)} of {drones} drones are seen")
            return len(ages.drones) == drones

        with _subscribed(port) as reader:
            read([reader], ages.take, until=all_seen)
        yield port, process


@contextmanager
def _subscribed(
    port: int, *, channels: Sequence[str] | None = None, receive_buffer_bytes: int | None = None
) -> Iterator[Reader]:
    """A client with a subscription of the whole fleet, the map's channels if not told otherwise."""
    with Reader(port, receive_buffer_bytes=receive_buffer_bytes) as reader:
        chosen = {} if channels is None else {"channels": channels}
        reader.send(type="subscribe", subscription="fleet", **chosen)
        yield reader


def _cost(port: int, process: Running, drones: int, clients: int) -> _Cost:
    with ExitStack() as stack:
        readers = [stack.enter_context(_subscribed(port)) for _ in range(clients)]
        ages = Ages()
        _read(readers, ages, for_seconds(_SETTLE_S))
        ages.clear()
        before_s, started_s = cpu_s(process.pid), time.monotonic()
        _read(readers, ages, for_seconds(_MEASURE_S))
        cores = (cpu_s(process.pid) - before_s) / (time.monotonic() - started_s)
        return _Cost(drones, clients, cores, resident_mb(process.pid), ages)


def _read(readers: Sequence[Reader], ages: Ages, until: Callable[[], bool]) -> None:
    if readers:
        watched = set(readers[:_WATCHED])

        def take(reader: Reader, text: bytes, now_us: int) -> None:
            if reader in watched:
                ages.take(reader, text, now_us)

        read(readers, take, until=until)
    while not until():
        time.sleep(0.05)


def _stall(port: int) -> _Stall:
    without, with_it, closed_s = [], [], []
    with ExitStack() as stack:
        readers = [stack.enter_context(_subscribed(port, channels=["*"])) for _ in range(READERS)]
        ages = Ages()
        _read(readers, ages, for_seconds(_SETTLE_S))
        for _ in range(_ROUNDS):
            ages.clear()
            # The same questions to the bridge as below, so that nothing else differs.
            _read(readers, ages, _either(for_seconds(_MEASURE_S), _Closings(port)))
            without.append(list(ages.us))
            ages.clear()
            closings = _Closings(port)
            stalled = _subscribed(port, channels=["*"], receive_buffer_bytes=_SMALL_BUFFER_BYTES)
            with stalled:
                started_s = time.monotonic()
                _read(readers, ages, _either(for_seconds(_STALLED_LONGEST_S), closings))
                if not closings.happened:
                    raise MeasureError(f"who does not read is kept for {_STALLED_LONGEST_S:g} s")
                closed_s.append(time.monotonic() - started_s)
            with_it.append(list(ages.us))
    return _Stall(without, with_it, metric(port, _QUEUE) / 1000, closed_s)


def _typical_ms(rounds: Sequence[Sequence[int]], percent: float) -> float:
    """The median of the rounds' percentiles: one disturbed round does not decide."""
    return median(percentile(each, percent) for each in rounds) / 1000


class _Closings:
    """Asks the bridge now and then whether it has cut off another client."""

    def __init__(self, port: int) -> None:
        self.happened = False
        self._port = port
        self._before = self._count()
        self._next_s = 0.0

    def __call__(self) -> bool:
        if not self.happened and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _POLL_S
            self.happened = self._count() > self._before
        return self.happened

    def _count(self) -> float:
        return metric(self._port, _CLOSED, code=_STALLED_CODE)


def _either(*conditions: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: any(condition() for condition in conditions)


def _report(costs: Sequence[_Cost], stall: _Stall) -> Report:
    results = [
        *(_per_client(costs, drones) for drones in FLEETS),
        Result(
            "readers_stalled_p99_ratio",
            f"One of {READERS} WebSocket readers stalled: the others' p99 against that without it",
            round(stall.ratio, 3),
            "ratio",
            "<=",
            TARGET_RATIO,
            COMMAND,
        ),
        Result(
            "readers_stalled_queue_kb",
            "The stalled reader's queue in the bridge, largest",
            round(stall.queue_kb, 1),
            "kB",
            "<=",
            TARGET_QUEUE_KB,
            COMMAND,
        ),
        Result(
            "readers_stalled_closed_s",
            "The stalled reader's end after its subscription, latest",
            round(max(stall.closed_s), 1),
            "s",
            "<=",
            TARGET_CLOSED_S,
            COMMAND,
        ),
    ]
    header = ("Drones", "Clients", "Bridge cores", "ms/s and client", "Memory MB", "p50 / p99 ms")
    idle = {cost.drones: cost.cores for cost in costs if not cost.clients}
    rows = [
        (
            str(cost.drones),
            str(cost.clients),
            f"{cost.cores:.3f}",
            f"{(cost.cores - idle[cost.drones]) / cost.clients * 1000:.2f}" if cost.clients else "",
            f"{cost.memory_mb:.1f}",
            f"{cost.ages.ms(50):.0f} / {cost.ages.ms(99):.0f}" if cost.clients else "",
        )
        for cost in costs
    ]
    p50_ms, p99_ms = (
        tuple(f"{_typical_ms(rounds, percent):.0f}" for rounds in (stall.without, stall.with_it))
        for percent in (50, 99)
    )
    note = (
        f"The stalled reader: {READERS} others, {FLEETS[-1]} drones, all channels, the median of "
        f"{_ROUNDS} rounds each. Their p99 is {p99_ms[0]} ms without it and {p99_ms[1]} ms with "
        f"it, p50 {p50_ms[0]} and {p50_ms[1]} ms. It was cut off after "
        f"{', '.join(f'{seconds:.1f}' for seconds in stall.closed_s)} s."
    )
    return Report(results, header, rows, note)


def _per_client(costs: Sequence[_Cost], drones: int) -> Result:
    """What the last hundred clients cost, each."""
    own = [cost for cost in costs if cost.drones == drones]
    most, idle = max(own, key=_clients), min(own, key=_clients)
    return Result(
        f"readers_{drones}_drones_cpu_ms_per_client",
        f"Bridge: CPU per second and WebSocket client, {drones} drones, {most.clients} clients",
        round((most.cores - idle.cores) / most.clients * 1000, 2),
        "ms",
        "<=",
        None,
        COMMAND,
    )


def _clients(cost: _Cost) -> int:
    return cost.clients
