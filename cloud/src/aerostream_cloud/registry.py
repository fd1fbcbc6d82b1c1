"""The drone registry: which drones there are, and in which fleet each of them is."""

from datetime import UTC, datetime, timedelta

from aerostream_contract.names import DroneName
from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from aerostream_cloud.errors import RegistryUnavailable

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
