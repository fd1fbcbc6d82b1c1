"""The drone registry: which drones there are, and in which fleet each of them is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from aerostream_contract.names import DroneName
from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from aerostream_cloud.registry_file import RegistryFile, unavailable

COMPARE_S = 5.0
"""How often to look whether what is known of drones still holds: somebody may delete one."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

drones = Table(
    "drones",
    MetaData(),
    Column("drone", String(31), primary_key=True),
    Column("fleet", String(31), nullable=False),
    Column("first_seen", DateTime(timezone=True), nullable=False),
)
"""Drone ids are unique in an installation, so the id alone is the key."""


class RegistryReader:
    """Reads the registry, whatever file lies there now; threads may share it.

    Args:
        engine: a database whose schema is up to date (`database.open_database`).
    """

    def __init__(self, *, engine: Engine) -> None:
        self._engine = engine
        self._file = RegistryFile(engine)

    def drones(self) -> list[tuple[DroneName, int]]:
        """Every registered drone with the time of its registration, UTC µs.

        Raises:
            RegistryUnavailable: the database does not answer, or its file is gone.
        """
        self._file.renew()
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(select(drones)).all()
        except SQLAlchemyError as error:
            raise unavailable(error) from error
        return [
            (
                DroneName(row.fleet, row.drone),
                (_as_utc(row.first_seen) - _EPOCH) // timedelta(microseconds=1),
            )
            for row in rows
        ]

    def check(self) -> None:
        """Find out whether the database answers.

        Raises:
            RegistryUnavailable: it does not, or its file is gone.
        """
        self._file.renew()
        try:
            with self._engine.connect() as connection:
                connection.execute(select(drones.c.drone).limit(1))
        except SQLAlchemyError as error:
            raise unavailable(error) from error


class DroneRegistry:
    """Knows every drone's fleet; asks the database once per drone.

    Args:
        engine: a database whose schema is up to date (`database.open_database`).
        clock_s: monotonic, in seconds.
    """

    def __init__(self, *, engine: Engine, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock_s = clock_s
        self._fleets: dict[str, str] = {}
        self._file = RegistryFile(engine)
        self._compared_s = clock_s()

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
                raise unavailable(error) from error
            self._fleets[name.drone] = fleet
        return fleet

    def renew(self) -> bool:
        """Go on with the file that lies there now, and with who is in it.

        True: it is another file than before, or somebody deleted drones or gave them another
        fleet. Then these are not admitted yet: they have to be asked for again.

        Raises:
            RegistryUnavailable: the file is gone, or its successor cannot be used.
        """
        if self._file.renew():
            self._fleets.clear()
            return True
        if self._clock_s() - self._compared_s < COMPARE_S:
            return False
        self._compared_s = self._clock_s()
        return self._forget_changed()

    def check(self) -> None:
        """Find out whether the database answers.

        Raises:
            RegistryUnavailable: it does not.
        """
        try:
            self._find("")
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def _forget_changed(self) -> bool:
        """Forget drones of which the database says something else by now; whether there are any."""
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(select(drones.c.drone, drones.c.fleet)).all()
        except SQLAlchemyError:
            # What is known goes on to be stored; who is unknown has to wait for the database.
            return False
        told = {row.drone: row.fleet for row in rows}
        changed = [drone for drone, fleet in self._fleets.items() if told.get(drone) != fleet]
        for drone in changed:
            del self._fleets[drone]
        return bool(changed)

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


def _as_utc(moment: datetime) -> datetime:
    """A time of the database; SQLite gives it without its zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
