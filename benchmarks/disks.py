"""Folders on a real disk and in memory, and how often a process waits for its disk."""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import MeasureError

_SOURCE = Path(__file__).with_name("syncs.c")
_COMPILERS = ("cc", "gcc", "clang")
_IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")
_MEMORY = Path("/dev/shm")
#: `syncs` in syncs.c.
_SYNCS = struct.Struct("=QQ")


@contextmanager
def folder_on_disk() -> Iterator[Path]:
    """A temporary folder that is not in memory.

    Raises:
        MeasureError: all that could hold one are.
    """
    for parent in (Path(tempfile.gettempdir()), Path("/var/tmp"), Path.home()):
        if parent.is_dir() and os.access(parent, os.W_OK) and file_system(parent) not in _IN_MEMORY:
            with tempfile.TemporaryDirectory(prefix="aerostream-bench-", dir=parent) as name:
                yield Path(name)
            return
    raise MeasureError("the temporary folders are in memory: set TMPDIR to one on a disk")


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A temporary folder that is on no disk.

    Raises:
        MeasureError: there is no place for one.
    """
    if not _MEMORY.is_dir() or file_system(_MEMORY) not in _IN_MEMORY:
        raise MeasureError(f"{_MEMORY} is not in memory; benchmarks need Linux")
    with tempfile.TemporaryDirectory(prefix="aerostream-bench-", dir=_MEMORY) as name:
        yield Path(name)


def file_system(folder: Path) -> str:
    """The kind of file system that a folder is on, such as `ext4`."""
    path = str(folder.resolve())
    best = ("", "")
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, mount, kind, *_ = line.split()
        # A later mount in the same place hides the earlier one.
        if f"{path}/".startswith(f"{mount.rstrip('/')}/") and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


class Syncs(NamedTuple):
    """Waits for the disk."""

    calls: int
    seconds: float


class SyncCounter:
    """Counts fsync and fdatasync of one process.

    Args:
        library: as `build_counter` gave it.
        file: where it counts.
    """

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self._file.write_bytes(_SYNCS.pack(0, 0))
        self.variables = {"LD_PRELOAD": str(library), "BENCHMARK_SYNCS": str(file)}
        """What the process needs in its environment."""

    @property
    def syncs(self) -> Syncs:
        """How many there were, and how long they took in sum."""
        calls, nanoseconds = _SYNCS.unpack(self._file.read_bytes())
        return Syncs(calls, nanoseconds / 1e9)


def build_counter(folder: Path) -> Path:
    """Compile the library that counts; where it is.

    Raises:
        MeasureError: there is no C compiler, or it fails.
    """
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise MeasureError("a C compiler is missing: `make faulttools` installs it")
    library = folder / "syncs.so"
    command = [compiler, "-std=gnu11", "-O2", "-fPIC", "-shared", "-o", str(library)]
    built = subprocess.run(
        [*command, str(_SOURCE), "-ldl"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        raise MeasureError(f"{compiler} cannot build {_SOURCE.name}: {built.stderr.strip()}")
    return library
