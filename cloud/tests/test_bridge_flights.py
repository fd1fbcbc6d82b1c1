"""When a vehicle was armed, against a model that walks along its heartbeats one by one."""

from aerostream_cloud.bridge.api.armed import (
    HOUR_US,
    LONGEST_SILENCE_US,
    SILENCE_US,
    Armed,
    armed_periods,
    stretches,
)
from aerostream_cloud.bridge.api.positions import Fix, path_length_m
from aerostream_cloud.store import Run
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000


def runs_of(heartbeats: list[tuple[int, bool]]) -> list[Run]:
    """The stretches that a store finds."""
    found: list[Run] = []
    for time_us, armed in heartbeats:
        last = found[-1] if found else None
        if last and last.above == armed and time_us - last.last_us <= SILENCE_US:
            found[-1] = last._replace(last_us=time_us)
        else:
            found.append(Run(armed, time_us, time_us))
    return found


def modelled(heartbeats: list[tuple[int, bool]], now_us: int) -> list[Armed]:
    """For each armed heartbeat that begins a flight, look for what ends it."""
    found: list[Armed] = []
    index = 0
    while index < len(heartbeats):
        start_us, armed = heartbeats[index]
        index += 1
        if not armed:
            continue
        last_us, end_us, ongoing = start_us, None, False
        while end_us is None:
            if index == len(heartbeats):
                end_us, ongoing = last_us, now_us - last_us <= SILENCE_US
                break
            time_us, armed = heartbeats[index]
            silence_us = time_us - last_us
            if silence_us > (LONGEST_SILENCE_US if armed else SILENCE_US):
                end_us = last_us
            elif armed:
                last_us = time_us
                index += 1
            else:
                end_us = time_us
                index += 1
        found.append(Armed(start_us, end_us, ongoing))
    return found


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([1, 1, 1, 59, 60, 61, 300, 599, 600, 601, 5000]), st.booleans())
    ),
    later=st.sampled_from([0, 1, 60, 61]),
)
def test_flights_are_those_of_a_walk_along_the_heartbeats(
    steps: list[tuple[int, bool]], later: int
) -> None:
    time_us, heartbeats = 0, []
    for step, armed in steps:
        time_us += step * SECOND
        heartbeats.append((time_us, armed))
    now_us = time_us + later * SECOND
    assert armed_periods(runs_of(heartbeats), now_us) == modelled(heartbeats, now_us)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([1, 30, 60, 61, 599, 600, 601, 1800, 3599, 5000, 9000]), st.booleans()
        )
    ),
    begin=st.integers(0, 3600),
)
def test_flights_are_the_same_when_only_armed_hours_are_looked_at(
    steps: list[tuple[int, bool]], begin: int
) -> None:
    time_us, heartbeats = begin * SECOND, []
    for step, armed in steps:
        time_us += step * SECOND
        heartbeats.append((time_us, armed))
    hours = {time - time % HOUR_US for time, armed in heartbeats if armed}
    runs = [
        run
        for start, end in stretches(hours)
        for run in runs_of([each for each in heartbeats if start <= each[0] < end])
    ]
    assert armed_periods(runs, time_us) == modelled(heartbeats, time_us)


def test_a_flight_goes_on_through_a_short_silence_and_ends_with_a_long_one() -> None:
    def flights(silence_s: int, *, armed_after: bool) -> list[tuple[int, int]]:
        heard = 100 * SECOND + silence_s * SECOND
        runs = [Run(True, 0, 100 * SECOND), Run(armed_after, heard, heard + SECOND)]
        if silence_s <= 60 and armed_after:
            runs = [Run(True, 0, heard + SECOND)]
        periods = armed_periods(runs, 1 << 60)
        return [(each.start_us // SECOND, each.end_us // SECOND) for each in periods]

    assert flights(60, armed_after=True) == [(0, 161)]
    assert flights(600, armed_after=True) == [(0, 701)]
    assert flights(601, armed_after=True) == [(0, 100), (701, 702)]
    assert flights(60, armed_after=False) == [(0, 160)]
    assert flights(61, armed_after=False) == [(0, 100)]


def test_the_last_flight_lasts_while_its_heartbeats_are_fresh() -> None:
    runs = [Run(True, 0, 5 * SECOND)]
    assert armed_periods(runs, 65 * SECOND)[0].ongoing
    assert not armed_periods(runs, 66 * SECOND)[0].ongoing


def test_a_flight_by_a_clock_that_is_far_ahead_does_not_last_for_ever() -> None:
    ahead_us = 3600 * SECOND
    runs = [Run(True, ahead_us, ahead_us + 5 * SECOND)]
    assert armed_periods(runs, 0) == [Armed(ahead_us, ahead_us + 5 * SECOND, ongoing=False)]
    assert armed_periods(runs, ahead_us - 30 * SECOND)[0].ongoing


def test_a_way_is_as_long_as_on_a_globe() -> None:
    def fix(lat: float, lon: float) -> Fix:
        return Fix(0, lat, lon, None, None)

    assert path_length_m([]) == path_length_m([fix(47, 8)]) == 0
    # Zürich to Bern: 95,699 m on the ellipsoid, by Vincenty's formula.
    length = path_length_m([fix(47.3769, 8.5417), fix(46.9480, 7.4474)])
    assert abs(length / 95_699 - 1) < 0.005
    across = path_length_m([fix(0, 179.999), fix(0, -179.999)])
    assert abs(across - 222.4) < 1
    assert path_length_m([fix(0, 0), fix(0, 1), fix(0, 0)]) == 2 * path_length_m(
        [fix(0, 0), fix(0, 1)]
    )
