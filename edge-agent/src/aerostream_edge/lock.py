"""One agent per drone and machine: a second one would throw the first out of the broker."""

import fcntl
from pathlib import Path
from typing import IO

from aerostream_contract.names import DroneName

from aerostream_edge.errors import StateError


class AgentLock:
    """Held while an agent runs for a drone; the system frees it when the process ends.

    Args:
        folder: the data directory.
        name: the drone.

    Raises:
        StateError: another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path, name: DroneName) -> None:
        file = folder / "systems" / f"{name.fleet}.{name.drone}.lock"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = file.open("ab")
        except OSError as error:
            raise StateError(f"{file} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise StateError(f"an agent for {name} is running on this machine already") from error

    def release(self) -> None:
        """Let another agent run."""
        self._file.close()
