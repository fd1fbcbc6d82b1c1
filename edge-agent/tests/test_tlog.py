"""Recorded logs: every record found, whatever lies between, and every byte accounted for."""

import os
import random
from pathlib import Path
from typing import NamedTuple

import pytest
from aerostream_edge.errors import LogError
from aerostream_edge.mavlink.frames import frame_at
from aerostream_edge.mavlink.tlog import Record, TelemetryLog
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import all as dialect
from support.packets import heartbeat, message, pack
from support.recorded import OWN_FLIGHTS, SHARED, SHARED_FLIGHTS

START_US = 1_767_225_600_000_000

needs_shared = pytest.mark.skipif(
    not SHARED_FLIGHTS, reason=f"needs the recorded flights in {SHARED.parent.name}/{SHARED.name}"
)
FLIGHTS = [pytest.param(path, id=path.stem) for path in OWN_FLIGHTS] + [
    pytest.param(path, id=path.stem, marks=needs_shared)
    for path in (SHARED_FLIGHTS or [SHARED / "absent.tlog"])
]


def time(time_us: int) -> bytes:
    return time_us.to_bytes(8, "big")


def attitude(n: int) -> bytes:
    return pack(message("ATTITUDE", time_boot_ms=n * 100, pitch=0.25), sequence=n % 256)


def written(folder: Path, content: bytes) -> TelemetryLog:
    path = folder / "flight.tlog"
    path.write_bytes(content)
    return TelemetryLog(path)


def read(folder: Path, content: bytes) -> tuple[list[Record], TelemetryLog]:
    log = written(folder, content)
    return list(log), log


class Theirs(NamedTuple):
    """A record as pymavlink has it."""

    time_us: int
    message_id: int
    system: int
    component: int
    sequence: int


def pymavlink_pass(path: Path) -> tuple[list[Theirs], int]:
    """Records by the lengths that they give, and the bytes that hold none but their times."""
    data = path.read_bytes()
    decoder = dialect.MAVLink(None)
    records = []
    position = bad = 0
    while position + 8 < len(data):
        start = position + 8
        overhead = 8 if data[start] == 0xFE else 12 + 13 * (data[start + 2] & 1)
        end = start + data[start + 1] + overhead
        if end > len(data):
            bad += len(data) - position
            break
        try:
            found = decoder.decode(bytearray(data[start:end]))
        except dialect.MAVError:
            bad += end - start
        else:
            if found.get_type().startswith("UNKNOWN"):
                bad += end - start
            else:
                header = found.get_header()
                ids = (header.msgId, header.srcSystem, header.srcComponent, header.seq)
                records.append(Theirs(int.from_bytes(data[position:start], "big"), *ids))
        position = end
    return records, bad


@pytest.mark.parametrize("path", FLIGHTS)
def test_a_recorded_flight_reads_as_an_independent_pass_reads_it(path: Path) -> None:
    theirs, bad = pymavlink_pass(path)
    log = TelemetryLog(path)
    ours = [
        Theirs(record.time_us, frame.message_id, frame.system, frame.component, frame.sequence)
        for record in log
        for frame in (record.frame,)
    ]
    assert ours == theirs
    assert log.counts.bad == bad
    assert log.counts.frames == len(theirs)


def test_a_log_can_be_read_twice_with_the_same_result(tmp_path: Path) -> None:
    log = written(tmp_path, b"".join(time(START_US + n) + attitude(n) for n in range(20)))
    assert list(log) == list(log)
    assert log.counts.frames == 20


def test_noise_between_records_costs_none_of_them(tmp_path: Path) -> None:
    rnd = random.Random(3)
    content, noise_bytes = b"", 0
    for n in range(200):
        noise = rnd.randbytes(rnd.randrange(40)) if n % 2 else b""
        noise_bytes += len(noise)
        content += noise + time(START_US + n) + attitude(n)
    records, log = read(tmp_path, content)
    assert [record.time_us for record in records] == [START_US + n for n in range(200)]
    assert log.counts.noise == noise_bytes
    assert log.counts.total + 200 * 8 == len(content)


def test_a_damaged_record_costs_itself_only(tmp_path: Path) -> None:
    records = [time(START_US + n) + attitude(n) for n in range(5)]
    damaged = bytearray(records[2])
    damaged[20] ^= 0x40
    found, log = read(tmp_path, b"".join([*records[:2], bytes(damaged), *records[3:]]))
    assert [record.frame.sequence for record in found] == [0, 1, 3, 4]
    assert log.counts.bad_checksum == len(damaged) - 8
    assert log.counts.noise == 0


