"""One agent per drone and machine: a second one would throw the first out of the broker."""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from aerostream_contract.names import DroneName

from aerostream_edge.errors import StateError


class AgentLock:
    """Held while an agent runs for a drone; the system frees it when the process ends.

    Its file is there while it is held, and stays behind only when the process is killed.

    Args:
        folder: the data directory.
        name: the drone.

    Raises:
        StateError: another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path, name: DroneName) -> None:
        file = folder / "systems" / f"{name.fleet}.{name.drone}.lock"
        self._path = file
        while True:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                self._file: IO[bytes] = file.open("ab")
            except OSError as error:
                raise StateError(f"{file} cannot be written: {error.strerror}") from error
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._file.close()
                raise StateError(
                    f"an agent for {name} is running on this machine already"
                ) from error
            # Its holder may have removed it after we opened it: then the next one makes another
            # file, and ours locks nobody out.
            if self._is_in_place():
                return
            self._file.close()

    def __enter__(self) -> "AgentLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let another agent run; the file goes, and it goes while it is still locked."""
        with contextlib.suppress(OSError):  # a folder made read-only; the file does no harm
            if self._is_in_place():
                self._path.unlink()
        self._file.close()

    def _is_in_place(self) -> bool:
        """Whether the path still leads to the file that we hold."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False
