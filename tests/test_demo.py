"""`make demo` as a person runs it: a fleet on the map, and nothing left of it afterwards."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.cloud import until
from support.patience import PATIENCE_S
from support.ports import free_port

ROOT = Path(__file__).resolve().parents[1]

#: Interrupted by the very process that it starts, before it has been told of it.
_INTERRUPTED = """
import os, signal, subprocess, sys
from pathlib import Path
from deploy.demo.processes import Processes

def interrupt(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
started = []

class Interrupting(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        started.append(self)
        os.kill(os.getpid(), signal.SIGINT)

subprocess.Popen = Interrupting
try:
    with Processes(Path(sys.argv[1])) as processes:
        processes.start("sleep", ["sleep", "600"])
except KeyboardInterrupt:
    print("interrupted")
[child] = started
print("running" if child.poll() is None else "ended")
child.kill()
child.wait()
"""


def demo(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.demo", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_of(session_leader: int) -> set[int]:
    """Processes that descend from one, its own included, by Linux' process table."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {session_leader}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def ports_of(text: str) -> list[int]:
    return [int(port) for port in re.findall(r"(?:127\.0\.0\.1:| -p )(\d+)", text)]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' /proc to look for processes")
def test_a_bounded_demonstration_proves_its_fleet_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    process = demo(
        "--drones", "3", "--duration", "6", "--port", str(port), "--folder", str(tmp_path)
    )
    children: set[int] = set()
    while process.poll() is None:
        children |= processes_of(process.pid)
        time.sleep(0.1)
    output = process.communicate()[0]
    assert process.returncode == 0, output
    assert "All 3 drones were seen, stored and served." in output
    assert len(children) >= 4
    until(
        lambda: not [each for each in children if Path(f"/proc/{each}").exists()],
        "every process ended",
    )
    assert port in ports_of(output)
    assert not [each for each in ports_of(output) if _is_taken(each)]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' /proc to look for processes")
def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    port = free_port()
    process = demo("--drones", "2", "--port", str(port), "--folder", str(tmp_path))
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    children = processes_of(process.pid)
    os.kill(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 130, "".join(lines) + rest
    assert len(children) >= 4
    until(
        lambda: not [each for each in children if Path(f"/proc/{each}").exists()],
        "every process ended",
    )
    assert not _is_taken(port)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--drones", "0"], "DRONES=0 is unusable, expected a whole number from 1 to 500"),
        (["--drones", "many"], "DRONES=many"),
        (["--duration", "-3"], "DURATION=-3"),
        (["--port", "70000"], "PORT=70000 is unusable, expected a whole number from 1 to 65535"),
    ],
)
def test_unusable_options_are_refused_in_a_sentence(arguments: list[str], words: str) -> None:
    process = demo(*arguments)
    output = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 1
    assert words in output
    assert "Traceback" not in output


def test_a_port_in_use_is_refused_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = demo("--port", str(port))
        output = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in output


def test_a_reader_that_goes_away_ends_it_without_a_complaint(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "deploy.demo",
            "--port",
            str(free_port()),
            "--folder",
            str(tmp_path),
        ],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_an_interrupt_while_a_process_starts_does_not_leave_it_behind(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_INTERRUPTED)
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["interrupted", "ended"], done.stderr


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
