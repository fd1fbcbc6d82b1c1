"""The minute after power-on: texts, satellites, and when arming is accepted at last."""

import pytest
from aerostream_sim.autopilots.commands import Cmd, Result
from pymavlink.dialects.v20 import all as dialect
from support.simulated import Bench

#: Recorded: seconds from power-on until arming is accepted, and the mode in which it was tried.
ARMABLE = [
    ("copter", "ardupilot", 43.3, 4),
    ("plane", "ardupilot", 25.5, 5),
    ("rover", "ardupilot", 42.4, 15),
    ("copter", "px4", 8.4, None),
]


def arm_results(bench: Bench, seconds: float) -> list[tuple[float, int]]:
    """Try to arm every second; when, and what came of it."""
    results = []
    for _ in range(round(seconds)):
        bench.command(Cmd.COMPONENT_ARM_DISARM, 1)
        asked_s = bench.now_s
        results += [
            (asked_s, each.message.result)
            for each in bench.run(1.0)
            if each.name == "COMMAND_ACK" and each.message.command == Cmd.COMPONENT_ARM_DISARM
        ]
    return results


@pytest.mark.parametrize(("kind", "autopilot", "armable_s", "mode"), ARMABLE)
def test_arming_is_accepted_when_it_was_in_the_recording(
    kind: str, autopilot: str, armable_s: float, mode: int | None
) -> None:
    bench = Bench(kind, autopilot, idle=True, boots=True)
    bench.run(3)
    if mode is not None:
        bench.command(Cmd.DO_SET_MODE, 1, mode)
    results = arm_results(bench, armable_s + 4)
    first = next(asked_s for asked_s, result in results if result == Result.ACCEPTED)
    assert first == pytest.approx(armable_s, abs=1.5)
    refused = Result.FAILED if autopilot == "ardupilot" else Result.TEMPORARILY_REJECTED
    assert {result for asked_s, result in results if asked_s < first} == {refused}


def test_a_copter_tells_of_its_boot_as_recorded() -> None:
    bench = Bench("copter", "ardupilot", idle=True, boots=True)
    heard = bench.run(45)
    texts = [each.message.text for each in heard if each.name == "STATUSTEXT"]
    assert texts[:4] == [
        "RCInput: decoding UDP (Pulses)",
        "Calibrating barometer",
        "Barometer 1 calibration complete",
        "Barometer 2 calibration complete",
    ]
    assert "PreArm: Need Position Estimate" in texts
    assert texts[-1] == "EKF3 IMU1 is using GPS"
    first = next(each for each in heard if each.name == "HEARTBEAT")
    assert first.at_s == pytest.approx(0.9, abs=0.1)
    assert first.message.system_status == 1, "MAV_STATE_BOOT"


def test_a_receiver_finds_satellites_and_then_time() -> None:
    bench = Bench("copter", "ardupilot", idle=True, boots=True)
    bench.run(1)
    for message in (dialect.MAVLINK_MSG_ID_GPS_RAW_INT, dialect.MAVLINK_MSG_ID_SYSTEM_TIME):
        bench.command(Cmd.SET_MESSAGE_INTERVAL, message, 1_000_000)
    heard = bench.run(60)
    fixes = [each.message.fix_type for each in heard if each.name == "GPS_RAW_INT"]
    satellites = [each.message.satellites_visible for each in heard if each.name == "GPS_RAW_INT"]
    times = [each.message.time_unix_usec for each in heard if each.name == "SYSTEM_TIME"]
    assert fixes == sorted(fixes)
    assert fixes[0] == 0
    assert fixes[-1] == 3
    assert satellites[-1] >= 12
    assert times[0] == 0, "no fix, no time"
    assert times[-1] > 1_700_000_000_000_000


def test_a_reboot_forgets_what_was_asked_for() -> None:
    bench = Bench("copter", "ardupilot", idle=True)
    bench.command(Cmd.SET_MESSAGE_INTERVAL, dialect.MAVLINK_MSG_ID_ATTITUDE, 100_000)
    assert "ATTITUDE" in {each.name for each in bench.run(2)}
    bench.command(Cmd.PREFLIGHT_REBOOT_SHUTDOWN, 1)
    heard = bench.run(5)
    acks = [each.message.result for each in heard if each.name == "COMMAND_ACK"]
    assert acks == [Result.ACCEPTED]
    assert "ATTITUDE" not in {each.name for each in bench.run(5)}
    assert bench.vehicle.platform.boot_s < 11


def test_px4_keeps_its_texts_for_a_ground_station() -> None:
    bench = Bench("copter", "px4", idle=True, boots=True)
    bench.run(3)
    bench.command(Cmd.COMPONENT_ARM_DISARM, 1)
    heard = bench.run(2)
    assert "STATUSTEXT" not in {each.name for each in heard}
    assert "UNKNOWN_410" in {each.name for each in heard}, "the EVENT says it to everybody"
    bench.send(dialect.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3), (255, 190))
    texts = [each.message for each in bench.run(1) if each.name == "STATUSTEXT"]
    assert [each.text for each in texts] == [
        "[logger] ./log/2026-11-21/03_07_02.ulg\t",
        "Arming denied: Resolve system health failures firs",
        "t\t",
    ]
    assert [each.chunk_seq for each in texts] == [0, 0, 1]
