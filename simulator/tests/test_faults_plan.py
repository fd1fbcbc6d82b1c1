"""The schedule of faults: made by the seed, complete, and free of what cannot be."""

from itertools import pairwise

import pytest
from aerostream_sim.faults.kinds import NATURES, FaultKind
from aerostream_sim.faults.plan import Fault, outage, plan
from hypothesis import given
from hypothesis import strategies as st

KINDS = list(FaultKind)
SEEDS = st.integers(0, 10**6)
CHOSEN = st.lists(st.sampled_from(KINDS), min_size=1, unique=True)
DRONES = st.integers(1, 6)
DURATIONS = st.floats(10, 400)


def test_every_kind_has_its_nature() -> None:
    assert set(NATURES) == set(FaultKind)


@given(SEEDS, CHOSEN, DRONES, DURATIONS)
def test_the_same_seed_makes_the_same_plan(
    seed: int, kinds: list[FaultKind], drones: int, duration_s: float
) -> None:
    assert plan(seed, kinds, drones, duration_s) == plan(seed, kinds, drones, duration_s)


def test_another_seed_makes_another_plan() -> None:
    plans = [plan(seed, KINDS, 3, 60) for seed in range(20)]
    assert all(one != other for one, other in pairwise(plans))


@given(SEEDS, DRONES, st.floats(60, 400))
def test_every_kind_comes_in_a_flight_of_a_minute(
    seed: int, drones: int, duration_s: float
) -> None:
    assert {fault.kind for fault in plan(seed, KINDS, drones, duration_s)} == set(KINDS)


@given(SEEDS, CHOSEN, DRONES, DURATIONS)
def test_only_what_was_chosen_breaks(
    seed: int, kinds: list[FaultKind], drones: int, duration_s: float
) -> None:
    assert {fault.kind for fault in plan(seed, kinds, drones, duration_s)} <= set(kinds)


@given(SEEDS, CHOSEN, DRONES, DURATIONS)
def test_all_is_mended_before_the_end(
    seed: int, kinds: list[FaultKind], drones: int, duration_s: float
) -> None:
    faults = plan(seed, kinds, drones, duration_s)
    assert faults == sorted(faults, key=lambda fault: fault.at_s)
    for fault in faults:
        nature = NATURES[fault.kind]
        assert fault.at_s > 0
        assert nature.shortest_s <= fault.lasts_s <= nature.longest_s
        assert fault.until_s < duration_s


@given(SEEDS, CHOSEN, DRONES, DURATIONS)
def test_a_fault_strikes_what_its_kind_strikes(
    seed: int, kinds: list[FaultKind], drones: int, duration_s: float
) -> None:
    for fault in plan(seed, kinds, drones, duration_s):
        nature = NATURES[fault.kind]
        if fault.target is None:
            assert nature.strikes_cloud or not nature.strikes_drone
        else:
            assert nature.strikes_drone
            assert 0 <= fault.target < drones


@given(SEEDS, DRONES, DURATIONS)
def test_what_excludes_each_other_is_never_at_the_same_time(
    seed: int, drones: int, duration_s: float
) -> None:
    faults = plan(seed, KINDS, drones, duration_s)
    for index, one in enumerate(faults):
        for other in faults[index + 1 :]:
            if one.excludes(other):
                assert other.at_s > one.until_s


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((FaultKind.KILL_AGENT, 0), (FaultKind.POWER_CUT_AGENT, 0), True),
        ((FaultKind.KILL_AGENT, 0), (FaultKind.POWER_CUT_AGENT, 1), False),
        ((FaultKind.STORE_LOCKED, None), (FaultKind.POWER_CUT_CLOUD, None), True),
        ((FaultKind.STORE_LOCKED, None), (FaultKind.KILL_INGEST, None), False),
        ((FaultKind.NETWORK_CUT, None), (FaultKind.NETWORK_BAD, None), True),
        ((FaultKind.KILL_ALL, None), (FaultKind.KILL_BROKER, None), False),
    ],
)
def test_two_faults_exclude_each_other_on_the_same_part_only(
    one: tuple[FaultKind, int | None], other: tuple[FaultKind, int | None], expected: bool
) -> None:
    first, second = (Fault(1.0, kind, target, 1.0) for kind, target in (one, other))
    assert first.excludes(second) is expected
    assert second.excludes(first) is expected


def test_faults_overlap_where_they_can() -> None:
    faults = plan(1, KINDS, 3, 60)
    assert any(
        one.at_s < other.at_s < one.until_s for one in faults for other in faults if one != other
    )


def test_an_outage_is_one_fault_of_its_length() -> None:
    assert outage(FaultKind.STORE_LOCKED, 300, 10) == [Fault(10, FaultKind.STORE_LOCKED, None, 300)]
    assert outage(FaultKind.KILL_AGENT, 300, 10)[0].target == 0


def test_without_a_cloud_of_its_own_every_fault_strikes_a_drone() -> None:
    kinds = [kind for kind in FaultKind if NATURES[kind].strikes_drone]
    for seed in range(50):
        faults = plan(seed, kinds, 3, 60.0, with_cloud=False)
        assert {fault.kind for fault in faults} == set(kinds)
        assert all(fault.target in range(3) for fault in faults)
    (fault,) = outage(FaultKind.NETWORK_CUT, 60.0, 5.0, with_cloud=False)
    assert fault.target == 0
    assert outage(FaultKind.NETWORK_CUT, 60.0, 5.0)[0].target is None
    assert plan(1, [], 3, 60.0) == []
