"""A folder on a real disk, and how often a process waits for that disk."""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import MeasureError

_SOURCE = Path(__file__).with_name("syncs.c")
_COMPILERS = ("cc", "gcc", "clang")
_IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")
_COUNT = struct.Struct("=Q")


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


class SyncCounter:
    """Counts fsync and fdatasync of one process.

    Args:
        library: as `build_counter` gave it.
        file: where it counts.
    """

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self._file.write_bytes(_COUNT.pack(0))
        self.variables = {"LD_PRELOAD": str(library), "BENCHMARK_SYNCS": str(file)}
        """What the process needs in its environment."""

    @property
    def count(self) -> int:
        """How many there were."""
        (count,) = _COUNT.unpack(self._file.read_bytes())
        return int(count)


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
