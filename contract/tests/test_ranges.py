"""RangeSet behaves as the plain set of its numbers."""

import itertools

import pytest
from aerostream_contract.ranges import RangeSet
from hypothesis import given
from hypothesis import strategies as st

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda r: (r[0], sum(r))))


@given(ranges=RANGES)
def test_it_holds_what_a_plain_set_holds(ranges: list[tuple[int, int]]) -> None:
    plain = {number for start, end in ranges for number in range(start, end + 1)}

    found = RangeSet(ranges)

    assert {number for number in range(-1, 80) if number in found} == plain
    assert len(found) == len(plain)
    assert bool(found) == bool(plain)
    assert [n for start, end in found for n in range(start, end + 1)] == sorted(plain)


@given(ranges=RANGES)
def test_its_ranges_are_sorted_and_never_touch(ranges: list[tuple[int, int]]) -> None:
    held = list(RangeSet(ranges))
    assert all(start <= end for start, end in held)
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(held))


@given(ranges=RANGES, gone=RANGES)
def test_what_is_discarded_was_there_and_is_told(
    ranges: list[tuple[int, int]], gone: list[tuple[int, int]]
) -> None:
    plain = {number for start, end in ranges for number in range(start, end + 1)}
    found = RangeSet(ranges)
    for start, end in gone:
        wanted = set(range(start, end + 1))
        told = found.discard(start, end)
        assert {n for low, high in told for n in range(low, high + 1)} == plain & wanted
        plain -= wanted
    assert {number for number in range(80) if number in found} == plain
    assert list(found.from_highest()) == sorted(plain, reverse=True)
    held = list(found)
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(held))


@given(numbers=st.permutations(range(20)))
def test_numbers_in_any_order_melt_into_one_range(numbers: list[int]) -> None:
    found = RangeSet()
    for number in numbers:
        found.add(number)
    assert list(found) == [(0, 19)]


def test_large_numbers_cost_nothing() -> None:
    found = RangeSet([(0, (1 << 53) - 1)])
    assert (1 << 53) - 1 in found
    assert 1 << 53 not in found
    assert len(found) == 1 << 53


@pytest.mark.parametrize(("start", "end"), [(3, 2), (-1, 0), (-2, -1)])
def test_reversed_and_negative_ranges_are_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="reversed or negative"):
        RangeSet().add(start, end)
    with pytest.raises(ValueError, match="reversed or negative"):
        RangeSet().discard(start, end)


def test_clearing_forgets_all() -> None:
    found = RangeSet([(1, 5), (9, 9)])
    assert repr(found) == "RangeSet([(1, 5), (9, 9)])"
    found.clear()
    assert list(found) == []
    assert 3 not in found


@given(ranges=RANGES, numbers=st.sets(st.integers(0, 80)))
def test_what_it_has_in_common_with_other_numbers(
    ranges: list[tuple[int, int]], numbers: set[int]
) -> None:
    found = RangeSet(ranges)
    plain = {number for start, end in found for number in range(start, end + 1)}
    assert sorted(found.common(numbers)) == sorted(plain & numbers)
    assert sorted(found.common(dict.fromkeys(numbers))) == sorted(plain & numbers)


@given(ranges=RANGES.filter(bool))
def test_its_last_number_is_the_highest(ranges: list[tuple[int, int]]) -> None:
    assert RangeSet(ranges).last == max(end for _, end in ranges)
