"""A false clock: the wall clock of a running process jumps, nothing else does."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aerostream_sim.errors import MissingTool
from aerostream_sim.faults import clocks
from aerostream_sim.faults.clocks import FakeClock
from aerostream_sim.faults.disk import FaultyDisk, build_shim
from aerostream_sim.faults.preload import together

#: What the machine may take between two looks at the clocks.
SLACK_S = 5.0


@pytest.fixture
def library() -> Path:
    try:
        return clocks.library()
    except MissingTool as error:
        pytest.skip(str(error))


@pytest.fixture
def clock(library: Path, tmp_path: Path) -> FakeClock:
    return FakeClock(library=library, file=tmp_path / "offset")


class Program:
    """Python with a false clock; each line that it gets is an expression to evaluate."""

    def __init__(self, environment: dict[str, str], *, before: str = "") -> None:
        code = f"import sys, time\n{before}\nfor line in sys.stdin: print(eval(line), flush=True)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=together({**os.environ}, environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.pid = self._process.pid

    def ask(self, expression: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], 30)[0], "no answer"
        return self._process.stdout.readline().strip()

    def off_by(self) -> float:
        return float(self.ask("time.time()")) - time.time()

    def close(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.send_signal(how)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)
        FakeClock.sweep(self.pid)


@contextlib.contextmanager
def running(environment: dict[str, str], *, before: str = "") -> Iterator[Program]:
    program = Program(environment, before=before)
    try:
        yield program
    finally:
        program.close()


def test_the_clock_is_true_until_it_jumps_and_each_jump_counts_from_the_true_time(
    clock: FakeClock,
) -> None:
    with running(clock.environment()) as program:
        assert abs(program.off_by()) < SLACK_S
        for seconds in (3600.0, -86_400.0, 365 * 86_400.0, 100.5, 0.0):
            clock.jump(seconds)
            assert program.off_by() == pytest.approx(seconds, abs=SLACK_S)


def test_a_jump_is_exact_to_the_fraction(clock: FakeClock) -> None:
    with running(clock.environment()) as program:
        # The monotonic clock is the same for both: what passes in between does not count.
        both = "time.time() - time.monotonic()"
        true = float(program.ask(both))
        clock.jump(100.25)
        assert float(program.ask(both)) - true == pytest.approx(100.25, abs=0.1)


def test_everything_that_tells_the_time_of_day_jumps(clock: FakeClock) -> None:
    with running(clock.environment(), before="import datetime, sqlite3") as program:
        clock.jump(10 * 365 * 86_400)
        year = time.gmtime(time.time() + 10 * 365 * 86_400).tm_year
        for expression in (
            "datetime.datetime.now(datetime.UTC).year",
            "time.gmtime().tm_year",
            "time.gmtime(time.time_ns() // 10**9).tm_year",
            "sqlite3.connect(':memory:').execute(\"SELECT strftime('%Y')\").fetchone()[0]",
        ):
            assert int(program.ask(expression)) == year, expression


def test_the_monotonic_clock_and_timeouts_are_left_alone(clock: FakeClock) -> None:
    before = """
import threading, selectors
def waits():
    began = time.monotonic()
    threading.Event().wait(0.1)
    selectors.DefaultSelector().select(0.05)
    return time.monotonic() - began
"""
    with running(clock.environment(), before=before) as program:
        for seconds in (3600.0, -3600.0):
            clock.jump(seconds)
            earliest = time.monotonic()
            now = float(program.ask("time.monotonic()"))
            assert earliest <= now <= time.monotonic()
            assert 0.15 <= float(program.ask("waits()")) < SLACK_S


def test_dates_of_files_stay_true(clock: FakeClock, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with running(clock.environment(), before="import os") as program:
        clock.jump(3600.0)
        assert float(program.ask(f"os.stat({str(file)!r}).st_mtime")) == file.stat().st_mtime


def test_no_thread_ever_sees_another_time_while_the_clock_jumps(clock: FakeClock) -> None:
    before = """
