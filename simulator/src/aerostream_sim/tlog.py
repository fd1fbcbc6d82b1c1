"""Telemetry logs (`.tlog`): eight bytes of time, then a MAVLink frame, again and again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.errors import LogError

_TIME = 8
_V1, _V2 = 0xFE, 0xFD
_V1_BYTES, _V2_BYTES, _SIGNATURE_BYTES = 8, 12, 13
#: 1990 to 2100, µs: what else stands where a time should be is none.
_EARLIEST_US, _LATEST_US = 631_152_000_000_000, 4_102_444_800_000_000
_GROUND_STATION = 6


class Record(NamedTuple):
    """A frame of a log, byte for byte."""

    time_us: int
    packet: bytes

    @property
    def sender(self) -> tuple[int, int]:
        """System and component id."""
        first = 5 if self.packet[0] == _V2 else 3
        return self.packet[first], self.packet[first + 1]

    @property
    def message_id(self) -> int:
        """MAVLink's."""
        if self.packet[0] == _V2:
            return int.from_bytes(self.packet[7:10], "little")
        return self.packet[5]

    @property
    def payload(self) -> bytes:
        """Its fields on the wire."""
        first = 10 if self.packet[0] == _V2 else 6
        return self.packet[first : first + self.packet[1]]


@dataclass(frozen=True, slots=True)
class Flight:
    """A log in memory."""

    records: tuple[Record, ...]
    noise_bytes: int
    """What belongs to no record; it cannot be played."""

    @property
    def seconds(self) -> float:
        """From the first record to the last, by their times."""
        return (self.records[-1].time_us - self.records[0].time_us) / 1e6

    @property
    def ground_stations(self) -> set[tuple[int, int]]:
        """Who beats as a ground station does."""
        found = set()
        for record in self.records:
            if record.message_id == dialect.MAVLINK_MSG_ID_HEARTBEAT:
                payload = record.payload.ljust(9, b"\0")
                if payload[4] == _GROUND_STATION:
                    found.add(record.sender)
        return found


def read_flight(path: Path) -> Flight:
    """Read a log; noise and an end that is cut off are left out and counted.

    Raises:
        LogError: the file cannot be read, or there is no MAVLink in it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LogError(f"{path}: {error.strerror}") from error
    found = list(_records(data))
    records = tuple(record for record, _ in found)
    taken = sum(size for _, size in found)
    if not records:
        raise LogError(f"{path}: not a telemetry log: there is no time with a MAVLink frame in it")
    return Flight(records, len(data) - taken)


def _records(data: bytes) -> Iterator[tuple[Record, int]]:
    """The records, and the bytes that each takes in the file."""
    position = 0
    while position + _TIME < len(data):
        end = _record_end(data, position)
        if end is None:
            position += 1
            continue
        time_us = int.from_bytes(data[position : position + _TIME], "big")
        yield Record(time_us, data[position + _TIME : end]), end - position
        position = end
        # Some recorders write whole datagrams: several frames behind one time.
        while (end := _frame_end(data, position)) is not None and _is_whole(data, position, end):
            yield Record(time_us, data[position:end]), end - position
            position = end


def _record_end(data: bytes, position: int) -> int | None:
    """Where a record that begins here ends; none: there is none."""
    end = _frame_end(data, position + _TIME)
    if end is None or not _is_time(data, position):
        return None
    follows = end == len(data) or _looks_like_record(data, end)
    return end if follows or _is_whole(data, position + _TIME, end) else None


def _looks_like_record(data: bytes, position: int) -> bool:
    return _is_time(data, position) and _frame_end(data, position + _TIME) is not None


def _is_time(data: bytes, position: int) -> bool:
    time_us = int.from_bytes(data[position : position + _TIME], "big")
    return _EARLIEST_US <= time_us <= _LATEST_US


def _frame_end(data: bytes, start: int) -> int | None:
    if start + 2 >= len(data):
        return None
    if data[start] == _V2:
        signature = _SIGNATURE_BYTES if data[start + 2] & 1 else 0
        end = start + data[start + 1] + _V2_BYTES + signature
    elif data[start] == _V1:
        end = start + data[start + 1] + _V1_BYTES
    else:
        return None
    return end if end <= len(data) else None


def _is_whole(data: bytes, start: int, end: int) -> bool:
    """Whether the checksum is right, by pymavlink."""
    try:
        dialect.MAVLink(None).decode(bytearray(data[start:end]))
    except dialect.MAVError:
        return False
    return True
