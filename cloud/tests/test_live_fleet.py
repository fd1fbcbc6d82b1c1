"""Whoever applies what the hub tells knows what the fleet knows: any history, any reader."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from aerostream_cloud.bridge.live import changes as changes_module
from aerostream_cloud.bridge.live import hub as hub_module
from aerostream_cloud.bridge.live.filter import Box, Filter
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.hub import Client, Hub
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.bridge.problems import ApiProblem
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.models import Event, Presence, State, Status
from aerostream_contract.models import Position as StatePosition
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from support.live import View
from websockets.frames import Frame
from websockets.streams import StreamReader

START_US = 1_767_225_600_000_000
NAMES = [DroneName("red", "a"), DroneName("red", "b"), DroneName("blue", "c")]
FILTERS = [
    Filter(),
    Filter(channels=frozenset({"position"}), events=False),
    Filter(drones=frozenset({"a", "c"})),
    Filter(fleets=frozenset({"blue"})),
    Filter(box=Box(-10, -10, 10, 10)),
    Filter(box=Box(170, -10, -170, 10), channels=frozenset({"vfr"})),
    Filter(drones=frozenset({"b"}), fleets=frozenset({"red"}), box=Box(0, 0, 180, 90)),
]
#: These move all the time, and samples tell of them.
QUICK = {"position", "battery", "last_sample", "clock_error_s"}
BOOT = "b00"


class Reader:
    """A connection that takes as many messages as it is allowed to."""

    def __init__(self) -> None:
        self.on_writable: Callable[[], None] = lambda: None
        self.allowed = 0
        self.views: dict[str, View] = {}
        self.messages = 0

    @property
    def can_write(self) -> bool:
        return self.allowed > 0

    @property
    def waiting_bytes(self) -> int:
        return 0

    @property
    def taken_bytes(self) -> int:
        return 0

    @property
    def close_code(self) -> int:
        return 1000

    def end(self, code: int, reason: str) -> None:
        raise AssertionError

    def give_up(self, code: int) -> None:
        raise AssertionError

    def write(self, frame: bytes) -> None:
        self.allowed -= 1
        self.messages += 1
        message = json.loads(payload(frame))
        assert message["type"] == "delta" or "gone" not in message
        self.views.setdefault(message["subscription"], View()).take(message)


def payload(frame: bytes) -> bytes:
    """The payload of a WebSocket frame."""
    reader = StreamReader()
    reader.feed_data(frame)
    parsed = Frame.parse(reader.read_exact, mask=False)
    try:
        while True:
            next(parsed)
    except StopIteration as end:
        return bytes(end.value.data)


class World:
    """A fleet with its hub, some readers, and what the simplest program would know."""

    def __init__(self, part_bytes: int, **options: Any) -> None:
        self.fleet = Fleet()
        self.now_us = START_US
        self.number = 0
        self.samples: dict[tuple[str, str], tuple[int, list[Any]]] = {}
        self.events: list[tuple[str, str]] = []
        self.hub = Hub(
            fleet=self.fleet,
            boot=BOOT,
            metrics=LiveMetrics(CollectorRegistry()),
            clock_s=lambda: self.now_us / 1e6,
            part_bytes=part_bytes,
            **options,
        )
        self.readers: list[tuple[Reader, Client]] = []

    def frame(self, name: DroneName, channel_name: str, step_us: int, x: float, y: float) -> None:
        self.now_us += max(0, step_us)
        time_us = self.now_us + min(0, step_us)
        channel = CHANNELS[channel_name]
        values: list[Any] = [round(x + i, 3) for i in range(len(channel.fields))]
        values[:2] = [y, x]
        block = DecodedBlock(channel, 1, "0", [time_us], [[value] for value in values])
        self.fleet.apply_frame(name, [block], now_us=self.now_us, now_s=self.now_us / 1e6)
        known = self.samples.get((name.drone, channel_name))
        if known is None or time_us > known[0] or time_us < known[0] - 10_000_000:
            self.samples[name.drone, channel_name] = (time_us, values)

    def state(self, name: DroneName, x: float, y: float) -> None:
        position = StatePosition(y, x, 1.0, 2.0)
        state = State(iso_from_us(self.now_us), mode=f"M{x:g}", armed=x > 0, position=position)
        self.fleet.apply_state(name, state, now_us=self.now_us)

    def status(self, name: DroneName, presence: Presence) -> None:
        self.number += 1
        status = Status(presence, 1, self.number, "0.1.0")
        self.fleet.apply_status(name, status, retained=False, now_us=self.now_us)

    def event(self, name: DroneName) -> None:
        self.number += 1
        text = f"event {self.number}"
        event = Event(1, self.number, iso_from_us(self.now_us), "mode", 6, 1, text)
        self.fleet.apply_event(name, event)
        self.events.append((name.drone, text))

    def clear(self, name: DroneName) -> None:
        self.fleet.clear(name)
        self.samples = {key: value for key, value in self.samples.items() if key[0] != name.drone}
        self.events = [event for event in self.events if event[0] != name.drone]

    def join(self, wanted: Filter) -> None:
        reader = Reader()
        client = self.hub.add(reader)
        self.hub.subscribe(client, "s", wanted)
        self.readers.append((reader, client))

    def resume(self, index: int) -> None:
        """A reader loses its connection and comes back with what it knows."""
        reader, client = self.readers[index]
        wanted = client.subscriptions["s"].group.wanted
        self.hub.remove(client)
        back = Reader()
        back.views = reader.views
        cursor = reader.views["s"].cursor if "s" in reader.views else None
        complete = "s" in reader.views and not reader.views["s"].more
        again = self.hub.add(back)
        self.hub.subscribe(again, "s", wanted, resume=cursor if complete else None)
        self.readers[index] = back, again

    def tick(self, allowed: int) -> None:
        for index, (reader, _) in enumerate(self.readers):
            # Readers differ: the first ones are never held up.
            reader.allowed = 1000 if index % 2 == 0 else allowed
            if reader.allowed:
                reader.on_writable()
        self.hub.tick()

    def check(self, reader: Reader, client: Client) -> None:
        """The reader, which has been told everything, knows what it should."""
        wanted = client.subscriptions["s"].group.wanted
        view = reader.views["s"]
        assert not view.more
        present = {
            state.drone: state
            for state in self.fleet.drones()
            if wanted.wants(state.drone, state.fleet) and self.is_inside(state, wanted.box)
        }
        assert view.drones.keys() == present.keys()
        for drone, state in present.items():
            expected = json.loads(json.dumps(self.plain(state)))
            shown = view.drones[drone]
            assert {key: shown[key] for key in shown.keys() - QUICK} == expected
        samples = {
            (drone, channel): (sample["time"], list(sample["values"].values()))
            for (drone, channel, _, _), sample in view.samples.items()
        }
        assert samples == {
            (drone, channel): (iso_from_us(time_us), values)
            for (drone, channel), (time_us, values) in self.samples.items()
            if drone in present and wanted.wants_channel(channel)
        }
        events = [(event["drone"], event["text"]) for event in view.events]
        expected_events = [event for event in self.events if event[0] in present]
        # A drone that came back into the box tells its events again: then the order is its own.
        assert sorted(events) == (sorted(expected_events) if wanted.events else [])
        if wanted.box is None:
            assert events == (expected_events if wanted.events else [])

    @staticmethod
    def plain(state: Any) -> dict[str, Any]:
        names = [name for name in type(state).__slots__ if name not in QUICK]
        return {name: getattr(state, name) for name in names}

    @staticmethod
    def is_inside(state: Any, box: Box | None) -> bool:
        if box is None:
            return True
        return state.position is not None and box.contains(state.position.lat, state.position.lon)


places = st.sampled_from([-175.0, -9.0, 0.0, 5.0, 12.0, 90.0, 175.0])
heights = st.sampled_from([-50.0, -9.0, 0.0, 9.0])
names = st.sampled_from(NAMES)
steps = st.sampled_from([200_000, 1_000_000, 6_000_000, -100_000, -3_000_000, -60_000_000])
actions = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), names, st.just("position"), steps, places, heights),
        st.tuples(
            st.just("frame"), names, st.sampled_from(["vfr", "home"]), steps, places, heights
        ),
        st.tuples(st.just("state"), names, places, heights),
        st.tuples(st.just("status"), names, st.sampled_from(list(Presence))),
        st.tuples(st.just("event"), names),
        st.tuples(st.just("clear"), names),
        st.tuples(st.just("join"), st.sampled_from(FILTERS)),
        st.tuples(st.just("resume"), st.integers(0, 5)),
        st.tuples(st.just("tick"), st.integers(0, 3)),
    ),
    max_size=60,
)


@given(
    actions,
    st.lists(st.sampled_from(FILTERS), min_size=2, max_size=6),
    st.sampled_from([1, 700, 10**6]),
)
@settings(deadline=None, max_examples=150)
def test_a_reader_at_any_pace_ends_with_what_the_fleet_knows(
    history: list[tuple[Any, ...]], wanted: list[Filter], part_bytes: int
) -> None:
    world = World(part_bytes)
    for each in wanted:
        world.join(each)
    for action, *arguments in history:
        if action == "resume":
            arguments = [arguments[0] % len(world.readers)]
        getattr(world, action)(*arguments)
    world.tick(10_000)
    for reader, client in world.readers:
        world.check(reader, client)


def test_readers_in_step_share_what_is_encoded() -> None:
    world = World(10**6)
    for _ in range(50):
        world.join(Filter())
    world.tick(100)
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    world.tick(100)
    encoded = world.hub._metrics.encoded._value.get()
    assert sum(reader.messages for reader, _ in world.readers) == 100
    assert encoded == 2


def test_what_changed_often_meanwhile_is_told_once() -> None:
    world = World(10**6)
    world.join(Filter())
    world.join(Filter())
    world.tick(1)
    for x in range(500):
        world.frame(NAMES[0], "vfr", 1000, float(x), 0.0)
        world.tick(0)
    prompt, slow = (reader for reader, _ in world.readers)
    before = slow.messages
    world.tick(1)
    assert slow.messages == before + 1
    assert prompt.messages > 400
    for reader, client in world.readers:
        world.check(reader, client)


def test_events_beyond_a_deltas_limit_are_counted() -> None:
    world = World(10**6)
    world.join(Filter())
    world.join(Filter())
    world.event(NAMES[0])
    world.tick(1)
    for _ in range(600):
        world.event(NAMES[0])
    world.tick(1)
    for reader, _ in world.readers:
        view = reader.views["s"]
        assert (len(view.events), view.missed_events) == (501, 100)
        assert view.events[-1]["text"] == world.events[-1][1]


def test_who_lags_behind_what_is_remembered_gets_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes_module, "MAX_EVENTS", 10)
    world = World(10**6)
    world.join(Filter())
    world.join(Filter())
    world.tick(1)
    for _ in range(30):
        world.event(random.choice(NAMES))
    world.tick(1)
    for reader, _ in world.readers:
        view = reader.views["s"]
        assert view.snapshots == 2
        assert [event["text"] for event in view.events] == [text for _, text in world.events[-10:]]


def test_events_are_kept_up_to_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "MAX_EVENT_BYTES", 10_000)
    world = World(10**6)
    for _ in range(1000):
        world.event(random.choice(NAMES))
    kept = [entry for name in NAMES for entry in world.fleet.entries_of(name.drone)]
    events = [entry.json() for entry in kept if entry.member == "events"]
    assert 9_000 < sum(map(len, events)) <= 10_000
    world.events = world.events[-len(events) :]
    world.join(Filter())
    world.tick(1)
    world.check(*world.readers[0])


def test_a_cursor_of_another_filter_is_answered_by_a_snapshot() -> None:
    world = World(10**6)
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    world.join(Filter(channels=frozenset({"position"})))
    world.tick(1)
    cursor = world.readers[0][0].views["s"].cursor
    reader = Reader()
    for wanted in (Filter(), Filter(channels=frozenset({"position"}))):
        world.hub.subscribe(world.hub.add(reader), "s", wanted, resume=cursor)
        reader.allowed = 1
        world.hub.tick()
        assert reader.views["s"].snapshots == 1  # of the first; the second is continued
    assert reader.messages == 2


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "1",
        "b00.1",
        "other.1",
        "{origin}",
        "{origin}.x",
        "{origin}.99999",
        "{origin}.0",
        "{origin}.-1",
    ],
)
def test_a_cursor_that_cannot_be_continued_is_answered_by_a_snapshot(cursor: str) -> None:
    world = World(10**6)
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    reader = Reader()
    client = world.hub.add(reader)
    world.hub.subscribe(client, "s", Filter())
    origin = client.subscriptions["s"].group.origin
    world.hub.subscribe(client, "s", Filter(), resume=cursor.format(origin=origin))
    reader.allowed = 10
    world.hub.tick()
    assert reader.views["s"].snapshots == 1
    assert reader.views["s"].drones


def test_a_resumption_is_answered_even_if_nothing_happened() -> None:
    world = World(10**6)
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    world.join(Filter())
    world.tick(1)
    world.resume(0)
    world.tick(1)
    reader, client = world.readers[0]
    assert (reader.messages, reader.views["s"].snapshots) == (1, 1)
    world.check(reader, client)


def test_a_slow_reader_is_told_an_entering_drone_piece_by_piece_and_nothing_twice() -> None:
    world = World(1)
    world.join(Filter())
    world.join(Filter(box=Box(-10, -10, 10, 10)))
    for _ in range(3):
        world.event(NAMES[0])
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    world.tick(1)
    world.frame(NAMES[0], "position", 1, 1.0, 2.0)
    for _ in range(10):
        world.event(NAMES[1])
        world.tick(1)
    reader, client = world.readers[1]
    world.check(reader, client)


@pytest.mark.parametrize(
    ("box", "inside", "outside"),
    [(Box(-10, -10, 10, 10), 5.0, 12.0), (Box(170, -10, -170, 10), -175.0, 90.0)],
)
def test_a_drone_that_enters_a_box_is_told_whole_and_one_that_leaves_is_gone(
    box: Box, inside: float, outside: float
) -> None:
    world = World(10**6)
    world.join(Filter(box=box))
    world.frame(NAMES[0], "position", 1, outside, 0.0)
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    world.tick(1)
    reader, client = world.readers[0]
    assert reader.views["s"].drones == {}
    world.frame(NAMES[0], "position", 1, inside, 0.0)
    world.tick(1)
    assert set(reader.views["s"].samples) == {
        ("a", "position", 1, "0"),
        ("a", "vfr", 1, "0"),
    }
    world.frame(NAMES[0], "position", 1, outside, 0.0)
    world.tick(1)
    world.check(reader, client)
    assert reader.views["s"].drones == {}
    world.frame(NAMES[0], "position", 1, inside, 0.0)
    world.tick(1)
    world.clear(NAMES[0])
    world.tick(1)
    world.check(reader, client)
    assert reader.views["s"].drones == {}


def test_a_drone_that_cannot_be_shown_is_left_out_and_said_once() -> None:
    world = World(10**6)
    world.join(Filter())
    # Registered in the year 33658.
    world.fleet.register([(NAMES[0], 10**18), (NAMES[1], START_US)], now_us=START_US)
    world.tick(1)
    reader, client = world.readers[0]
    assert set(reader.views["s"].drones) == {"b"}
    assert [state.drone for state in world.fleet.drones()] == ["b"]
    assert world.fleet.drone("a") is None
    [(drone, reason)] = world.fleet.take_left_out().items()
    assert (drone, "OverflowError" in reason) == ("a", True)
    world.frame(NAMES[0], "vfr", 1, 1.0, 2.0)
    world.tick(1)
    assert set(reader.views["s"].samples) == {("a", "vfr", 1, "0")}
    assert world.fleet.take_left_out() == {}
    world.fleet.register([(NAMES[0], START_US), (NAMES[1], START_US)], now_us=START_US)
    world.tick(1)
    world.check(reader, client)


def test_all_together_have_so_many_different_subscriptions() -> None:
    world = World(10**6, max_groups=2)
    client = world.hub.add(Reader())
    world.hub.subscribe(client, "s", Filter())
    world.hub.subscribe(client, "t", Filter(events=False))
    with pytest.raises(ApiProblem) as caught:
        world.hub.subscribe(client, "t", Filter(channels=frozenset()))
    assert caught.value.problem.status == 429
    # What it had it keeps, and what others have is free.
    assert client.subscriptions["t"].group.wanted == Filter(events=False)
    world.hub.subscribe(client, "u", Filter())


def test_many_boxes_are_filled_in_several_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "BUILD_S", 1e-9)
    world = World(10**6)
    world.frame(NAMES[0], "position", 1, 1.0, 2.0)
    for edge in range(3):
        world.join(Filter(box=Box(-10, -10, 10 + edge, 10)))
    world.join(Filter())
    built = []
    for _ in range(4):
        world.tick(10)
        built.append(["s" in reader.views for reader, _ in world.readers])
        world.frame(NAMES[0], "position", 1000, 1.0, 2.0)
    assert [sum(told) for told in built] == [2, 3, 4, 4]
    world.tick(10)
    for reader, client in world.readers:
        world.check(reader, client)
