"""The models keep their limits, and what they tell fits together."""

import math
import random

import pytest
from aerostream_sim.flight.flight import Activity, Flight, News
from aerostream_sim.flight.kinds import KINDS, Kind
from aerostream_sim.flight.path import Round
from aerostream_sim.flight.patterns import PatternName, make_round
from aerostream_sim.models.battery import Battery, Pack
from aerostream_sim.models.geo import Place
from aerostream_sim.models.wind import Wind, WindSetting
from hypothesis import given
from hypothesis import strategies as st

STEP_S = 0.05


def flight_of(kind: Kind, seed: int, pattern: PatternName, wind: float) -> Flight:
    rnd = random.Random(seed)
    facts = KINDS[kind]
    craft = facts.craft(rnd)
    flight = Flight(
        craft=craft,
        round_=Round(make_round(pattern, facts.area, rnd), craft.limits.look_ahead),
        wind=Wind(WindSetting(wind, rnd.uniform(0, 360)), rnd),
        heading=0.5,
        rnd=rnd,
    )
    flight.loiter_radius = facts.loiter_radius_m
    return flight


def start(flight: Flight) -> None:
    flight.arm()
    if not flight.craft.flies:
        flight.fly_round()
        return
    flight.take_off(flight.craft.limits.take_off_height)
    for _ in range(round(60 / STEP_S)):
        if News.HEIGHT_REACHED in flight.step(STEP_S):
            flight.fly_round()
            return
    raise AssertionError("it never reached its height")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("pattern", PatternName)
@pytest.mark.parametrize("wind", [0.0, 6.0])
def test_a_round_is_flown_within_the_limits(kind: Kind, pattern: PatternName, wind: float) -> None:
    flight = flight_of(kind, 7, pattern, wind)
    limits, motion = flight.craft.limits, flight.motion
    start(flight)
    reached = 0
    largest = max(math.hypot(point.north, point.east) for point in flight.round.waypoints)
    top = limits.top_speed if flight.craft.hovers else limits.cruise + 8.0
    for step in range(round(400 / STEP_S)):
        v_up, roll = motion.v_up, motion.roll
        news = flight.step(STEP_S)
        reached += news.count(News.WAYPOINT)
        assert motion.ground_speed <= top + 0.5 * wind
        assert abs(motion.roll) <= limits.bank + 1e-6
        assert 0.0 <= motion.throttle <= 1.0
        if flight.craft.flies:
            assert -limits.descent - 0.1 <= motion.v_up <= limits.climb + 0.1
            assert abs(motion.v_up - v_up) <= 2.5 * STEP_S
        assert abs(motion.roll - roll) <= math.radians(80) * STEP_S
        assert math.hypot(motion.north, motion.east) < largest + 150.0 + 60.0 * flight.craft.flies
        if step > round(200 / STEP_S) and flight.craft.flies:
            assert motion.up == pytest.approx(flight.round.waypoints[0].up, abs=5.0)
    assert reached >= len(flight.round.waypoints) / 2


@pytest.mark.parametrize("kind", Kind)
def test_positions_are_the_integral_of_the_velocities(kind: Kind) -> None:
    flight = flight_of(kind, 3, PatternName.EIGHT, 4.0)
    start(flight)
    motion = flight.motion
    north, east, up = motion.north, motion.east, motion.up
    for _ in range(round(60 / STEP_S)):
        before = (motion.v_north, motion.v_east, motion.v_up)
        flight.step(STEP_S)
        north += (before[0] + motion.v_north) / 2 * STEP_S
        east += (before[1] + motion.v_east) / 2 * STEP_S
        up += (before[2] + motion.v_up) / 2 * STEP_S
    assert (north, east, up) == pytest.approx((motion.north, motion.east, motion.up), abs=0.01)


def test_a_copter_lands_where_it_took_off() -> None:
    for seed in range(5):
        flight = flight_of(Kind.COPTER, seed, PatternName.TOUR, 5.0)
        start(flight)
        run_until(flight, 120, lambda _: False)
        flight.return_home()
        assert run_until(flight, 200, lambda news: News.LANDED in news)
        assert math.hypot(flight.motion.north, flight.motion.east) < 1.0
        assert flight.motion.up == 0.0


