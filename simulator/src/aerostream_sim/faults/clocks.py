"""A false clock for one process: its wall clock jumps, its monotonic one does not.

An operator sets a clock, NTP steps it, a host starts without a battery for it: only the wall clock
moves then. Deadlines and timeouts, which use the monotonic clock, go on as before.
"""

import mmap
import os
from pathlib import Path

_BYTES = 8
_NS = 1_000_000_000


class FakeClock:
    """The wall clock of the processes that are started with `environment()`.

    It is true until `jump`. Dates of files stay true, as the kernel gives them.

    Args:
        shim: as `shim.build_shim` returned it.
        file: where the offset is kept, for this clock alone; written here, and mapped by the
            processes as long as they run. Its folder exists.
    """

    def __init__(self, *, shim: Path, file: Path) -> None:
        self._shim = shim.resolve()
        self._file = file.resolve()
        self.jump(0.0)

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment."""
        return {"LD_PRELOAD": str(self._shim), "FALSE_CLOCK_OFFSET": str(self._file)}

    def jump(self, seconds: float) -> None:
        """Make the clock wrong by so many seconds, at once; 0 makes it true.

        Counted from the true time, not from the last jump.
        """
        fd = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, _BYTES)
            # Through a mapping, as a whole number: the processes read it at any moment, and the
            # bytes of a write may be seen one by one.
            with mmap.mmap(fd, _BYTES) as shared, memoryview(shared).cast("q") as offset:
                offset[0] = round(seconds * _NS)
        finally:
            os.close(fd)
