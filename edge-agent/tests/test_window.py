"""An import's window: sent again, given up only where nothing else helps, never dropped."""

import time

import pytest
from aerostream_edge.spool import Item, Kind
from aerostream_edge.tries import FIRST_TIMEOUT_S
from aerostream_edge.window import Window
from hypothesis import given
from hypothesis import strategies as st

LATER_S = 1e12
LIMIT = 1000
HUGE = (1 << 53) - 1


def filled(count: int) -> Window:
    window = Window(epoch=5, max_bytes=10**9)
    for _ in range(count):
        put(window)
    return window


def put(window: Window, size: int = 10) -> None:
    """Add a frame."""
    window.put(Item(window.reserve(), Kind.TELEMETRY, bytes(size), 3))


def send_all(window: Window, now_s: float) -> list[int]:
    numbers = []
    while (item := window.next_due(now_s)) is not None:
        window.sent(item, now_s)
        numbers.append(item.number)
    return numbers


def test_numbers_are_never_given_twice() -> None:
    window = Window(epoch=5, max_bytes=LIMIT)
    numbers = [window.reserve() for _ in range(100)]
    assert numbers == sorted(set(numbers))


def test_items_go_out_in_order_and_once_until_their_timeout() -> None:
    window = filled(4)
    assert send_all(window, 0.0) == [0, 1, 2, 3]
    assert send_all(window, FIRST_TIMEOUT_S - 0.1) == []
    assert send_all(window, FIRST_TIMEOUT_S) == [0, 1, 2, 3]


def test_timeouts_grow_to_a_minute_and_stay_there_for_weeks() -> None:
    window = filled(1)
    now_s, gaps = 0.0, []
    for _ in range(3000):
        item = window.next_due(now_s)
        assert item is not None
        window.sent(item, now_s)
        gap_s = next(s for s in (5, 10, 20, 40, 60) if window.next_due(now_s + s) is not None)
        assert window.next_due(now_s + gap_s - 0.1) is None
        gaps.append(gap_s)
        now_s += gap_s
    assert gaps[:5] == [5, 10, 20, 40, 60]
    assert set(gaps[4:]) == {60}


def test_new_items_go_before_those_that_are_sent_again() -> None:
    window = filled(3)
    send_all(window, 0.0)
    put(window)
    assert send_all(window, 100.0) == [3, 0, 1, 2]


def test_a_broker_that_forgot_gets_everything_again_at_once() -> None:
    window = filled(3)
    send_all(window, 10.0)
    window.forgotten(11.0)
    assert send_all(window, 11.0) == [0, 1, 2]


def test_what_is_acknowledged_leaves() -> None:
    window = filled(10)
    assert window.acknowledge(5, [(2, 4), (8, 8), (50, 60)]) == 4
    assert send_all(window, 0.0) == [0, 1, 5, 6, 7, 9]
    assert window.bytes == 60
    assert window.acknowledge(5, [(2, 4)]) == 0


def test_an_acknowledgement_of_another_epoch_frees_nothing() -> None:
    window = filled(3)
    assert window.acknowledge(6, [(0, 9)]) == 0
    assert len(window) == 3


@pytest.mark.parametrize("ranges", [[(0, HUGE)], [(0, HUGE)] * 1000, [(5, HUGE), (0, 4)]])
def test_huge_ranges_cost_no_time(ranges: list[tuple[int, int]]) -> None:
    window = filled(5000)
    start = time.process_time()
    assert window.acknowledge(5, ranges) == 5000
    assert time.process_time() - start < 2
    assert (len(window), window.bytes) == (0, 0)


def test_a_range_beyond_what_was_ever_sent_makes_nothing_hopeless() -> None:
    window = filled(1)
    window.acknowledge(5, [(0, HUGE)])
    put(window)
    for n in range(20):
        send_all(window, n * 60.0)
    assert window.hopeless(LATER_S) == []


def test_what_is_sent_eight_times_while_later_ones_are_stored_is_set_aside() -> None:
    window = filled(2)
    send_all(window, 0.0)
    window.acknowledge(5, [(1, 1)])
    for n in range(1, 9):
        assert window.hopeless(LATER_S) == []
        put(window)
        assert send_all(window, n * 100.0) == [n + 1, 0]
        window.acknowledge(5, [(n + 1, n + 1)])
    assert [item.number for item in window.hopeless(LATER_S)] == [0]
    assert (len(window), window.bytes) == (0, 0)


def test_a_second_outage_makes_the_backlog_of_the_first_not_hopeless() -> None:
    window = filled(20)
    send_all(window, 0.0)
    put(window)
    send_all(window, 1.0)
    window.acknowledge(5, [(20, 20)])  # one live frame is stored, then ingest fails again
    for n in range(1, 30):
        assert send_all(window, n * 100.0) == list(range(20))
        assert window.hopeless(LATER_S) == []


def test_an_outage_makes_nothing_hopeless_however_long_it_was() -> None:
    window = filled(20)
    for n in range(50):
        send_all(window, n * 100.0)
    put(window)
    send_all(window, 6000.0)
    window.acknowledge(5, [(20, 20)])
    assert window.hopeless(LATER_S) == []


def test_a_refused_item_was_not_sent() -> None:
    window = filled(2)
    window.acknowledge(5, [(1, 1)])
    for n in range(50):
        item = window.next_due(n * 1000.0)
        assert item is not None
        window.sent(item, n * 1000.0)
        window.refused(item)
    assert window.hopeless(LATER_S) == []


def test_a_window_never_drops_it_only_says_that_it_is_full() -> None:
    window = Window(epoch=5, max_bytes=LIMIT)
    for _ in range(5):
        put(window, 400)
    assert (window.full, len(window), window.bytes) == (True, 5, 2000)
    window.acknowledge(5, [(0, 2)])
    assert not window.full


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
def test_bytes_always_add_up(steps: list[tuple[str, int, int]]) -> None:
    window = Window(epoch=5, max_bytes=LIMIT)
    held: dict[int, int] = {}
    now_s = 0.0
    for what, first, second in steps:
        if what == "put":
            number = window.next_number
            held[number] = first
            put(window, first)
        elif what == "ack":
            last = first + second
            gone = [number for number in held if first <= number <= last]
            assert window.acknowledge(5, [(first, last)]) == len(gone)
            for number in gone:
                del held[number]
        else:
            now_s += first
            for _ in range(second):
                due = window.next_due(now_s)
                if due is not None:
                    assert due.number in held
                    window.sent(due, now_s)
        assert window.bytes == sum(held.values())
        assert len(window) == len(held)
        assert window.full == (window.bytes >= LIMIT)
