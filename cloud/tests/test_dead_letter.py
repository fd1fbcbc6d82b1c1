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
