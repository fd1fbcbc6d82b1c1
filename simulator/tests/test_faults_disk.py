"""The disk that loses power and fills up, as real programs with real SQLite see it."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aerostream_sim.errors import SimError
from aerostream_sim.faults.disk import FaultyDisk
from aerostream_sim.faults.shim import build_shim

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not any(map(shutil.which, ("cc", "gcc", "clang"))),
    reason="needs Linux and a C compiler: libraries are preloaded",
)

BLOCK = 4096


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def disk(shim: Path, tmp_path: Path) -> FaultyDisk:
    return FaultyDisk(shim=shim, data=tmp_path / "data", state=tmp_path / "state")


@pytest.fixture
def data(disk: FaultyDisk, tmp_path: Path) -> Path:
    return tmp_path / "data"


class Program:
    """Python on the disk, line by line: what is told it runs at once, and answers `say`s."""

    def __init__(self, disk: FaultyDisk, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOOP],
            env={**os.environ, **disk.environment()},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def run(self, code: str) -> str:
        """What it printed, or the error that it raised."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(repr(code) + "\n")
        self._process.stdin.flush()
        answer: str = eval(self._process.stdout.readline() or "''")
        return answer

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)


_LOOP = """
import contextlib, io, sys
names = {}
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            exec(eval(line), names)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    print(repr(said.getvalue().strip()), flush=True)
"""

Start = Callable[[], Program]


@pytest.fixture
def start(disk: FaultyDisk, data: Path) -> Iterator[Start]:
    programs = []

    def start() -> Program:
        programs.append(Program(disk, data))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


FILES = """
import os
def put(name, data, sync=True, how="wb"):
    with open(name, how) as file:
        file.write(data)
        file.flush()
        if sync:
            os.fsync(file)
def sync_folder(name="."):
    fd = os.open(name, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
"""


# Power


