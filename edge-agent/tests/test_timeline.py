"""The time rules: boots, offsets, receipt times, live and in the two passes of an import."""

import random
from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

import pytest
from aerostream_contract.frame import Clock, decode_frame
from aerostream_contract.models import Event, decode
from aerostream_contract.names import DroneName
from aerostream_contract.times import us_from_iso
from aerostream_edge.drone import Drone, Reception
from aerostream_edge.mapping import mapping_of
from aerostream_edge.mavlink.frames import Frame, FrameParser
from aerostream_edge.policy import RatePolicyName
from aerostream_edge.spool import Kind
from aerostream_edge.timeline import Timeline
from aerostream_edge.twin import Happening
from hypothesis import given, settings
from hypothesis import strategies as st
from support.packets import packet
from support.spool import HandSpool

SECOND = 1_000_000
UTC_FROM_US = 10**15
UTC = 1_767_225_600 * SECOND
AUTOPILOT, CAMERA = 1, 100
WRAP = 1 << 32


class Said(NamedTuple):
    """A message on the wire and when it came."""

    component: int
    name: str
    own_us: int | None
    """Its own time; None: it has no field for one."""
    receipt_us: int
    unix_us: int = 0
    """Of a SYSTEM_TIME."""

    def fields(self) -> dict[str, Any]:
        match self.name:
            case "ATTITUDE":
                return {"time_boot_ms": (self.own_us or 0) // 1000}
            case "SYSTEM_TIME":
                own_ms = (self.own_us or 0) // 1000
                return {"time_boot_ms": own_ms, "time_unix_usec": self.unix_us}
            case "GPS_RAW_INT":
                return {"time_usec": self.own_us}
            case "SERVO_OUTPUT_RAW":
                return {"time_usec": (self.own_us or 0) % WRAP}
        return {"throttle": 1}


@lru_cache(maxsize=4096)
def frame_of(said: Said) -> Frame:
    raw = packet(said.name, component=said.component, **said.fields())
    (frame,) = FrameParser().feed(raw)
    return frame


def attitude(own_us: int, receipt_us: int, component: int = AUTOPILOT) -> Said:
    return Said(component, "ATTITUDE", own_us, receipt_us)


def vfr(receipt_us: int, component: int = AUTOPILOT) -> Said:
    return Said(component, "VFR_HUD", None, receipt_us)


def gps(own_us: int, receipt_us: int) -> Said:
    return Said(AUTOPILOT, "GPS_RAW_INT", own_us, receipt_us)


def servo(own_us: int, receipt_us: int, component: int = AUTOPILOT) -> Said:
    return Said(component, "SERVO_OUTPUT_RAW", own_us, receipt_us)


def system_time(unix_us: int, own_us: int, receipt_us: int, component: int = AUTOPILOT) -> Said:
    return Said(component, "SYSTEM_TIME", own_us, receipt_us, unix_us)


def observed(timeline: Timeline, stream: list[Said]) -> list[int]:
    """UTC of each message, stamped as it comes."""
    stamps = []
    for index, said in enumerate(stream):
        frame = frame_of(said)
        mapping = mapping_of(frame.message_id)
        assert mapping is not None
        sample = mapping.sample(frame.payload)
        timeline.move_to(index)
        timeline.observe(frame, sample, said.receipt_us, index)
        key, time_us = timeline.stamp(frame.component, sample, said.receipt_us)
        stamps.append(key.offset_us + time_us)
    return stamps


def live(stream: list[Said]) -> list[int]:
    return observed(Timeline(AUTOPILOT), stream)


def imported(stream: list[Said]) -> list[int]:
    timeline = Timeline(AUTOPILOT)
    observed(timeline, stream)
    return observed(timeline.schedule(AUTOPILOT), stream)


def boots(stream: list[Said], component: int = AUTOPILOT) -> int:
    timeline = Timeline(AUTOPILOT)
    observed(timeline, stream)
    return timeline.boot_count(component)


# --- own times ------------------------------------------------------------------------------


def test_before_any_system_time_the_first_timed_message_stands_at_its_receipt() -> None:
    stream = [attitude(50 * SECOND, UTC), attitude(51 * SECOND, UTC + 1_300_000)]
    assert live(stream) == imported(stream) == [UTC, UTC + SECOND]


@pytest.mark.parametrize("own_us", [UTC_FROM_US, UTC + 5])
def test_an_own_time_from_1e15_on_is_utc_and_stands(own_us: int) -> None:
    stream = [
        system_time(UTC, 9 * SECOND, 77),
        gps(own_us, 1234),
        attitude(10 * SECOND, 99),
    ]
    assert live(stream)[1:] == imported(stream)[1:] == [own_us, UTC + SECOND]


def test_just_below_1e15_an_own_time_is_still_time_since_boot() -> None:
    stream = [system_time(UTC, 9 * SECOND, 77), gps(UTC_FROM_US - 1, 99)]
    assert live(stream)[1] == imported(stream)[1] == UTC - 9 * SECOND + UTC_FROM_US - 1


def test_zero_is_no_own_time() -> None:
    stream = [system_time(UTC, 9 * SECOND, 500), gps(0, 700), attitude(0, 800)]
    assert live(stream)[1:] == imported(stream)[1:] == [UTC + 200, UTC + 300]


def test_an_own_time_beyond_the_calendar_is_none() -> None:
    stream = [gps((1 << 64) - 1, 700), gps((1 << 64) - 2, 900)]
    assert live(stream) == imported(stream) == [700, 900]


# --- SYSTEM_TIME ----------------------------------------------------------------------------


def test_the_first_plausible_system_time_fixes_both_offsets_and_later_ones_change_nothing() -> None:
    stream = [
        system_time(UTC, 10 * SECOND, 5_000),
        attitude(11 * SECOND, 1_005_000),
        vfr(2_005_000),
        system_time(UTC + 3 * SECOND + 90_000, 13 * SECOND, 3_000_000),
        attitude(14 * SECOND, 4_000_000),
        vfr(5_005_000),
    ]
    times = [
        UTC,
        UTC + SECOND,
        UTC + 2 * SECOND,
        UTC + 3 * SECOND,
        UTC + 4 * SECOND,
        UTC + 5 * SECOND,
    ]
    assert live(stream) == imported(stream) == times


@pytest.mark.parametrize(
    ("unix_us", "boot_us"),
    [
        (UTC, 0),
        (0, 5 * SECOND),
        (1_262_304_000 * SECOND - 1, 5 * SECOND),
        (4_102_444_800 * SECOND, 5 * SECOND),
    ],
    ids=["boot 0", "no UTC", "2009", "2100"],
)
def test_an_implausible_system_time_fixes_nothing(unix_us: int, boot_us: int) -> None:
    stream = [
        system_time(unix_us, boot_us, 1_000),
        vfr(2_000),
        system_time(UTC, 6 * SECOND, 3_000),
        vfr(4_000),
    ]
    assert live(stream)[1] == 2_000
    assert imported(stream)[1] == UTC - 1_000
    assert live(stream)[3] == imported(stream)[3] == UTC + 1_000


@pytest.mark.parametrize(
    ("off_us", "count"), [(SECOND, 1), (-SECOND, 1), (SECOND + 1000, 2), (-SECOND - 1000, 2)]
)
def test_a_system_time_more_than_a_second_off_is_a_new_boot(off_us: int, count: int) -> None:
    stream = [
        system_time(UTC, 10 * SECOND, 0),
        system_time(UTC + SECOND + off_us, 11 * SECOND, SECOND),
        attitude(12 * SECOND, 2 * SECOND),
    ]
    assert boots(stream) == count
    shift = off_us if count == 2 else 0
    assert live(stream)[2] == imported(stream)[2] == UTC + 2 * SECOND + shift


def test_until_the_next_fix_a_live_host_keeps_the_offset_of_the_boot_before() -> None:
    stream = [
        system_time(UTC, 100 * SECOND, 0),
        attitude(101 * SECOND, SECOND),
        attitude(1 * SECOND, 60 * SECOND),
        vfr(61 * SECOND),
    ]
    assert live(stream)[2:] == [UTC + 60 * SECOND, UTC + 61 * SECOND]
    assert imported(stream)[2:] == [60 * SECOND, 61 * SECOND], "an import knows no host"


def test_an_import_applies_a_late_fix_to_the_whole_boot() -> None:
    stream = [
        attitude(1 * SECOND, 70),
        vfr(80),
        attitude(2 * SECOND, 90),
        system_time(UTC, 5 * SECOND, 100),
    ]
    assert imported(stream) == [UTC - 4 * SECOND, UTC - 20, UTC - 3 * SECOND, UTC]


# --- boots ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("back_us", "count"), [(SECOND, 1), (SECOND + 1000, 2), (500_000, 1)])
def test_a_series_going_back_by_more_than_a_second_is_a_new_boot(back_us: int, count: int) -> None:
    stream = [attitude(90 * SECOND, 0), attitude(90 * SECOND - back_us, 10)]
    assert boots(stream) == count


def test_other_series_may_lie_far_back_without_a_new_boot() -> None:
    stream = [
        attitude(90 * SECOND, 0),
        gps(19 * SECOND, 10),
        attitude(91 * SECOND, 20),
        gps(20 * SECOND, 30),
    ]
    assert boots(stream) == 1


def test_a_reboot_of_one_component_is_none_of_another() -> None:
    stream = [
        attitude(90 * SECOND, 0),
        attitude(80 * SECOND, 1, CAMERA),
        attitude(2 * SECOND, 2, CAMERA),
    ]
    assert boots(stream) == 1
    assert boots(stream, CAMERA) == 2


def test_the_second_system_time_of_a_boot_that_one_began_is_compared_with_it() -> None:
    stream = [
        system_time(UTC, 100 * SECOND, 0),
        system_time(UTC + 60 * SECOND, 10 * SECOND, 60 * SECOND),
        system_time(UTC + 58 * SECOND, 8 * SECOND, 61 * SECOND),
    ]
    assert boots(stream) == 3


# --- components without SYSTEM_TIME -----------------------------------------------------------


def test_a_component_without_system_time_counts_from_its_first_timed_message() -> None:
    stream = [
        system_time(UTC, 10 * SECOND, 0),
        attitude(400 * SECOND, 3 * SECOND, CAMERA),
        attitude(402 * SECOND, 9 * SECOND, CAMERA),
        vfr(10 * SECOND, CAMERA),
    ]
    assert (
        live(stream)[1:]
        == imported(stream)[1:]
        == [UTC + 3 * SECOND, UTC + 5 * SECOND, UTC + 10 * SECOND]
    )


def test_a_later_boot_of_the_autopilot_leaves_the_other_components_clock_alone() -> None:
    stream = [
        system_time(UTC, 10 * SECOND, 0),
        attitude(400 * SECOND, 3 * SECOND, CAMERA),
        attitude(11 * SECOND, 4 * SECOND),
        attitude(1 * SECOND, 20 * SECOND),
        system_time(UTC + 30 * SECOND + 80_000, 5 * SECOND, 30 * SECOND),
        attitude(440 * SECOND, 43 * SECOND, CAMERA),
        vfr(44 * SECOND, CAMERA),
    ]
    expected = [UTC + 43 * SECOND, UTC + 44 * SECOND + 80_000]
    assert live(stream)[5:] == imported(stream)[5:] == expected


# --- 32-bit clocks ------------------------------------------------------------------------------


@pytest.mark.parametrize("wraps", [0, 1, 2, 7])
@pytest.mark.parametrize("first", ["servo", "attitude", "system_time"])
def test_a_32_bit_clock_is_unwrapped_however_often_it_had_wrapped(wraps: int, first: str) -> None:
    own_us = wraps * WRAP + WRAP - 2 * SECOND
    own_us -= own_us % 1000
    other = attitude(own_us, 0) if first == "attitude" else system_time(UTC, own_us, 0)
    beginning = [servo(own_us, 0), other] if first == "servo" else [other, servo(own_us, 0)]
    later = [servo(own_us + n * SECOND, n * SECOND) for n in range(1, 6)]
    later += [attitude(own_us + 6 * SECOND, 6 * SECOND)]
    stream = beginning + later
    start = 0 if first == "attitude" else UTC
    expected = [start + n * SECOND for n in range(1, 7)]
    assert boots(stream) == 1
    assert live(stream)[2:] == expected
    assert imported(stream) == [start, start, *expected]


def test_a_component_with_nothing_but_a_32_bit_clock_runs_on_over_the_wrap() -> None:
    own_us = WRAP - 2 * SECOND
    stream = [servo(own_us + n * SECOND, n * SECOND, CAMERA) for n in range(6)]
    assert boots(stream, CAMERA) == 1
    assert live(stream) == imported(stream) == [n * SECOND for n in range(6)]


def test_a_reboot_is_told_from_a_wrap() -> None:
    own_us = WRAP - 2 * SECOND
    own_us -= own_us % 1000
    stream = [
        system_time(UTC, own_us, 0),
        servo(own_us + SECOND, SECOND),
        servo(5 * SECOND, 300 * SECOND),
        system_time(UTC + 301 * SECOND, 6 * SECOND, 301 * SECOND),
        servo(7 * SECOND, 302 * SECOND),
    ]
    assert boots(stream) == 2
    assert imported(stream)[2:] == [UTC + s * SECOND for s in (300, 301, 302)]
    assert live(stream)[4] == UTC + 302 * SECOND


# --- the rules as a whole -------------------------------------------------------------------


@st.composite
def streams(draw: st.DrawFn) -> list[Said]:
    """Two components that run, reboot, send late, and have good and bad SYSTEM_TIMEs."""
    receipt_us = draw(st.sampled_from([0, UTC, UTC - 10**13]))
    clocks = {AUTOPILOT: draw(st.integers(1, 10**10)), CAMERA: draw(st.integers(1, 10**10))}
    stream = []
    steps = st.tuples(
        st.sampled_from([AUTOPILOT, AUTOPILOT, CAMERA]),
        st.sampled_from("aaavvggsSru"),
        st.integers(0, 2 * SECOND),
        st.integers(-1_500_000, 1_500_000),
    )
    for component, kind, step_us, jitter_us in draw(st.lists(steps, min_size=8, max_size=40)):
        receipt_us += step_us
        for each in clocks:
            clocks[each] += step_us
        own_us = max(0, clocks[component] + (jitter_us if draw(st.booleans()) else 0))
        own_us -= own_us % 1000
        if kind == "a":
            stream.append(attitude(own_us, receipt_us, component))
        elif kind == "v":
            stream.append(vfr(receipt_us, component))
        elif kind == "g":
            stream.append(Said(component, "GPS_RAW_INT", own_us * draw(st.booleans()), receipt_us))
        elif kind == "u":
            stream.append(Said(component, "GPS_RAW_INT", UTC + receipt_us % 10**12, receipt_us))
        elif kind == "r":
            clocks[component] = draw(st.integers(1, SECOND))
        elif component == AUTOPILOT or kind == "S":
            unix_us = (
                UTC + jitter_us + receipt_us % 10**12 if draw(st.integers(0, 4)) else jitter_us
            )
            stream.append(system_time(max(0, unix_us), own_us, receipt_us, component))
    return stream


class Rules:
    """What an import must make of a stream: the rules once more, in plain steps."""

    def __init__(self, stream: list[Said]) -> None:
        self._stream = stream
        self._boot_of: list[tuple[int, int]] = []
        """Component and boot of each message."""
        self._fixed: dict[tuple[int, int], tuple[int, int]] = {}
        """Of each boot with a SYSTEM_TIME: UTC - boot, and UTC - receipt."""
        self._guessed: dict[tuple[int, int], int] = {}
        """Of each boot with a timed message: UTC - boot without SYSTEM_TIME."""
        self._find_boots()
        for index, (said, boot) in enumerate(zip(stream, self._boot_of, strict=True)):
            if 0 < (said.own_us or 0) < UTC_FROM_US and boot not in self._guessed:
                guess = said.receipt_us - (said.own_us or 0) + self._receipt_offset(index)
                self._guessed[boot] = guess

    def times(self) -> list[int]:
        taken: dict[tuple[tuple[int, int], str], deque[int]] = {}
        stamps = []
        for index, (said, boot) in enumerate(zip(self._stream, self._boot_of, strict=True)):
            stamp = self._time(index)
            series = taken.setdefault((boot, said.name), deque(maxlen=1024))
            while stamp in series:
                stamp += 1
            series.append(stamp)
            stamps.append(stamp)
        return stamps

    def _time(self, index: int) -> int:
        said, boot = self._stream[index], self._boot_of[index]
        own_us = said.own_us or 0
        if own_us >= UTC_FROM_US:
            return own_us
        fixed = self._fixed.get(boot)
        if own_us:
            return own_us + (fixed[0] if fixed else self._guessed[boot])
        return said.receipt_us + (fixed[1] if fixed else self._receipt_offset(index))

    def _find_boots(self) -> None:
        count: dict[int, int] = {}
        newest: dict[tuple[int, int], dict[str, int]] = {}
        for said in self._stream:
            boot = (said.component, count.setdefault(said.component, 0))
            own_us = said.own_us or 0
            if own_us and newest.get(boot, {}).get(said.name, 0) - own_us > SECOND:
                boot = _next_boot(count, said.component)
            if _is_plausible(said):
                offset = said.unix_us - own_us
                if boot in self._fixed and abs(offset - self._fixed[boot][0]) > SECOND:
                    boot = _next_boot(count, said.component)
                self._fixed.setdefault(boot, (offset, said.unix_us - said.receipt_us))
            if own_us:
                newest.setdefault(boot, {})[said.name] = own_us
            self._boot_of.append(boot)

    def _receipt_offset(self, index: int) -> int:
        """Of the autopilot's boot at that place in the stream."""
        of_autopilot = [boot for boot in self._boot_of[: index + 1] if boot[0] == AUTOPILOT]
        boot = of_autopilot[-1] if of_autopilot else (AUTOPILOT, 0)
        return self._fixed.get(boot, (0, 0))[1]


def _is_plausible(said: Said) -> bool:
    earliest, latest = 1_262_304_000 * SECOND, 4_102_444_800 * SECOND
    return said.name == "SYSTEM_TIME" and bool(said.own_us) and earliest <= said.unix_us < latest


def _next_boot(count: dict[int, int], component: int) -> tuple[int, int]:
    count[component] += 1
    return component, count[component]


@settings(max_examples=250)
@given(streams())
def test_an_import_follows_the_rules_and_gives_the_same_every_time(stream: list[Said]) -> None:
    times = imported(stream)
    assert times == Rules(stream).times()
    assert times == imported(stream)


@settings(max_examples=150)
@given(streams())
def test_live_times_of_a_boot_that_is_fixed_equal_the_imports(stream: list[Said]) -> None:
    """What came before the fix may have been moved by it already, or published before."""
    if not any(said.name == "SYSTEM_TIME" for said in stream):
        return
    timeline = Timeline(AUTOPILOT)
    stamps, settled = [], []
    for index, said in enumerate(stream):
        frame = frame_of(said)
        mapping = mapping_of(frame.message_id)
        assert mapping is not None
        sample = mapping.sample(frame.payload)
        timeline.observe(frame, sample, said.receipt_us, index)
        key, time_us = timeline.stamp(frame.component, sample, said.receipt_us)
        stamps.append(key.offset_us + time_us)
        boot = timeline._clock(frame.component).boot
        settled.append(key.clock is Clock.UTC or boot.from_system_time)
    # Neighbours that were stamped before the fix may have taken other microseconds.
    for ours, theirs, sure in zip(stamps, imported(stream), settled, strict=True):
        assert not sure or abs(ours - theirs) < 100


@pytest.mark.parametrize("seed", range(8))
def test_frames_that_nobody_has_seen_move_when_the_time_is_known(seed: int) -> None:
    rnd = random.Random(seed)
    stream: list[Said] = []
    receipt_us = 0
    for n in range(300):
        receipt_us += rnd.randrange(1000, 300_000)
        own_us = 7_000_000 + receipt_us // 1000 * 1000
        component = rnd.choice((AUTOPILOT, AUTOPILOT, CAMERA))
        choice = rnd.randrange(3)
        if n > 200 and choice == 0 and component == AUTOPILOT:
            stream.append(system_time(UTC + receipt_us + rnd.randrange(90_000), own_us, receipt_us))
        elif choice == 1:
            stream.append(vfr(receipt_us, component))
        else:
            stream.append(attitude(own_us + component * 1000, receipt_us, component))
    drone, spool = offline_drone()
    for index, said in enumerate(stream):
        drone.take(Reception(frame_of(said), said.receipt_us, index))
        if rnd.random() < 0.2:
            spool.write(said.receipt_us / 1e6)
    found = times_of(drone, spool)
    expected = [
        (said.component, said.name, time_us)
        for said, time_us in zip(stream, imported(stream), strict=True)
    ]
    assert found == sorted(expected)


def offline_drone() -> tuple[Drone, HandSpool]:
    """A drone whose broker is away: nobody has seen anything of it."""
    spool = HandSpool()
    drone = Drone(
        name=DroneName("f", "d"),
        timeline=Timeline(AUTOPILOT),
        outbox=spool,
        policy=RatePolicyName.FULL,
        max_cells=200,
    )
    return drone, spool


def times_of(drone: Drone, spool: HandSpool) -> list[tuple[int, str, int]]:
    """Component, message and time of all samples that the drone has to send."""
    drone.finish()
    blocks = [block for item in spool.kept() for block in decode_frame(item.payload).blocks]
    spool.close()
    return sorted((b.component, b.source, time_us) for b in blocks for time_us in b.times)


@pytest.mark.parametrize("seed", range(20))
def test_a_fix_moves_only_what_its_own_boot_of_the_autopilot_had_guessed(seed: int) -> None:
    rnd = random.Random(seed)
    stream: list[Said] = []
    receipt_us = 0
    for boot in range(3):
        booted_us = receipt_us - rnd.randrange(1_000_000, 2_000_000)
        fixed_from = rnd.randrange(20, 60)
        for n in range(80):
            receipt_us += rnd.randrange(1000, 300_000)
            own_us = (receipt_us - booted_us) // 1000 * 1000
            if n == fixed_from:
                unix_us = UTC + receipt_us + boot * 700_000
                stream.append(system_time(unix_us, own_us, receipt_us))
            elif n and rnd.random() < 0.5:
                stream.append(vfr(receipt_us, rnd.choice((AUTOPILOT, CAMERA))))
            elif n and rnd.random() < 0.5:
                stream.append(attitude(7 * SECOND + receipt_us // 1000 * 1000, receipt_us, CAMERA))
            else:
                stream.append(attitude(own_us, receipt_us))
        receipt_us += 2_000_000
    drone, spool = offline_drone()
    for index, said in enumerate(stream):
        drone.take(Reception(frame_of(said), said.receipt_us, index))
        if rnd.random() < 0.2:
            spool.write(said.receipt_us / 1e6)
    expected = [
        (said.component, said.name, time_us)
        for said, time_us in zip(stream, imported(stream), strict=True)
    ]
    assert boots(stream) == 3
    assert times_of(drone, spool) == sorted(expected)


def test_an_event_that_nobody_has_seen_moves_with_the_samples_of_its_time() -> None:
    drone, spool = offline_drone()

    def say(said: Said, index: int) -> None:
        drone.take(Reception(frame_of(said), said.receipt_us, index))

    def happen(component: int, receipt_us: int) -> None:
        drone.happened(Happening("mode", 5, str(receipt_us), {"n": 1}), component, receipt_us)

    say(attitude(50 * SECOND, 1000), 0)
    happen(AUTOPILOT, 2000)
    assert len(spool.publish()) == 1
    happen(CAMERA, 3000)
    spool.write()
    happen(AUTOPILOT, 4000)
    say(system_time(UTC, 51 * SECOND, 5000), 1)
    happen(AUTOPILOT, 6000)
    say(attitude(1 * SECOND, 7000), 2)
    happen(AUTOPILOT, 8000)
    happen(CAMERA, 9000)
    say(system_time(UTC + SECOND, 2 * SECOND, 10_000), 3)

    items = spool.kept()
    events = [decode(item.payload, Event) for item in items if item.kind is Kind.EVENT]
    spool.close()
    assert {event.text: us_from_iso(event.time) for event in events} == {
        "2000": 2000,  # it was seen, and stays
        "3000": UTC - 2000,
        "4000": UTC - 1000,
        "6000": UTC + 1000,
        "8000": UTC + SECOND - 2000,
        "9000": UTC + SECOND - 1000,
    }
    assert all(event.data == {"n": 1} and event.severity == 5 for event in events)


def test_two_messages_of_one_receipt_stay_two_when_the_time_is_told_between_them() -> None:
    """A burst off a socket has one time of receipt; the first of two had the host's guess."""
    drone, spool = offline_drone()
    burst = [vfr(1000), system_time(UTC, 51 * SECOND, 1000), vfr(1000)]
    for index, said in enumerate(burst):
        drone.take(Reception(frame_of(said), said.receipt_us, index))
    expected = [
        (said.component, said.name, time_us)
        for said, time_us in zip(burst, imported(burst), strict=True)
    ]
    assert times_of(drone, spool) == sorted(expected)
