"""Whole vehicles: seeded, consistent, busy by themselves, and obedient to others."""

import math
from itertools import pairwise

import pytest
from aerostream_sim.autopilots.commands import FORCE, Cmd, Result
from aerostream_sim.models.wind import WindSetting
from pymavlink.dialects.v20 import all as dialect
from support.simulated import Bench, Heard

KINDS = ["copter", "plane", "rover", "boat"]
AUTOPILOTS = ["ardupilot", "px4"]


def ask(bench: Bench, *names: str, hertz: float = 5) -> None:
    for name in names:
        number = getattr(dialect, f"MAVLINK_MSG_ID_{name}")
        bench.command(Cmd.SET_MESSAGE_INTERVAL, number, round(1e6 / hertz))


def named(heard: list[Heard], name: str) -> list[Heard]:
    return [each for each in heard if each.name == name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("autopilot", AUTOPILOTS)
def test_the_same_seed_sends_the_same_bytes(kind: str, autopilot: str) -> None:
    one = sent_by(Bench(kind, autopilot, seed=11, wind=WindSetting(4.0)), 0.05)
    assert one == sent_by(Bench(kind, autopilot, seed=11, wind=WindSetting(4.0)), 0.1)
    assert one != sent_by(Bench(kind, autopilot, seed=12, wind=WindSetting(4.0)), 0.05)


def sent_by(bench: Bench, step_s: float) -> bytes:
    """All bytes of 15 s, however it is stepped."""
    return b"".join(
        data
        for step in range(1, round(15 / step_s) + 1)
        for data in bench.vehicle.advance(step * step_s)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("autopilot", AUTOPILOTS)
def test_a_vehicle_flies_and_rests_and_flies_again(kind: str, autopilot: str) -> None:
    bench = Bench(kind, autopilot, wind=WindSetting(3.0))
    armed = []
    for _ in range(400):
        bench.now_s += 1.0
        bench.vehicle.advance(bench.now_s, heard=False)
        armed.append(bench.vehicle.autopilot.orders.armed)
    starts = sum(now and not before for before, now in pairwise(armed))
    ends = sum(before and not now for before, now in pairwise(armed))
    assert starts >= 2
    assert ends >= 1
    assert sum(armed) / len(armed) > 0.6, "most of the time it is under way"


@pytest.mark.parametrize("autopilot", AUTOPILOTS)
@pytest.mark.parametrize("kind", KINDS)
def test_messages_of_one_moment_agree(kind: str, autopilot: str) -> None:
    bench = Bench(kind, autopilot, wind=WindSetting(4.0))
    ask(bench, "GLOBAL_POSITION_INT", "VFR_HUD", "ATTITUDE", "GPS_RAW_INT", "SYS_STATUS")
    ask(bench, "BATTERY_STATUS", "LOCAL_POSITION_NED")
    heard = bench.run(50)
    latest: dict[str, Heard] = {}
    compared = 0
    for each in heard:
        latest[each.name] = each
        position = latest.get("GLOBAL_POSITION_INT")
        if each.name != "VFR_HUD" or position is None or each.at_s - position.at_s > 0.051:
            continue
        compared += 1
        place, hud = position.message, each.message
        speed = math.hypot(place.vx, place.vy) / 100
        assert hud.groundspeed == pytest.approx(speed, abs=0.3)
        assert hud.climb == pytest.approx(-place.vz / 100, abs=0.3)
        assert hud.alt == pytest.approx(place.alt / 1000, abs=0.4)
        turn = abs((hud.heading - place.hdg / 100 + 180) % 360 - 180)
        assert turn < 6
        assert (place.alt - place.relative_alt) / 1000 == pytest.approx(
            bench.vehicle.platform.home.alt_m, abs=0.01
        )
    assert compared > 100
    gps, place = latest["GPS_RAW_INT"].message, latest["GLOBAL_POSITION_INT"].message
    assert abs(gps.lat - place.lat) < 600, "within 6 m"
    assert gps.lat != place.lat, "a receiver is never quite right"
    status, battery = latest["SYS_STATUS"].message, latest["BATTERY_STATUS"].message
    assert status.voltage_battery == pytest.approx(battery.voltages[0], abs=250)
    assert status.battery_remaining == pytest.approx(battery.battery_remaining, abs=1)


@pytest.mark.parametrize("kind", KINDS)
def test_told_positions_move_with_the_told_velocities(kind: str) -> None:
    bench = Bench(kind, "ardupilot", wind=WindSetting(3.0))
    ask(bench, "LOCAL_POSITION_NED", hertz=10)
    found = [each.message for each in named(bench.run(90), "LOCAL_POSITION_NED")]
    moved = told = 0.0
    for before, after in pairwise(found):
        seconds = (after.time_boot_ms - before.time_boot_ms) / 1000
        moved += math.hypot(after.x - before.x, after.y - before.y)
        told += math.hypot(before.vx + after.vx, before.vy + after.vy) / 2 * seconds
    assert moved > 50
    assert moved == pytest.approx(told, rel=0.02)


def test_a_low_battery_brings_an_ardupilot_home_with_the_recorded_words() -> None:
    bench = Bench("copter", "ardupilot", idle=True, charge=0.3)
    bench.command(Cmd.DO_SET_MODE, 1, 4)
    bench.command(Cmd.COMPONENT_ARM_DISARM, 1)
    bench.run(2)
    bench.command(Cmd.NAV_TAKEOFF, 0, 0, 0, 0, 0, 0, 30)
    heard = bench.run(400)
    texts = [each.message.text for each in named(heard, "STATUSTEXT")]
    (low,) = (text for text in texts if text.startswith("Battery 1 is low"))
    assert texts[texts.index(low) + 1] == "Battery Failsafe"
    beats = [
        (each.message.custom_mode, each.message.system_status) for each in named(heard, "HEARTBEAT")
    ]
    assert (6, 5) in beats, "RTL, critical"
    assert not bench.vehicle.autopilot.orders.armed, "it landed"
    bench.command(Cmd.DO_SET_MODE, 1, 4)
    bench.command(Cmd.COMPONENT_ARM_DISARM, 1)
    answers = bench.run(1)
    assert named(answers, "COMMAND_ACK")[-1].message.result == Result.FAILED
    assert [each.message.text for each in named(answers, "STATUSTEXT")] == [
        "Arm: Battery 1 low voltage failsafe",
        "Arm: Battery failsafe",
    ], "it latches until a reboot"


def test_a_command_just_after_one_that_is_not_answered_is_answered() -> None:
    bench = Bench("copter", "ardupilot", idle=True)
    bench.run(1)
    mode = bench.vehicle.autopilot.modes.mode
    bench.send(dialect.MAVLink_set_mode_message(1, 1, mode))
    bench.command(Cmd.DO_SET_MODE, 1, mode)
    (ack,) = named(bench.run(1), "COMMAND_ACK")
    assert (ack.message.command, ack.message.result) == (Cmd.DO_SET_MODE, Result.ACCEPTED)


def test_a_low_battery_brings_px4_home_after_five_seconds_of_hold() -> None:
    bench = Bench("copter", "px4", idle=True, charge=0.1)
    bench.command(Cmd.COMPONENT_ARM_DISARM, 1, FORCE)
    bench.run(1)
    bench.command(Cmd.NAV_TAKEOFF, 0, 0, 0, math.nan, 0, 0, bench.vehicle.platform.home.alt_m + 20)
    modes = []
    critical_s = home_s = None
    for _ in range(4000):
        for each in named(bench.run(0.1), "HEARTBEAT"):
            modes.append(each.message.custom_mode >> 24)
            if each.message.system_status == 5 and critical_s is None:
                critical_s = each.at_s
            if modes[-1] == 5 and home_s is None:
                home_s = each.at_s
        if home_s is not None:
            break
    assert critical_s is not None
    assert home_s is not None
    assert home_s - critical_s == pytest.approx(5.0, abs=1.1)


def test_who_commands_a_vehicle_has_it_for_good() -> None:
    bench = Bench("copter", "ardupilot")
    bench.run(40)
    assert bench.vehicle.flying
    bench.command(Cmd.NAV_RETURN_TO_LAUNCH)
    bench.run(200)
    assert not bench.vehicle.autopilot.orders.armed
    bench.run(300)
    assert not bench.vehicle.autopilot.orders.armed, "the operator does not interfere any more"


def test_the_mission_that_is_flown_can_be_downloaded() -> None:
    for autopilot, head in (("ardupilot", 2), ("px4", 1)):
        bench = Bench("copter", autopilot, idle=True)
        bench.send(dialect.MAVLink_mission_request_list_message(1, 1))
        (count,) = named(bench.run(0.5), "MISSION_COUNT")
        items = []
        for seq in range(count.message.count):
            bench.send(dialect.MAVLink_mission_request_int_message(1, 1, seq))
            items += [each.message for each in named(bench.run(0.2), "MISSION_ITEM_INT")]
        assert [item.seq for item in items] == list(range(count.message.count))
        waypoints = bench.vehicle.platform.round.waypoints
        assert len(items) == head + len(waypoints) + 1
        home = bench.vehicle.platform.home
        for item, point in zip(items[head:], waypoints, strict=False):
            assert home.metres_to(item.x / 1e7, item.y / 1e7) == pytest.approx(
                (point.north, point.east), abs=0.05
            )


def test_parameters_are_read_set_and_kept() -> None:
    bench = Bench("copter", "ardupilot", idle=True)
    bench.send(dialect.MAVLink_param_request_list_message(1, 1))
    listed = [each.message for each in named(bench.run(2), "PARAM_VALUE")]
    assert [each.param_index for each in listed] == list(range(listed[0].param_count))
    bench.send(dialect.MAVLink_param_set_message(1, 1, b"RTL_ALT", 2500.0, 6))
    assert named(bench.run(1), "PARAM_VALUE")[-1].message.param_value == 2500.0
    bench.send(dialect.MAVLink_param_request_read_message(1, 1, b"NO_SUCH_PARAM", -1))
    assert not named(bench.run(1), "PARAM_VALUE"), "an unknown name gets no answer"


def test_noise_on_the_link_hurts_nobody() -> None:
    bench = Bench("copter", "px4", idle=True)
    bench.vehicle.receive(bytes(range(256)) * 8, bench.now_s)
    bench.vehicle.receive(b"\xfd\xff\x00", bench.now_s)
    bench.run(1)
    bench.command(Cmd.REQUEST_MESSAGE, dialect.MAVLINK_MSG_ID_AUTOPILOT_VERSION)
    assert named(bench.run(1), "HEARTBEAT")
