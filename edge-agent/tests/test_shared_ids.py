"""Two autopilots with one system and component id: a usual mistake, which must not do harm."""

import struct
import tracemalloc

import pytest
from aerostream_contract.frame import Clock, decode_frame
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.names import DroneName
from aerostream_edge.drone import Drone, Reception
from aerostream_edge.mapping import mapping_of, passthrough_of
from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.policy import RatePolicyName
from aerostream_edge.recent import Recent
from aerostream_edge.timeline import SectionKey, Timeline
from aerostream_edge.window import Window

SECOND = 1_000_000
HOST_US = 1_700_000_000 * SECOND
UTC_US = 1_767_225_600 * SECOND
AUTOPILOT = 1
FIRST_UP_US, SECOND_UP_US = 100 * SECOND, 900 * SECOND
"""How long each of the two has run when the test begins."""


def attitude(own_us: int) -> Frame:
    return frame("ATTITUDE", struct.pack("<I6f", own_us // 1000, *[0.0] * 6))


def system_time(unix_us: int, own_us: int) -> Frame:
    return frame("SYSTEM_TIME", struct.pack("<QI", unix_us, own_us // 1000))


def named_value(own_us: int, name: bytes) -> Frame:
    return frame("NAMED_VALUE_FLOAT", struct.pack("<If10s", own_us // 1000, 1.0, name))


def frame(name: str, payload: bytes) -> Frame:
    return Frame(MESSAGES.named(name).id, 1, AUTOPILOT, 0, payload, len(payload) + 12)


class Live:
    """A live timeline, and a clock that says when messages come."""

    def __init__(self) -> None:
        self.timeline = Timeline(AUTOPILOT, live=True)
        self.now_us = 0
        self._count = 0

    def hear(self, frame: Frame) -> tuple[SectionKey, int]:
        """Section and UTC of a message that comes now."""
        mapping = mapping_of(frame.message_id) or passthrough_of(frame.message_id)
        assert mapping is not None
        sample = mapping.sample(frame.payload)
        receipt_us = HOST_US + self.now_us
        self._count += 1
        self.timeline.observe(frame, sample, receipt_us, self._count)
        key, time_us = self.timeline.stamp(AUTOPILOT, sample, receipt_us)
        return key, key.offset_us + time_us

    def hear_both(self, seconds: int) -> list[tuple[SectionKey, int, int]]:
        """Attitudes of both at 10 Hz: section, UTC, and when they came."""
        heard = []
        for n in range(20 * seconds):
            self.now_us += SECOND // 20
            up_us = SECOND_UP_US if n % 2 else FIRST_UP_US
            heard.append((*self.hear(attitude(up_us + self.now_us)), HOST_US + self.now_us))
        return heard

    @property
    def boots(self) -> int:
        return self.timeline.boot_count(AUTOPILOT)

    @property
    def shared(self) -> bool:
        return self.timeline.is_shared(AUTOPILOT)


def test_two_that_take_turns_are_noticed_within_a_second_and_cause_no_boots_any_more() -> None:
    live = Live()
    live.hear_both(1)
    assert live.shared
    boots = live.boots
    assert boots <= 6
    live.hear_both(120)
    assert live.shared
    assert live.boots == boots


def test_their_samples_are_stamped_on_receipt_each_with_a_time_of_its_own() -> None:
    live = Live()
    live.hear_both(1)
    heard = live.hear_both(10)
    assert {key.clock for key, _, _ in heard} == {Clock.RECEIPT}
    assert [time_us for _, time_us, _ in heard] == [receipt_us for _, _, receipt_us in heard]
    together = [live.hear(attitude(up_us)) for up_us in (SECOND_UP_US, FIRST_UP_US)]
    assert len({time_us for _, time_us in together}) == 2, "of one moment"


def test_the_true_time_is_taken_from_either_of_them() -> None:
    live = Live()
    live.hear_both(1)
    for up_us in (FIRST_UP_US, SECOND_UP_US):
        live.hear(system_time(UTC_US + live.now_us, up_us + live.now_us))
    assert live.timeline.told
    live.now_us += SECOND
    _, time_us = live.hear(attitude(FIRST_UP_US + live.now_us))
    assert time_us == UTC_US + live.now_us
    assert live.boots <= 6


def test_two_that_differ_only_in_their_utc_are_noticed_too() -> None:
    live = Live()
    for n in range(20):
        live.now_us += SECOND // 2
        live.hear(system_time(UTC_US + live.now_us + n % 2 * 10 * SECOND, SECOND + live.now_us))
    assert live.shared
    assert live.boots <= 6


def test_a_minute_after_one_of_them_has_gone_the_other_has_its_own_time_again() -> None:
    live = Live()
    live.hear_both(2)
    boots = live.boots
    for _ in range(70):
        live.now_us += SECOND
        key, _ = live.hear(attitude(FIRST_UP_US + live.now_us))
    assert not live.shared
    assert live.boots == boots + 1
    assert key.clock is Clock.BOOT
    live.hear_both(2)
    assert live.shared, "and it is noticed again"


@pytest.mark.parametrize("period_us", [1_300_000, 3 * SECOND, 10 * SECOND])
def test_an_autopilot_that_reboots_again_and_again_is_one(period_us: int) -> None:
    live = Live()
    for _ in range(30):
        for own_us in range(100_000, period_us - 50_000, 50_000):
            live.now_us += 50_000
            live.hear(attitude(own_us))
        live.now_us += 100_000
    assert not live.shared
    assert live.boots == 30


def test_an_import_follows_the_fixed_rules_all_the_same() -> None:
    live = Live()
    live.timeline = Timeline(AUTOPILOT)
    live.hear_both(10)
    assert live.boots == 100
    assert not live.shared


def test_two_autopilots_cost_a_drone_no_frame_per_sample_and_lose_none() -> None:
    window = Window(epoch=1, max_bytes=1 << 30)
    drone = Drone(
        name=DroneName("f", "d"),
        timeline=Timeline(AUTOPILOT, live=True),
        outbox=window,
        policy=RatePolicyName.FULL,
        max_cells=20_000,
    )
    for n in range(200):
        up_us = SECOND_UP_US if n % 2 else FIRST_UP_US
        reception = Reception(attitude(up_us + n * 50_000), HOST_US + n * 50_000, n)
        drone.take(reception)
    drone.finish()
    payloads = []
    while (item := window.next_due(0.0)) is not None:
        payloads.append(item.payload)
        window.sent(item, 1.0)
    assert len(payloads) <= 7
    times = [t for p in payloads for block in decode_frame(p).blocks for t in block.times]
    assert len(times) == len(set(times)) == 200


# --- names that somebody makes up -------------------------------------------------------------


def test_invented_names_do_not_fill_the_memory() -> None:
    live = Live()

    def invent(first: int) -> None:
        for n in range(first, first + 3000):
            live.now_us += 1000
            live.hear(named_value(FIRST_UP_US + live.now_us, b"n%08d" % n))

    invent(0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        invent(3000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What was there before was not traced, so its replacement counts as new; three thousand more
    # would be three times that.
    first_growth = after - before
    tracemalloc.start()
    try:
        invent(6000)
        before, _ = tracemalloc.get_traced_memory()
        invent(9000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < first_growth / 5


def test_a_series_in_use_keeps_its_times_unique_among_invented_names() -> None:
    live = Live()
    stood_still = named_value(FIRST_UP_US, b"real")
    times = []
    for n in range(1000):
        times.append(live.hear(stood_still)[1])
        for invented in range(3):
            live.hear(named_value(FIRST_UP_US, b"n%08d" % (3 * n + invented)))
    assert len(set(times)) == len(times)


def test_what_was_used_longest_ago_is_forgotten_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.used("a") == 1
    recent.keep("c", 3)
    assert list(recent) == ["a", "c"]
    assert recent.used("b") is None


def test_without_a_limit_nothing_is_forgotten() -> None:
    recent: Recent[int, int] = Recent()
    for n in range(10_000):
        recent.keep(n, n)
    assert len(recent) == 10_000
