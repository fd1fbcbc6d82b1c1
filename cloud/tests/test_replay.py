"""Dead letters that are replayed: stored once what was wrong is put right, never doubled."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import structlog
from aerostream_cloud.cli import app
from aerostream_cloud.database import open_database
from aerostream_cloud.dead_letter import DeadLetters, Kind, Letter
from aerostream_cloud.errors import RowsRejected
from aerostream_cloud.ingest.pipeline import Pipeline
from aerostream_cloud.ingest.replay import Replay, Replayed
from aerostream_cloud.ingest.row_letters import Rejected, row_letter, row_of_letter
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.store import SeriesBlock, Written
from aerostream_cloud.store.sqlite import SqliteStore
from aerostream_contract.channels import CHANNELS, Channel
from aerostream_contract.errors import ContractError
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.frame_pb2 import Frame
from aerostream_contract.names import DroneName
from hypothesis import given
from hypothesis import strategies as st
from support.blocks import Block, add_block
from support.cloud import attitude_frame, event_json
from support.frames import ALL_CHANNELS, CELLS, expected
from typer.testing import CliRunner

TEL, BF = "aero/1/f/d1/up/tel", "aero/1/f/d1/up/bf"
D1 = DroneName("f", "d1")


class Picky(SqliteStore):
    """A store that does not take samples of some components, as an older one might."""

    refused: frozenset[int] = frozenset({13})

    def write(self, blocks: Sequence[SeriesBlock]) -> Written:
        if any(each.block.component in self.refused for each in blocks):
            raise RowsRejected("not these")
        return super().write(blocks)


class Parts:
    """What ingest and a replay work with, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.store = Picky(folder / "telemetry.sqlite")
        self.letters = DeadLetters(folder / "dead-letters.sqlite", max_bytes=1_000_000)
        self.registry = DroneRegistry(engine=open_database(f"sqlite:///{folder}/registry.sqlite"))
        self.pipeline = Pipeline(
            store=self.store,
            registry=self.registry,
            dead_letters=self.letters,
            clock_us=lambda: 7,
            log=structlog.get_logger(),
        )

    def replay(self, ids: Sequence[int] | None = None) -> Replayed:
        work = Replay(
            store=self.store,
            registry=self.registry,
            letters=self.letters,
            log=structlog.get_logger(),
        )
        return list(work.run(self.letters.ids() if ids is None else ids))[-1]

    def kept(self) -> list[tuple[int, Kind, str]]:
        return [(each.id, each.letter.kind, each.letter.reason) for each in self.letters.newest()]

    def samples(self) -> int:
        return sum(each.samples for each in self.store.stats())

    def close(self) -> None:
        self.store.close()
        self.letters.close()
        self.registry.close()


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path)
    yield made
    made.close()


def test_rows_that_the_store_takes_now_are_stored_and_their_letters_leave(parts: Parts) -> None:
    parts.pipeline.process([(TEL, attitude_frame(1, rows=3, component=13)), (TEL, b"junk")])
    assert [kind for _, kind, _ in parts.kept()] == [Kind.ROW, Kind.ROW, Kind.ROW, Kind.FRAME]
    parts.store.refused = frozenset()
    assert parts.replay() == Replayed(stored=3, kept=1)
    assert [kind for _, kind, _ in parts.kept()] == [Kind.FRAME]
    # The same rows as if they had been stored at once.
    parts.pipeline.process([(BF, attitude_frame(1, rows=3, component=13))])
    assert parts.samples() == 3


def test_what_still_cannot_be_stored_stays_once_with_the_reason_of_today(parts: Parts) -> None:
    parts.letters.add(
        [
            Letter(1, Kind.FRAME, "an old reason", TEL, b"junk"),
            Letter(2, Kind.FRAME, "an old reason", TEL, attitude_frame(1)),
            Letter(3, Kind.EVENT, "an old reason", TEL, b"{}"),
            Letter(4, Kind.ROW, "an old reason", BF, b"{}"),
            Letter(5, Kind.TOPIC, "an old reason", "aero/1/F/d1/up/tel", attitude_frame(2)),
        ]
    )
    for _ in range(3):
        parts.replay()
        kept = parts.kept()
        assert [(letter_id, kind) for letter_id, kind, _ in kept] == [
            (5, Kind.TOPIC),
            (4, Kind.ROW),
            (3, Kind.EVENT),
            (1, Kind.FRAME),
        ]
        assert not any(reason == "an old reason" for _, _, reason in kept)
        found = parts.letters.get(3)
        assert found is not None
        assert (found.letter.time_us, found.letter.topic) == (3, TEL)
    assert parts.samples() == 5


