"""The library that is preloaded into programs: a disk that fails, and a clock that jumps.

`shim_disk.c` and `shim_clock.c` say what it does. It leaves alone what the environment does not
name: see `disk.FaultyDisk.environment` and `clocks.FakeClock.environment`.
"""

import shutil
import subprocess
from pathlib import Path

from aerostream_sim.errors import MissingTool

SOURCES = tuple(Path(__file__).with_name(f"shim_{part}.c") for part in ("disk", "clock"))
"""What it is made of."""
COMPILERS = ("cc", "gcc", "clang")
"""By which one of these, the first that is there."""
# Without the C library's own checks: they would be built in place of our calls.
FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-U_FORTIFY_SOURCE")
"""And how."""


def build_shim(folder: Path) -> Path:
    """Compile the library that is preloaded; where it is.

    Args:
        folder: where it goes; made where it is missing.

    Raises:
        MissingTool: there is no C compiler, or none that can build it.
    """
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise MissingTool(
            "a C compiler (cc) is missing, by which disks fail and clocks jump: install the "
            "package gcc, on Debian and its relatives with libc6-dev"
        )
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "faults.so"
    built = subprocess.run(  # noqa: S603 - the system's compiler, our own source
        [compiler, *FLAGS, "-w", "-o", str(library), *map(str, SOURCES), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        said = next((line for line in built.stderr.splitlines() if "error" in line), built.stderr)
        raise MissingTool(
            f"{compiler} cannot build what makes disks fail and clocks jump ({said.strip()}): a "
            "64-bit Linux is needed, and the C library's headers (the package libc6-dev on "
            "Debian, glibc-devel on Fedora)"
        )
    return library
