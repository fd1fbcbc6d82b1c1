"""A false clock for one process, by libfaketime: its wall clock jumps, its monotonic one does not.

An operator sets a clock, NTP steps it, a host starts without a battery for it: only the wall clock
moves then. Deadlines and timeouts, which use the monotonic clock, go on as before.
"""

from pathlib import Path

from aerostream_sim.errors import MissingTool

#: Of the two builds the one for threads: in the other, a thread that reads the clock while another
#: does now and then gets the true time.
_NAME = "libfaketimeMT.so.1"
_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")


def library() -> Path:
    """Where libfaketime is installed.

    Raises:
        MissingTool: it is not.
    """
    for folder in map(Path, _FOLDERS):
        # Debian has a folder for each architecture in between.
        for pattern in (f"faketime/{_NAME}", f"*-linux-gnu*/faketime/{_NAME}"):
            for path in sorted(folder.glob(pattern)):
                return path
    raise MissingTool(
        f"{_NAME} is missing, by which clocks jump: install the package libfaketime "
        "(apt-get, dnf and pacman all know it by this name)"
    )


class FakeClock:
    """The wall clock of the processes that are started with `environment()`.

    It is true until `jump`. Dates of files stay true, since a jump would otherwise move those of
    the files that were there before.

    Args:
        library: as `library()` found it.
        file: where the offset is kept; written here, read by the processes at each look at the
            clock. Its folder exists.
    """

    def __init__(self, *, library: Path, file: Path) -> None:
        self._library = library
        self._file = file
        self.jump(0.0)

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment; see `preload.together`.

        libfaketime 0.9.10 makes Python's `time.sleep` fail. The library of `disk` sets that
        right where it is preloaded before this one.
        """
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file.absolute()),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def jump(self, seconds: float) -> None:
        """Make the clock wrong by so many seconds, at once; 0 makes it true.

        Counted from the true time, not from the last jump.
        """
        # Replaced as a whole: the processes read it at any moment.
        written = self._file.with_name(f"{self._file.name}.new")
        written.write_text(f"{seconds:+.6f}\n", encoding="ascii")
        written.replace(self._file)

    @staticmethod
    def sweep(pid: int) -> None:
        """Remove what the library leaves in shared memory when a process is killed.

        Args:
            pid: the process that was started with `environment()`; it has ended.
        """
        shared = Path("/dev/shm")  # noqa: S108 - the library's place, not a choice of ours
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            (shared / name).unlink(missing_ok=True)
