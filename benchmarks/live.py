"""How old a sample is when a WebSocket client has it, from the vehicle's packet on.

10, 100 and 500 drones on this machine, everything included: vehicles that send MAVLink over UDP, an
agent of the product for each, Mosquitto, ingest with its store, the bridge, and a client with the
page's subscription of the whole fleet. First nobody looks closely; then the client looks at 20
drones, as operators at their pages would; then at all of them.

The spools of the ten are on the disk. Those of the large fleets are files in memory: a hundred
agents that wait for one disk measure that disk, and each drone has one of its own.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aerostream_contract.topics import ROOT, UP_TEL
from aerostream_sim.ports import free_port

from benchmarks.disks import folder_in_memory, folder_on_disk
from benchmarks.latency import Ages, FrameAges
from benchmarks.measure import MeasureError, Report, Result, cpu_s, percentile, wait_until
from benchmarks.processes import (
    Running,
    bridge,
    broker,
    free_udp_ports,
    ingest,
    running,
)
from benchmarks.swarm_agents import drone_name
from benchmarks.websocket import Reader, for_seconds, read

COMMAND = "uv run python -m benchmarks live"
FLEETS = (10, 100, 500)
TARGET_MS = 150.0
TARGET_DRONES = 500
FLEET = "bench"
SELECTED = 20
"""Drones that operators look at."""

_MOST_ON_DISK = 10
"""Drones whose spools share the disk."""
_SPOOL_BYTES = 4 << 20
_SETTLE_S = 5.0
_MEASURE_S = 20.0
_START_S = 90.0
_AGENTS_PER_PROCESS = 125
#: Of those that are looked at: their frames are taken on their way, at the broker.
_WATCHED = 10


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one client saw of one fleet."""

    drones: int
    attended: int
    """Drones that the client looks at; if any, only their samples count."""
    ages_us: Sequence[int]
    at_broker_us: Sequence[int]
    """Of some of the drones."""
    cores: dict[str, float]
    """Processor time per second, by part."""


def run() -> Report:
    """Measure; some five minutes.

    Raises:
        MeasureError: drones are missing, or samples are lost.
    """
    return _report([each for drones in FLEETS for each in _measure(drones)])


def _measure(drones: int) -> Iterator[_Measured]:
    """One fleet, of which first nobody looks at any, then at some, then at all."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        spools = stack.enter_context(
            folder_on_disk() if drones <= _MOST_ON_DISK else folder_in_memory()
        )
        http_port = free_port()
        port = stack.enter_context(broker(folder))
        parts = {
            "ingest": [stack.enter_context(ingest(folder, port))],
            "bridge": [stack.enter_context(bridge(folder, port, http_port))],
        }
        first_port = free_udp_ports(drones)
        parts["agents"] = [
            stack.enter_context(_agents(folder, spools, port, first_port, first, drones))
            for first in range(0, drones, _AGENTS_PER_PROCESS)
        ]
        command = [sys.executable, "-m", "benchmarks.swarm_vehicles", str(first_port), str(drones)]
        wait_until(
            lambda: _listening(parts["agents"], first_port, drones), "all agents listen", _START_S
        )
        parts["vehicles"] = [stack.enter_context(running("vehicles", command, folder))]
        topics = [f"{ROOT}/{FLEET}/{drone_name(index)}/{UP_TEL}" for index in range(_WATCHED)]
        at_broker = stack.enter_context(FrameAges(port, topics))
        with Reader(http_port) as reader:
            fleet = Ages()
            reader.send(type="subscribe", subscription="fleet")
            _read_until_seen(reader, fleet, drones, parts)
            for attended in sorted({0, min(SELECTED, drones), drones}):
                ages = _look_at(reader, attended, parts) if attended else fleet
                read([reader], ages.take, until=for_seconds(_SETTLE_S))
                ages.clear()
                at_broker.clear()
                before = _cpu(parts)
                read([reader], ages.take, until=for_seconds(_MEASURE_S))
                cores = {name: (s - before[name]) / _MEASURE_S for name, s in _cpu(parts).items()}
                if len(ages.drones) < (attended or drones):
                    raise MeasureError(f"samples of only {len(ages.drones)} drones came")
                yield _Measured(drones, attended, ages.us, at_broker.clear(), cores)


@contextmanager
def _agents(
    folder: Path, spools: Path, broker_port: int, first_port: int, first: int, drones: int
) -> Iterator[Running]:
    count = min(_AGENTS_PER_PROCESS, drones - first)
    settings = {
        "fleet": FLEET,
        "mqtt_url": f"mqtt://127.0.0.1:{broker_port}",
        "data_dir": str(spools),
        "spool_bytes": str(_SPOOL_BYTES),
        "mavlink_rates": "listen",
    }
    numbers = [str(number) for number in (first_port, first, count)]
    command = [sys.executable, "-m", "benchmarks.swarm_agents", *numbers]
    with running(f"agents-{first}", command, folder, settings) as process:
        yield process


def _listening(agents: Sequence[Running], first_port: int, drones: int) -> bool:
    """Whether all the agents' UDP ports are taken."""
    for process in agents:
        process.check()
    # Local addresses are in hexadecimal, and behind the first colon is the port.
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    taken = {int(line.split()[1].partition(":")[2], 16) for line in lines}
    return taken.issuperset(range(first_port, first_port + drones))


