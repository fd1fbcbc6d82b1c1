"""A file that only takes up room, to be given back when the disk is full.

In WAL mode even deleting writes: without some room a full spool could not be emptied.
"""

import contextlib
import os
from pathlib import Path

_BYTES = 4 * 1024 * 1024


class ReserveFile:
    """The reserve beside a spool.

    Args:
        spool: the spool's file.
        most_bytes: what it may take at most.
    """

    def __init__(self, spool: Path, *, most_bytes: int) -> None:
        self._path = spool.with_name(f"{spool.name}.reserve")
        self._bytes = min(_BYTES, most_bytes)

    def make(self) -> bool:
        """Take the room, where it is free and not yet taken; whether it is there now."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_size >= self._bytes:
                return True
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._bytes)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> int:
        """Give the room back; how many bytes that is."""
        try:
            size = self._path.stat().st_size
            self._path.unlink()
        except OSError:
            return 0
        return size
