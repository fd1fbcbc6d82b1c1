"""Whatever a vehicle hears, it goes on: it beats, its place is a place, and the fleet flies."""

import dataclasses
import math
import random
import socket
from itertools import pairwise
from typing import Any

import pytest
from aerostream_sim.autopilots.commands import FORCE, Cmd, Result
from aerostream_sim.clock import HostClock
from aerostream_sim.fleet import FleetPlan
from aerostream_sim.flight.flight import Activity, Landed
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.fly import Fleet
from aerostream_sim.links import LinkUrl
from aerostream_sim.mavlink.wire import Wire
from aerostream_sim.vehicle import AutopilotName
from pymavlink.dialects.v20 import all as dialect
from support.simulated import Bench, Heard

KINDS = ["copter", "plane", "rover", "boat"]
AUTOPILOTS = ["ardupilot", "px4"]
LARGEST = 3.4028234e38
EXTREMES = [
    math.nan, math.inf, -math.inf, LARGEST, -LARGEST, 1e38, -1e38, 3e9, -3e9, 2.0**31, 70000.0,
    65535.0, 33.0, 95.0, -95.0, 200.0, 47.0, 1.0, 0.0, -0.0, -1.0, 1e-38, 4.0, 15.0, FORCE,
]  # fmt: skip
WHOLE = [0, 1, -1, 2**31 - 1, -(2**31), 950_000_000, 470_000_000, 90_000_000]
PARAMETERS = [b"RTL_ALT", b"SYSID_THISMAV", b"MAV_SYS_ID", b"\xff\x00\xfe", b"", b"NO_SUCH"]
ROUNDS, MESSAGES = 4, 120


def under_way(kind: str, autopilot: str, **options: Any) -> Bench:
    """A vehicle that is armed and, if it can, in the air."""
    bench = Bench(kind, autopilot, idle=True, **options)
    flight = bench.vehicle.platform.flight
    flight.arm()
    if flight.craft.flies:
        flight.motion.up = 60.0
        flight.motion.grounded = False
        flight.motion.airspeed = 0.0 if flight.craft.hovers else 18.0
        flight.landed = Landed.IN_AIR
    flight.hold()
    bench.run(0.5)
    return bench


def anything(rnd: random.Random) -> Any:
    """A message that no honest sender would send."""

    def one() -> float:
        return rnd.choice(EXTREMES)

    def whole() -> int:
        return rnd.choice(WHOLE)

    command = rnd.choice([*Cmd, 31999, 65535])
    match rnd.randrange(8):
        case 0 | 1 | 2:
            return dialect.MAVLink_command_long_message(
                1, 1, command, 0, *(one() for _ in "1234567")
            )
        case 3 | 4:
            frame = rnd.choice([0, 3, 5, 6, 255])
            params = [one() for _ in "1234"]
            return dialect.MAVLink_command_int_message(
                1, 1, frame, command, 0, 0, *params, whole(), whole(), one()
            )
        case 5:
            return dialect.MAVLink_set_mode_message(1, rnd.choice([0, 1, 255]), rnd.getrandbits(32))
        case 6:
            # A rate of 65535 Hz would be obeyed, and is only slow to test.
            rate, stream = rnd.choice([0, 1, 20]), rnd.choice([0, 1, 6, 10, 255])
            return dialect.MAVLink_request_data_stream_message(
                1, 1, stream, rate, rnd.getrandbits(8)
            )
    name = rnd.choice(PARAMETERS)
    if rnd.random() < 0.5:
        return dialect.MAVLink_param_request_read_message(
            1, 1, name, rnd.choice([-32768, -1, 32767])
        )
    return dialect.MAVLink_param_set_message(1, 1, name, one(), rnd.getrandbits(8))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("autopilot", AUTOPILOTS)
def test_no_message_ends_a_vehicle(kind: str, autopilot: str) -> None:
    for seed in range(ROUNDS):
        rnd = random.Random(f"{kind}/{autopilot}/{seed}")
        bench = under_way(kind, autopilot, seed=seed)
        for number in range(MESSAGES):
            bench.send(anything(rnd))
            if number % 4 == 0:
                well(bench, bench.run(0.2))
            if number % 24 == 0:
                # Everything that it can tell, told in this state.
                for message_id in bench.vehicle.autopilot.builders:
                    bench.command(Cmd.REQUEST_MESSAGE, message_id)
        late = bench.run(20, 1.0)
        well(bench, late)
        beats = [each.message for each in late if each.name == "HEARTBEAT"]
        assert len(beats) >= 15
        assert {beat.autopilot for beat in beats} == {3 if autopilot == "ardupilot" else 12}


