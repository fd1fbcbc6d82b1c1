"""The fault laboratory on a real stack: it passes what is right, and fails what is wrong."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aerostream_sim.faults.kinds import NEEDS_SHIM, FaultKind
from aerostream_sim.faults.laboratory import Failure, Laboratory, Outcome, Setup
from aerostream_sim.faults.own_stack import OwnStack
from aerostream_sim.faults.processes import Programs
from aerostream_sim.faults.report import last_line
from aerostream_sim.faults.run import Request, laboratory
from aerostream_sim.faults.shim import COMPILERS
from aerostream_sim.faults.stack import Stack
from support.patience import PATIENCE_S

_LAB = [sys.executable, "-m", "aerostream_sim", "faults"]


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_LAB, *arguments], capture_output=True, text=True, timeout=400)


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


def refuse(failure: Failure) -> None:
    raise AssertionError(failure.sentence)


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
            settle_s=15.0,
            folder=folder,
        ),
        programs=Programs.installed(),
        say=lambda _: None,
        failed=refuse,
        inspect=inspect,
    )
    lab.equip()
    await lab.run([1], 1, outcomes.append)
    return outcomes[0]


def change(*statements: str) -> Callable[[Stack], None]:
    def tamper(stack: Stack) -> None:
        assert isinstance(stack, OwnStack)
        with (
            closing(sqlite3.connect(stack.store_file, timeout=PATIENCE_S)) as connection,
            connection,
        ):
            for statement in statements:
                assert connection.execute(statement).rowcount == 1, statement

    return tamper


#: One position of the middle of the flight.
_ONE = "(series, time_us) IN (SELECT series, time_us FROM position LIMIT 1 OFFSET 3)"


def test_in_a_minute_of_every_fault_nothing_is_lost(tmp_path: Path) -> None:
    # Disks and clocks need a compiler; elsewhere the others are flown.
    equipped = any(shutil.which(each) for each in COMPILERS)
    kinds = [kind for kind in FaultKind if equipped or kind not in NEEDS_SHIM]
    file = tmp_path / "found.json"
    for seed in (1, 2):
        options = ["--first-seed", str(seed), "--faults", ",".join(kinds), "--json", str(file)]
        result = ended(*options, "--folder", str(tmp_path))
        found = json.loads(file.read_text())
        if not too_busy(found):
            break
    told = result.stdout + result.stderr
    assert not too_busy(found), "this machine was too busy for two flights to tell\n" + told
    assert result.returncode == 0, told
    total = found["sum"]
    assert total["sent"] > 1500
    assert total["sent"] == total["stored"] + total["not_captured"] + total["dropped"]
    assert result.stdout.splitlines()[-1] == (
        f"{total['sent']} sent, {total['stored']} stored, {total['not_captured']} not captured, "
        f"{total['dropped']} dropped, lost 0, duplicated 0"
    )
    assert {fault["kind"] for fault in found["seeds"][0]["faults"]} == set(kinds)
    assert not list(tmp_path.glob("seed-*"))
    assert descendants(tmp_path) == []


def too_busy(found: dict[str, Any]) -> bool:
    """Whether samples are missing, and nothing else is wrong, where agents were killed that had
    not been given the time to write them.
    """
    others = sum(found["sum"][name] for name in ("duplicated", "out_of_order", "unknown"))
    if found["failed"] or others or not found["sum"]["lost"]:
        return False
    (seed,) = found["seeds"]
    return bool(seed["late_kills"]) and not seed["own_ends"]


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


#: Seed 1: the agent ends by itself, once. Seed 2: it does not even start.
_BAD_AGENT = """
import os, pathlib, runpy, sys, threading
folder = pathlib.Path(os.environ["AEROSTREAM_DATA_DIR"])
if folder.parent.name == "seed-2":
    sys.exit("no wings")
def fall():
    (folder / "fell").touch()
    os._exit(3)
if not (folder / "fell").exists():
    threading.Timer(5, fall).start()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def other_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own as the system's for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


async def test_agents_that_end_or_do_not_start_by_themselves_fail_the_run_and_leave_evidence(
    tmp_path: Path, other_temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = Programs.installed()
    said: list[str] = []
    request = Request(
        seeds=2,
        first_seed=1,
        drones=1,
        duration_s=12.0,
        kinds=[FaultKind.KILL_BROKER],
        settle_s=10.0,
        outage_s=None,
        jobs=2,
        folder=None,
        keep=False,
        json_file=tmp_path / "found.json",
    )
    agent = [sys.executable, "-c", _BAD_AGENT, *installed.agent]
    good = await laboratory(
        request,
        say=said.append,
        on_signals=lambda _: None,
        programs=replace(installed, agent=agent),
    )
    assert not good
    lines = capsys.readouterr().out.splitlines()
    (evidence,) = other_temporary.glob("aerostream-faults-*")
    found = json.loads((tmp_path / "found.json").read_text())
    sentence = "agent d1 ends at once; its log says: no wings"
    assert found["failed"] == [
        {"seed": 2, "reason": sentence, "folder": str(evidence / "seed-2")},
    ]
    assert found["seeds"][0]["own_ends"] == {"agent d1": 1}
    assert found["sum"]["lost"] > 0
    assert "seed 1: agent d1 ended by itself 1 time and was started again" in lines
    assert f"seed 2 failed: {sentence}" in lines
    for seed in (1, 2):
        assert f"seed {seed}: logs and data are in {evidence / f'seed-{seed}'}" in lines
        assert (evidence / f"seed-{seed}" / "d1.log").exists()
    assert re.fullmatch(
        r"\d+ sent, \d+ stored, 0 not captured, 0 dropped, lost \d+, duplicated 0", lines[-1]
    )


@contextmanager
def flying(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A laboratory in flight, and the folder that it works in."""
    command = [*_LAB, "--faults", "kill-broker", "--drones", "1", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stderr is not None
        for line in lab.stderr:
            if "drones fly" in line:
                break
        children = Path(f"/proc/{lab.pid}/task/{lab.pid}/children").read_text().split()
        words = [
            word
            for child in children
            for word in Path(f"/proc/{child}/cmdline").read_text().split("\0")
        ]
        (config,) = (word for word in words if word.endswith("mosquitto.conf"))
        try:
            yield lab, Path(config).parents[1]
        finally:
            lab.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_early_is_left_with_no_process_no_file_and_no_success(
    other_temporary: Path, number: signal.Signals
) -> None:
    with flying() as (lab, folder):
        assert folder.exists()
        lab.send_signal(number)
        said, complained = lab.communicate(timeout=PATIENCE_S)
        assert lab.returncode == 1
    assert complained.splitlines()[-1] == "aerostream-sim: stopped after 0 flights of 1"
    assert said == "0 sent, 0 stored, 0 not captured, 0 dropped, lost 0, duplicated 0\n"
    assert descendants(folder) == []
    assert not folder.exists()
    assert list(other_temporary.iterdir()) == []


def test_who_kills_it_is_left_with_no_process(tmp_path: Path) -> None:
    with flying("--folder", str(tmp_path)) as (lab, folder):
        assert folder == tmp_path
        assert len(descendants(folder)) > 3
        lab.kill()
        lab.wait()
        deadline = time.monotonic() + PATIENCE_S
        while descendants(folder):
            assert time.monotonic() < deadline
            time.sleep(0.05)


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
