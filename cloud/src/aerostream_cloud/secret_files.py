"""Files with secrets: replaced as a whole or not at all, never readable by everybody."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: The user that Mosquitto's packages run the broker as.
_BROKER_USER = "mosquitto"


def read_or_empty(path: Path) -> str:
    """The text of a file; nothing where there is no file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write_secret(path: Path, text: str, mode: int) -> None:
    """Put `text` at `path`: on disk before it is seen, with `mode` from its first byte on.

    As root, the file belongs to whom its predecessor, else its folder, belongs.
    """
    owner = (path if path.exists() else path.parent).stat()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            if os.geteuid() == 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def make_private_folder(folder: Path) -> None:
    """Create a folder, and missing parents, that only we can look into."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def make_broker_folder(folder: Path) -> None:
    """Create the folder of the broker's account files; as root, hand it to the broker's user.

    Mosquitto reads the files again after it has given up root. Whoever finds the folder there
    finds it handed over: files take their owner from it.
    """
    with suppress(FileExistsError):
        folder.parent.mkdir(parents=True)
    with locked(folder.parent):
        if folder.is_dir():
            return
        folder.mkdir(mode=0o750)
        if os.geteuid() == 0:
            # Without that user the broker runs as another, which whoever set it up knows.
            with suppress(LookupError):
                shutil.chown(folder, _BROKER_USER, _BROKER_USER)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for ourselves: two programs never change its files at the same time."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """A rename is on disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