import threading
odd, stop = [], threading.Event()
true = TRUE
def watch():
    while not stop.is_set():
        off = time.time() - time.monotonic() - true
        if min(abs(off - 1000), abs(off + 1000)) > 5:
            odd.append(off)
threads = [threading.Thread(target=watch) for _ in range(4)]
def begin():
    for thread in threads: thread.start()
def end():
    stop.set()
    for thread in threads: thread.join()
    return odd
""".replace("TRUE", repr(time.time() - time.monotonic()))
    clock.jump(1000)
    with running(clock.environment(), before=before) as program:
        program.ask("begin()")
        for round_ in range(30):
            off = 1000 if round_ % 2 else -1000
            clock.jump(off)
            assert program.off_by() == pytest.approx(off, abs=SLACK_S)
        assert program.ask("end()") == "[]"


def test_a_killed_process_leaves_nothing_in_shared_memory(clock: FakeClock) -> None:
    program = Program(clock.environment())
    program.ask("1")
    mine = [path for path in Path("/dev/shm").iterdir() if path.name.endswith(f"_{program.pid}")]
    assert mine
    program.close()
    assert not any(path.exists() for path in mine)


def test_a_false_clock_and_a_faulty_disk_work_in_one_process(
    clock: FakeClock, tmp_path: Path
) -> None:
    try:
        shim = build_shim(tmp_path / "shim")
    except MissingTool as error:
        pytest.skip(str(error))
    data = tmp_path / "data"
    disk = FaultyDisk(shim=shim, data=data, state=tmp_path / "state")
    before = f"""
import sqlite3, threading
def work(who):
    try:
        db = sqlite3.connect({str(data / "a.db")!r}, isolation_level=None, timeout=20)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE IF NOT EXISTS t (who INTEGER, at REAL)")
        for n in range(20):
            db.execute("INSERT INTO t VALUES (?, ?)", (who, time.time()))
        db.execute("PRAGMA synchronous=OFF")
    except sqlite3.Error as error:
        return str(error)
def all_work():
    said = [work(0)]
    threads = [threading.Thread(target=lambda i=i: said.append(work(i))) for i in range(1, 5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return said
def count():
    db = sqlite3.connect({str(data / "a.db")!r})
    return db.execute("SELECT count(*), min(at) FROM t").fetchone()
"""
    both = together(disk.environment(), clock.environment())
    clock.jump(1_000_000)
    with running(both, before=before) as program:
        assert program.ask("all_work()") == str([None] * 5)
        # libfaketime alone breaks it.
        began = time.monotonic()
        assert program.ask("time.sleep(0.05)") == "None"
        assert time.monotonic() - began >= 0.05
        disk.fill()
        assert program.ask("work(5)") == "database or disk is full"
        disk.free()
        assert program.off_by() == pytest.approx(1_000_000, abs=SLACK_S)
    disk.cut_power()
    with running(both, before=before) as program:
        kept, earliest = eval(program.ask("count()"))
    assert kept >= 100
    assert earliest > time.time() + 900_000


def test_without_the_library_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clocks, "_FOLDERS", (str(tmp_path / "missing"), str(tmp_path)))
    with pytest.raises(MissingTool, match="install the package libfaketime"):
        clocks.library()


@pytest.mark.parametrize(
    "where", ["faketime", "x86_64-linux-gnu/faketime", "aarch64-linux-gnu/faketime"]
)
def test_the_library_is_found_where_distributions_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    (tmp_path / where).mkdir(parents=True)
    there = tmp_path / where / "libfaketimeMT.so.1"
    there.touch()
    monkeypatch.setattr(clocks, "_FOLDERS", (str(tmp_path / "missing"), str(tmp_path)))
    assert clocks.library() == there


def test_libraries_of_several_environments_are_preloaded_together() -> None:
    merged = together({"LD_PRELOAD": "/a.so", "A": "1"}, {"LD_PRELOAD": "/b.so", "A": "2"}, {})
    assert merged == {"LD_PRELOAD": "/a.so:/b.so", "A": "2"}
    assert together(merged, {"LD_PRELOAD": "/a.so"}) == merged
    assert together({"A": "1"}) == {"A": "1"}
