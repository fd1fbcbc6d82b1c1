"""Whether a path still leads to the file that was opened by it."""

from pathlib import Path


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
