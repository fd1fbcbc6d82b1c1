"""A false clock: the wall clock of a running process jumps, nothing else does."""

import contextlib
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aerostream_sim.faults.clocks import FakeClock
from aerostream_sim.faults.disk import FaultyDisk
from aerostream_sim.faults.shim import COMPILERS, build_shim

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not any(map(shutil.which, COMPILERS)),
    reason="needs Linux and a C compiler: a library is preloaded",
)

#: What the machine may take between two looks at the clocks.
SLACK_S = 5.0


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def clock(shim: Path, tmp_path: Path) -> FakeClock:
    return FakeClock(shim=shim, file=tmp_path / "offset")


class Program:
    """Python with a false clock; each line that it gets is an expression to evaluate."""

    def __init__(self, environment: dict[str, str], *, before: str = "") -> None:
        code = f"import sys, time\n{before}\nfor line in sys.stdin: print(eval(line), flush=True)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def ask(self, expression: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], 60)[0], "no answer"
        return self._process.stdout.readline().strip()

    def off_by(self) -> float:
        return float(self.ask("time.time()")) - time.time()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)


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
        # Between the two calls, though, the machine may be busy with something else; not always.
        both = "max(time.time() - time.monotonic() for _ in range(100))"
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


def test_each_call_of_the_c_library_tells_the_same_time(clock: FakeClock) -> None:
    before = """
import ctypes
libc = ctypes.CDLL(None)
libc.time.restype = ctypes.c_long
def told(call, *first, last=()):
    pair = (ctypes.c_long * 2)()
    call(*first, pair, *last)
    return pair[0]
"""
    with running(clock.environment(), before=before) as program:
        for seconds in (1e6 + 0.999, -1e6 - 0.999):
            clock.jump(seconds)
            for expression in (
                "told(libc.clock_gettime, time.CLOCK_REALTIME)",
                "told(libc.clock_gettime, 5)",  # CLOCK_REALTIME_COARSE
                "told(libc.gettimeofday, last=(None,))",
                "told(libc.timespec_get, last=(1,))",
                "libc.time(None)",
            ):
                off = int(program.ask(expression)) - time.time()
                assert off == pytest.approx(seconds, abs=SLACK_S), expression


def test_fractions_of_a_second_carry_over(clock: FakeClock) -> None:
    before = """
def odd(rounds):
    nanoseconds = [time.clock_gettime_ns(time.CLOCK_REALTIME) for _ in range(rounds)]
    return [pair for pair in zip(nanoseconds, nanoseconds[1:]) if not 0 <= pair[1] - pair[0] < 5e9]
"""
    with running(clock.environment(), before=before) as program:
        for seconds in (0.5, -0.5, 0.999999, -0.999999, 1000.5, -1000.5):
            clock.jump(seconds)
            assert program.ask("odd(1000)") == "[]"
            assert program.off_by() == pytest.approx(seconds, abs=SLACK_S)


def test_clocks_of_the_host_other_than_that_of_the_day_are_left_alone(clock: FakeClock) -> None:
    with running(clock.environment()) as program:
        for seconds in (3600.0, -3600.0):
            clock.jump(seconds)
            for name in ("CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME", "CLOCK_TAI"):
                number = getattr(time, name)
                earliest = time.clock_gettime(number)
                now = float(program.ask(f"time.clock_gettime(time.{name})"))
                assert earliest <= now <= time.clock_gettime(number), name


