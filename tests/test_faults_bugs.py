"""Tests of the test: the fault laboratory sees the bugs that it is there for.

Each bug is built into a real program on purpose. The same faults at the same moments lose nothing
with the programs as they are.
"""

import asyncio
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.laboratory import Failure, Laboratory, Outcome, Setup
from aerostream_sim.faults.plan import Fault
from aerostream_sim.faults.processes import Programs
from support import broken_programs

_DURATION_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script(Setup):
    """What breaks when, given instead of planned."""

    script: tuple[Fault, ...]

    def faults(self, seed: int) -> list[Fault]:
        del seed
        return list(self.script)


def fault(kind: FaultKind, at_s: float, until_s: float) -> Fault:
    target = 0 if kind in ON_DRONE else None
    return Fault(at_s, kind, target, until_s - at_s)


ON_DRONE = {FaultKind.KILL_AGENT, FaultKind.POWER_CUT_AGENT, FaultKind.NETWORK_CUT}
LOCKED = fault(FaultKind.STORE_LOCKED, 4, 18)


def broken(bug: str) -> Programs:
    """The installed programs, one of them with a bug."""
    programs = Programs.installed()
    command = [sys.executable, str(Path(broken_programs.__file__)), bug]
    if bug == broken_programs.acknowledge_before_commit.__name__:
        return replace(programs, cloud=[*command, "aerostream-cloud", "ingest"])
    return replace(programs, agent=[*command, "aerostream-edge", "run"])


def refuse(failure: Failure) -> None:
    raise AssertionError(failure.sentence)


async def flown(folder: Path, script: tuple[Fault, ...], programs: Programs) -> Outcome:
    outcomes: list[Outcome] = []
    setup = Script(
        kinds=[each.kind for each in script],
        drones=1,
        duration_s=_DURATION_S,
        settle_s=20.0,
        folder=folder,
        script=script,
    )
    lab = Laboratory(setup=setup, programs=programs, say=lambda _: None, failed=refuse)
    lab.equip()
    await lab.run([1], 1, outcomes.append)
    return outcomes[0]


@pytest.mark.skipif(not shutil.which("cc"), reason="needs cc, a C compiler")
@pytest.mark.parametrize(
    ("bug", "script"),
    [
        pytest.param(
            "acknowledge_before_commit",
            (
                LOCKED,
                fault(FaultKind.KILL_INGEST, 12, 14),
                fault(FaultKind.BROKER_WIPED, 12, 13),
            ),
            id="acknowledged before the commit",
        ),
        pytest.param(
            "delete_on_puback",
            (
                LOCKED,
                fault(FaultKind.KILL_INGEST, 12, 14),
                fault(FaultKind.BROKER_WIPED, 12, 13),
            ),
            id="deleted on PUBACK",
        ),
        pytest.param(
            "never_sync",
            (
                fault(FaultKind.NETWORK_CUT, 3, 20),
                fault(FaultKind.POWER_CUT_AGENT, 12, 14),
            ),
            id="a spool that never syncs, and a power cut",
        ),
        pytest.param(
            "use_numbers_twice",
            # Acknowledgements of the first numbers arrive when the second ones have just been sent,
            # and what has them dies before it has stored them.
            (
                LOCKED,
                fault(FaultKind.KILL_AGENT, 10, 11),
                fault(FaultKind.NETWORK_CUT, 10.5, 22),
                fault(FaultKind.STORE_LOCKED, 20, 28),
                fault(FaultKind.KILL_INGEST, 25, 27),
                fault(FaultKind.BROKER_WIPED, 25, 26),
            ),
            id="numbers used twice",
        ),
    ],
)
async def test_a_bug_is_seen_and_the_programs_as_they_are_lose_nothing(
    bug: str, script: tuple[Fault, ...], tmp_path: Path
) -> None:
    wrong, right = await asyncio.gather(
        flown(tmp_path / "wrong", script, broken(bug)),
        flown(tmp_path / "right", script, Programs.installed()),
    )
    assert right.verdict.good, right.verdict
    assert right.verdict.sent > 300
    assert wrong.verdict.lost > 10, wrong.verdict


async def test_times_that_are_never_set_right_are_seen(tmp_path: Path) -> None:
    # The agent starts, and is told the time within a second, while it has no broker.
    starts = [fault(FaultKind.KILL_AGENT, at_s, at_s + 0.5) for at_s in (5.0, 10.0, 15.0)]
    script = (fault(FaultKind.KILL_BROKER, 3, 20), *starts)
    wrong, right = await asyncio.gather(
        flown(tmp_path / "wrong", script, broken("never_restamp")),
        flown(tmp_path / "right", script, Programs.installed()),
    )
    assert right.verdict.good, right.verdict
    assert wrong.verdict.out_of_order > 0, wrong.verdict


async def test_a_kill_does_not_excuse_an_agent_that_hung_long_before_it(tmp_path: Path) -> None:
    script = (fault(FaultKind.KILL_AGENT, 14, 15),)
    outcome = await flown(tmp_path, script, broken("hang_once"))
    assert outcome.verdict.lost > 10, outcome.verdict
    assert outcome.late_kills == 1
    # It hung at about 3 s. Of that, what was sent in the last 3.25 s before the kill is excused.
    assert max(found.sent.sent_s for found in outcome.verdict.missing) - outcome.begun_s < 11.5
    assert max(found.sent.sent_s for found in outcome.verdict.missing) - outcome.begun_s > 10