def test_a_block_that_can_be_read_now_is_stored_and_the_rest_of_its_frame_is_not_doubled(
    parts: Parts,
) -> None:
    broken = event_json(1)[:-1]
    payload = attitude_frame(3, events=[broken])
    parts.pipeline.process([(TEL, payload)])
    # As if a block of the frame had been beyond the program that received it.
    parts.letters.add([Letter(7, Kind.BLOCK, "unknown", TEL, payload)])
    assert [kind for _, kind, _ in parts.kept()] == [Kind.BLOCK, Kind.EVENT]
    assert parts.replay([2]) == Replayed(stored=1, kept=0)
    assert [(each[0], each[1]) for each in parts.kept()] == [(1, Kind.EVENT)]
    assert parts.samples() == 5


def test_a_block_that_is_still_bad_stays(parts: Parts) -> None:
    frame = Frame.FromString(attitude_frame(3))
    add_block(frame.body.sections[0], Block(channel=9999, rows=1, values=[0]))
    parts.pipeline.process([(TEL, frame.SerializeToString())])
    before = parts.kept()
    assert parts.replay() == Replayed(stored=0, kept=1)
    assert parts.kept() == before
    assert parts.samples() == 5


def test_a_frame_that_decodes_now_leaves_letters_of_its_parts_that_still_do_not(
    parts: Parts,
) -> None:
    payload = attitude_frame(1, rows=2, component=13, events=[b"no event", event_json(1)])
    parts.letters.add([Letter(5, Kind.FRAME, "was beyond us", TEL, payload)])
    assert parts.replay() == Replayed(stored=0, kept=1)
    kept = [each.letter for each in parts.letters.newest()]
    assert [each.kind for each in kept] == [Kind.ROW, Kind.ROW, Kind.EVENT]
    assert all(each.time_us == 5 for each in kept)
    assert parts.samples() == 1
    parts.store.refused = frozenset()
    assert parts.replay() == Replayed(stored=2, kept=1)
    assert parts.samples() == 3


def test_a_drone_that_moved_to_another_fleet_can_be_let_in(parts: Parts) -> None:
    parts.pipeline.process([(TEL, attitude_frame(1))])
    parts.pipeline.process([("aero/1/g/d1/up/tel", attitude_frame(2))])
    assert parts.replay() == Replayed(stored=0, kept=1)
    with parts.registry._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE drones SET fleet = 'g'")
    parts.registry._fleets.clear()
    assert parts.replay() == Replayed(stored=1, kept=0)
    assert parts.samples() == 10


def test_many_letters_are_stored_around_the_few_that_cannot_be(parts: Parts) -> None:
    payloads = [attitude_frame(each) if each % 97 else b"junk" for each in range(1, 501)]
    parts.letters.add([Letter(1, Kind.FRAME, "why", BF, each) for each in payloads])
    # The letters of what is the same are one.
    assert parts.replay() == Replayed(stored=495, kept=1)
    assert parts.samples() == 5 * 495


def test_replaying_makes_room_that_ingest_knows_of(parts: Parts, tmp_path: Path) -> None:
    ingest = DeadLetters(tmp_path / "dead-letters.sqlite", max_bytes=1_000_000)
    large = [Letter(each, Kind.FRAME, "why", TEL, bytes(200_000 + each)) for each in range(4)]
    assert ingest.add(large) == 0
    parts.letters.replace([(each, []) for each in parts.letters.ids()])
    assert ingest.add(large) == 0
    assert ingest.counts() == (4, 0)
    ingest.close()


@st.composite
def rows(draw: st.DrawFn) -> SeriesBlock:
    channel: Channel = draw(st.sampled_from(ALL_CHANNELS))
    columns = [
        [expected(field, draw(st.one_of(st.none(), CELLS[field.kind])))] for field in channel.fields
    ]
    instance = draw(st.sampled_from(["0", "7", "näme", "a b"]))
    time_us = draw(st.integers(-(1 << 62), 1 << 62))
    return SeriesBlock(D1, DecodedBlock(channel, 13, instance, [time_us], columns))


