"""Which system id on the link is which drone, kept on disk from first sight.

After a restart it does not matter whose heartbeat comes first: a vehicle keeps its name.
"""

import json
import os
from pathlib import Path

from aerostream_contract.names import DroneName

from aerostream_edge.errors import StateError


class Identities:
    """System ids of one link and their drones.

    Args:
        folder: where the file is kept.
        first: the configured drone.
        pinned: its system id, where the configuration says so.

    Raises:
        StateError: the file is damaged; guessing would swap drones.
    """

    def __init__(self, folder: Path, first: DroneName, pinned: int | None) -> None:
        self._first = first
        self._pinned = pinned
        self._file = folder / "systems" / f"{first.fleet}.{first.drone}.json"
        self._first_system = pinned if pinned is not None else self._read()

    @property
    def first_system(self) -> int | None:
        """System id of the configured drone, None before it was first seen."""
        return self._first_system

    def name_of(self, system: int) -> DroneName:
        """The drone of a vehicle that was seen; the first one ever is the configured drone.

        Raises:
            StateError: the file cannot be written.
        """
        if self._first_system is None:
            self._write(system)
            self._first_system = system
        if system == self._first_system:
            return self._first
        return DroneName(self._first.fleet, f"{self._first.drone}-{system}")

    def _read(self) -> int | None:
        try:
            content = json.loads(self._file.read_text())
            system = content["first_system"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateError(self._unusable(str(error))) from error
        if type(system) is not int or not 1 <= system <= 255:
            raise StateError(self._unusable(f"first_system is {system!r}, expected 1 to 255"))
        return system

    def _write(self, system: int) -> None:
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w") as file:
                json.dump({"drone": str(self._first), "first_system": system}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
            # The name is on disk only when the folder that holds it is.
            folder = os.open(self._file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StateError(f"{self._file} cannot be written: {error.strerror}") from error

    def _unusable(self, reason: str) -> str:
        return (
            f"{self._file} is unusable ({reason}): remove it, or set AEROSTREAM_SYSID "
            f"to the system id of {self._first}"
        )
