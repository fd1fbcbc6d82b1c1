"""The drone registry and the database behind it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from aerostream_cloud.database import open_database
from aerostream_cloud.errors import RegistryUnavailable
from aerostream_cloud.registry import COMPARE_S, DroneRegistry, RegistryReader, drones
from aerostream_contract.errors import InvalidSetting
from aerostream_contract.names import DroneName
from sqlalchemy import select


def test_a_drone_belongs_to_the_fleet_that_it_came_with_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'folder' / 'registry.sqlite'}"
    registry = DroneRegistry(engine=open_database(url))
    assert registry.admit(DroneName("north", "d1"), 1_767_225_600_000_000) == "north"
    assert registry.admit(DroneName("south", "d1"), 2) == "north"
    registry.close()

    # Another process, later: the schema is up to date already and nothing is forgotten.
    engine = open_database(url)
    again = DroneRegistry(engine=engine)
    assert again.admit(DroneName("south", "d1"), 3) == "north"
    with engine.connect() as connection:
        [(drone, fleet, first_seen)] = connection.execute(select(drones)).all()
    assert (drone, fleet) == ("d1", "north")
    assert first_seen.isoformat() == "2026-01-01T00:00:00"
    again.close()


def test_two_processes_that_see_a_drone_at_once_agree(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    one, two = (DroneRegistry(engine=open_database(url)) for _ in range(2))
    assert one.admit(DroneName("north", "d1"), 1) == "north"
    assert two._register(DroneName("south", "d1"), 1) == "north"
    one.close()
    two.close()


@pytest.mark.parametrize("url", ["nonsense", "oracledb+nothing://x", "foo://bar"])
def test_unusable_urls_are_named_by_their_setting(url: str) -> None:
    with pytest.raises(InvalidSetting, match="AEROSTREAM_DATABASE_URL is unusable"):
        open_database(url)


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    with pytest.raises(RegistryUnavailable, match="file is not a database"):
        open_database(f"sqlite:///{tmp_path / 'text'}")


def test_a_registry_that_is_deleted_while_in_use_gets_nothing_until_it_is_back(
    tmp_path: Path,
) -> None:
    file = tmp_path / "registry.sqlite"
    registry = DroneRegistry(engine=open_database(f"sqlite:///{file}"))
    registry.admit(DroneName("north", "d1"), 1)
    assert not registry.renew()
    file.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(RegistryUnavailable, match="was deleted while in use: put it back"):
            registry.renew()
    assert not file.exists()
    (tmp_path / "away").rename(file)
    assert not registry.renew()
    assert registry.admit(DroneName("south", "d1"), 2) == "north"
    registry.close()


def test_a_registry_that_is_replaced_while_in_use_is_asked_again(tmp_path: Path) -> None:
    file, backup = tmp_path / "registry.sqlite", tmp_path / "backup.sqlite"
    older = DroneRegistry(engine=open_database(f"sqlite:///{backup}"))
    older.admit(DroneName("south", "d1"), 1)
    older.close()
    registry = DroneRegistry(engine=open_database(f"sqlite:///{file}"))
    for name in ("d1", "d2"):
        registry.admit(DroneName("north", name), 2)
    # Its log stays behind under the name of the new file's.
    shutil.move(backup, file)
    assert registry.renew()
    assert not registry.renew()
    assert registry.admit(DroneName("north", "d1"), 3) == "south"
    registry.admit(DroneName("north", "d3"), 3)
    registry.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute("SELECT drone, fleet FROM drones ORDER BY drone").fetchall()
    assert found == [("d1", "south"), ("d3", "north")]


def test_a_drone_that_somebody_deletes_or_moves_is_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    now_s = 0.0
    registry = DroneRegistry(engine=open_database(f"sqlite:///{file}"), clock_s=lambda: now_s)
    for name in ("d1", "d2", "d3"):
        registry.admit(DroneName("north", name), 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM drones WHERE drone = 'd1'")
        connection.execute("UPDATE drones SET fleet = 'south' WHERE drone = 'd2'")
        connection.commit()
    assert not registry.renew()
    now_s = COMPARE_S
    assert registry.renew()
    assert [registry.admit(DroneName("north", f"d{n}"), 2) for n in (1, 2, 3)] == [
        "north",
        "south",
        "north",
    ]
    now_s = 2 * COMPARE_S
    assert not registry.renew()
    engine = open_database(f"sqlite:///{file}")
    reader = RegistryReader(engine=engine)
    assert [(name.drone, at) for name, at in reader.drones()] == [("d2", 1), ("d3", 1), ("d1", 2)]
    engine.dispose()
    registry.close()


def test_what_is_known_of_drones_stands_while_the_registry_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    now_s = 0.0
    registry = DroneRegistry(engine=open_database(f"sqlite:///{file}"), clock_s=lambda: now_s)
    registry.admit(DroneName("north", "d1"), 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE drones RENAME TO hidden")
        connection.commit()
    now_s = COMPARE_S
    assert not registry.renew()
    assert registry.admit(DroneName("north", "d1"), 2) == "north"
    with pytest.raises(RegistryUnavailable, match="no such table"):
        registry.admit(DroneName("north", "d2"), 2)
    registry.close()


def test_a_registry_that_is_replaced_by_something_else_is_reported_until_it_is_right(
    tmp_path: Path,
) -> None:
    file = tmp_path / "registry.sqlite"
    registry = DroneRegistry(engine=open_database(f"sqlite:///{file}"))
    registry.admit(DroneName("north", "d1"), 1)
    (tmp_path / "text").write_text("no database " * 100)
    file.rename(tmp_path / "away")
    (tmp_path / "text").rename(file)
    for _ in range(2):
        with pytest.raises(RegistryUnavailable, match="file is not a database"):
            registry.renew()
    (tmp_path / "away").replace(file)
    assert registry.renew()
    assert registry.admit(DroneName("south", "d1"), 1) == "north"
    registry.close()
