"""Times of one series are unique among its last 1,024; nothing else moves."""

import time
from collections import deque

from aerostream_contract.frame import Clock
from aerostream_edge.boots import FreeTimes
from hypothesis import given
from hypothesis import strategies as st

DEPTH = 1024


def placed(times: list[int]) -> list[int]:
    free = FreeTimes()
    return [free.place(each, Clock.RECEIPT) for each in times]


def by_the_rule(times: list[int]) -> list[int]:
    last: deque[int] = deque(maxlen=DEPTH)
    found = []
    for each in times:
        while each in last:
            each += 1
        last.append(each)
        found.append(each)
    return found


@given(st.lists(st.integers(-20, 20), max_size=200))
def test_a_taken_time_moves_to_the_next_free_microsecond(times: list[int]) -> None:
    found = placed(times)
    assert found == by_the_rule(times)
    assert len(set(found)) == len(found)


@given(st.sets(st.integers(0, 10**16), max_size=100), st.randoms())
def test_times_that_nobody_has_stay_in_any_order(times: set[int], rnd: object) -> None:
    order = list(times)
    rnd.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert placed(order) == order


def test_only_the_last_1024_count() -> None:
    times = [0, *range(10_000, 10_000 + DEPTH - 1), 0, 0]
    assert placed(times)[-2:] == [1, 0], "the first 0 is 1,025 places back by then"
    times = [*range(3 * DEPTH), 5, 2 * DEPTH + 1, 3 * DEPTH - 1]
    assert placed(times)[-3:] == [5, 3 * DEPTH, 3 * DEPTH + 1]
    assert placed(times) == by_the_rule(times)


def test_a_clock_that_stands_still_costs_little() -> None:
    start = time.process_time()
    assert placed([7] * 5000) == [7 + n % (DEPTH + 1) for n in range(5000)]
    assert time.process_time() - start < 2
