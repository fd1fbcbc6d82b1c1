"""The fault laboratory on a real stack: it passes what is right, and fails what is wrong."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.laboratory import Laboratory, Outcome, Setup
from aerostream_sim.faults.processes import Programs
from aerostream_sim.faults.report import last_line
from aerostream_sim.faults.stack import Stack

_LAB = [sys.executable, "-m", "aerostream_sim", "faults"]


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_LAB, *arguments], capture_output=True, text=True, timeout=240)


def descendants(folder: Path) -> list[str]:
    """Processes that name a folder on their command line or in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in told:
                found.append(told.decode(errors="replace"))
    return found


async def flown(
    folder: Path, *, inspect: Callable[[Stack], None] = lambda _: None, kinds: str = "kill-ingest"
) -> Outcome:
    """One short flight with a look at its stack before the comparison."""
    outcomes: list[Outcome] = []
    lab = Laboratory(
        setup=Setup(
            kinds=[FaultKind(kind) for kind in kinds.split(",")],
            drones=1,
            duration_s=5.0,
            settle_s=40.0,
            folder=folder,
        ),
        programs=Programs.installed(),
        say=lambda _: None,
        inspect=inspect,
    )
    lab.equip()
    await lab.run([1], 1, outcomes.append)
    return outcomes[0]


def change(*statements: str) -> Callable[[Stack], None]:
    def tamper(stack: Stack) -> None:
        with closing(sqlite3.connect(stack.store)) as connection, connection:
            for statement in statements:
                assert connection.execute(statement).rowcount == 1, statement

    return tamper


#: One position of the middle of the flight.
_ONE = "(series, time_us) IN (SELECT series, time_us FROM position LIMIT 1 OFFSET 3)"


def test_a_stack_that_is_broken_in_many_ways_loses_nothing(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    kinds = "kill-agent,kill-broker,broker-wiped,kill-ingest,network-cut,store-locked"
    options = ["--duration", "15", "--drones", "2", "--settle", "60", "--first-seed", "3"]
    result = ended(*options, "--faults", kinds, "--folder", str(tmp_path), "--json", str(found))
    assert result.returncode == 0, result.stdout + result.stderr
    total = json.loads(found.read_text())["sum"]
    assert total["sent"] > 300
    assert total["sent"] == total["stored"] + total["not_captured"]
    assert result.stdout.splitlines()[-1] == (
        f"{total['sent']} sent, {total['stored']} stored, {total['not_captured']} not captured, "
        "0 dropped, lost 0, duplicated 0"
    )
    for kind in kinds.split(","):
        assert f"s: {kind}" in result.stderr
    assert not (tmp_path / "seed-3").exists()
    assert descendants(tmp_path) == []


async def test_a_row_that_is_gone_is_a_lost_sample(tmp_path: Path) -> None:
    outcome = await flown(tmp_path, inspect=change(f"DELETE FROM position WHERE {_ONE}"))
    assert (outcome.verdict.lost, outcome.verdict.duplicated) == (1, 0)
    assert last_line([outcome]).endswith(", lost 1, duplicated 0")
    assert outcome.folder == tmp_path / "seed-1"
    assert (outcome.folder / "d1.log").exists()


async def test_a_row_that_is_there_twice_is_a_duplicated_sample(tmp_path: Path) -> None:
    copied = "SELECT series, time_us + 1, lat, lon, alt, relative_alt, vx, vy, vz, hdg"
    copy = f"INSERT INTO position {copied} FROM position WHERE {_ONE}"
    outcome = await flown(tmp_path, inspect=change(copy))
    assert (outcome.verdict.lost, outcome.verdict.duplicated) == (0, 1)
    assert not outcome.verdict.good


async def test_rows_under_a_wrong_time_or_of_nobody_are_found(tmp_path: Path) -> None:
    outcome = await flown(
        tmp_path,
        inspect=change(
            f"UPDATE position SET time_us = time_us + 1 WHERE {_ONE}",
            "UPDATE attitude SET roll = 2.9 WHERE (series, time_us) IN "
            "(SELECT series, time_us FROM attitude LIMIT 1)",
        ),
    )
    verdict = outcome.verdict
    assert (verdict.out_of_order, verdict.unknown, verdict.lost) == (1, 1, 1)


def test_an_agent_that_does_not_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from aerostream_sim.errors import LabError\n"
        "from aerostream_sim.faults.kinds import FaultKind\n"
        "from aerostream_sim.faults.laboratory import Laboratory, Setup\n"
        "from aerostream_sim.faults.processes import Programs\n"
        "from pathlib import Path\n"
        "agent = [sys.executable, '-c', 'raise SystemExit(\"no wings\")']\n"
        "found = Programs.installed()\n"
        "lab = Laboratory(setup=Setup(kinds=[FaultKind.KILL_AGENT], drones=1, duration_s=10,\n"
        "    settle_s=1, folder=Path(sys.argv[1])), say=print,\n"
        "    programs=Programs(agent=agent, cloud=found.cloud, broker=found.broker))\n"
        "try: asyncio.run(lab.run([1], 1, print))\n"
        "except LabError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines()[-1] == "agent d1 ends at once; its log says: no wings"
    assert descendants(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_early_is_left_with_no_process_and_no_success(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [*_LAB, "--faults", "kill-broker", "--drones", "1", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as lab:
        assert lab.stderr is not None
        deadline = time.monotonic() + 60
        while "drones fly" not in lab.stderr.readline():
            assert time.monotonic() < deadline
        lab.send_signal(number)
        rest = lab.stderr.read()
        assert lab.wait(30) == 1
    assert rest.splitlines()[-1] == "aerostream-sim: stopped after 0 flights of 1"
    assert descendants(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "0"], "--seeds 0: expected 1 to 100000"),
        (["--drones", "0"], "--drones 0: expected 1 to 200"),
        (["--duration", "nan"], "--duration nan: expected 10 to 86400"),
        (["--settle", "-1"], "--settle -1: expected 1 to 86400"),
        (["--jobs", "99"], "--jobs 99: expected 1 to 16"),
        (["--faults", "earthquake"], "'earthquake' is none of kill-agent"),
        (["--faults", "kill-agent,kill-all", "--outage", "30"], "--faults names 2 kinds"),
        (["--faults", "kill-agent", "--outage", "60", "--duration", "30"], "expected 70 to"),
        (["--folder", "/dev/null/x"], "--folder /dev/null/x: Not a directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str) -> None:
    result = ended(*arguments)
    assert result.returncode == 2, result.stdout + result.stderr
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_help_tells_of_every_kind_of_fault() -> None:
    result = ended("--help")
    assert result.returncode == 0
    told = " ".join(result.stdout.split())
    for kind in FaultKind:
        assert f"{kind}: {kind.sentence}" in told


def test_every_kind_of_fault_and_every_option_is_documented() -> None:
    page = (Path(__file__).parents[1] / "docs/simulator.md").read_text(encoding="utf-8")
    for kind in FaultKind:
        assert f"| `{kind}` | {kind.sentence} |" in page
    options = re.findall(r"^  (--[a-z-]+)", ended("--help").stdout, re.MULTILINE)
    assert len(options) > 10
    for option in set(options) - {"--help"}:
        assert f"`{option}`" in page, option
