"""A disk that loses power and fills up, for the processes that are started on it.

A library of our own (`shim_disk.c`) is preloaded into them and watches one folder; no privileges
are needed. What it keeps and by which rules it goes stands at its top. In short, after a loss of
power a file has the bytes of its last fsync; a rename or removal counts once its folder was synced;
and a full disk lets files grow by nothing, but lets them be written over, shortened and removed.
"""

import fcntl
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aerostream_sim.errors import SimError

#: `struct room` of shim_disk.c: full, bytes left.
_ROOM = struct.Struct("=qq")


class FaultyDisk:
    """One disk: a folder, and what of it would outlive a loss of power.

    What is in the folder at the start counts as written long ago. From then on only programs on the
    disk change it: what others write there is not known to it. (A reader of an SQLite database is a
    writer too, unless it is opened with `mode=ro`.)

    Args:
        shim: as `shim.build_shim` returned it.
        data: the folder; made where it is missing.
        state: a folder of its own outside of `data`, for the memory of the disk; it is kept where
            it exists.

    Raises:
        SimError: one of the folders is inside the other.
    """

    def __init__(self, *, shim: Path, data: Path, state: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        state.mkdir(parents=True, exist_ok=True)
        self._shim = shim.resolve()
        self._data = data.resolve()
        self._state = state.resolve()
        if self._state.is_relative_to(self._data) or self._data.is_relative_to(self._state):
            raise SimError(f"a disk's folder and its memory are apart: {data}, {state}")
        self._platter = self._state / "disk"
        self._room = self._state / "room"
        if not self._room.exists():
            shutil.copytree(self._data, self._platter, symlinks=True, dirs_exist_ok=True)
            (self._state / "pending").touch()
            # Last: a state without it is none.
            self._room.write_bytes(_ROOM.pack(0, 0))

    def environment(self) -> dict[str, str]:
        """What a process on this disk needs in its environment."""
        return {
            "LD_PRELOAD": str(self._shim),
            "FAULTY_DISK_DATA": str(self._data),
            "FAULTY_DISK_STATE": str(self._state),
        }

    def fill(self, leave_bytes: int = 0) -> None:
        """Let nothing more on the disk than this, in whole blocks of 4096 bytes.

        What the running processes remove or shorten from now on gives room back.
        """
        self._set_room(full=True, left=leave_bytes)

    def free(self) -> None:
        """Let there be room without end again."""
        self._set_room(full=False, left=0)

    def cut_power(self) -> None:
        """Put the folder back to what had reached the disk.

        Call it when every process on the disk was killed. Files that were never synced go;
        folders stay; symbolic links are not looked at. The disk remains as full as it was.
        """
        with self._locked():
            for path in _files(self._data):
                path.unlink()
            for kept in _files(self._platter):
                if not kept.name.endswith("-shm"):
                    path = self._data / kept.relative_to(self._platter)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(kept, path)
                    shutil.copymode(kept, path)
            os.truncate(self._state / "pending", 0)

    def _set_room(self, *, full: bool, left: int) -> None:
        # Written in place: the processes have it mapped.
        with self._locked(), self._room.open("r+b", buffering=0) as room:
            room.write(_ROOM.pack(full, left))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._state / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
