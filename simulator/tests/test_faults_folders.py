"""Folders of runs: those that a killed run has left go, all others stay."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from aerostream_sim.faults.folders import remove_abandoned, run_folders

#: Uses a folder for a run, says which, and waits to be killed.
_RUN = """
import sys, tempfile
from aerostream_sim.faults import folders
folders._memory = lambda: None
tempfile.tempdir = sys.argv[1]
with folders.run_folders(None) as (folder, _):
    (folder / "seed-1").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own as the system's for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_of_a_run_that_was_killed_goes_when_the_next_one_begins(place: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        assert folder.parent == place
        remove_abandoned(place)
        assert (folder / "seed-1").is_dir(), "it runs"
        run.kill()
        run.wait()
    assert folder.exists()
    with run_folders(None):
        assert not folder.exists()


def test_what_was_kept_and_what_is_not_ours_stays(place: Path) -> None:
    with run_folders(None) as (folder, evidence):
        assert evidence is not None
        (evidence / "seed-1").mkdir()
        (folder / "seed-2").mkdir()
    others = [place / "aerostream-swarm-1", place / "aerostream-faults-without-lock"]
    for other in others:
        other.mkdir()
    target = place / "target"
    target.mkdir()
    (target / ".running").touch()
    (place / "aerostream-faults-link").symlink_to(target)
    (place / "aerostream-faults-file").touch()
    before = sorted(place.iterdir())
    remove_abandoned(place)
    assert sorted(place.iterdir()) == before
    assert (evidence / "seed-1").is_dir()
    assert (folder / "seed-2").is_dir()
    assert (target / ".running").exists()
    (folder / "seed-2").rmdir()
    folder.rmdir()


def test_a_run_without_anything_to_keep_leaves_nothing(place: Path) -> None:
    with run_folders(None) as (folder, evidence):
        assert evidence is not None
        assert (folder / ".running").exists()
    assert not folder.exists()
    assert not evidence.exists()
