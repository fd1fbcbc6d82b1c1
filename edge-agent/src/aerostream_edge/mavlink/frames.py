"""MAVLink frames in a stream of bytes: found, checked, and every byte accounted for."""

import binascii
import re
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush
from typing import NamedTuple

from aerostream_contract.mavlink import MESSAGES

MAGIC_V1, MAGIC_V2 = 0xFE, 0xFD
_MAGIC = re.compile(rb"[\xfd\xfe]")
_SIGNED = 0x01
_SIGNATURE_BYTES = 13
_V1_OVERHEAD, _V2_OVERHEAD = 8, 12

#: CRC-16/MCRF4XX is the bit-mirrored image of the CCITT checksum that `binascii` computes in C.
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def checksum(data: bytes) -> int:
    """MAVLink's checksum (CRC-16/MCRF4XX) of some bytes."""
    mirrored = binascii.crc_hqx(data.translate(_MIRRORED), 0xFFFF)
    return _MIRRORED[mirrored & 0xFF] << 8 | _MIRRORED[mirrored >> 8]


class Frame(NamedTuple):
    """A frame with a good checksum."""

    message_id: int
    system: int
    component: int
    sequence: int
    payload: bytes
    """As sent: MAVLink 2 cuts zeros off the end."""
    size: int
    """Bytes on the wire."""

    @property
    def version(self) -> int:
        """1 or 2, of the protocol that it came in."""
        return 1 if self.size - len(self.payload) == _V1_OVERHEAD else 2


class Verdict(Enum):
    """What the bytes at some place are."""

    GOOD = "good"
    BAD_CHECKSUM = "bad checksum"
    """Framed like a known message, with another checksum: damaged, or another definition."""
    UNKNOWN = "unknown id"
    """Framed like a message that is not in the table, so its checksum cannot be told."""
    INCOMPLETE = "incomplete"
    """The start of a frame whose end has not come yet."""
    NOISE = "noise"
    """Not the start of a frame."""


class Found(NamedTuple):
    """What `frame_at` saw, and how many bytes it claims."""

    verdict: Verdict
    size: int
    """Of what is incomplete, the bytes that it takes to see more."""
    frame: Frame | None = None


_NOISE = Found(Verdict.NOISE, 1)


def frame_at(data: bytes, start: int) -> Found:
    """Look at the bytes from `start` on as a frame."""
    magic = data[start]
    available = len(data) - start
    if magic == MAGIC_V2:
        if available < _V2_OVERHEAD - 2:
            return Found(Verdict.INCOMPLETE, _V2_OVERHEAD - 2)
        flags = data[start + 2]
        if flags & ~_SIGNED:
            return _NOISE  # the specification says to drop what one does not understand
        header = 10
        checked = header + data[start + 1]
        size = checked + 2 + (_SIGNATURE_BYTES if flags else 0)
        message_id = int.from_bytes(data[start + 7 : start + 10], "little")
        fields = start + 4
    elif magic == MAGIC_V1:
        if available < _V1_OVERHEAD - 2:
            return Found(Verdict.INCOMPLETE, _V1_OVERHEAD - 2)
        header = 6
        checked = header + data[start + 1]
        size = checked + 2
        message_id = data[start + 5]
        fields = start + 2
    else:
        return _NOISE
    if available < size:
        return Found(Verdict.INCOMPLETE, size)
    message = MESSAGES.get(message_id)
    if message is None:
        return Found(Verdict.UNKNOWN, size)
    end = start + checked
    found = checksum(data[start + 1 : end] + bytes((message.crc_extra,)))
    if found != data[end] | data[end + 1] << 8:
        return Found(Verdict.BAD_CHECKSUM, size)
    return Found(
        Verdict.GOOD,
        size,
        Frame(
            message_id,
            data[fields + 1],
            data[fields + 2],
            data[fields],
            data[start + header : end],
            size,
        ),
    )


@dataclass(slots=True)
class ByteCounts:
    """Where every byte of a stream went; `total` is the sum of the four kinds."""

    good: int = 0
    bad_checksum: int = 0
    unknown: int = 0
    noise: int = 0
    frames: int = 0
    bad_checksum_frames: int = 0
    unknown_frames: int = 0

    @property
    def total(self) -> int:
        """Bytes accounted for."""
        return self.good + self.bad

    @property
    def bad(self) -> int:
        """Bytes that belong to no good frame."""
        return self.bad_checksum + self.unknown + self.noise

    def count(self, found: Found) -> None:
        """Account for what was found."""
        if found.verdict is Verdict.GOOD:
            self.good += found.size
            self.frames += 1
        elif found.verdict is Verdict.BAD_CHECKSUM:
            self.bad_checksum += found.size
            self.bad_checksum_frames += 1
        elif found.verdict is Verdict.UNKNOWN:
            self.unknown += found.size
            self.unknown_frames += 1
        else:
            self.noise += found.size


