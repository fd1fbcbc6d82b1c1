"""Which system id is which drone, kept on disk; and one agent per drone."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aerostream_contract.names import DroneName
from aerostream_edge.errors import StateError
from aerostream_edge.identity import Identities
from aerostream_edge.lock import AgentLock

NAME = DroneName("north", "kestrel")


def identities(folder: Path, pinned: int | None = None) -> Identities:
    return Identities(folder, NAME, pinned)


def test_the_first_vehicle_ever_seen_is_the_configured_drone(tmp_path: Path) -> None:
    ours = identities(tmp_path)
    assert ours.first_system is None
    assert ours.name_of(7) == NAME
    assert ours.name_of(3) == DroneName("north", "kestrel-3")
    assert ours.first_system == 7


@pytest.mark.parametrize("first", [3, 7])
def test_after_a_restart_the_first_heartbeat_decides_nothing(tmp_path: Path, first: int) -> None:
    identities(tmp_path).name_of(7)
    ours = identities(tmp_path)
    assert ours.first_system == 7
    names = {system: ours.name_of(system) for system in (first, 3, 7)}
    assert names == {7: NAME, 3: DroneName("north", "kestrel-3")}


def test_a_pinned_system_is_the_drone_whoever_comes_first(tmp_path: Path) -> None:
    identities(tmp_path).name_of(7)
    ours = identities(tmp_path, pinned=3)
    assert (str(ours.name_of(7)), ours.name_of(3)) == ("north/kestrel-7", NAME)


def test_drones_of_one_data_directory_are_kept_apart(tmp_path: Path) -> None:
    identities(tmp_path).name_of(7)
    other = Identities(tmp_path, DroneName("north", "osprey"), None)
    assert other.first_system is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        '{"first_system": "3"}',
        '{"first_system": 0}',
        '{"first_system": 256}',
        '{"first_system": true}',
        "{}",
        "\x00\xff",
    ],
)
def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path, content: str) -> None:
    identities(tmp_path).name_of(7)
    (file,) = (tmp_path / "systems").iterdir()
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(StateError, match="AEROSTREAM_SYSID") as caught:
        identities(tmp_path)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert identities(tmp_path, pinned=7).name_of(7) == NAME, "a pin needs no file"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    ours = identities(tmp_path)
    (tmp_path / "systems").write_text("in the way")
    with pytest.raises(StateError, match="cannot be written"):
        ours.name_of(7)


def test_the_file_is_whole_or_not_there(tmp_path: Path) -> None:
    identities(tmp_path).name_of(7)
    (file,) = (tmp_path / "systems").iterdir()
    assert json.loads(file.read_text()) == {"drone": "north/kestrel", "first_system": 7}


def test_a_second_agent_for_a_drone_is_refused(tmp_path: Path) -> None:
    lock = AgentLock(tmp_path, NAME)
    with pytest.raises(StateError, match="north/kestrel is running on this machine already"):
        AgentLock(tmp_path, NAME)
    AgentLock(tmp_path, DroneName("north", "osprey")).release()
    lock.release()
    AgentLock(tmp_path, NAME).release()


def test_a_lock_leaves_no_file_behind(tmp_path: Path) -> None:
    lock = AgentLock(tmp_path, NAME)
    (file,) = (tmp_path / "systems").iterdir()
    assert file.name == "north.kestrel.lock"
    with pytest.raises(StateError):
        AgentLock(tmp_path, NAME)
    assert file.exists(), "who is refused removes nothing"
    lock.release()
    assert list((tmp_path / "systems").iterdir()) == []


def test_of_many_who_come_and_go_one_holds_the_lock_at_a_time(tmp_path: Path) -> None:
    holders: list[int] = []
    most: list[int] = []

    def come_and_go(number: int) -> None:
        for _ in range(400):
            try:
                lock = AgentLock(tmp_path, NAME)
            except StateError:
                continue
            holders.append(number)
            os.sched_yield()
            most.append(len(holders))
            holders.remove(number)
            lock.release()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(come_and_go, range(8)))
    assert set(most) == {1}


def test_the_lock_of_a_killed_agent_is_free(tmp_path: Path) -> None:
    holder = (
        "import sys, pathlib\n"
        "from aerostream_contract.names import DroneName\n"
        "from aerostream_edge.lock import AgentLock\n"
        "lock = AgentLock(pathlib.Path(sys.argv[1]), DroneName('north', 'kestrel'))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StateError):
            AgentLock(tmp_path, NAME)
        process.kill()
        process.wait(10)
    AgentLock(tmp_path, NAME).release()


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user who may not write everywhere")
def test_a_data_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="Permission denied"):
        AgentLock(tmp_path, NAME)
