"""Events that were held up: which are read, what becomes of them, and what they leave alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aerostream_cloud.bridge.live import batch
from aerostream_cloud.bridge.live.arrivals import Arrivals, Stretch, uncovered
from aerostream_cloud.bridge.live.batch import Batch
from aerostream_cloud.bridge.live.changes import EventId
from aerostream_cloud.bridge.live.filter import EVERYTHING
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.late import newest_events
from aerostream_cloud.store import SeriesBlock, TelemetryStore, Value, open_store
from aerostream_contract import models
from aerostream_contract.channels import EVENT
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.models import Backlog, Presence, State, Status
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from hypothesis import given
from hypothesis import strategies as st

EAGLE = DroneName("north", "eagle")
NOW_US = 1_767_225_600_000_000
SECOND_US = 1_000_000
EVER: list[Stretch] = [(0, 2 * NOW_US)]


def told(fleet: Fleet, since: int = 0) -> list[dict[str, object]]:
    """Events that clients are told."""
    entries = [entry for entry in fleet.since(since, EVERYTHING) if entry.member == "events"]
    return [json.loads(entry.json()) for entry in entries]


def happened(fleet: Fleet, number: int, time_us: int = NOW_US) -> None:
    """A live event."""
    event = models.Event(1, number, iso_from_us(time_us), "mode", 5, 1, f"event {number}", {})
    fleet.apply_event(EAGLE, event)


def waiting(fleet: Fleet, *stretches: Stretch) -> None:
    """Tell what history the drone has still to send."""
    backlog = [Backlog(first, last, 9) for first, last in stretches]
    fleet.apply_state(EAGLE, State(time=iso_from_us(NOW_US), backlog=backlog), now_us=NOW_US)


def status(fleet: Fleet, presence: Presence, session: int, now_us: int) -> None:
    word = Status(presence, 1, session, "0.1.0")
    fleet.apply_status(EAGLE, word, retained=False, now_us=now_us)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    store = open_store(f"sqlite:///{tmp_path / 'telemetry.sqlite'}")
    yield store
    store.close()


def fill(
    store: TelemetryStore, times: list[int], kind: str = "mode", name: DroneName = EAGLE
) -> None:
    columns: list[list[Value]] = [
        [5] * len(times),
        [f"{kind} {time}" for time in times],
        [None] * len(times),
    ]
    store.write([SeriesBlock(name, DecodedBlock(EVENT, 1, kind, times, columns))])


_stretches = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=5).map(
    lambda pairs: [(start, start + length) for start, length in pairs]
)


@given(_stretches, _stretches)
def test_what_is_uncovered_was_there_before_and_is_there_no_more(
    before: list[Stretch], after: list[Stretch]
) -> None:
    def moments(stretches: list[Stretch]) -> set[int]:
        return {moment for start, end in stretches for moment in range(start, end + 1)}

    assert moments(uncovered(before, after)) == moments(before) - moments(after)


def test_a_drone_that_tells_often_is_read_once_and_the_others_have_their_turn() -> None:
    arrivals = Arrivals()
    arrivals.add("a", [(50, 60)])
    arrivals.add("b", [(1, 2)])
    for start in range(40, 50):
        arrivals.add("a", [(start, start)])
    arrivals.add("a", [(10, 20)])
    assert arrivals.take(0) == ("a", [(40, 60), (10, 20)])
    assert arrivals.take(0) == ("b", [(1, 2)])
    assert arrivals.take(0) is None


def test_however_many_stretches_a_drone_names_few_are_kept() -> None:
    arrivals = Arrivals()
    arrivals.add("a", [(100 * each, 100 * each + 1) for each in range(10_000)])
    taken = arrivals.take(0)
    assert taken is not None
    assert len(taken[1]) <= 8
    assert (taken[1][0][1], taken[1][-1][0]) == (999_901, 0)


def test_a_backlog_that_shrinks_is_read_where_it_is_gone() -> None:
    fleet = Fleet()
    waiting(fleet, (10, 20), (40, 80))
    assert fleet.arrivals.take(0) is None
    waiting(fleet, (10, 20), (40, 60))
    assert fleet.arrivals.take(0) == ("eagle", [(61, 80)])
    waiting(fleet)
    assert fleet.arrivals.take(0) == ("eagle", [(40, 60), (10, 20)])


def test_a_drone_that_connects_anew_is_read_from_when_it_was_last_there() -> None:
    fleet = Fleet()
    status(fleet, Presence.ONLINE, 1, NOW_US)
    status(fleet, Presence.ONLINE, 1, NOW_US + 30 * SECOND_US)
    status(fleet, Presence.LOST, 1, NOW_US + 60 * SECOND_US)
    back_us = NOW_US + 600 * SECOND_US
    status(fleet, Presence.ONLINE, 2, back_us)
    assert fleet.arrivals.take(back_us + 14 * SECOND_US) is None
    due = fleet.arrivals.take(back_us + 15 * SECOND_US)
    assert due == ("eagle", [(NOW_US, back_us + 30 * SECOND_US)])
    # The will of the former session says nothing, and neither does what is repeated.
    status(fleet, Presence.LOST, 1, back_us + SECOND_US)
    status(fleet, Presence.ONLINE, 2, back_us + SECOND_US)
    assert fleet.arrivals.take(back_us + 999 * SECOND_US) is None


def test_the_newest_unknown_events_are_read_in_their_order(store: TelemetryStore) -> None:
    # Far apart and close together: what is read grows with what is not found.
    times = [NOW_US - 40 * 86_400 * SECOND_US, NOW_US - 3600 * SECOND_US, NOW_US, NOW_US + 1]
    fill(store, times)
    fill(store, [NOW_US - 1], "armed")
    fill(store, [NOW_US - 2], name=DroneName("south", "eagle"))
    known: set[EventId] = {(1, "mode", NOW_US + 1)}

    def read(stretches: list[Stretch], most: int) -> list[str]:
        return [each.time for each in newest_events(store, EAGLE, stretches, known, most)]

    wanted = sorted([*times[:3], NOW_US - 1])
    assert read(EVER, 9) == [iso_from_us(each) for each in wanted]
    assert read(EVER, 2) == [iso_from_us(each) for each in wanted[-2:]]
    assert read([(NOW_US - 1, NOW_US - 1)], 9) == [iso_from_us(NOW_US - 1)]
    assert read([(NOW_US, NOW_US + 1), (0, times[0])], 9) == [
        iso_from_us(times[0]),
        iso_from_us(NOW_US),
    ]
    assert read([(NOW_US + 2, NOW_US + 9)], 9) == []


def test_a_store_without_events_is_read_in_vain(store: TelemetryStore) -> None:
    assert newest_events(store, EAGLE, EVER, (), 9) == []


def test_a_late_event_says_so_and_moves_nothing_else(store: TelemetryStore) -> None:
    fleet = Fleet()
    status(fleet, Presence.ONLINE, 1, NOW_US)
    happened(fleet, 1)
    before, version = fleet.drone("eagle"), fleet.version
    fill(store, [NOW_US - SECOND_US, NOW_US])
    found = newest_events(store, EAGLE, EVER, fleet.known_events("eagle"), 9)
    fleet.apply_late_events(EAGLE, found)
    [late] = told(fleet, version)
    assert (late["time"], late["late"]) == (iso_from_us(NOW_US - SECOND_US), True)
    assert fleet.drone("eagle") == before
    assert [entry.member for entry in fleet.since(version, EVERYTHING)] == ["events"]
    # Read once more, it is known.
    assert newest_events(store, EAGLE, EVER, fleet.known_events("eagle"), 9) == []


def test_late_events_of_a_drone_that_is_gone_are_left_out(store: TelemetryStore) -> None:
    fleet = Fleet()
    fill(store, [NOW_US])
    fleet.apply_late_events(EAGLE, newest_events(store, EAGLE, EVER, (), 9))
    assert len(fleet) == 0
    assert fleet.known_events("eagle") == frozenset()


def test_late_events_push_no_live_one_out_of_a_message(store: TelemetryStore) -> None:
    fleet = Fleet()
    most = batch.SNAPSHOT_EVENTS
    for number in range(most - 1):
        happened(fleet, number, NOW_US + number)
    fill(store, [NOW_US - 9 + each for each in range(9)])
    fleet.apply_late_events(EAGLE, newest_events(store, EAGLE, EVER, (), 9))
    snapshot = Batch(
        [(entry.version, entry) for entry in fleet.since(0, EVERYTHING)],
        end=fleet.version,
        is_snapshot=True,
        is_awaited=True,
        leave_out=fleet.leave_out,
    )
    [part] = snapshot.parts()
    frame = part.frame("s", "o", 0)
    assert frame.count(b'"kind"') == most
    assert frame.count(b'"late":true') == 1
    assert iso_from_us(NOW_US - 1).encode() in frame
