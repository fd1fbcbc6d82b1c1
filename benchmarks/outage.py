"""The store is down for five minutes while 50 drones fly: what is lost, and what it takes.

`aerostream-sim faults` runs the fleet and holds the store's file locked, so that ingest can write
nothing. It compares what the vehicles sent with what is stored, sample by sample.
"""

from benchmarks.laboratory import Memory, Seed, faults
from benchmarks.measure import Report, Result

COMMAND = "uv run python -m benchmarks outage"
DRONES = 50
OUTAGE_S = 300
_SETTLE_S = 300
_START_S = 300
_AROUND_S = 120
_HEADER = ("Program", "Before MB", "Most MB", "After MB")
_PROGRAMS = (("broker", "Mosquitto"), ("ingest", "Ingest"), ("agent", "Agent, the largest"))
_AGENT_MB = 45


def run() -> Report:
    """Measure; some eight minutes.

    Raises:
        MeasureError: the laboratory did not compare.
    """
    arguments = ["--faults", "store-locked", "--outage", str(OUTAGE_S)]
    arguments += ["--drones", str(DRONES), "--settle", str(_SETTLE_S)]
    found = faults(arguments, OUTAGE_S + _AROUND_S + _SETTLE_S + _START_S)
    return _report(found.seeds[0])


def _report(seed: Seed) -> Report:
    agent = seed.memory("agent")
    results = [
        _result("outage_lost", "samples lost", seed.lost, "samples", 0),
        _result("outage_duplicated", "samples stored twice", seed.duplicated, "samples", 0),
        _result(
            "outage_agent_memory", "an agent's memory, most", agent.peak / 1e6, "MB", _AGENT_MB
        ),
        _result("outage_ingest_memory", "ingest's memory, most", seed.memory("ingest").peak / 1e6),
        _result("outage_resent", "sent later or again, all drones", seed.again_bytes / 1e6),
    ]
    if seed.caught_up_s is not None:
        what = "until all of it is stored, from its end on"
        results.append(_result("outage_catch_up_s", what, seed.caught_up_s, "s"))
    rows = [_row(title, seed.memory(name)) for name, title in _PROGRAMS]
    return Report(results, _HEADER, rows, _note(seed))


def _result(
    name: str, what: str, value: float, unit: str = "MB", target: float | None = None
) -> Result:
    what = f"Store down for {OUTAGE_S // 60} minutes, {DRONES} drones: {what}"
    return Result(name, what, round(value, 1), unit, "<=", target, COMMAND)


def _row(title: str, memory: Memory) -> tuple[str, ...]:
    moments = (memory.before, memory.peak, memory.after)
    return (title, *(f"{each / 1e6:.1f}" for each in moments))


def _note(seed: Seed) -> str:
    return (
        f"{seed.sent:,} samples were sent and {seed.stored:,} stored; {seed.not_captured:,} were "
        f"not captured, {seed.dropped:,} dropped, {seed.out_of_order:,} stored under a wrong "
        f"time. {seed.live_bytes / 1e6:.1f} MB of telemetry went live, "
        f"{seed.again_bytes / 1e6:.1f} MB later or again."
    )
