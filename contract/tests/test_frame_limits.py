"""Hostile and oversized frames: one typed error each, at a bounded price."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aerostream_contract.channels import CHANNELS, ColumnKind, channel_named, passthrough
from aerostream_contract.columns import Cell, encodings
from aerostream_contract.errors import FrameError
from aerostream_contract.frame import (
    Clock,
    Section,
    SeriesRows,
    decode_frame,
    encode_frame,
    frame_identity,
    limits,
    restamp_frame,
)
from aerostream_contract.frame_pb2 import Frame
from aerostream_contract.times import EARLIEST_US, LATEST_US
from support.blocks import Block, frame_of, section_of
from support.frame_bombs import BOMBS
from support.frames import ALL_CHANNELS, NEW_YEAR_US

LANDED = CHANNELS["landed"]
#: A good block of the channel `landed`: two rows, both columns DELTAS.
GOOD = Block(channel=LANDED.number, rows=2, tick_us=1000, layout=b"\x33", values=[0, 5, 1, 2, 3, 4])


def good(**changes: object) -> Block:
    return replace(GOOD, **changes)  # type: ignore[arg-type]  # any field of a block


def test_the_good_block_of_these_tests_is_good() -> None:
    decoded = decode_frame(frame_of(section_of(good())))
    assert decoded.problems == []
    assert decoded.blocks[0].columns == [[1, 3], [3, 7]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"channel": 9999}, "channel number 9999 is not in the channel table"),
        ({"channel": 0, "message": 16_000_000}, "MAVLink message 16000000 is not known"),
        ({"rows": 0}, "has 0 rows"),
        ({"rows": 3}, "fewer integers|columns take"),
        ({"rows": 5}, "fewer integers|columns take"),
        ({"rows": 6}, "fewer integers|columns take"),
        ({"tick_us": 0}, "tick of 0"),
        ({"tick_us": 1_000_001}, "tick of 1000001"),
        ({"instance": "1"}, "channel landed has no instance '1'"),
        ({"instance": "9" * 65}, "has not 1 to 64 characters"),
        ({"instance": ""}, "has not 1 to 64 characters"),
        ({"channel": CHANNELS["battery"].number, "instance": ""}, "has not 1 to 64 characters"),
        ({"layout": b"\x34"}, "fewer integers|columns take"),
        ({"layout": b""}, "6 integers, too many for it"),
        ({"layout": b"\x8f"}, "unknown encoding 15"),
        ({"layout": b"\x33" * 257}, "more than 512 columns"),
        ({"values": [0, 5, 1, 2, 3]}, "columns take 6 integers of 5"),
        ({"values": [0, 5, 1, 2, 3, 4, 5]}, "columns take 6 integers of 7"),
        ({"values": [0, 5]}, "fewer integers|columns take"),
        ({"values": [0] * 1000}, "1000 integers, too many for it"),
        ({"values": [1 << 62, 0, 1, 2, 3, 4]}, "times outside the years"),
        ({"values": [0, 5, 1 << 62, 1 << 62, 3, 4]}, "exceeds 64 bits"),
        ({"values": [0, 5, -(1 << 63), -1, 3, 4]}, "exceeds 64 bits"),
        ({"layout": b"\x36", "values": [0, 5, 3, 9, 9, 9]}, "3 null runs in 2 rows"),
        ({"layout": b"\x36", "values": [0, 5, -1, 9]}, "-1 null runs in 2 rows"),
        ({"layout": b"\x36", "values": [0, 5, 1, 0, 3, 9]}, "null run outside its 2 rows"),
        ({"layout": b"\x36", "values": [0, 5, 1, -1, 1, 9]}, "null run outside its 2 rows"),
        ({"layout": b"\x36", "values": [0, 5, 1, 0, 0, 9]}, "null run outside its 2 rows"),
        ({"layout": b"\x36", "values": [0, 5, 1, 0, 1 << 62]}, "null run outside its 2 rows"),
        ({"layout": b"\x36", "values": [0, 5, 2, 0, 1]}, "fewer integers"),
    ],
)
def test_a_block_that_breaks_a_rule_is_a_problem_and_the_others_stand(
    changes: dict[str, object], said: str
) -> None:
    decoded = decode_frame(frame_of(section_of(good(), good(**changes), good())))

    assert len(decoded.blocks) == 2
    [problem] = decoded.problems
    assert _matches(problem, said), problem
    assert len(problem) < 300


@pytest.mark.parametrize("component", [256, (1 << 32) - 1])
def test_a_component_that_mavlink_does_not_have_is_refused(component: int) -> None:
    decoded = decode_frame(frame_of(section_of(good(), component=component)))
    assert decoded.blocks == []
    assert "is not 0 to 255" in decoded.problems[0]


@pytest.mark.parametrize("offset_us", [-(1 << 63), EARLIEST_US - 1, LATEST_US])
def test_times_outside_the_calendar_are_refused(offset_us: int) -> None:
    decoded = decode_frame(frame_of(section_of(good(), offset_us=offset_us)))
    assert "times outside the years 1 to 9999" in decoded.problems[0]


def test_times_up_to_the_ends_of_the_calendar_are_read() -> None:
    first = decode_frame(frame_of(section_of(good(), offset_us=EARLIEST_US)))
    last = decode_frame(frame_of(section_of(good(), offset_us=LATEST_US - 5000)))
    assert first.blocks[0].times[0] == EARLIEST_US
    assert last.blocks[0].times[-1] == LATEST_US


@pytest.mark.parametrize("encoding", [4, 5])
def test_a_clock_column_cannot_leave_64_bits(encoding: int) -> None:
    block = good(layout=bytes([0x10 | encoding]), values=[0, 5, (1 << 63) - 1])
    assert "exceeds 64 bits" in decode_frame(frame_of(section_of(block))).problems[0]


@pytest.mark.parametrize("index", [-1, 2, 1 << 62])
def test_a_text_that_the_section_does_not_have_is_refused(index: int) -> None:
    block = text_block(index)
    good_one = text_block(1)

    decoded = decode_frame(frame_of(section_of(block, good_one, texts=["a", "b"])))

    assert "column text holds no text" in decoded.problems[0]
    assert decoded.blocks[0].columns == [[4], ["b"], ["a"]]


def test_a_text_is_not_found_in_another_section() -> None:
    decoded = decode_frame(
        frame_of(section_of(text_block(0), texts=["a"]), section_of(text_block(0), offset_us=0))
    )
    assert [block.columns for block in decoded.blocks] == [[[4], ["a"], ["a"]]]
    assert "column text holds no text" in decoded.problems[0]


def test_a_text_that_is_no_utf_8_is_no_frame() -> None:
    payload = frame_of(section_of(text_block(0), texts=["abcd"])).replace(b"abcd", b"ab\xffd")
    with pytest.raises(FrameError, match="not a frame"):
        decode_frame(payload)


@pytest.mark.parametrize("kind", ColumnKind)
def test_doubles_are_read_only_where_steps_may_overflow(kind: ColumnKind) -> None:
    channel, column = next(
        (channel, column)
        for channel in ALL_CHANNELS
        for column, field in enumerate(channel.fields)
        if channel.message_id and field.kind is kind
    )
    nibbles = [0] * column + [7, 0]
    layout = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=False))
    bits = struct.unpack("<q", struct.pack("<d", 1e300))[0]
    block = Block(message=channel.message_id, rows=1, layout=layout, values=[0, 0, bits])

    decoded = decode_frame(frame_of(section_of(block)))

    if kind is ColumnKind.STEPS:
        assert decoded.blocks[0].columns[column] == [1e300]
    else:
        assert f"holds {kind.value}, not DOUBLE" in decoded.problems[0]


def test_a_single_float_out_of_its_32_bits_is_refused() -> None:
    channel = channel_named("mav_attitude")
    block = Block(message=channel.message_id, rows=1, layout=b"\x20", values=[0, 1 << 40])
    assert "holds no float32" in decode_frame(frame_of(section_of(block))).problems[0]


def test_columns_of_a_newer_schema_are_skipped_and_missing_ones_are_null() -> None:
    newer = good(layout=b"\x33\x63", values=[*GOOD.values, 7, 8, 1, 0, 1, 5])
    older = good(layout=b"\x03", values=GOOD.values[:4])

    decoded = decode_frame(frame_of(section_of(newer, older)))

    assert decoded.problems == []
    assert [block.columns for block in decoded.blocks] == [
        [[1, 3], [3, 7]],
        [[1, 3], [None, None]],
    ]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "payload is empty"),
        (b"{}", "not a frame|epoch"),
        (b"\xff" * 10, "not a frame"),
        (b"\x00" * 10, "not a frame"),
        (bytes(limits.MAX_FRAME_BYTES + 1), "larger than"),
        (Frame(number=5).SerializeToString(), "epoch 0"),
        (Frame(epoch=1 << 53).SerializeToString(), "epoch 9007199254740992"),
        (Frame(epoch=1, number=1 << 53).SerializeToString(), "number 9007199254740992"),
        (Frame(epoch=1, deflated=b"nonsense").SerializeToString(), "inflate|cut off"),
        (Frame(epoch=1, deflated=zlib.compress(b"")).SerializeToString(), "inflate|cut off"),
    ],
)
def test_what_is_not_a_frame_says_why(payload: bytes, said: str) -> None:
    with pytest.raises(FrameError) as raised:
        decode_frame(payload)
    assert _matches(str(raised.value), said), raised.value


def test_a_deflated_body_that_is_cut_off_or_nonsense_inside_is_refused() -> None:
    body = raw_deflated(b"\x0a\x00" * 50)
    with pytest.raises(FrameError, match="cut off"):
        decode_frame(Frame(epoch=1, deflated=body[:-1]).SerializeToString())
    with pytest.raises(FrameError, match="inflated body"):
        decode_frame(Frame(epoch=1, deflated=raw_deflated(b"\xff" * 50)).SerializeToString())


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_costs_bounded_time_and_memory(name: str) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to read a process's greatest memory")
    tests = Path(__file__).parents[2] / "tests"
    done = subprocess.run(
        [sys.executable, "-m", "support.frame_bombs", name],
        cwd=tests,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome, seconds, megabytes = done.stdout.split()
    assert outcome in ("FrameError", "decoded")
    assert float(seconds) < 3
    assert float(megabytes) < 120


def test_hostile_layouts_and_message_ids_leave_nothing_behind_in_memory() -> None:
    for number in range(3000):
        encodings(number.to_bytes(4, "little"))
        passthrough(1_000_000 + number)
    for cached in (encodings, passthrough):
        assert cached.cache_info().maxsize == 1024
        assert cached.cache_info().currsize <= 1024


def test_encoding_refuses_what_decoding_would() -> None:
    one: list[tuple[int, Sequence[Cell]]] = [(0, [0, 1])]

    def encode(*series: SeriesRows, component: int = 1, epoch: int = 1, number: int = 1) -> bytes:
        sections = [Section(component, 0, Clock.BOOT, NEW_YEAR_US, list(series))] if series else []
        return encode_frame(epoch, number, sections)

    rows = SeriesRows(LANDED, "0", one)
    assert decode_frame(encode(rows)).problems == []
    with pytest.raises(FrameError, match="epoch 0"):
        encode(rows, epoch=0)
    with pytest.raises(FrameError, match="number -1"):
        encode(rows, number=-1)
    with pytest.raises(FrameError, match="more than 4096 rows"):
        encode(SeriesRows(LANDED, "0", one * 4097))
    with pytest.raises(FrameError, match="more than 2000 blocks"):
        encode(*[rows] * 2001)
    with pytest.raises(FrameError, match="2001 sections"):
        encode_frame(1, 1, [Section(1, 0, Clock.BOOT, 0, [rows])] * 2001)
    with pytest.raises(FrameError, match="10001 events"):
        encode_frame(1, 1, [], [b""] * 10_001)
    with pytest.raises(FrameError, match="more than 500000 values"):
        encode(*[SeriesRows(LANDED, "0", one * 4096)] * 62)
    for instance in ("", "x" * 65):
        with pytest.raises(FrameError, match="has not 1 to 64 characters"):
            encode(SeriesRows(channel_named("battery"), instance, one))
    for component in (-1, 256):
        with pytest.raises(FrameError, match=f"component {component} is not 0 to 255"):
            encode(rows, component=component)
    event: list[tuple[int, Sequence[Cell]]] = [(0, [0, "x" * 1000, ""])]
    with pytest.raises(FrameError, match="characters of text"):
        encode(SeriesRows(channel_named("event"), "statustext", event * 1001))
    with pytest.raises(FrameError, match="cannot be encoded"):
        encode(SeriesRows(LANDED, "0", [(0, [-(1 << 62), 0]), (0, [1 << 62, 0])]))
    with pytest.raises(FrameError, match="body of"):
        encode_frame(1, 1, [], [bytes(limits.MAX_BODY_BYTES + 1)])


def test_a_frame_too_large_for_the_broker_is_not_made() -> None:
    noise = zlib.compress(bytes(range(256))) * 8000
    incompressible = bytes(
        byte ^ (index * 2654435761 >> 13) & 0xFF for index, byte in enumerate(noise)
    )
    with pytest.raises(FrameError, match="larger than 262144"):
        encode_frame(1, 1, [], [incompressible[: limits.MAX_FRAME_BYTES * 2]])


def test_moving_a_frame_out_of_the_calendar_is_refused() -> None:
    payload = frame_of(section_of(good()))
    for shift in (1 << 62, -(1 << 62), 1 << 70):
        with pytest.raises(FrameError, match="leaves the calendar"):
            restamp_frame(payload, {(1, 0, Clock.BOOT): shift})


@pytest.mark.parametrize("payload", [b"", b"\xff\xff", b"\x10\x01\x2a\x02\xff\xff"])
def test_restamping_and_naming_refuse_what_is_not_a_frame(payload: bytes) -> None:
    with pytest.raises(FrameError):
        restamp_frame(payload, {})
    if payload[:1] != b"\x10":  # the identity does not look into the body
        with pytest.raises(FrameError):
            frame_identity(payload)


def text_block(index: int) -> Block:
    """An event with the first of its section's texts as data, and one of them as text."""
    return Block(
        channel=80, instance="statustext", rows=1, layout=b"\x22\x01", values=[0, 4, index]
    )


def raw_deflated(body: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(body) + compressor.flush()


def _matches(text: str, said: str) -> bool:
    return any(part in text for part in said.split("|"))
