"""Files of SQLite: where a path leads to, and why it leads nowhere."""

import errno
import sqlite3
from pathlib import Path

_MISPLACED_ERRNOS = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}
_MISPLACED_CODES = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_AUTH,
}
#: SQLite puts details above the lowest byte of a code.
_CODE_MASK = 0xFF


def is_misplaced(error: Exception) -> bool:
    """Whether a file cannot be opened for where it is or who owns it: waiting does not help."""
    if isinstance(error, OSError):
        return error.errno in _MISPLACED_ERRNOS
    return getattr(error, "sqlite_errorcode", 0) & _CODE_MASK in _MISPLACED_CODES


class OpenedFiles:
    """Remembers which files lie at some paths, so that a change can be seen later.

    A file that is deleted or replaced while it is open goes on to take writes, and nobody will
    ever find them.

    Args:
        files: files that are there now; one that is missing is expected to stay missing.
    """

    def __init__(self, *files: Path) -> None:
        self._identities = {file: _identity(file) for file in files}

    def changed(self) -> Path | None:
        """The first of the files that is another one now, or gone.

        Raises:
            OSError: it cannot be told.
        """
        for file, identity in self._identities.items():
            if _identity(file) != identity:
                return file
        return None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