def test_waits_last_as_long_as_they_should_while_the_clock_jumps(clock: FakeClock) -> None:
    before = """
import asyncio, queue, select, threading
def conditions():
    condition = threading.Condition()
    with condition: condition.wait(WAIT)
def queues():
    try: queue.SimpleQueue().get(timeout=WAIT / 2)
    except queue.Empty: pass
    try: queue.Queue().get(timeout=WAIT / 2)
    except queue.Empty: pass
def timers():
    async def run():
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(WAIT, done.set)
        await done.wait()
    asyncio.run(run())
WAIT, took = 1.0, {}
ways = {
    "sleep": lambda: time.sleep(WAIT),
    "event": lambda: threading.Event().wait(WAIT),
    "lock": lambda: (lock := threading.Lock()).acquire() and lock.acquire(timeout=WAIT),
    "select": lambda: select.select([], [], [], WAIT),
    "condition": conditions, "queue": queues, "asyncio": timers,
}
def measure(name):
    began = time.monotonic()
    ways[name]()
    took[name] = time.monotonic() - began
threads = [threading.Thread(target=measure, args=(name,)) for name in ways]
def begin():
    for thread in threads: thread.start()
def end():
    for thread in threads: thread.join()
    return took
"""
    for seconds in (3600.0, -3600.0):
        clock.jump(0.0)
        with running(clock.environment(), before=before) as program:
            program.ask("begin()")
            clock.jump(seconds)
            took: dict[str, float] = eval(program.ask("end()"))
            assert len(took) == 7
            for name, lasted in took.items():
                assert 0.99 <= lasted < 1.0 + SLACK_S, name


def test_a_wait_until_a_false_time_ends_then(clock: FakeClock) -> None:
    # So waits a Python that was built for an old C library.
    before = """
import ctypes
libc = ctypes.CDLL(None)
semaphore = ctypes.create_string_buffer(64)
libc.sem_init(semaphore, 0, 0)
def wait(seconds):
    until = time.time_ns() + round(seconds * 1e9)
    began = time.monotonic()
    failed = libc.sem_timedwait(semaphore, (ctypes.c_long * 2)(*divmod(until, 10**9)))
    return failed, time.monotonic() - began
"""
    with running(clock.environment(), before=before) as program:
        for seconds in (0.0, 3600.5, -3600.5):
            clock.jump(seconds)
            failed, lasted = eval(program.ask("wait(0.1)"))
            assert failed == -1
            assert 0.099 <= lasted < SLACK_S


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


def test_two_programs_on_one_clock_agree_and_another_clock_is_its_own(
    clock: FakeClock, shim: Path, tmp_path: Path
) -> None:
    other = FakeClock(shim=shim, file=tmp_path / "other")
    with (
        running(clock.environment()) as first,
        running(clock.environment()) as second,
        running(other.environment()) as third,
    ):
        clock.jump(5000)
        other.jump(-5000)
        assert first.off_by() == pytest.approx(5000, abs=SLACK_S)
        assert second.off_by() == pytest.approx(5000, abs=SLACK_S)
        assert third.off_by() == pytest.approx(-5000, abs=SLACK_S)


def test_a_program_that_is_started_again_keeps_the_false_time(clock: FakeClock) -> None:
    clock.jump(5000)
    for _ in range(2):
        with running(clock.environment()) as program:
            assert program.off_by() == pytest.approx(5000, abs=SLACK_S)


def test_a_program_whose_clock_is_missing_does_not_start(clock: FakeClock, tmp_path: Path) -> None:
    for break_it in (lambda file: file.write_bytes(b"1234567"), Path.unlink):
        break_it(tmp_path / "offset")
        done = subprocess.run(
            [sys.executable, "-c", "print('running')"],
            env={**os.environ, **clock.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (127, "")
        assert done.stderr == "false clock: its offset cannot be read\n"


def test_a_false_clock_and_a_faulty_disk_work_in_one_process(
    clock: FakeClock, shim: Path, tmp_path: Path
) -> None:
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
    both = disk.environment() | clock.environment()
    clock.jump(1_000_000)
    with running(both, before=before) as program:
        assert program.ask("all_work()") == str([None] * 5)
        disk.fill()
        assert program.ask("work(5)") == "database or disk is full"
        disk.free()
        assert program.off_by() == pytest.approx(1_000_000, abs=SLACK_S)
    disk.cut_power()
    with running(both, before=before) as program:
        kept, earliest = eval(program.ask("count()"))
    assert kept >= 100
    assert earliest > time.time() + 900_000
