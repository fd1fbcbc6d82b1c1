"""A batch on its way to the disk: what a bad row and an unforeseen failure do to it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from aerostream_cloud.database import open_database
from aerostream_cloud.dead_letter import DeadLetters, Kind, Letter
from aerostream_cloud.errors import StoreUnavailable
from aerostream_cloud.ingest.decoding import event_block
from aerostream_cloud.ingest.letter_keeper import RETRY_S
from aerostream_cloud.ingest.pipeline import Pipeline, write_surviving
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.store import SeriesBlock, Value, Written
from aerostream_cloud.store.sqlite import SqliteStore
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock, merge_frames
from aerostream_contract.frame_pb2 import Frame
from aerostream_contract.models import Event
from aerostream_contract.names import DroneName
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cloud import attitude_frame, attitude_values, event_json

D1 = DroneName("f", "d1")
POISON = 1 << 70
"""No store takes it, and no frame can hold it."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.sqlite")
    yield store
    store.close()


class Tried(DeadLetters):
    """Dead letters that know how often they were to be kept; they wait for nobody for long."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, max_bytes=1_000_000, busy_timeout_s=0.02)
        self.tries = 0

    def add(self, letters: Sequence[Letter]) -> int:
        self.tries += 1
        return super().add(letters)


def pipeline(
    store: SqliteStore, folder: Path, *, clock_s: Callable[[], float] = lambda: 0.0
) -> tuple[Pipeline, Tried]:
    letters = Tried(folder / "letters.sqlite")
    registry = DroneRegistry(engine=open_database(f"sqlite:///{folder / 'registry.sqlite'}"))
    made = Pipeline(
        store=store,
        registry=registry,
        dead_letters=letters,
        clock_us=lambda: 7,
        log=structlog.get_logger(),
        clock_s=clock_s,
    )
    return made, letters


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.lists(st.booleans(), min_size=1, max_size=6), max_size=8))
def test_exactly_the_poisonous_rows_are_set_aside(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[bool]]
) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("s") / "store.sqlite")
    blocks = [
        SeriesBlock(
            D1,
            DecodedBlock(
                CHANNELS["attitude"],
                component,
                "0",
                list(range(len(poisonous))),
                [
                    [POISON if each else 1 for each in poisonous]
                    for _ in CHANNELS["attitude"].fields
                ],
            ),
        )
        for component, poisonous in enumerate(rows)
    ]
    written, rejected = write_surviving(store, blocks)
    assert [(each.block.block.component, each.block.block.times) for each in rejected] == [
        (component, [time])
        for component, poisonous in enumerate(rows)
        for time, bad in enumerate(poisonous)
        if bad
    ]
    assert written == Written(sum(not bad for row in rows for bad in row), 0)
    assert sum(each.samples for each in store.stats()) == written.stored
    store.close()


class OneBadRow(SqliteStore):
    """A store in which samples of one component cannot be kept, as a later store might have."""

    def write(self, blocks: Sequence[SeriesBlock]) -> Written:
        changed = [
            each._replace(block=_poisoned(each.block)) if each.block.component == 13 else each
            for each in blocks
        ]
        return super().write(changed)


def _poisoned(block: DecodedBlock) -> DecodedBlock:
    bad: list[Value] = [POISON] * len(block.times)
    columns = [bad, *block.columns[1:]]
    return DecodedBlock(block.channel, block.component, block.instance, block.times, columns)


def test_rows_that_the_store_refuses_are_dead_letters_and_their_frame_is_acknowledged(
    tmp_path: Path,
) -> None:
    store = OneBadRow(tmp_path / "store.sqlite")
    made, letters = pipeline(store, tmp_path)
    outcome = made.process(
        [
            ("aero/1/f/d1/up/tel", attitude_frame(1, rows=3)),
            ("aero/1/f/d1/up/tel", attitude_frame(2, rows=2, component=13)),
        ]
    )
    assert outcome.stored == 3
    assert [(each.first, each.last) for each in outcome.numbered] == [(1, 1), (2, 2)]
    assert outcome.dead_letters == {Kind.ROW: 2}
    [letter, _] = letters.newest(10)
    assert letter.letter.payload.startswith(b'{"channel":"attitude","component":13,')
    assert "too large" in letter.letter.reason
    letters.close()
    store.close()


class Failing(SqliteStore):
    """A store with a fault of its own that one sample uncovers."""

    def write(self, blocks: Sequence[SeriesBlock]) -> Written:
        if any(each.block.component == 13 for each in blocks):
            raise ZeroDivisionError("a fault")
        return super().write(blocks)


def test_a_message_that_uncovers_a_fault_does_not_take_the_others_along(tmp_path: Path) -> None:
    store = Failing(tmp_path / "store.sqlite")
    made, letters = pipeline(store, tmp_path)
    bad = attitude_frame(50, component=13)
    messages = [("aero/1/f/d1/up/bf", attitude_frame(number)) for number in range(1, 21)]
    outcome = made.process([*messages[:7], ("aero/1/f/d1/up/bf", bad), *messages[7:]])
    assert (outcome.messages, outcome.frames, outcome.stored) == (21, 20, 100)
    # Its sender is told that it need not send it again: it is kept.
    numbers = {*range(1, 21), 50}
    assert {(each.first, each.last) for each in outcome.numbered} == {(n, n) for n in numbers}
    [letter] = letters.newest(10)
    assert letter.letter.kind is Kind.DEFECT
    assert letter.letter.payload == bad
    letters.close()
    store.close()


def test_every_number_of_what_uncovers_a_fault_is_acknowledged(tmp_path: Path) -> None:
    store = Failing(tmp_path / "store.sqlite")
    made, letters = pipeline(store, tmp_path)
    merged = merge_frames([attitude_frame(number, component=13) for number in (1, 2, 9)])
    event = event_json(4).replace(b'"component":1', b'"component":13')
    outcome = made.process([("aero/1/f/d1/up/bf", merged), ("aero/1/f/d1/up/evt", event)])
    assert outcome.dead_letters == {Kind.DEFECT: 2}
    assert [each[1:] for each in outcome.numbered] == [
        (1, 1, 2, True),
        (1, 9, 9, True),
        (1, 4, 4, False),
    ]
    letters.close()
    store.close()


def test_what_uncovers_a_fault_and_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    store = Failing(tmp_path / "store.sqlite")
    made, letters = pipeline(store, tmp_path)
    with sqlite3.connect(tmp_path / "letters.sqlite") as breaker:
        breaker.execute("DROP TABLE dead_letters")
    breaker.close()
    bad = attitude_frame(50, component=13)
    outcome = made.process(
        [("aero/1/f/d1/up/tel", bad), ("aero/1/f/d2/up/tel", attitude_frame(51))]
    )
    assert outcome.stored == 5
    assert outcome.dead_letters_lost == 1
    assert [(each.drone.drone, each.first) for each in outcome.numbered] == [("d2", 51)]
    letters.close()
    store.close()


def test_all_that_uncovers_faults_in_a_batch_is_kept_at_once(tmp_path: Path) -> None:
    store = Failing(tmp_path / "store.sqlite")
    made, letters = pipeline(store, tmp_path)
    messages = [
        ("aero/1/f/d1/up/tel", attitude_frame(number, component=13 if number % 2 else 1))
        for number in range(1, 11)
    ]
    outcome = made.process([*messages, ("aero/1/f/d1/up/tel", b"junk")])
    assert outcome.stored == 25
    assert outcome.dead_letters == {Kind.DEFECT: 5, Kind.FRAME: 1}
    assert letters.counts() == (6, 0)
    assert letters.tries == 1
    assert {each.first for each in outcome.numbered} == set(range(1, 11))
    letters.close()
    store.close()


def test_a_locked_dead_letter_file_is_tried_once_in_a_while_and_holds_up_nobody(
    store: SqliteStore, tmp_path: Path
) -> None:
    now_s = 0.0
    made, letters = pipeline(store, tmp_path, clock_s=lambda: now_s)
    with closing(sqlite3.connect(tmp_path / "letters.sqlite", isolation_level=None)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        for second in range(20):
            now_s = float(second)
            outcome = made.process(
                [
                    ("aero/1/f/bad/up/tel", b"junk %d" % second),
                    ("aero/1/f/d1/up/tel", attitude_frame(second)),
                ]
            )
            assert (outcome.stored, outcome.dead_letters_lost) == (5, 1)
            assert [each.first for each in outcome.numbered] == [second]
            assert "database is locked" in made.letters_failure
    assert letters.tries == len(range(0, 20, int(RETRY_S)))
    letters.close()


def test_a_check_finds_that_dead_letters_can_be_kept_again_although_none_comes(
    store: SqliteStore, tmp_path: Path
) -> None:
    now_s = 0.0
    made, letters = pipeline(store, tmp_path, clock_s=lambda: now_s)
    made.check()
    assert letters.tries == 0
    with closing(sqlite3.connect(tmp_path / "letters.sqlite", isolation_level=None)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        made.process([("aero/1/f/d1/up/tel", b"junk")])
        # However often somebody asks, the file is left alone for a while.
        for _ in range(5):
            made.check()
        assert letters.tries == 1
        now_s += RETRY_S
        made.check()
        assert letters.tries == 2
        assert "database is locked" in made.letters_failure
    now_s += RETRY_S
    made.check()
    assert made.letters_failure == ""
    # What could not be kept is what it tried with.
    assert [each.letter.payload for each in letters.newest()] == [b"junk"]
    letters.close()


def test_drones_are_registered_again_in_a_registry_that_was_replaced(
    store: SqliteStore, tmp_path: Path
) -> None:
    made, letters = pipeline(store, tmp_path)
    made.process([("aero/1/f/d1/up/tel", attitude_frame(1))])
    other = tmp_path / "other.sqlite"
    open_database(f"sqlite:///{other}").dispose()
    other.rename(tmp_path / "registry.sqlite")
    made.process([("aero/1/f/d1/up/tel", attitude_frame(2))])
    with sqlite3.connect(tmp_path / "registry.sqlite") as reader:
        assert reader.execute("SELECT drone, fleet FROM drones").fetchall() == [("d1", "f")]
    reader.close()
    letters.close()


def test_nothing_is_set_aside_when_the_store_is_unavailable(
    store: SqliteStore, tmp_path: Path
) -> None:
    made, letters = pipeline(store, tmp_path)
    reader = SqliteStore(tmp_path / "store.sqlite", read_only=True)
    blind, _ = pipeline(reader, tmp_path / "blind")
    messages = [("aero/1/f/d1/up/tel", attitude_frame(1)), ("aero/1/f/d1/up/tel", b"junk")]
    with pytest.raises(StoreUnavailable):
        blind.process(messages)
    assert letters.counts() == (0, 0)
    outcome = made.process(messages)
    assert (outcome.stored, outcome.refused) == (5, 1)
    letters.close()
    reader.close()


def test_all_numbers_of_a_merged_frame_are_acknowledged_and_all_of_it_is_stored(
    store: SqliteStore, tmp_path: Path
) -> None:
    made, letters = pipeline(store, tmp_path)
    parts = [
        attitude_frame(number, events=[event_json(number, time_us=number)])
        for number in (1, 2, 3, 7, 9)
    ]
    merged = merge_frames(parts)
    outcome = made.process([("aero/1/f/d1/up/bf", merged)])
    assert (outcome.frames, outcome.events, outcome.stored) == (1, 5, 30)
    assert [each[1:] for each in outcome.numbered] == [
        (1, 1, 3, True),
        (1, 7, 7, True),
        (1, 9, 9, True),
    ]
    again = made.process([("aero/1/f/d1/up/bf", part) for part in parts])
    assert (again.stored, again.duplicates) == (0, 30)
    letters.close()


def test_all_numbers_of_a_merged_frame_that_does_not_decode_are_acknowledged(
    store: SqliteStore, tmp_path: Path
) -> None:
    made, letters = pipeline(store, tmp_path)
    torn = Frame.FromString(merge_frames([attitude_frame(number) for number in (1, 2, 9)]))
    torn.deflated = b"torn"
    unordered = Frame(epoch=1, number=5, others=[6, 7])
    outcome = made.process(
        [("aero/1/f/d1/up/bf", each.SerializeToString()) for each in (torn, unordered)]
    )
    assert (outcome.refused, outcome.stored) == (2, 0)
    assert [each[1:] for each in outcome.numbered] == [(1, 1, 2, True), (1, 9, 9, True)]
    assert letters.counts()[0] == 2
    letters.close()


def test_live_samples_are_told_from_backfill(store: SqliteStore, tmp_path: Path) -> None:
    made, letters = pipeline(store, tmp_path)
    outcome = made.process(
        [
            ("aero/1/f/d1/up/bf", attitude_frame(1)),
            ("aero/1/f/d1/up/tel", attitude_frame(2)),
            ("aero/1/f/d1/up/evt", event_json(3)),
            ("aero/1/f/d1/up/state", b""),
        ]
    )
    assert [each.block.columns[0][0] for each in outcome.live] == [attitude_values(2, 0)["roll"]]
    assert [each[2:] for each in outcome.numbered] == [
        (1, 1, True),
        (2, 2, False),
        (3, 3, False),
    ]
    assert outcome.cleared == 1
    letters.close()


def test_statustext_is_stored_under_its_message() -> None:
    event = Event(
        epoch=1,
        number=1,
        time="1970-01-01T00:00:00.000005Z",
        kind="statustext",
        severity=4,
        component=1,
        text="Low battery",
    )
    block = event_block(event)
    assert block.source == "STATUSTEXT"
    assert block.times == [5]
    assert block.columns == [[4], ["Low battery"], [None]]
