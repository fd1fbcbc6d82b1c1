"""When which numbers are confirmed."""

from aerostream_cloud.ingest.acks import LONGEST_WAIT_S, MOST_NUMBERS, AckLedger
from aerostream_contract.models import Ack
from aerostream_contract.names import DroneName
from hypothesis import given
from hypothesis import strategies as st

D1, D2 = DroneName("f", "d1"), DroneName("f", "d2")


def test_live_numbers_wait_for_company_but_not_for_a_second() -> None:
    ledger = AckLedger()
    for number, now_s in ((1, 0.0), (2, 0.3), (4, 0.7)):
        ledger.add(D1, 9, number, number, urgent=False, now_s=now_s)
    assert ledger.due(LONGEST_WAIT_S - 0.01) == []
    assert ledger.due(LONGEST_WAIT_S) == [(D1, Ack(epoch=9, ranges=[(1, 2), (4, 4)]))]
    assert ledger.due(100) == []
    assert LONGEST_WAIT_S < 1


def test_many_numbers_do_not_wait() -> None:
    ledger = AckLedger()
    for number in range(MOST_NUMBERS):
        assert ledger.due(0) == []
        ledger.add(D1, 1, number, number, urgent=False, now_s=0)
    assert ledger.due(0) == [(D1, Ack(epoch=1, ranges=[(0, MOST_NUMBERS - 1)]))]


def test_a_range_counts_as_the_numbers_in_it() -> None:
    ledger = AckLedger()
    ledger.add(D1, 1, 1, MOST_NUMBERS - 1, urgent=False, now_s=0)
    assert ledger.due(0) == []
    ledger.add(D1, 1, MOST_NUMBERS, MOST_NUMBERS, urgent=False, now_s=0)
    assert ledger.due(0) == [(D1, Ack(epoch=1, ranges=[(1, MOST_NUMBERS)]))]


def test_backfill_does_not_wait_and_takes_what_waits_along() -> None:
    ledger = AckLedger()
    ledger.add(D2, 1, 5, 5, urgent=False, now_s=0)
    ledger.add(D1, 1, 7, 7, urgent=False, now_s=0)
    ledger.add(D1, 1, 8, 9, urgent=True, now_s=0)
    assert ledger.due(0) == [(D1, Ack(epoch=1, ranges=[(7, 9)]))]
    assert ledger.due(0, everything=True) == [(D2, Ack(epoch=1, ranges=[(5, 5)]))]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([D1, D2]),
            st.integers(1, 2),
            st.integers(0, 300),
            st.sampled_from([0, 0, 0, 1, 20]),
            st.booleans(),
            st.floats(0, 0.5),
            st.booleans(),
        )
    )
)
def test_every_number_is_confirmed_in_time_and_nothing_else(
    steps: list[tuple[DroneName, int, int, int, bool, float, bool]],
) -> None:
    ledger = AckLedger()
    waiting: dict[tuple[DroneName, int], dict[int, float]] = {}
    now_s = 0.0
    for drone, epoch, first, more, urgent, pause_s, look in steps:
        now_s += pause_s
        ledger.add(drone, epoch, first, first + more, urgent=urgent, now_s=now_s)
        for number in range(first, first + more + 1):
            waiting.setdefault((drone, epoch), {}).setdefault(number, now_s)
        if look:
            for given_drone, ack in ledger.due(now_s):
                stored = waiting.pop((given_drone, ack.epoch))
                given = {n for first, last in ack.ranges for n in range(first, last + 1)}
                assert given == set(stored)
            for numbers in waiting.values():
                assert now_s - min(numbers.values()) < LONGEST_WAIT_S
    rest = {(drone, ack.epoch) for drone, ack in ledger.due(now_s, everything=True)}
    assert rest == set(waiting)