def test_a_lying_length_costs_its_record_only(tmp_path: Path) -> None:
    records = [time(START_US + n) + attitude(n) for n in range(50)]
    lying = bytearray(records[10])
    lying[9] = 255
    content = b"".join([*records[:10], bytes(lying), *records[11:]])
    found, log = read(tmp_path, content)
    assert [record.frame.sequence for record in found] == [n for n in range(50) if n != 10]
    assert log.counts.noise == len(lying)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_an_end_that_is_cut_off_costs_the_last_record_only(tmp_path: Path, cut: int) -> None:
    records = [time(START_US + n) + attitude(n) for n in range(4)]
    content = b"".join(records)[:-cut]
    whole = len(content) // len(records[0])
    found, log = read(tmp_path, content)
    assert len(found) == whole
    assert log.counts.noise == len(content) - whole * len(records[0])


def test_several_frames_behind_one_time_all_have_it(tmp_path: Path) -> None:
    content = time(START_US) + attitude(0) + pack(heartbeat()) + attitude(1)
    content += time(START_US + 5) + attitude(2)
    found, log = read(tmp_path, content)
    assert [record.time_us for record in found] == [START_US] * 3 + [START_US + 5]
    assert log.counts.bad == 0
    assert log.counts.total == len(content) - 16


def test_mavlink_1_and_signed_and_unknown_frames_are_records_too(tmp_path: Path) -> None:
    unknown = b"\xfd\x04\x00\x00\x09\x01\x01\xff\xff\x7fabcd\x12\x34"
    packets = [pack(heartbeat(), version=1), unknown, pack(heartbeat(), signed=True), unknown]
    found, log = read(tmp_path, b"".join(time(START_US + n) + p for n, p in enumerate(packets)))
    assert [record.frame.version for record in found] == [1, 2]
    assert log.counts.unknown_frames == 2
    assert log.counts.noise == 0


@pytest.mark.parametrize("time_us", [0, 1, 86_400_000_000, 10**15, 4_102_444_799_999_999])
def test_times_of_any_year_are_read_as_they_are(tmp_path: Path, time_us: int) -> None:
    found, _ = read(tmp_path, time(time_us) + attitude(0) + time(time_us + 7) + attitude(1))
    assert [record.time_us for record in found] == [time_us, time_us + 7]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"QGC WPL 110\r\n0\t1\t0\t16\t0\t0\t0\t0\t47.3\t8.5\t488\t1\r\n" * 400,
        bytes(100_000),
        b"\xfd" * 100_000,
        b"\x00\x05" * 50_000,
        b"\x00\x05aaaaaa\xfd\xff" * 10_000,
    ],
    ids=["empty", "one byte", "text", "zeros", "magic", "half a time", "starts without end"],
)
def test_a_file_that_is_no_log_holds_no_records_and_is_all_accounted_for(
    tmp_path: Path, content: bytes
) -> None:
    found, log = read(tmp_path, content)
    assert found == []
    assert log.counts.bad == log.size == len(content)


@given(st.binary(max_size=600), st.integers(0, 30), st.randoms(use_true_random=False))
def test_any_bytes_are_all_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, records: int, rnd: random.Random
) -> None:
    place = rnd.randint(0, len(content))
    log_bytes = b"".join(time(START_US + n) + attitude(n) for n in range(records))
    content = content[:place] + log_bytes + content[place:]
    path = tmp_path_factory.getbasetemp() / f"any-{os.getpid()}.tlog"
    path.write_bytes(content)
    log = TelemetryLog(path)
    found = list(log)
    assert len(found) >= records - 1  # what is in front may end like the first one's time
    assert log.counts.total <= len(content)
    assert (len(content) - log.counts.total) % 8 == 0, "only times of records are left out"
    assert log.counts.good == sum(record.frame.size for record in found)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("absent.tlog", "No such file or directory"), (".", "Is a directory")],
    ids=["missing", "directory"],
)
def test_what_is_no_file_is_refused_by_name_and_reason(
    tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / name
    with pytest.raises(LogError, match=reason) as caught:
        TelemetryLog(path)
    assert str(path) in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user who may not read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.tlog"
    path.touch(mode=0o000)
    with pytest.raises(LogError, match="Permission denied"):
        TelemetryLog(path)


def test_the_frame_of_a_record_is_the_one_in_the_file(tmp_path: Path) -> None:
    packet = attitude(3)
    (record,), _ = read(tmp_path, time(START_US) + packet)
    assert record.frame == frame_at(packet, 0).frame