@given(row=rows())
def test_every_row_comes_back_from_its_letter_as_it_was(row: SeriesBlock) -> None:
    again = row_of_letter(row_letter(Rejected(row, "why"), 1))
    assert again.drone == D1
    assert (again.block.channel, again.block.component) == (row.block.channel, 13)
    assert (again.block.instance, again.block.times) == (row.block.instance, row.block.times)
    assert repr(again.block.columns) == repr(row.block.columns)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channel": "nothing"}, "nothing"),
        ({"values": {"no_such": 1}}, "no_such"),
        ({"values": {"roll": "x"}}, "roll is 'x'"),
        ({"time_us": "soon"}, "cannot be read again"),
        ({"component": "1"}, "cannot be read again"),
        ({"more": 1}, "cannot be read again"),
    ],
)
def test_a_row_that_cannot_be_read_again_says_why(change: dict[str, object], words: str) -> None:
    row: dict[str, object] = {
        "channel": "attitude",
        "component": 1,
        "instance": "0",
        "time_us": "1",
        "values": {},
    }
    payload = msgspec.json.encode(row | change)
    with pytest.raises(ContractError, match=words):
        row_of_letter(Letter(1, Kind.ROW, "why", BF, payload))


def test_rows_that_hold_no_valid_text_stay_and_say_so(parts: Parts) -> None:
    text = [["a\ud800"] for _ in CHANNELS["event"].fields]
    block = DecodedBlock(CHANNELS["event"], 1, "mode", [1], text)  # type: ignore[arg-type]  # bad on purpose
    parts.letters.add([row_letter(Rejected(SeriesBlock(D1, block), "why"), 1)])
    assert parts.replay() == Replayed(stored=0, kept=1)
    assert "cannot be read again" in parts.kept()[0][2]


# ---- The command ---------------------------------------------------------------------------------


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `dead-letter replay`."""
    done = CliRunner().invoke(
        app, ["dead-letter", "replay", *arguments], env={"AEROSTREAM_DATA_DIR": str(folder)}
    )
    # The command sends logs to a stream that is gone now.
    structlog.reset_defaults()
    return done.exit_code, done.stdout, done.stderr


def filled(folder: Path) -> None:
    with closing(DeadLetters(folder / "dead-letters.sqlite", max_bytes=1_000_000)) as letters:
        letters.add(
            [
                Letter(1, Kind.FRAME, "why", TEL, attitude_frame(1)),
                Letter(2, Kind.FRAME, "why", TEL, b"junk"),
                Letter(3, Kind.BLOCK, "why", TEL, attitude_frame(2)),
                Letter(4, Kind.EVENT, "why", BF, event_json(3)),
            ]
        )


def test_the_command_replays_what_is_asked_for_and_counts(tmp_path: Path) -> None:
    filled(tmp_path)
    assert run(tmp_path, "--kind", "block") == (0, "1 dead letter stored and removed, 0 kept\n", "")
    assert run(tmp_path, "4", "2") == (1, "1 dead letter stored and removed, 1 kept\n", "")
    assert run(tmp_path, "--all") == (1, "1 dead letter stored and removed, 1 kept\n", "")
    assert run(tmp_path, "--kind", "row") == (0, "0 dead letters stored and removed, 0 kept\n", "")
    with closing(sqlite3.connect(tmp_path / "telemetry.sqlite")) as store:
        assert store.execute("SELECT count(*) FROM v_attitude").fetchone() == (10,)
        assert store.execute("SELECT count(*) FROM v_event").fetchone() == (1,)


@pytest.mark.parametrize("arguments", [(), ("1", "--all"), ("--all", "--kind", "row")])
def test_the_command_wants_to_know_which_letters(tmp_path: Path, arguments: tuple[str]) -> None:
    code, out, errors = run(tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert errors == (
        "aerostream-cloud: say which letters to replay: either IDs, or --kind, or --all\n"
    )


def test_the_command_changes_nothing_where_a_letter_is_not_there(tmp_path: Path) -> None:
    code, _, errors = run(tmp_path, "--all")
    assert code == 1
    assert "no dead letter was ever kept" in errors
    filled(tmp_path)
    assert run(tmp_path, "1", "99") == (1, "", "aerostream-cloud: there is no dead letter 99\n")
    code, _, errors = run(tmp_path, "--kind", "nonsense")
    assert code == 2
    assert "nonsense" in errors
    with closing(DeadLetters(tmp_path / "dead-letters.sqlite", max_bytes=1_000_000)) as letters:
        assert letters.ids() == [1, 2, 3, 4]


def test_the_command_says_what_does_not_work_and_keeps_the_letters(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "telemetry.sqlite").write_text("no database " * 100)
    code, out, errors = run(tmp_path, "--all")
    assert (code, out) == (1, "0 dead letters stored and removed, 0 kept\n")
    assert "is not an SQLite file" in errors
    with closing(DeadLetters(tmp_path / "dead-letters.sqlite", max_bytes=1_000_000)) as letters:
        assert letters.ids() == [1, 2, 3, 4]
