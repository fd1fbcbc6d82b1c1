"""What waits to be stored: bounded, sent again, given up only where nothing else helps."""

import time

import pytest
from aerostream_edge.outbox import FIRST_TIMEOUT_S, Item, MemoryOutbox
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 1000
HUGE = (1 << 53) - 1


def filled(count: int, *, size: int = 10, max_bytes: int = 10**9) -> MemoryOutbox:
    outbox = MemoryOutbox(epoch=5, max_bytes=max_bytes)
    for _ in range(count):
        put(outbox, size)
    return outbox


def put(outbox: MemoryOutbox, size: int = 10, *, event: bool = False) -> list[int]:
    """Add a frame or an event; the numbers of what was dropped for it."""
    leaf, samples = ("up/evt", 0) if event else ("up/tel", 3)
    dropped = outbox.put(Item(outbox.reserve(), leaf, bytes(size), samples))
    return [item.number for item in dropped]


def send_all(outbox: MemoryOutbox, now_s: float) -> list[int]:
    numbers = []
    while (item := outbox.next_due(now_s)) is not None:
        outbox.sent(item, now_s)
        numbers.append(item.number)
    return numbers


def test_numbers_are_never_given_twice() -> None:
    outbox = MemoryOutbox(epoch=5, max_bytes=LIMIT)
    numbers = [outbox.reserve() for _ in range(100)]
    assert numbers == sorted(set(numbers))


def test_items_go_out_in_order_and_once_until_their_timeout() -> None:
    outbox = filled(4)
    assert send_all(outbox, 0.0) == [0, 1, 2, 3]
    assert send_all(outbox, FIRST_TIMEOUT_S - 0.1) == []
    assert send_all(outbox, FIRST_TIMEOUT_S) == [0, 1, 2, 3]


def test_timeouts_grow_to_a_minute_and_stay_there_for_weeks() -> None:
    outbox = filled(1)
    now_s, gaps = 0.0, []
    for _ in range(3000):
        item = outbox.next_due(now_s)
        assert item is not None
        outbox.sent(item, now_s)
        gaps.append(item.due_s - now_s)
        now_s = item.due_s
    assert gaps[:5] == [5, 10, 20, 40, 60]
    assert set(gaps[4:]) == {60}


def test_new_items_go_before_those_that_are_sent_again() -> None:
    outbox = filled(3)
    send_all(outbox, 0.0)
    put(outbox)
    assert send_all(outbox, 100.0) == [3, 0, 1, 2]


def test_a_broker_that_forgot_gets_everything_again_at_once() -> None:
    outbox = filled(3)
    send_all(outbox, 10.0)
    outbox.forgotten(11.0)
    assert send_all(outbox, 11.0) == [0, 1, 2]


def test_what_is_acknowledged_leaves() -> None:
    outbox = filled(10)
    assert outbox.acknowledge(5, [(2, 4), (8, 8), (50, 60)]) == 4
    assert send_all(outbox, 0.0) == [0, 1, 5, 6, 7, 9]
    assert outbox.bytes == 60
    assert outbox.acknowledge(5, [(2, 4)]) == 0


def test_an_acknowledgement_of_another_epoch_frees_nothing() -> None:
    outbox = filled(3)
    assert outbox.acknowledge(6, [(0, 9)]) == 0
    assert len(outbox) == 3


@pytest.mark.parametrize("ranges", [[(0, HUGE)], [(0, HUGE)] * 1000, [(5, HUGE), (0, 4)]])
def test_huge_ranges_cost_no_time(ranges: list[tuple[int, int]]) -> None:
    outbox = filled(5000)
    start = time.process_time()
    assert outbox.acknowledge(5, ranges) == 5000
    assert time.process_time() - start < 2
    assert (len(outbox), outbox.bytes) == (0, 0)


def test_a_range_beyond_what_was_ever_sent_makes_nothing_hopeless() -> None:
    outbox = filled(1)
    outbox.acknowledge(5, [(0, HUGE)])
    put(outbox)
    for n in range(20):
        send_all(outbox, n * 60.0)
    assert outbox.hopeless() == []


def test_a_full_outbox_drops_its_oldest_frames_and_says_which() -> None:
    outbox = filled(10, size=100, max_bytes=LIMIT)
    assert outbox.full
    assert put(outbox, 150) == [0, 1]
    assert outbox.bytes <= LIMIT


