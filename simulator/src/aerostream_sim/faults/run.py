"""`aerostream-sim faults`: from what the user asks for to the report."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aerostream_contract.words import counted

from aerostream_sim.errors import BadInput, LabError, reason
from aerostream_sim.faults import report
from aerostream_sim.faults.folders import run_folders
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.laboratory import Failure, Laboratory, Outcome, Setup
from aerostream_sim.faults.processes import Programs
from aerostream_sim.faults.target import Target, check_kinds

_MOST_DRONES = 200
_MOST_SEEDS = 100_000
_MOST_JOBS = 16
_DURATION_S = 60.0
#: Of a flight with one long outage, before and after it.
_AROUND_OUTAGE_S = 60.0
_LEAST_S, _MOST_S = 10.0, 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asks for; see the help of the command."""

    seeds: int
    first_seed: int
    drones: int
    duration_s: float | None
    kinds: list[FaultKind]
    settle_s: float
    outage_s: float | None
    jobs: int
    folder: Path | None
    keep: bool
    json_file: Path | None
    target: Target | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be flown.

        Raises:
            BadInput: an option is unusable.
        """
        _check("--seeds", self.seeds, 1, _MOST_SEEDS)
        _check("--first-seed", self.first_seed, 0, 10**9)
        _check("--drones", self.drones, 1, _MOST_DRONES)
        _check("--jobs", self.jobs, 1, _MOST_JOBS)
        _check("--settle", self.settle_s, 1, _MOST_S)
        if self.target is not None:
            check_kinds(self.kinds)
        elif not self.kinds:
            raise BadInput("--faults none: expected some, unless --broker names your own to break")
        if self.outage_s is not None:
            _check("--outage", self.outage_s, 1, _MOST_S)
            if len(self.kinds) != 1:
                raise BadInput(
                    f"--outage is one fault, but --faults names {len(self.kinds)} kinds: "
                    "expected one, such as --faults store-locked"
                )
        if self.duration_s is not None:
            least_s = _LEAST_S + (self.outage_s or 0.0)
            _check("--duration", self.duration_s, least_s, _MOST_S)

    @property
    def flight_s(self) -> float:
        """Seconds of a flight."""
        if self.duration_s is not None:
            return self.duration_s
        return _DURATION_S if self.outage_s is None else self.outage_s + _AROUND_OUTAGE_S


async def laboratory(
    request: Request,
    *,
    say: Callable[[str], None],
    on_signals: Callable[[Callable[[], None]], None],
    programs: Programs | None = None,
) -> bool:
    """Run what was asked for and report; whether nothing is wrong.

    Args:
        request: what was asked for.
        say: takes a line on what happens.
        on_signals: is given what is to be called when the user wants an end.
        programs: the programs under test; none: those that are installed.

    Raises:
        LabError: a tool is missing, or the user ended it.
    """
    outcomes: list[Outcome] = []
    failures: list[Failure] = []

    def failed(failure: Failure) -> None:
        failures.append(failure)
        say(f"seed {failure.seed} failed: {failure.sentence}")

    with run_folders(request.folder) as (folder, evidence):
        lab = Laboratory(
            setup=Setup(
                kinds=request.kinds,
                drones=request.drones,
                duration_s=request.flight_s,
                settle_s=request.settle_s,
                outage_s=request.outage_s,
                folder=folder,
                evidence=evidence,
                keep=request.keep,
                target=request.target,
            ),
            programs=programs or Programs.installed(cloud=request.target is None),
            say=say,
            failed=failed,
        )
        lab.equip()
        seeds = range(request.first_seed, request.first_seed + request.seeds)

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            say(f"seed {outcome.seed}: {report.last_line([outcome])}")

        def stop() -> None:
            flights.cancel()

        flights = asyncio.create_task(lab.run(seeds, request.jobs, done), name="laboratory")
        on_signals(stop)
        with contextlib.suppress(asyncio.CancelledError):
            await flights
    if request.target is not None:
        say(request.target.left_behind())
    outcomes.sort(key=lambda outcome: outcome.seed)
    failures.sort(key=lambda failure: failure.seed)
    report.print_report(outcomes, failures)
    _write(request.json_file, report.as_json(outcomes, failures))
    if flights.cancelled():
        raise LabError(f"stopped after {counted(len(outcomes), 'flight')} of {request.seeds}")
    return not failures and all(outcome.good for outcome in outcomes)


def _write(file: Path | None, content: str) -> None:
    if file is None:
        return
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--json {file}: {reason(error)}") from error


def _check(option: str, value: float, least: float, most: float) -> None:
    # Not "<" and ">": nan is neither.
    if not least <= value <= most:
        raise BadInput(f"{option} {value:.10g}: expected {least:.10g} to {most:.10g}")
