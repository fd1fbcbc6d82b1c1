"""The relational database: opening it by URL and bringing its schema up to date."""

from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy
from aerostream_contract.errors import InvalidSetting
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from aerostream_cloud.errors import RegistryUnavailable

_BUSY_TIMEOUT_MS = 5000
#: Alembic keeps the migration that runs in globals of its own; services may start in threads.
_migrating = Lock()


def open_database(url: str) -> Engine:
    """Connect, and migrate to the newest schema.

    Raises:
        InvalidSetting: the URL cannot be used.
        RegistryUnavailable: the database cannot be reached, or is of a newer version.
    """
    try:
        parsed = sqlalchemy.make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sqlalchemy.create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidSetting(
            f"AEROSTREAM_DATABASE_URL is unusable: {_first_line(error)}; "
            "expected an SQLAlchemy URL such as sqlite:////path or postgresql+psycopg://…"
        ) from error
    except OSError as error:
        raise RegistryUnavailable(f"database: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    migrate(engine)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema up to date; the engine has no open connection when that fails.

    Raises:
        RegistryUnavailable: the database cannot be reached, or is of a newer version.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with _migrating, engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, CommandError) as error:
        engine.dispose()
        shown = engine.url.render_as_string(hide_password=True)
        raise RegistryUnavailable(f"database {shown}: {_first_line(error)}") from error


def sqlite_file(engine: Engine) -> Path | None:
    """The file that the database is in; None where it is not one file."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:":
        return None
    return Path(name)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Readers and one writer at a time side by side, and writers that wait for each other."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
