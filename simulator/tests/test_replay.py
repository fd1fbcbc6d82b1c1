"""Recorded flights, played again."""

import random
from collections import Counter
from pathlib import Path

import pytest
from aerostream_sim.errors import LogError
from aerostream_sim.replay import score
from aerostream_sim.tlog import Flight, Record, read_flight
from pymavlink.dialects.v20 import all as dialect
from support.packets import heartbeat, message, pack
from support.recorded import OWN_FLIGHTS, SHARED, SHARED_FLIGHTS
from support.recorded import read_flight as read_by_pymavlink

START_US = 1_700_000_000_000_000


def stamped(time_us: int, *packets: bytes) -> bytes:
    return time_us.to_bytes(8, "big") + b"".join(packets)


def attitude(number: int) -> bytes:
    return pack(message("ATTITUDE", time_boot_ms=number), sequence=number % 256)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "flight.tlog"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("path", OWN_FLIGHTS + SHARED_FLIGHTS, ids=lambda path: path.stem)
def test_every_byte_is_a_record_or_noise(path: Path) -> None:
    flight = read_flight(path)
    taken = sum(len(record.packet) + 8 for record in flight.records)
    assert taken + flight.noise_bytes == path.stat().st_size
    found = read_by_pymavlink(path)
    assert len(flight.records) >= found.frames


def test_the_real_quadcopters_noise_is_what_its_description_says() -> None:
    path = SHARED / "quad_apm_v1_23min.tlog"
    if not path.exists():
        pytest.skip(f"needs {path.name}, beside the project")
    flight = read_flight(path)
    assert flight.noise_bytes == 19
    assert len(flight.records) == 75_477 + 1_314, "good ones, and those with a bad checksum"


def test_noise_between_records_is_left_out_and_counted(tmp_path: Path) -> None:
    rnd = random.Random(4)
    data, noise = b"", 0
    for number in range(200):
        if number % 20 == 3:
            dirt = rnd.randbytes(rnd.randint(1, 40))
            data += dirt
            noise += len(dirt)
        data += stamped(START_US + number * 100_000, attitude(number))
    flight = read_flight(written(tmp_path, data))
    assert [record.packet for record in flight.records] == [attitude(n) for n in range(200)]
    assert flight.noise_bytes == noise


def test_an_end_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    whole = b"".join(stamped(START_US + n, attitude(n)) for n in range(3))
    flight = read_flight(written(tmp_path, whole[:-5]))
    assert len(flight.records) == 2
    assert len(whole) - 5 - flight.noise_bytes == sum(
        len(record.packet) + 8 for record in flight.records
    )


def test_several_frames_behind_one_time_are_all_played(tmp_path: Path) -> None:
    flight = read_flight(
        written(
            tmp_path,
            stamped(START_US, attitude(1), attitude(2), attitude(3))
            + stamped(START_US + 1000, attitude(4)),
        )
    )
    assert [record.packet for record in flight.records] == [attitude(n) for n in (1, 2, 3, 4)]
    assert flight.noise_bytes == 0


@pytest.mark.parametrize("data", [b"", b"hello", bytes(5000), b"\xfd" * 3000])
def test_what_is_no_log_gets_a_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LogError, match="not a telemetry log"):
        read_flight(written(tmp_path, data))


def test_a_ground_station_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    station = pack(heartbeat(type_=6, autopilot=8), system=255, component=190)
    request = pack(message("PING", seq=1), system=255, component=190)
    data = b"".join(
        stamped(START_US + n * 1000, packet)
        for n, packet in enumerate((attitude(0), request, station, attitude(1)))
    )
    flight = read_flight(written(tmp_path, data))
    assert [cue.packet for cue in score(flight)] == [attitude(0), attitude(1)]
    assert len(score(flight, everything=True)) == 4


def test_jumps_of_the_clock_are_played_straight_on() -> None:
    seconds = [0, 1, 2, 2000, 2001, 500, 501]
    records = tuple(Record(START_US + s * 1_000_000, attitude(s)) for s in seconds)
    cues = score(Flight(records, 0))
    assert [cue.at_s for cue in cues] == [0, 1, 2, 2, 3, 3, 4]


def test_old_frames_are_read_too(tmp_path: Path) -> None:
    old = pack(message("ATTITUDE", time_boot_ms=5), system=7, component=9, version=1)
    flight = read_flight(written(tmp_path, stamped(START_US, old) * 2))
    assert Counter(record.sender for record in flight.records) == {(7, 9): 2}
    assert flight.records[0].message_id == dialect.MAVLINK_MSG_ID_ATTITUDE