def well(bench: Bench, heard: list[Heard]) -> None:
    """It told nothing that cannot be read, and is somewhere."""
    assert "BAD_DATA" not in {each.name for each in heard}
    motion = bench.vehicle.platform.flight.motion
    assert all(math.isfinite(value) for value in dataclasses.astuple(motion))
    assert math.hypot(motion.north, motion.east, motion.up) < 200_000


def answer(bench: Bench) -> int:
    acks = [each.message for each in bench.run(0.3) if each.name == "COMMAND_ACK"]
    return int(acks[-1].result)


@pytest.mark.parametrize("autopilot", AUTOPILOTS)
@pytest.mark.parametrize("number", [-1.0, 70000.0, 1e38])
def test_the_interval_of_a_number_that_is_no_message_is_denied(
    autopilot: str, number: float
) -> None:
    bench = under_way("copter", autopilot)
    bench.command(Cmd.GET_MESSAGE_INTERVAL, number)
    assert answer(bench) == Result.DENIED


@pytest.mark.parametrize("autopilot", AUTOPILOTS)
@pytest.mark.parametrize("interval_us", [3e9, 1e38])
def test_an_interval_is_no_longer_than_can_be_told(autopilot: str, interval_us: float) -> None:
    bench = under_way("copter", autopilot)
    bench.command(Cmd.SET_MESSAGE_INTERVAL, 33, interval_us)
    bench.run(0.2)
    bench.command(Cmd.GET_MESSAGE_INTERVAL, 33)
    told = [each.message for each in bench.run(0.3) if each.name == "MESSAGE_INTERVAL"]
    assert told[-1].interval_us == 2**31 - 1


@pytest.mark.parametrize("up", [math.nan, math.inf, 1e38])
def test_ardupilot_goes_to_no_altitude_that_is_none(up: float) -> None:
    bench = under_way("copter", "ardupilot")
    place = dialect.MAVLink_command_int_message
    bench.send(place(1, 1, 6, Cmd.DO_REPOSITION, 0, 0, -1, 1, 0, 0, 476_712_000, 95_115_000, up))
    assert answer(bench) == Result.DENIED


def test_px4_accepts_a_place_out_of_this_world_and_stays_in_it() -> None:
    bench = under_way("copter", "px4")
    bench.command(Cmd.SET_MESSAGE_INTERVAL, dialect.MAVLINK_MSG_ID_POSITION_TARGET_GLOBAL_INT, 1e5)
    bench.command(Cmd.DO_REPOSITION, -1, 1, 0, math.nan, 1e38, 1e38, 1e38)
    assert answer(bench) == Result.ACCEPTED
    targets = [each for each in bench.run(1) if each.name == "POSITION_TARGET_GLOBAL_INT"]
    assert targets
    assert abs(targets[-1].message.lat_int) < 900_000_000
    assert targets[-1].message.alt < 10_000


def test_a_value_that_does_not_fit_its_field_is_the_nearest_that_does() -> None:
    packed = Wire(1).pack(
        [
            dialect.MAVLink_global_position_int_message(
                -5, 2**40, -(2**40), 1, 2, 40_000, -40_000, 7, 70_000
            ),
            dialect.MAVLink_local_position_ned_message(0, 1e300, -1e300, math.inf, 0, 0, 0),
            dialect.MAVLink_battery_status_message(0, 0, 0, 0, [70_000] * 10, 0, 0, 0, 0),
        ]
    )
    position, local, battery = dialect.MAVLink(None).parse_buffer(bytearray(packed)) or []
    assert position.time_boot_ms == 0
    assert (position.lat, position.lon) == (2**31 - 1, -(2**31))
    assert (position.alt, position.relative_alt) == (1, 2)
    assert (position.vx, position.vy, position.vz) == (32767, -32768, 7)
    assert position.hdg == 65535
    assert (local.x, local.y) == pytest.approx((LARGEST, -LARGEST))
    assert local.z == math.inf, "a float can say so itself"
    assert list(battery.voltages) == [65535] * 10