def _look_at(reader: Reader, drones: int, parts: Mapping[str, Sequence[Running]]) -> Ages:
    """Subscribe to drones with attention, as a page does with those that are selected."""
    reader.send(
        type="subscribe",
        subscription="selected",
        drones=[drone_name(index) for index in range(drones)],
        channels=["position"],
        attention=True,
    )
    ages = Ages("selected")
    _read_until_seen(reader, ages, drones, parts)
    return ages


def _read_until_seen(
    reader: Reader, ages: Ages, drones: int, parts: Mapping[str, Sequence[Running]]
) -> None:
    """Read until each drone has sent a position."""
    late = for_seconds(_START_S)

    def done() -> bool:
        for process in (process for group in parts.values() for process in group):
            process.check()
        if late():
            raise MeasureError(f"{len(ages.drones)} of {drones} drones are seen")
        return len(ages.drones) >= drones

    read([reader], ages.take, until=done)


def _cpu(parts: Mapping[str, Sequence[Running]]) -> dict[str, float]:
    return {name: sum(cpu_s(each.pid) for each in group) for name, group in parts.items()}


def _report(measured: Sequence[_Measured]) -> Report:
    results = [
        Result(
            f"live_{each.drones}_drones_{each.attended}_attended_p99_ms",
            f"Sample at the edge to WebSocket client, {each.drones} drones, {_looked_at(each)}, "
            "p99",
            round(percentile(each.ages_us, 99) / 1000, 1),
            "ms",
            "<=",
            TARGET_MS if each.attended and each.drones == TARGET_DRONES else None,
            COMMAND,
        )
        for each in measured
    ]
    header = (
        "Drones", "Spools", "Looked at", "Samples/s", "p50 ms", "p99 ms", "Longest ms",
        "To the broker p50 / p99 ms", *(f"Cores: {name}" for name in measured[0].cores),
    )  # fmt: skip
    rows = [
        (
            str(each.drones),
            "on disk" if each.drones <= _MOST_ON_DISK else "in memory",
            str(each.attended),
            f"{len(each.ages_us) / _MEASURE_S:,.0f}",
            *(f"{percentile(each.ages_us, percent) / 1000:.0f}" for percent in (50, 99, 100)),
            " / ".join(f"{percentile(each.at_broker_us, p) / 1000:.0f}" for p in (50, 99)),
            *(f"{cores:.2f}" for cores in each.cores.values()),
        )
        for each in measured
    ]
    return Report(results, header, rows)


def _looked_at(measured: _Measured) -> str:
    if not measured.attended:
        return "nobody looks closely"
    who = "all" if measured.attended == measured.drones else str(measured.attended)
    return f"attention on for {who}"
