"""The dead letter store: kept with the reason, within its size."""

import sqlite3
from pathlib import Path

import pytest
from aerostream_cloud.dead_letter import DeadLetters, Kind, Letter
from aerostream_cloud.errors import NotOurStore, StoreUnavailable


def letter(number: int, size: int = 1000) -> Letter:
    return Letter(number, Kind.FRAME, "why", "aero/1/f/d/up/tel", bytes([number % 256]) * size)


def test_letters_are_there_after_reopening_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "letters.sqlite"
    letters = DeadLetters(file, max_bytes=100_000)
    assert letters.add([letter(1), letter(2)]) == 0
    letters.close()
    reader = DeadLetters(file, max_bytes=100_000, read_only=True)
    assert [each.letter for each in reader.newest(10)] == [letter(2), letter(1)]
    found = reader.get(1)
    assert found is not None
    assert found.letter == letter(1)
    assert reader.get(99) is None
    reader.close()


def test_the_oldest_letters_make_room_and_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "letters.sqlite"
    letters = DeadLetters(file, max_bytes=10_000)
    evicted = sum(letters.add([letter(number)]) for number in range(1, 21))
    kept, counted = letters.counts()
    assert evicted == counted == 20 - kept
    assert [each.letter.time_us for each in letters.newest(100)] == list(range(20, 20 - kept, -1))
    total = sqlite3.connect(file).execute("SELECT sum(length(payload)) FROM dead_letters")
    assert 8_000 <= total.fetchone()[0] <= 10_000
    letters.close()
    # The size is known again after a restart.
    again = DeadLetters(file, max_bytes=10_000)
    assert again.add([letter(30, 5_000)]) >= 4
    again.close()


def test_a_letter_larger_than_the_store_is_counted_as_gone(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "letters.sqlite", max_bytes=5_000)
    assert letters.add([letter(1), letter(2, 6_000)]) == 2
    assert letters.counts() == (0, 2)
    letters.close()


def test_topics_and_reasons_that_sqlite_cannot_hold_are_escaped(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "letters.sqlite", max_bytes=5_000)
    letters.add([Letter(1, Kind.TOPIC, "a\0b\ud800", "t\ud800", b"\0")])
    [found] = letters.newest(1)
    assert found.letter == Letter(1, Kind.TOPIC, "a\\0b\\ud800", "t\\ud800", b"\0")
    letters.close()


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database " * 100)
    with pytest.raises(NotOurStore, match="is not an SQLite file"):
        DeadLetters(text, max_bytes=5_000)
    connection = sqlite3.connect(tmp_path / "other")
    connection.execute("CREATE TABLE x (y)")
    connection.close()
    with pytest.raises(NotOurStore, match="not a dead letter store"):
        DeadLetters(tmp_path / "other", max_bytes=5_000)
    with pytest.raises(StoreUnavailable, match="no dead letter was ever kept"):
        DeadLetters(tmp_path / "none", max_bytes=5_000, read_only=True)


def test_what_comes_again_is_kept_once_and_as_it_first_came(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "letters.sqlite", max_bytes=10_000)
    letters.add([letter(1), letter(1)])
    for _ in range(50):
        assert letters.add([letter(1)._replace(time_us=9, reason="another")]) == 0
    assert [each.letter for each in letters.newest()] == [letter(1)]
    # The same payload is something else on another topic, or as another kind.
    letters.add([letter(1)._replace(topic="other"), letter(1)._replace(kind=Kind.BLOCK)])
    assert letters.counts() == (3, 0)
    letters.close()


def test_a_file_that_is_deleted_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "letters.sqlite"
    letters = DeadLetters(file, max_bytes=5_000)
    letters.add([letter(1, 4_000)])
    for each in tmp_path.glob("letters.sqlite*"):
        each.unlink()
    assert letters.add([letter(2, 4_000)]) == 0
    reader = DeadLetters(file, max_bytes=5_000, read_only=True)
    assert [each.letter.time_us for each in reader.newest()] == [2]
    reader.close()
    letters.close()


VERSION_1 = """
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_us INTEGER NOT NULL,  -- when it was received, UTC
    kind TEXT NOT NULL,        -- what could not be used
    reason TEXT NOT NULL,      -- why, in a sentence
    topic TEXT NOT NULL,
    payload BLOB NOT NULL      -- as received; of one bad row: JSON
);
CREATE TABLE evicted (count INTEGER NOT NULL);  -- letters that the cap pushed out
INSERT INTO evicted VALUES (3);
PRAGMA application_id = 0x41455244;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
"""


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """As the first version of this program left it: letters 4 to 6, of which two are the same."""
    file = tmp_path / "letters.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(VERSION_1)
    for number, each in enumerate((letter(1), letter(2), letter(1), letter(7)), 4):
        connection.execute("INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?)", (number, *each))
    connection.execute("DELETE FROM dead_letters WHERE id = 7")
    connection.commit()
    connection.close()
    return file


def schema(file: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(file)
    found = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    found.append(("version", connection.execute("PRAGMA user_version").fetchone()[0]))
    connection.close()
    return found


def test_a_file_of_the_first_version_is_brought_up_to_date(old_file: Path, tmp_path: Path) -> None:
    letters = DeadLetters(old_file, max_bytes=100_000)
    # Of letters that came twice the first stays, and what comes again now is known.
    assert [(each.id, each.letter) for each in letters.newest()] == [(5, letter(2)), (4, letter(1))]
    letters.add([letter(3), letter(2)._replace(time_us=9)])
    assert [each.id for each in letters.newest()] == [8, 5, 4]
    assert letters.counts() == (3, 3)
    letters.close()
    DeadLetters(tmp_path / "new.sqlite", max_bytes=100_000).close()
    assert schema(old_file) == schema(tmp_path / "new.sqlite")
    again = DeadLetters(old_file, max_bytes=100_000)
    assert again.counts() == (3, 3)
    again.close()


def test_a_file_of_the_first_version_is_read_as_it_is(old_file: Path) -> None:
    before = schema(old_file)
    reader = DeadLetters(old_file, max_bytes=100_000, read_only=True)
    assert [each.id for each in reader.newest()] == [6, 5, 4]
    assert reader.ids(Kind.FRAME) == [4, 5, 6]
    found = reader.get(5)
    assert found is not None
    assert found.letter == letter(2)
    assert reader.counts() == (3, 3)
    reader.close()
    assert schema(old_file) == before


def test_a_file_that_cannot_be_brought_up_to_date_now_stays_as_it_was(old_file: Path) -> None:
    before = schema(old_file)
    # Nothing that a digest can be made of.
    connection = sqlite3.connect(old_file)
    connection.execute("UPDATE dead_letters SET payload = 7 WHERE id = 6")
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnavailable, match=r"letters\.sqlite"):
        DeadLetters(old_file, max_bytes=100_000)
    assert schema(old_file) == before
    reader = DeadLetters(old_file, max_bytes=100_000, read_only=True)
    assert reader.counts() == (3, 3)
    reader.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_of_a_newer_version_is_refused(tmp_path: Path, read_only: bool) -> None:
    file = tmp_path / "letters.sqlite"
    DeadLetters(file, max_bytes=5_000).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(NotOurStore, match="has schema 3; this program knows up to 2"):
        DeadLetters(file, max_bytes=5_000, read_only=read_only)
