"""Recorded telemetry logs (`.tlog`): a time, then a MAVLink frame, again and again.

Real logs hold line noise, damaged frames, several frames behind one time and an end that is cut
off. The reader finds the next record again by its looks: eight bytes that can be a time, then a
frame with a good checksum.
"""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aerostream_edge.errors import LogError
from aerostream_edge.mavlink.frames import (
    MAGIC_V1,
    MAGIC_V2,
    ByteCounts,
    Found,
    Frame,
    Verdict,
    frame_at,
)

TIME_BYTES = 8
#: Times up to the year 2112 have these two bytes in front.
_TIME_THEN_MAGIC = re.compile(rb"\x00[\x00-\x0f].{6}[\xfd\xfe]", re.DOTALL)


class Record(NamedTuple):
    """One frame of a log."""

    time_us: int
    """When it was recorded, UTC µs."""
    frame: Frame


class TelemetryLog:
    """A `.tlog`, read as often as needed; `counts` holds the accounts of the last full pass.

    Raises:
        LogError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts = ByteCounts()
        try:
            with path.open("rb") as file:
                # An empty file cannot be mapped.
                self._data: bytes | mmap.mmap = (
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    if path.stat().st_size
                    else b""
                )
        except OSError as error:
            raise LogError(f"{path}: {error.strerror}") from error

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self._data)

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    def records(self) -> Iterator[Record]:
        """All good frames in order, with the time of their record."""
        counts = self.counts = ByteCounts()
        # Slices of a mapping are copies, and frames are small: read windows, not the whole file.
        data = self._data
        end = len(data)
        position = 0
        while position + TIME_BYTES < end:
            found = self._record_at(position)
            if found is None:
                following = self._next_record(position + 1)
                counts.noise += following - position
                position = following
                continue
            counts.count(found)
            time_us = int.from_bytes(data[position : position + TIME_BYTES], "big")
            position += TIME_BYTES + found.size
            if found.frame is not None:
                yield Record(time_us, found.frame)
            # Some recorders write whole datagrams: several frames behind one time.
            while position < end and data[position] in (MAGIC_V1, MAGIC_V2):
                found = self._frame_at(position)
                if found.verdict is not Verdict.GOOD:
                    break
                counts.count(found)
                position += found.size
                assert found.frame is not None
                yield Record(time_us, found.frame)
        counts.noise += end - position

    def _frame_at(self, position: int) -> Found:
        window = self._data[position : position + 280]
        return frame_at(window, 0)

    def _record_at(self, position: int) -> Found | None:
        """The record that begins here: a good frame, or a framed one before the next record."""
        if not self._looks_like_record(position):
            return None
        found = self._frame_at(position + TIME_BYTES)
        if found.verdict is Verdict.GOOD:
            return found
        if found.verdict in (Verdict.BAD_CHECKSUM, Verdict.UNKNOWN):
            behind = position + TIME_BYTES + found.size
            if behind == len(self._data) or self._looks_like_record(behind):
                return found
        return None

    def _looks_like_record(self, position: int) -> bool:
        head = self._data[position : position + TIME_BYTES + 1]
        return _TIME_THEN_MAGIC.match(head) is not None

    def _next_record(self, start: int) -> int:
        for match in _TIME_THEN_MAGIC.finditer(self._data, start):
            # finditer does not overlap: look at every start inside the match as well.
            for position in range(match.start(), match.start() + TIME_BYTES):
                if self._record_at(position) is not None:
                    return position
        return len(self._data)
