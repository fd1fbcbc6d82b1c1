"""What the laboratory found: for people, as a table, and for programs, as JSON."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from aerostream_contract.words import counted
from rich.console import Console
from rich.table import Table

from aerostream_sim.faults.laboratory import Failure, Outcome
from aerostream_sim.faults.verdict import Found, Verdict

_STRETCH_GAP_S = 2.0
_WIDTH = 130
_COLUMNS = (
    "seed",
    "faults",
    "sent",
    "stored",
    "not captured",
    "dropped",
    "lost",
    "duplicated",
    "out of order",
    "unknown",
    "caught up",
    "resent",
)


def table(outcomes: Sequence[Outcome]) -> Table:
    """One row per seed, and their sum."""
    shown = Table(show_footer=len(outcomes) > 1, box=None, pad_edge=False)
    total = _sum(outcomes)
    footer = ["sum", str(sum(len(each.faults) for each in outcomes)), *_counts(total)]
    footer += [_slowest(outcomes), _resent(outcomes)]
    for name, foot in zip(_COLUMNS, footer, strict=True):
        shown.add_column(name, footer=foot, justify="right", no_wrap=True)
    for each in outcomes:
        caught_up = "never" if each.caught_up_s is None else f"{each.caught_up_s:.1f} s"
        shown.add_row(
            str(each.seed),
            str(len(each.faults)),
            *_counts(each.verdict),
            caught_up,
            _resent([each]),
        )
    return shown


def last_line(outcomes: Iterable[Outcome]) -> str:
    """The sum in the form that programs may rely on."""
    total = _sum(outcomes)
    return (
        f"{total.sent} sent, {total.stored} stored, {total.not_captured} not captured, "
        f"{total.dropped} dropped, lost {total.lost}, duplicated {total.duplicated}"
    )


def _in_words(outcomes: Iterable[Outcome]) -> str:
    """What the numbers of the last line mean."""
    total = _sum(outcomes)
    found = (
        "what is lost had been taken by an agent, and is not in the store"
        if total.lost
        else "all that an agent had written to its disk is in the store"
    )
    return f"{found}; not captured was sent while no agent ran, or just before one was killed"


def complaints(outcome: Outcome) -> list[str]:
    """What is wrong or remarkable about a seed, a sentence each."""
    verdict = outcome.verdict
    found = []
    found += [f"lost: {each}" for each in _stretches(verdict.missing, outcome.begun_s)]
    found += [f"out of order: {each}" for each in _stretches(verdict.misplaced, outcome.begun_s)]
    if verdict.unknown:
        found.append(f"unknown: {counted(verdict.unknown, 'sample')} that no vehicle sent")
    found += [
        f"{name} ended by itself {counted(times, 'time')} and was started again"
        for name, times in outcome.own_ends.items()
    ]
    if outcome.late_kills:
        found.append(
            f"{counted(outcome.late_kills, 'kill')} found an agent further behind than is "
            "excused: it hung, or this machine is too busy"
        )
    if outcome.folder is not None:
        found.append(f"logs and data are in {outcome.folder}")
    return [f"seed {outcome.seed}: {each}" for each in found]


def _stretches(samples: Iterable[Found], begun_s: float) -> list[str]:
    """Samples in words, those of a drone that were sent one soon after the other as one."""
    stretches: list[list[Found]] = []
    newest: dict[str, list[Found]] = {}
    for found in samples:
        stretch = newest.get(found.drone)
        if stretch is None or found.sent.sent_s - stretch[-1].sent.sent_s > _STRETCH_GAP_S:
            stretch = newest[found.drone] = []
            stretches.append(stretch)
        stretch.append(found)
    return [_told(stretch, begun_s) for stretch in stretches]


def _told(stretch: Sequence[Found], begun_s: float) -> str:
    kinds = ", ".join(dict.fromkeys(found.sent.kind for found in stretch))
    first_s, last_s = (stretch[end].sent.sent_s - begun_s for end in (0, -1))
    return (
        f"{counted(len(stretch), 'sample')} of {stretch[0].drone} ({kinds}), sent {first_s:.1f} s "
        f"to {last_s:.1f} s into the flight"
    )


def memory_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """The most that each kind of program used in any seed; none where the system does not tell."""
    lines = []
    for name in ("broker", "ingest", "agent") if outcomes else ():
        largest = max((each.memory.largest(name) for each in outcomes), key=lambda m: m.peak)
        if largest.peak:
            lines.append(
                f"memory of {name}: {_megabytes(largest.before)} before, "
                f"{_megabytes(largest.peak)} at most, {_megabytes(largest.after)} after"
            )
    return lines


def print_report(outcomes: Sequence[Outcome], failures: Sequence[Failure]) -> None:
    """Print all of it; the last line is `last_line`."""
    # A row that is cut off says nothing, however narrow the terminal is.
    console = Console(highlight=False, markup=False, width=_WIDTH)
    if outcomes:
        console.print(table(outcomes))
        console.print()
    for outcome in outcomes:
        for complaint in complaints(outcome):
            console.print(complaint, soft_wrap=True)
    for failure in failures:
        console.print(f"seed {failure.seed} failed: {failure.sentence}", soft_wrap=True)
        console.print(f"seed {failure.seed}: logs and data are in {failure.folder}", soft_wrap=True)
    if outcomes:
        for line in [*memory_lines(outcomes), _in_words(outcomes)]:
            console.print(line, soft_wrap=True)
    console.print(last_line(outcomes), soft_wrap=True)


def as_json(outcomes: Sequence[Outcome], failures: Sequence[Failure]) -> str:
    """All of it for programs."""
    content = {
        "seeds": [_seed(each) for each in outcomes],
        "failed": [
            {"seed": each.seed, "reason": each.sentence, "folder": str(each.folder)}
            for each in failures
        ],
        "sum": _verdict(_sum(outcomes)),
    }
    return json.dumps(content, indent=2) + "\n"


def _seed(outcome: Outcome) -> dict[str, Any]:
    return {
        "seed": outcome.seed,
        **_verdict(outcome.verdict),
        "caught_up_s": outcome.caught_up_s,
        "live_bytes": outcome.traffic.live_bytes,
        "again_bytes": outcome.traffic.again_bytes,
        "own_ends": outcome.own_ends,
        "late_kills": outcome.late_kills,
        "folder": None if outcome.folder is None else str(outcome.folder),
        "memory_bytes": {
            name: {"before": each.before, "peak": each.peak, "after": each.after}
            for name, each in outcome.memory.by_name.items()
        },
        "faults": [
            {
                "at_s": fault.at_s,
                "kind": str(fault.kind),
                "drone": None if fault.target is None else f"d{fault.target + 1}",
                "lasts_s": fault.lasts_s,
                "amount": fault.amount,
            }
            for fault in outcome.faults
        ],
    }


def _verdict(verdict: Verdict) -> dict[str, int]:
    return {
        "sent": verdict.sent,
        "stored": verdict.stored,
        "not_captured": verdict.not_captured,
        "dropped": verdict.dropped,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "out_of_order": verdict.out_of_order,
        "unknown": verdict.unknown,
    }


def _sum(outcomes: Iterable[Outcome]) -> Verdict:
    return sum((each.verdict for each in outcomes), Verdict())


def _counts(verdict: Verdict) -> list[str]:
    return [str(count) for count in _verdict(verdict).values()]


def _slowest(outcomes: Sequence[Outcome]) -> str:
    times = [each.caught_up_s for each in outcomes]
    known = [each for each in times if each is not None]
    return f"{max(known):.1f} s" if known and len(known) == len(times) else "never"


def _resent(outcomes: Sequence[Outcome]) -> str:
    heard = any(each.traffic.live_bytes for each in outcomes)
    # An account that may not read telemetry hears none of it.
    return f"{sum(e.traffic.again_bytes for e in outcomes) / 1e3:.0f} kB" if heard else "not heard"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