def test_a_plane_lands_along_its_runway() -> None:
    for seed in range(8):
        flight = flight_of(Kind.PLANE, seed, PatternName.SURVEY, 5.0)
        start(flight)
        run_until(flight, 60 + 20 * seed, lambda _: False)
        flight.land()
        assert run_until(flight, 400, lambda news: News.LANDED in news), seed
        assert math.hypot(flight.motion.north, flight.motion.east) < 150.0


@pytest.mark.parametrize("kind", [Kind.ROVER, Kind.BOAT])
def test_what_drives_and_swims_stops_at_home(kind: Kind) -> None:
    flight = flight_of(kind, 2, PatternName.ORBIT, 5.0)
    start(flight)
    run_until(flight, 150, lambda _: False)
    flight.return_home()
    assert run_until(flight, 300, lambda news: News.HOME in news)
    run_until(flight, 30, lambda _: False)
    assert flight.motion.ground_speed < 0.3
    assert math.hypot(flight.motion.north, flight.motion.east) < 12.0


def run_until(flight: Flight, seconds: float, reached: object) -> bool:
    assert callable(reached)
    return any(reached(flight.step(STEP_S)) for _ in range(round(seconds / STEP_S)))


def test_a_plane_crabs_so_that_its_track_is_the_one_asked_for() -> None:
    flight = flight_of(Kind.PLANE, 1, PatternName.SURVEY, 8.0)
    start(flight)
    crabbing = 0
    for _ in range(round(300 / STEP_S)):
        flight.step(STEP_S)
        motion = flight.motion
        if abs(motion.roll) < math.radians(3) and flight.activity is Activity.MISSION:
            air = flight.wind.now
            through = math.hypot(motion.v_north - air.north, motion.v_east - air.east)
            assert through == pytest.approx(motion.airspeed, abs=0.8)
            off = abs((motion.course - motion.yaw + math.pi) % math.tau - math.pi)
            crabbing += off > math.radians(8)
    assert crabbing > 100


def test_motors_that_stop_in_the_air_let_a_copter_fall() -> None:
    flight = flight_of(Kind.COPTER, 1, PatternName.ORBIT, 0.0)
    start(flight)
    flight.disarm()
    run_until(flight, 10, lambda _: False)
    assert flight.motion.grounded
    assert flight.motion.up == 0.0


@given(
    throttles=st.lists(st.floats(0, 1), min_size=2, max_size=200),
    charge=st.floats(0.05, 1.0),
)
def test_a_battery_only_ever_empties(throttles: list[float], charge: float) -> None:
    pack = Pack(cells=3, capacity_mah=5000, resistance_ohm=0.02, idle_amps=0.5, full_amps=60)
    battery = Battery(pack, charge)
    left, used = battery.charge, battery.used_mah
    for throttle in throttles:
        battery.step(throttle, 1.0)
        assert battery.charge <= left
        assert battery.used_mah >= used
        assert battery.amps >= pack.idle_amps
        assert 0.0 < battery.volts <= 4.2 * 3
        assert 0 <= battery.percent <= 100
        left, used = battery.charge, battery.used_mah


def test_voltage_sags_under_load_and_recovers() -> None:
    pack = Pack(cells=3, capacity_mah=5000, resistance_ohm=0.02, idle_amps=0.5, full_amps=60)
    battery = Battery(pack)
    battery.step(1.0, 0.1)
    loaded = battery.volts
    battery.step(0.0, 0.1)
    assert loaded < battery.volts - 1.0


@given(
    lat=st.floats(-80, 80),
    lon=st.floats(-179, 179),
    north=st.floats(-5e3, 5e3),
    east=st.floats(-5e3, 5e3),
)
def test_places_and_metres_are_each_others_inverse(
    lat: float, lon: float, north: float, east: float
) -> None:
    home = Place(lat, lon, 100.0)
    there = home.moved(north, east, 5.0)
    assert home.metres_to(there.lat_deg, there.lon_deg) == pytest.approx((north, east), abs=0.01)
    assert there.alt_m == 105.0