async def test_a_vehicle_that_fails_is_named_and_the_others_fly_on() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as broken,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sound,
    ):
        for each in (broken, sound):
            each.bind(("127.0.0.1", 0))
            each.setblocking(False)
        specs = FleetPlan(
            vehicles=2, kinds=[Kind.COPTER], autopilots=[AutopilotName.PX4], seed=1
        ).specs()
        urls = [
            LinkUrl.parse(f"udpout:127.0.0.1:{each.getsockname()[1]}") for each in (broken, sound)
        ]
        said: list[str] = []
        fleet = Fleet(specs=specs, urls=urls, clock=HostClock(), say=said.append)
        fleet.vehicles[0].platform.flight.motion.up = math.nan
        await fleet.run(duration_s=2.0)
        failures = [line for line in said if "failed" in line]
        assert len(failures) == 1
        assert failures[0].startswith("vehicle 1 (copter, px4, system 1) failed")
        assert beats(sound) >= 1
        assert beats(broken) == 0


def beats(sock: socket.socket) -> int:
    parser, count = dialect.MAVLink(None), 0
    parser.robust_parsing = True
    while True:
        try:
            data = sock.recv(65535)
        except BlockingIOError:
            return count
        found = parser.parse_buffer(bytearray(data)) or []
        count += sum(each.get_type() == "HEARTBEAT" for each in found)


@pytest.mark.parametrize("autopilot", AUTOPILOTS)
def test_motors_stopped_in_the_air_count_as_landed_a_moment_later(autopilot: str) -> None:
    bench = under_way("copter", autopilot)
    flight = bench.vehicle.platform.flight
    bench.command(Cmd.COMPONENT_ARM_DISARM, 0, FORCE)
    landed = []
    for _ in range(2):
        bench.run(0.25)
        landed.append(flight.landed)
    assert not flight.armed
    assert landed == [Landed.IN_AIR, Landed.ON_GROUND]
    assert not flight.motion.grounded, "it still falls"


def test_px4_tells_for_ten_seconds_which_item_was_reached() -> None:
    bench = Bench("copter", "px4")
    bench.now_s = 40.0
    bench.vehicle.advance(bench.now_s, heard=False)
    heard = [each for each in bench.run(40, 0.5) if each.name == "MISSION_ITEM_REACHED"]
    assert len({each.message.seq for each in heard}) >= 2
    repeats = 0
    for before, after in pairwise(heard):
        if before.message.seq == after.message.seq:
            repeats += 1
            assert after.at_s - before.at_s == pytest.approx(1.0, abs=0.51)
    assert repeats >= 5
    for seq in {each.message.seq for each in heard}:
        assert sum(each.message.seq == seq for each in heard) <= 11


@pytest.mark.parametrize("autopilot", AUTOPILOTS)
def test_a_copter_holds_its_altitude_as_well_as_real_ones(autopilot: str) -> None:
    bench = under_way("copter", autopilot)
    for name in ("GLOBAL_POSITION_INT", "VFR_HUD", "SCALED_PRESSURE"):
        number = getattr(dialect, f"MAVLINK_MSG_ID_{name}")
        bench.command(Cmd.SET_MESSAGE_INTERVAL, number, 1e5)
    heard = bench.run(30)
    assert bench.vehicle.platform.flight.activity is Activity.HOLD
    told = {
        name: [each.message for each in heard if each.name == name]
        for name in ("GLOBAL_POSITION_INT", "VFR_HUD", "SCALED_PRESSURE")
    }
    ups = [each.relative_alt / 1000 for each in told["GLOBAL_POSITION_INT"]]
    mean = sum(ups) / len(ups)
    assert 0.05 < max(abs(up - mean) for up in ups) < 0.5
    assert any(abs(each.vz) >= 5 for each in told["GLOBAL_POSITION_INT"])
    for place, hud in zip(told["GLOBAL_POSITION_INT"], told["VFR_HUD"], strict=False):
        assert hud.climb == pytest.approx(-place.vz / 100, abs=0.15)
        assert hud.alt == pytest.approx(place.alt / 1000, abs=0.1)
    # The barometer sees it too: less pressure, the higher it is (8.4 m per hPa, and noise).
    pressures = [each.press_abs for each in told["SCALED_PRESSURE"]]
    pairs = list(zip(ups, pressures, strict=False))
    middle = sum(pressures) / len(pressures)
    assert sum((up - mean) * (pressure - middle) for up, pressure in pairs) < 0
