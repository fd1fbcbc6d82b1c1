"""The registry's file: noticing that another one lies there, and going on with that."""

from pathlib import Path
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from aerostream_cloud.database import migrate, sqlite_file
from aerostream_cloud.errors import RegistryUnavailable
from aerostream_cloud.opened_files import OpenedFiles


class RegistryFile:
    """Where the registry is one file, sees to it that the engine uses the one that lies there now.

    Args:
        engine: has been connected before.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file = sqlite_file(engine)
        self._opened = None if self._file is None else OpenedFiles(self._file)
        self._lock = Lock()

    def renew(self) -> bool:
        """Go on with the file that lies there now; whether it is another one than before.

        Raises:
            RegistryUnavailable: the file is gone, or its successor cannot be used.
        """
        file = self._file
        if file is None:
            return False
        try:
            with self._lock:
                if self._opened is not None and not self._opened.changed():
                    return False
                self._open_again(file)
        except SQLAlchemyError as error:
            raise unavailable(error) from error
        except OSError as error:
            raise RegistryUnavailable(f"drone registry {file}: {error.strerror}") from error
        return True

    def _open_again(self, file: Path) -> None:
        if not file.exists():
            raise RegistryUnavailable(
                f"drone registry {file} was deleted while in use: put it back, or restart to "
                "begin a new one"
            )
        if self._opened is not None:
            self._empty_log(file)
        self._opened = None
        self._engine.dispose()
        migrate(self._engine)
        self._opened = OpenedFiles(file)

    def _empty_log(self, file: Path) -> None:
        """Bring home what the log holds of the former file.

        SQLite finds logs by name: it would apply this one to the file that came in its place.
        """
        with self._engine.connect() as connection:
            log = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            [busy] = log.one()[:1]
        if busy:
            raise RegistryUnavailable(
                f"drone registry {file} was replaced while in use, and somebody reads the former "
                "one"
            )


def unavailable(error: SQLAlchemyError) -> RegistryUnavailable:
    """Our error for one of the database's."""
    return RegistryUnavailable(f"drone registry: {str(error).splitlines()[0]}")