def test_events_are_dropped_after_all_frames() -> None:
    outbox = MemoryOutbox(epoch=5, max_bytes=LIMIT)
    assert [put(outbox, 100, event=n % 2 == 0) for n in range(10)] == [[]] * 10
    dropped = [number for _ in range(7) for number in put(outbox, 100, event=True)]
    assert dropped == [1, 3, 5, 7, 9, 0, 2]


def test_an_outbox_that_does_not_drop_only_says_that_it_is_full() -> None:
    outbox = MemoryOutbox(epoch=5, max_bytes=LIMIT, drops=False)
    assert [put(outbox, 400) for _ in range(5)] == [[]] * 5
    assert (outbox.full, len(outbox)) == (True, 5)


def test_what_is_sent_eight_times_while_later_ones_are_stored_is_set_aside() -> None:
    outbox = filled(2)
    send_all(outbox, 0.0)
    outbox.acknowledge(5, [(1, 1)])
    for n in range(1, 9):
        assert outbox.hopeless() == []
        put(outbox)
        assert send_all(outbox, n * 100.0) == [n + 1, 0]
        outbox.acknowledge(5, [(n + 1, n + 1)])
    assert [item.number for item in outbox.hopeless()] == [0]
    assert (len(outbox), outbox.bytes) == (0, 0)


def test_a_second_outage_makes_the_backlog_of_the_first_not_hopeless() -> None:
    outbox = filled(20)
    send_all(outbox, 0.0)
    put(outbox)
    send_all(outbox, 1.0)
    outbox.acknowledge(5, [(20, 20)])  # one live frame is stored, then ingest fails again
    for n in range(1, 30):
        assert send_all(outbox, n * 100.0) == list(range(20))
        assert outbox.hopeless() == []


def test_an_outage_makes_nothing_hopeless_however_long_it_was() -> None:
    outbox = filled(20)
    for n in range(50):
        send_all(outbox, n * 100.0)
    put(outbox)
    send_all(outbox, 6000.0)
    outbox.acknowledge(5, [(20, 20)])
    assert outbox.hopeless() == []


def test_a_refused_item_was_not_sent() -> None:
    outbox = filled(2)
    outbox.acknowledge(5, [(1, 1)])
    for n in range(50):
        item = outbox.next_due(n * 1000.0)
        assert item is not None
        outbox.sent(item, n * 1000.0)
        outbox.refused(item)
        assert (item.attempts, item.passed_over) == (0, 0)
    assert outbox.hopeless() == []


def test_only_what_nobody_has_seen_is_restamped() -> None:
    outbox = filled(2)
    first = outbox.next_due(0.0)
    assert first is not None
    outbox.sent(first, 0.0)
    put(outbox, event=True)
    outbox.restamp(lambda item: item.payload + b"!")
    assert outbox.bytes == 32
    second = outbox.next_due(0.0)
    assert second is not None
    assert second.payload.endswith(b"!")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(1, 400), st.integers(0, 1)),
            st.tuples(st.just("ack"), st.integers(0, 60), st.integers(0, 60)),
            st.tuples(st.just("send"), st.integers(0, 500), st.integers(0, 5)),
        ),
        max_size=120,
    )
)
def test_bytes_always_add_up_and_stay_bounded(steps: list[tuple[str, int, int]]) -> None:
    outbox = MemoryOutbox(epoch=5, max_bytes=LIMIT)
    held: dict[int, int] = {}
    now_s = 0.0
    for what, first, second in steps:
        if what == "put":
            number = outbox.reserve()
            held[number] = first
            item = Item(number, "up/tel", bytes(first), samples=second)
            for dropped in outbox.put(item):
                del held[dropped.number]
        elif what == "ack":
            last = first + second
            freed = outbox.acknowledge(5, [(first, last)])
            gone = [number for number in held if first <= number <= last]
            assert freed == len(gone)
            for number in gone:
                del held[number]
        else:
            now_s += first
            for _ in range(second):
                due = outbox.next_due(now_s)
                if due is not None:
                    assert due.number in held
                    outbox.sent(due, now_s)
        assert outbox.bytes == sum(held.values())
        assert len(outbox) == len(held)
        # One frame may exceed it, beside events that are worth more.
        assert outbox.bytes <= LIMIT + 400