def test_a_file_has_the_bytes_of_its_last_sync_after_a_loss_of_power(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    program = start()
    program.run(FILES)
    assert not program.run("""
put("kept", b"one")
put("kept", b" and more", sync=False, how="ab")
put("never", b"x", sync=False)
os.mkdir("below")
put("below/deep", b"deep")
put("emptied", b"full")
put("emptied", b"", sync=False)
with open("both", "wb+", buffering=0) as file:
    file.write(b"12")
    os.fdatasync(file)
    file.write(b"34")
    os.fdatasync(file)
    os.pwrite(file.fileno(), b"XX", 0)
put("x-shm", b"y")
os.chmod("kept", 0o640)
""")
    program.kill()
    disk.cut_power()
    assert contents(data) == {
        "kept": b"one",
        "below/deep": b"deep",
        "emptied": b"full",
        "both": b"1234",
    }
    disk.cut_power()
    assert contents(data)["both"] == b"1234"


def test_a_kill_without_a_loss_of_power_takes_nothing(
    data: Path, disk: FaultyDisk, start: Start
) -> None:
    program = start()
    program.run(FILES)
    program.run('put("never", b"x", sync=False)')
    program.kill()
    assert contents(data) == {"never": b"x"}
    again = start()
    again.run(FILES)
    again.run('put("never", b"y", how="ab")')
    again.kill()
    disk.cut_power()
    assert contents(data) == {"never": b"xy"}


def test_what_was_there_before_the_disk_counts_as_written(shim: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "below").mkdir(parents=True)
    (data / "below" / "old").write_bytes(b"old")
    disk = FaultyDisk(shim=shim, data=data, state=tmp_path / "state")
    (data / "below" / "old").write_bytes(b"changed")
    again = FaultyDisk(shim=shim, data=data, state=tmp_path / "state")
    again.cut_power()
    assert contents(data) == {"below/old": b"old"}
    assert disk.environment() == again.environment()


@pytest.mark.parametrize("state", [".", "below", ".."])
def test_the_memory_of_a_disk_is_not_on_it(shim: Path, tmp_path: Path, state: str) -> None:
    data = tmp_path / "around" / "data"
    with pytest.raises(SimError, match="apart"):
        FaultyDisk(shim=shim, data=data, state=(data / state).resolve())


REPLACE = 'put("new", b"new"); os.replace("new", "name")'


@pytest.mark.parametrize(
    ("then", "left"),
    [
        ("", {"name": b"old", "new": b"new"}),
        ("sync_folder()", {"name": b"new"}),
        ("sync_folder('/')", {"name": b"old", "new": b"new"}),
        # Its bytes last, its new name does not.
        ('put("name", b"er", how="ab")', {"name": b"old", "new": b"newer"}),
        ('os.unlink("name")', {"name": b"old", "new": b"new"}),
        ('os.unlink("name"); sync_folder()', {}),
        # A sync commits the changes of names before the file was made.
        ('put("new", b"next")', {"name": b"new", "new": b"next"}),
        ('os.unlink("name"); put("name", b"fresh")', {"name": b"fresh"}),
        ('os.rename("name", "third"); sync_folder()', {"third": b"new"}),
        ('os.mkdir("d"); os.rename("name", "d/name"); sync_folder("d")', {"d/name": b"new"}),
        ('os.rename("name", "/proc/self/cwd/name"); sync_folder()', {"name": b"new"}),
        ('os.rename("absent", "name")', {"name": b"old", "new": b"new"}),
        (
            'put("a", b"", sync=False); os.rename("a", "name"); sync_folder()',
            {},
        ),
    ],
)
def test_a_rename_lasts_once_its_folder_is_synced(
    disk: FaultyDisk, data: Path, start: Start, then: str, left: dict[str, bytes]
) -> None:
    program = start()
    program.run(FILES)
    program.run('put("name", b"old"); sync_folder()')
    program.run(REPLACE)
    program.run(then)
    program.kill()
    disk.cut_power()
    assert contents(data) == left


@pytest.mark.parametrize(("then", "left"), [("", {"a": b"a"}), ("sync_folder()", {})])
def test_a_removal_lasts_once_its_folder_is_synced(
    disk: FaultyDisk, data: Path, start: Start, then: str, left: dict[str, bytes]
) -> None:
    program = start()
    program.run(FILES)
    program.run('put("a", b"a"); os.unlink("a")')
    program.run(then)
    program.kill()
    disk.cut_power()
    assert contents(data) == left


def test_many_renames_and_removals_without_a_sync_of_their_folder_are_bounded(
    disk: FaultyDisk, data: Path, start: Start, tmp_path: Path
) -> None:
    program = start()
    program.run(FILES)
    assert not program.run("""
put("0" * 200, b"kept")
for i in range(200):
    os.rename(str(i % 10) * 200, str((i + 1) % 10) * 200)
""")
    program.kill()
    assert (tmp_path / "state" / "pending").stat().st_size < 20_000
    disk.cut_power()
    assert list(contents(data).values()) == [b"kept"]


def test_files_elsewhere_are_left_alone(
    disk: FaultyDisk, data: Path, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "data-not").mkdir()
    program = start()
    program.run(FILES)
    disk.fill()
    assert not program.run('put("../data-not/file", b"x" * 10_000)')
    assert not program.run('os.rename("../data-not/file", "../data-not/other")')
    program.kill()
    disk.cut_power()
    assert contents(tmp_path / "data-not") == {"other": b"x" * 10_000}
    assert contents(data) == {}


SQLITE = """
import sqlite3
def connect(synchronous, journal):
    db = sqlite3.connect("a.db", isolation_level=None)
    db.execute(f"PRAGMA journal_mode={journal}")
    db.execute(f"PRAGMA synchronous={synchronous}")
    db.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, x BLOB)")
    return db
def insert(db, start, end):
    for n in range(start, end):
        db.execute("INSERT INTO t VALUES (?, randomblob(500))", (n,))
"""


def asked(data: Path, *questions: str) -> list[list[tuple[int, ...]]]:
    """Answers of the database, from a copy: a reader would change it behind the disk's back."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(data, Path(folder) / "copy")
        with contextlib.closing(sqlite3.connect(copy / "a.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return [db.execute(question).fetchall() for question in questions]


def rows(data: Path) -> list[int]:
    (answer,) = asked(data, "SELECT n FROM t ORDER BY n")
    return [n for (n,) in answer]


@pytest.mark.parametrize("journal", ["WAL", "DELETE", "TRUNCATE", "PERSIST"])
def test_sqlite_with_full_synchronisation_loses_no_transaction(
    disk: FaultyDisk, data: Path, start: Start, journal: str
) -> None:
    for cut in range(3):
        program = start()
        program.run(SQLITE)
        # EXTRA is FULL and, for DELETE, the sync of the folder after its journal is removed.
        assert not program.run(f'db = connect("EXTRA", "{journal}")')
        assert not program.run(f"insert(db, {cut * 50}, {cut * 50 + 50})")
        program.kill()
        disk.cut_power()
        assert not list(data.glob("*-shm"))
        assert rows(data) == list(range(cut * 50 + 50))


def test_sqlite_without_synchronisation_loses_the_last_transactions(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    program = start()
    program.run(SQLITE)
    assert not program.run('db = connect("FULL", "WAL"); insert(db, 0, 20)')
    assert not program.run('db.execute("PRAGMA synchronous=OFF"); insert(db, 20, 40)')
    program.kill()
    assert rows(data) == list(range(40))
    disk.cut_power()
    assert rows(data) == list(range(20))


def test_sqlite_in_wal_mode_with_normal_synchronisation_goes_back_to_its_checkpoint(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    program = start()
    program.run(SQLITE)
    assert not program.run('db = connect("NORMAL", "WAL"); insert(db, 0, 20)')
    assert program.run('print(*db.execute("PRAGMA wal_checkpoint(FULL)"))').startswith("(0,")
    assert not program.run("insert(db, 20, 40)")
    program.kill()
    disk.cut_power()
    assert rows(data) == list(range(20))


def test_power_can_be_lost_at_any_moment_of_several_processes_and_threads(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    busy = """
import itertools, threading
db = connect("FULL", "WAL")
db.execute("PRAGMA busy_timeout=60000")
db.execute("PRAGMA wal_autocheckpoint=20")
db.execute("CREATE TABLE IF NOT EXISTS done (who INTEGER, n INTEGER)")
def work(who):
    mine = sqlite3.connect("a.db", isolation_level=None, timeout=60)
    mine.execute("PRAGMA synchronous=FULL")
    for n in itertools.count():
        mine.execute("INSERT INTO done VALUES (?, ?)", (who, n))
        put(f"new-{who}", b"%d" % n)
        os.replace(f"new-{who}", f"count-{who}")
        sync_folder()
for i in range(2):
    threading.Thread(target=work, args=(BASE + i,), daemon=True).start()
"""
    for attempt in range(4):
        for path in data.glob("count-*"):
            path.unlink()
        (data / "a.db").unlink(missing_ok=True)
        (data / "a.db-wal").unlink(missing_ok=True)
        programs = [start() for _ in range(2)]
        for number, program in enumerate(programs):
            program.run(FILES)
            program.run(SQLITE)
            program.run("import signal")
            assert not program.run(f"BASE = {number * 10}\n{busy}")
        done = threading.Event()
        for _ in range(6000):
            counts = {path.name: path.read_text() for path in data.glob("count-*")}
            if len(counts) == 4 and all(int(count) > 5 + attempt for count in counts.values()):
                break
            done.wait(0.01)
        else:
            pytest.fail("they did not get to work")
        for program in programs:
            program.kill()
        promised = {
            int(path.name.removeprefix("count-")): int(path.read_text())
            for path in data.glob("count-*")
        }
        disk.cut_power()
        (answer,) = asked(data, "SELECT who, max(n) FROM done GROUP BY who")
        found = {who: count for who, count in answer}  # noqa: C416 - pairs, for the types
        for who, count in promised.items():
            # The row of each count was committed before the count was written.
            assert found[who] >= count
            # The folder was synced before the next one.
            assert int((data / f"count-{who}").read_text()) >= count - 1


# Room


def test_a_full_disk_lets_sqlite_write_nothing_more_until_there_is_room(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    program = start()
    program.run(SQLITE)
    assert not program.run('db = connect("FULL", "WAL"); insert(db, 0, 20)')
    disk.fill()
    assert "database or disk is full" in program.run("insert(db, 20, 200)")
    assert "database or disk is full" in program.run("insert(db, 200, 201)")
    assert program.run('print(*db.execute("SELECT max(n) < 40 FROM t"))') == "(1,)"
    disk.free()
    assert not program.run("insert(db, 300, 320)")
    program.kill()
    disk.cut_power()
    kept = rows(data)
    assert set(range(20)) <= set(kept)
    assert set(range(300, 320)) <= set(kept)
    assert 199 not in kept


def test_a_full_disk_allows_what_needs_no_room(disk: FaultyDisk, data: Path, start: Start) -> None:
    program = start()
    program.run(FILES)
    program.run('put("a", b"a" * 10_000); put("b", b"b" * 10_000); put("c", b"")')
    disk.fill()
    # Over what is there, and to the end of the last block.
    assert not program.run('fd = os.open("a", os.O_RDWR); os.pwrite(fd, b"X" * 10_000, 0)')
    assert program.run('print(os.pwrite(fd, b"Y" * 5000, 10_000))') == str(3 * BLOCK - 10_000)
    for growing in (
        'os.pwrite(fd, b"Y", 12288)',
        'os.write(os.open("c", os.O_WRONLY), b"Y")',
        'os.write(os.open("a", os.O_WRONLY | os.O_APPEND), b"Y")',
        'os.writev(os.open("c", os.O_WRONLY), [b"", b"Y"])',
        'os.pwritev(fd, [b"Y"], 12288)',
        "os.ftruncate(fd, 12289)",
        'os.truncate("a", 12289)',
        "os.posix_fallocate(fd, 12288, 1)",
        'os.copy_file_range(os.open("b", os.O_RDONLY), fd, 10, 0, 12288)',
        'os.sendfile(os.open("c", os.O_WRONLY), os.open("b", os.O_RDONLY), 0, 10)',
        'put("d", b"d")',
    ):
        assert "No space left on device" in program.run(growing), growing
    assert {name: len(each) for name, each in contents(data).items()} == {
        "a": 12_288,
        "b": 10_000,
        "c": 0,
        "d": 0,
    }


@pytest.mark.parametrize(
    "freeing",
    [
        'os.unlink("a")',
        'os.truncate("a", 1)',
        'open("a", "wb").close()',
        'os.rename("tiny", "a")',
        'import pathlib; pathlib.Path("a").unlink()',
    ],
)
def test_removing_and_shortening_files_gives_room_back_to_all_processes(
    disk: FaultyDisk, data: Path, start: Start, freeing: str
) -> None:
    program = start()
    other = start()
    for each in (program, other):
        each.run(FILES)
    program.run('put("a", b"a" * 10_000); put("tiny", b"")')
    disk.fill()
    assert "No space left" in other.run('put("b", b"b" * 8192)')
    assert not program.run(freeing)
    assert not other.run('put("b", b"b" * 8192)')
    assert "No space left" in other.run('put("c", b"c" * 8192)')


def test_what_is_left_is_used_up_to_the_last_block(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    program = start()
    program.run(FILES)
    disk.fill(10_000)
    assert "No space left" in program.run('put("a", b"a" * 20_000)')
    assert len(contents(data)["a"]) == 2 * BLOCK
    disk.fill(BLOCK)
    assert "No space left" in program.run("""
parts = [b"a" * 3000, b"b" * 3000]
print(os.writev(os.open("b", os.O_CREAT | os.O_WRONLY), parts))
put("c", b"c")
""")
    assert contents(data)["b"] == b"a" * 3000 + b"b" * 1096


def test_many_threads_on_a_full_disk_share_what_is_left(
    disk: FaultyDisk, data: Path, start: Start
) -> None:
    programs = [start(), start()]
    disk.fill(100 * BLOCK)
    for number, program in enumerate(programs):
        program.run(f"NUMBER = {number}")
        assert not program.run("""
import os, threading
def work(name):
    with open(name, "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1000))
        except OSError:
            pass
threads = [threading.Thread(target=work, args=(f"{NUMBER}-{i}",)) for i in range(4)]
for thread in threads:
    thread.start()
""")
    for program in programs:
        assert not program.run("for thread in threads: thread.join()")
    assert sum(len(each) for each in contents(data).values()) == 100 * BLOCK


def test_a_program_whose_disk_has_no_memory_does_not_start(
    disk: FaultyDisk, data: Path, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "state")
    done = subprocess.run(
        [sys.executable, "-c", "print('running')"],
        env={**os.environ, **disk.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (127, "")
    assert "its state cannot be opened" in done.stderr
