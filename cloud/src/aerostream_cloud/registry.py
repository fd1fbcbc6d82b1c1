"""The drone registry: which drones there are, and in which fleet each of them is."""

from datetime import UTC, datetime, timedelta

from aerostream_contract.names import DroneName
from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from aerostream_cloud.database import migrate, sqlite_file
from aerostream_cloud.errors import RegistryUnavailable
from aerostream_cloud.opened_files import OpenedFiles

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

drones = Table(
    "drones",
    MetaData(),
    Column("drone", String(31), primary_key=True),
    Column("fleet", String(31), nullable=False),
    Column("first_seen", DateTime(timezone=True), nullable=False),
)
"""Drone ids are unique in an installation, so the id alone is the key."""


def registered_drones(engine: Engine) -> list[tuple[DroneName, int]]:
    """Every registered drone with the time of its registration, UTC µs.

    Raises:
        RegistryUnavailable: the database does not answer.
    """
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(drones)).all()
    except SQLAlchemyError as error:
        raise _unavailable(error) from error
    return [
        (
            DroneName(row.fleet, row.drone),
            (_as_utc(row.first_seen) - _EPOCH) // timedelta(microseconds=1),
        )
        for row in rows
    ]


class DroneRegistry:
    """Knows every drone's fleet; asks the database once per drone.

    Args:
        engine: a database whose schema is up to date (`database.open_database`).
    """

    def __init__(self, *, engine: Engine) -> None:
        self._engine = engine
        self._fleets: dict[str, str] = {}
        self._file = sqlite_file(engine)
        self._opened = None if self._file is None else OpenedFiles(self._file)

    def admit(self, name: DroneName, now_us: int) -> str:
        """The fleet that the drone belongs to: its own, or another one that came first.

        An unknown drone is registered.

        Raises:
            RegistryUnavailable: the database does not answer.
        """
        fleet = self._fleets.get(name.drone)
        if fleet is None:
            try:
                fleet = self._find(name.drone) or self._register(name, now_us)
            except SQLAlchemyError as error:
                raise _unavailable(error) from error
            self._fleets[name.drone] = fleet
        return fleet

    def renew(self) -> bool:
        """Go on with the file that lies there now; whether it is another one than before.

        Then nobody is admitted yet: every drone has to be asked for again.

        Raises:
            RegistryUnavailable: the file is gone, or its successor cannot be used.
        """
        file = self._file
        try:
            if file is None or (self._opened is not None and not self._opened.changed()):
                return False
            if not file.exists():
                raise RegistryUnavailable(
                    f"drone registry {file} was deleted while in use: put it back, or restart to "
                    "begin a new one"
                )
            if self._opened is not None:
                self._empty_log()
            self._opened = None
            self._engine.dispose()
            migrate(self._engine)
            self._opened = OpenedFiles(file)
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        except OSError as error:
            raise RegistryUnavailable(f"drone registry {file}: {error.strerror}") from error
        self._fleets.clear()
        return True

    def check(self) -> None:
        """Find out whether the database answers.

        Raises:
            RegistryUnavailable: it does not.
        """
        try:
            self._find("")
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def _empty_log(self) -> None:
        """Bring home what the log holds of the former file.

        SQLite finds logs by name: it would apply this one to the file that came in its place.
        """
        with self._engine.connect() as connection:
            log = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            [busy] = log.one()[:1]
        if busy:
            raise RegistryUnavailable(
                f"drone registry {self._file} was replaced while in use, and somebody reads the "
                "former one"
            )

    def _find(self, drone: str) -> str | None:
        with self._engine.connect() as connection:
            found: str | None = connection.execute(
                select(drones.c.fleet).where(drones.c.drone == drone)
            ).scalar()
        return found

    def _register(self, name: DroneName, now_us: int) -> str:
        first_seen = _EPOCH + timedelta(microseconds=now_us)
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(drones).values(drone=name.drone, fleet=name.fleet, first_seen=first_seen)
                )
        except IntegrityError:
            # Another process was faster; its word stands.
            return self._find(name.drone) or name.fleet
        return name.fleet


def _unavailable(error: SQLAlchemyError) -> RegistryUnavailable:
    return RegistryUnavailable(f"drone registry: {str(error).splitlines()[0]}")


def _as_utc(moment: datetime) -> datetime:
    """A time of the database; SQLite gives it without its zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