class HiddenFrames:
    """Finds good frames inside what only looks like one.

    In a flood of bytes that look like starts, each claim covers the next 200 starts. So each place
    is looked at once, however many claims cover it. Places count from the stream's first byte.
    """

    def __init__(self) -> None:
        self._looked = 0
        """All starts before this place are known, or in `_open`."""
        self._open: list[tuple[int, int]] = []
        """A heap of starts whose end has not come yet: where to look again, and the start."""
        self._good: list[tuple[int, int]] = []
        """Start and end of the good frames found."""

    def lies_within(self, data: bytes, begin: int, start: int, end: int) -> bool:
        """Whether a good frame lies inside a claim, behind its first byte.

        Args:
            data: bytes of the stream.
            begin: place of the first of them in the stream.
            start: where in `data` the claim starts, never before that of an earlier question.
            end: where it ends.
        """
        first, last = begin + start, begin + end
        place = _next_magic(data, max(self._looked - begin, start + 1))
        while place < end:
            heappush(self._open, (begin + place, begin + place))
            place = _next_magic(data, place + 1)
        self._looked = max(self._looked, last)
        available = begin + len(data)
        while self._open and self._open[0][0] <= available:
            _, place = heappop(self._open)
            if place > first:
                self._look(data, begin, place)
        self._good = [found for found in self._good if found[0] > first]
        return any(stop <= last for _, stop in self._good)

    def _look(self, data: bytes, begin: int, place: int) -> None:
        found = frame_at(data, place - begin)
        if found.verdict is Verdict.INCOMPLETE:
            heappush(self._open, (place + found.size, place))
        elif found.verdict is Verdict.GOOD:
            self._good.append((place, place + found.size))


class FrameParser:
    """Finds frames in bytes that come in pieces; how they are cut changes nothing.

    A piece that only looks like a frame (noise with a magic byte in it) must not swallow the
    real frame behind its start. So a claim without a good checksum is believed only where the
    next frame begins right behind it, and no good frame lies inside it.
    """

    def __init__(self) -> None:
        self.counts = ByteCounts()
        self._pending = b""
        self._begin = 0
        self._hidden = HiddenFrames()

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame, or for what follows them."""
        return len(self._pending)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; give the frames that they complete."""
        data = self._pending + data if self._pending else data
        frames: list[Frame] = []
        counts = self.counts
        position = 0
        end = len(data)
        while position < end:
            found = frame_at(data, position)
            verdict = found.verdict
            if verdict is Verdict.GOOD:
                assert found.frame is not None
                frames.append(found.frame)
            elif verdict is Verdict.INCOMPLETE:
                break
            elif verdict is not Verdict.NOISE:
                behind = position + found.size
                if behind == end:
                    break  # the next byte shows what it is
                if data[behind] not in (MAGIC_V1, MAGIC_V2) or self._hidden.lies_within(
                    data, self._begin, position, behind
                ):
                    verdict = Verdict.NOISE
            if verdict is Verdict.NOISE:
                following = _next_magic(data, position + 1)
                counts.noise += following - position
                position = following
            else:
                counts.count(found)
                position += found.size
        self._pending = data[position:]
        self._begin += position
        return frames

    def finish(self) -> list[Frame]:
        """Decide what waits for a rest that will not come; give the frames that were behind it."""
        frames: list[Frame] = []
        while self._pending:
            rest, self._pending = self._pending, b""
            found = frame_at(rest, 0)
            if found.size == len(rest) > 1 and not self._hidden.lies_within(
                rest, self._begin, 0, len(rest)
            ):
                self.counts.count(found)
                self._begin += len(rest)
            else:
                self.counts.noise += 1
                self._begin += 1
                frames += self.feed(rest[1:])
        return frames


def _next_magic(data: bytes, start: int) -> int:
    """Index of the next byte that can begin a frame, or the end."""
    match = _MAGIC.search(data, start)
    return len(data) if match is None else match.start()
