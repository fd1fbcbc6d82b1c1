"""The parser: every frame found, whatever surrounds it, and every byte accounted for."""

import random
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from aerostream_edge.mavlink.frames import (
    Frame,
    FrameParser,
    HiddenFrames,
    Verdict,
    checksum,
    frame_at,
)
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import all as dialect
from pymavlink.generator.mavcrc import x25crc
from support.packets import MESSAGE_CLASSES, heartbeat, message, pack, random_message
from support.recorded import OWN_FLIGHTS

BOOT_TEXT = b"\r\nArduPilot boot\r\nInit Gyro***\r\nReady to FLY  "
MAGICS = b"\xfd\xfe"


def parsed(*pieces: bytes) -> tuple[list[Frame], FrameParser]:
    parser = FrameParser()
    frames = [frame for piece in pieces for frame in parser.feed(piece)]
    frames += parser.finish()
    return frames, parser


def attitudes(count: int, **how: Any) -> list[bytes]:
    return [
        pack(message("ATTITUDE", time_boot_ms=n * 100, roll=0.5), sequence=n % 128, **how)
        for n in range(count)
    ]


def without_magic(packets: list[bytes]) -> list[bytes]:
    """Those in which no byte but the first looks like a frame's start."""
    return [each for each in packets if not any(magic in each[1:] for magic in MAGICS)]


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Bytes of all kinds in any order, cut anywhere."""
    rnd = random.Random(draw(st.integers(0, 1 << 32)))
    parts = []
    for kind in draw(st.lists(st.sampled_from("fnutbs"), max_size=12)):
        packet = pack(random_message(rnd.choice(sorted(MESSAGE_CLASSES)), rnd))
        if kind == "n":
            packet = rnd.randbytes(rnd.randrange(40))
        elif kind == "u":
            packet = packet[:7] + b"\xff\xff\x7f" + packet[10:]
        elif kind == "t":
            packet = packet[: rnd.randrange(len(packet))]
        elif kind == "b":
            packet = packet[:-2] + bytes((packet[-2] ^ 1, packet[-1]))
        elif kind == "s":
            packet = rnd.choice((b"\xfd", b"\xfe", b"\xfe\xff", b"\xfd\xff\x00\x00")) + packet
        parts.append(packet)
    stream = b"".join(parts)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    return stream, pieces


@given(st.lists(st.binary(max_size=300)))
def test_any_bytes_in_any_pieces_are_all_accounted_for(pieces: list[bytes]) -> None:
    parser = FrameParser()
    fed = 0
    for piece in pieces:
        parser.feed(piece)
        fed += len(piece)
        assert parser.counts.total + parser.pending == fed
    parser.finish()
    assert parser.pending == 0
    assert parser.counts.total == fed


@given(streams())
def test_how_a_stream_is_cut_changes_nothing(cut_stream: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = cut_stream
    whole, whole_parser = parsed(stream)
    cut, cut_parser = parsed(*pieces)
    single, single_parser = parsed(*(bytes((byte,)) for byte in stream))
    assert cut == whole == single
    assert cut_parser.counts == whole_parser.counts == single_parser.counts
    assert whole_parser.counts.total == len(stream)
    assert whole_parser.counts.good == sum(frame.size for frame in whole)


@given(st.binary(max_size=300))
def test_the_checksum_equals_pymavlinks(data: bytes) -> None:
    assert checksum(data) == x25crc(data).crc


@pytest.mark.parametrize("size", [1, 3, 1000], ids="pieces of {} bytes".format)
def test_frames_between_boot_text_are_found(size: int) -> None:
    packets = attitudes(20)
    stream = BOOT_TEXT + b"".join(packet + BOOT_TEXT for packet in packets)
    frames, parser = parsed(*(stream[n : n + size] for n in range(0, len(stream), size)))
    assert [frame.sequence for frame in frames] == list(range(20))
    assert parser.counts.noise == 21 * len(BOOT_TEXT)


@pytest.mark.parametrize("size", [1, 7, 100_000], ids="pieces of {} bytes".format)
def test_noise_with_magic_bytes_in_it_hides_no_frame(size: int) -> None:
    rnd = random.Random(5)
    packets = without_magic(attitudes(400))
    assert len(packets) > 300
    stream = b""
    for packet in packets:
        noise = bytes(rnd.choice(b"\xfd\xfe\xff\x00\x09\x1e\x40") for _ in range(rnd.randrange(30)))
        stream += noise + packet
    frames, parser = parsed(*(stream[n : n + size] for n in range(0, len(stream), size)))
    assert [frame.sequence for frame in frames] == [packet[4] for packet in packets]
    assert parser.counts.total == len(stream)


@pytest.mark.parametrize("stray", [b"\xfe", b"\xfd", b"\xfe\x21", b"\xfd\xff\x00\x00", b"\xfe\xff"])
def test_a_stray_start_before_frames_hides_none_even_byte_by_byte(stray: bytes) -> None:
    packets = without_magic(attitudes(30))
    stream = stray + b"".join(packets)
    frames, parser = parsed(*(bytes((byte,)) for byte in stream))
    assert len(frames) == len(packets)
    assert parser.counts.noise == len(stray)


def test_a_bad_checksum_costs_its_own_frame_only() -> None:
    good = attitudes(9)
    damaged = bytearray(good[4])
    damaged[15] ^= 0x10
    frames, parser = parsed(b"".join([*good[:4], bytes(damaged), *good[5:]]))
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert parser.counts.bad_checksum_frames == 1
    assert parser.counts.bad_checksum == len(damaged)
    assert parser.counts.noise == 0


def test_unknown_messages_are_stepped_over_and_counted() -> None:
    good = attitudes(3)
    unknown = b"\xfd\x04\x00\x00\x09\x01\x01\xff\xff\x7fabcd\x12\x34"
    frames, parser = parsed(good[0] + unknown + good[1] + unknown + good[2] + unknown)
    assert len(frames) == 3
    assert parser.counts.unknown_frames == 3
    assert parser.counts.unknown == 3 * len(unknown)
    assert parser.counts.noise == 0


def test_mavlink_1_and_2_and_signed_frames_are_found_in_one_stream() -> None:
    one, two = pack(heartbeat(), version=1), pack(heartbeat())
    signed = pack(heartbeat(), signed=True)
    assert (one[0], two[0], signed[2]) == (0xFE, 0xFD, 1)
    frames, parser = parsed(one + two + signed + one + signed + two)
    assert [frame.version for frame in frames] == [1, 2, 2, 1, 2, 2]
    assert [frame.size for frame in frames] == [
        len(packet) for packet in (one, two, signed, one, signed, two)
    ]
    assert parser.counts.bad == 0


def test_frames_with_flags_that_nobody_knows_are_dropped_as_the_protocol_says() -> None:
    strange = bytearray(attitudes(1)[0])
    strange[2] = 0x02
    frames, parser = parsed(bytes(strange) + pack(heartbeat()))
    assert [frame.message_id for frame in frames] == [0]
    assert parser.counts.noise == len(strange)


def test_frames_behind_a_start_that_never_ends_come_when_the_link_ends() -> None:
    parser = FrameParser()
    good = without_magic(attitudes(3))
    assert parser.feed(b"\xfd\xff\x00\x00" + b"".join(good)) == []
    assert parser.finish() == FrameParser().feed(b"".join(good))
    assert parser.counts.noise == 4


@pytest.mark.parametrize("path", OWN_FLIGHTS, ids=lambda path: path.stem)
def test_frames_of_a_recorded_flight_equal_pymavlinks(path: Path) -> None:
    data = path.read_bytes()
    stream = b""
    theirs = []
    decoder = dialect.MAVLink(None)
    position = 0
    while position + 8 < len(data):
        start = position + 8
        overhead = 8 if data[start] == 0xFE else 12 + 13 * (data[start + 2] & 1)
        position = start + data[start + 1] + overhead
        raw = data[start:position]
        stream += raw
        try:
            found = decoder.decode(bytearray(raw))
        except dialect.MAVError:
            continue
        if not found.get_type().startswith("UNKNOWN"):
            header = found.get_header()
            payload = raw[6:-2] if raw[0] == 0xFE else raw[10 : 10 + raw[1]]
            theirs.append(
                (header.msgId, header.srcSystem, header.srcComponent, header.seq, payload, len(raw))
            )
    ours, parser = parsed(stream)
    assert [tuple(frame) for frame in ours] == theirs
    assert parser.counts.total == len(stream)
    assert parser.counts.noise == 0


def looks(pieces: list[bytes]) -> tuple[int, FrameParser]:
    """How often the parser looked at a place of these bytes as the start of a frame."""
    count = 0

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is frame_at.__code__

    parser = FrameParser()
    sys.setprofile(profile)
    try:
        for piece in pieces:
            parser.feed(piece)
        parser.finish()
    finally:
        sys.setprofile(None)
    return count, parser


GOOD = pack(message("ATTITUDE", time_boot_ms=1, roll=0.5))
FLOODS = {
    "filler": b"\xfe" * 20_000,
    "filler of MAVLink 2": b"\xfd" * 20_000,
    "both": b"\xfe\xfd" * 10_000,
    "filler with good frames in it": (b"\xfe" * 240 + GOOD) * 70,
    "claims of all sizes": bytes(byte for n in range(10_000) for byte in (0xFE, n % 256)),
    "claims that end before a start": (b"\xfe\x80" + b"\xfe" * 136) * 145,
}


@pytest.mark.parametrize("piece", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_of_starts_costs_a_few_looks_a_byte(flood: bytes, piece: int) -> None:
    pieces = [flood[n : n + piece] for n in range(0, len(flood), piece)]
    count, parser = looks(pieces)
    assert parser.counts.total == len(flood)
    # A start is looked at by itself and inside a claim, each again where its header or its end
    # had not come; and what waits is looked at again with each piece.
    assert count <= 5 * len(flood) + len(pieces)


def plainly_holds_frame(data: bytes, start: int, end: int) -> bool:
    found = [(place, frame_at(data, place)) for place in range(start + 1, end)]
    return any(each.verdict is Verdict.GOOD and place + each.size <= end for place, each in found)


@given(streams(), st.randoms(use_true_random=False))
def test_a_good_frame_inside_a_claim_is_found_whenever_it_is_asked_for(
    stream: tuple[bytes, list[bytes]], rnd: random.Random
) -> None:
    data = b"\xfe" * rnd.randrange(5) + stream[0]
    hidden = HiddenFrames()
    begin = available = 0
    while begin < len(data) - 1:
        available = rnd.randint(max(available, begin + 2), len(data))
        start = rnd.randrange(begin, available - 1)
        end = rnd.randint(start + 1, available)
        answer = hidden.lies_within(data[begin:available], begin, start - begin, end - begin)
        assert answer == plainly_holds_frame(data, start, end)
        begin = start + 1
