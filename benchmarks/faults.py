"""Everything breaks, in twenty flights: what is lost, and what is stored twice.

`aerostream-sim faults` with every kind of fault: see its help, and docs/durability.md.
"""

from collections import Counter
from collections.abc import Sequence

from benchmarks.laboratory import Counts, Found, Seed, faults
from benchmarks.measure import Report, Result

COMMAND = "uv run python -m benchmarks faults"
SEEDS = 20
_JOBS = 4
#: A flight of a minute, two more at most to settle, and starting.
_LONGEST_FLIGHT_S = 300
_HEADER = (
    "Seed", "Faults", "Sent", "Stored", "Not captured", "Dropped", "Lost", "Duplicated",
    "Out of order", "Unknown", "Caught up s", "Sent again kB",
)  # fmt: skip


def run() -> Report:
    """Measure; some ten minutes.

    Raises:
        MeasureError: the laboratory did not compare.
    """
    arguments = ["--seeds", str(SEEDS), "--jobs", str(_JOBS)]
    return _report(faults(arguments, SEEDS / _JOBS * _LONGEST_FLIGHT_S))


def _report(found: Found) -> Report:
    total = found.sum
    results = [
        _result("lost", "samples lost", total.lost),
        _result("duplicated", "samples stored twice", total.duplicated),
        _result("out_of_order", "samples under a wrong time", total.out_of_order),
        _result("unknown", "samples that nobody sent", total.unknown),
    ]
    rows = [_seed_row(seed) for seed in found.seeds]
    return Report(results, _HEADER, [*rows, _sum_row(found.seeds, total)], _note(found.seeds))


def _result(name: str, what: str, value: int) -> Result:
    what = f"Everything breaks, {SEEDS} flights: {what}"
    return Result(f"faults_{name}", what, value, "samples", "<=", 0, COMMAND)


def _seed_row(seed: Seed) -> tuple[str, ...]:
    return _row(str(seed.seed), len(seed.faults), seed, seed.caught_up_s, seed.again_bytes)


def _sum_row(seeds: Sequence[Seed], total: Counts) -> tuple[str, ...]:
    times = [each.caught_up_s for each in seeds if each.caught_up_s is not None]
    slowest = max(times) if len(times) == len(seeds) else None
    again = sum(each.again_bytes for each in seeds)
    return _row("All, slowest", sum(len(each.faults) for each in seeds), total, slowest, again)


def _row(
    name: str, faults_: int, counts: Counts, caught_up_s: float | None, again_bytes: int
) -> tuple[str, ...]:
    numbers = [getattr(counts, field) for field in Counts.__struct_fields__]
    return (
        name,
        f"{faults_:,}",
        *(f"{number:,}" for number in numbers),
        "never" if caught_up_s is None else f"{caught_up_s:.1f}",
        f"{again_bytes / 1e3:,.0f}",
    )


def _note(seeds: Sequence[Seed]) -> str:
    kinds = Counter(str(fault["kind"]) for seed in seeds for fault in seed.faults)
    return "Faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) + "."
