"""Where a run keeps its logs and data, and what a run that was killed has left there."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aerostream_sim.errors import BadInput, reason

_PREFIX = "aerostream-faults-"
#: Locked as long as the run lives, by the kernel's account of it.
_LOCK = ".running"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # the system's name for it
_LEAST_ROOM_BYTES = 1024 * 1024 * 1024


@contextmanager
def run_folders(chosen: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """The chosen folder, or a temporary one, and where to move what is kept of it.

    A temporary one goes at the end. What is kept does not stay in memory.

    Raises:
        BadInput: the chosen one cannot be made.
    """
    if chosen is not None:
        folder = chosen.resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"--folder {folder}: {reason(error)}") from error
        yield folder, None
        return
    for place in {_SHARED_MEMORY, Path(tempfile.gettempdir())}:
        remove_abandoned(place)
    evidence = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_memory()))
    try:
        with _locked(folder):
            yield folder, evidence
    finally:
        with contextlib.suppress(OSError):
            # Only where nothing was kept.
            evidence.rmdir()
        if not any(folder.glob("seed-*")):
            shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(place: Path) -> None:
    """Remove the temporary folders of our runs that were killed; those in use and kept ones stay.

    Args:
        place: where folders for temporary files are; anybody may write there.
    """
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if folder.is_symlink() or found.st_uid != os.geteuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                # It fails where the run lives.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; without it, at the end, the folder is one that was kept."""
    unseen = folder / f"{_LOCK}.new"
    lock = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Seen only when it is locked: another run must not take it for an abandoned one.
        unseen.rename(folder / _LOCK)
        yield
    finally:
        (folder / _LOCK).unlink(missing_ok=True)
        os.close(lock)


def _memory() -> Path | None:
    """A folder in memory with enough room, else the system's own for temporary files.

    What is tested is what becomes of bytes that a disk has taken. How fast it takes them is a
    matter of the machine, and seeds that run at the same time would hold each other up.
    """
    try:
        room = shutil.disk_usage(_SHARED_MEMORY).free
    except OSError:
        return None
    return _SHARED_MEMORY if room >= _LEAST_ROOM_BYTES else None
