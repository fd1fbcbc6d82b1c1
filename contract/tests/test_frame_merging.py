"""Merging: one frame with the content of many, exactly."""

import random
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from aerostream_contract.channels import CHANNELS, ColumnKind, channel_named
from aerostream_contract.columns import Cell, Value
from aerostream_contract.errors import FrameError
from aerostream_contract.frame import (
    Clock,
    Section,
    SeriesRows,
    decode_frame,
    encode_frame,
    frame_identity,
    frame_numbers,
    limits,
    merge_frames,
    move_frame,
    restamp_frame,
)
from aerostream_contract.frame.envelope import parsed_body, parsed_frame
from aerostream_contract.frame_pb2 import Body, Frame
from aerostream_contract.frame_pb2 import Section as WireSection
from aerostream_contract.times import EARLIEST_US
from hypothesis import given, settings
from hypothesis import strategies as st
from support.blocks import Block, section_of
from support.frames import ALL_CHANNELS, NEW_YEAR_US, columns, random_sections
from support.frames import times as row_times

LANDED = CHANNELS["landed"]
EVENT = CHANNELS["event"]

#: Channels with every kind of column in them; few, so that frames have series in common.
MIXED = [
    LANDED,
    EVENT,
    CHANNELS["battery"],
    CHANNELS["system_time"],
    *(
        next(
            channel
            for channel in ALL_CHANNELS
            if channel.message_id and any(field.kind is kind for field in channel.fields)
        )
        for kind in ColumnKind
    ),
]

Content = tuple[Counter[tuple[object, ...]], list[bytes], list[str]]


@st.composite
def frames(draw: st.DrawFn, number: int) -> bytes:
    """A frame of a few series, sections and events."""
    sections = []
    for _ in range(draw(st.integers(0, 3))):
        series = []
        for _ in range(draw(st.integers(1, 3))):
            channel = draw(st.sampled_from(MIXED))
            instance = channel.sources[0].instance or draw(st.sampled_from(["0", "one", "ä"]))
            times = draw(row_times(draw(st.integers(1, 5))))
            cells = [draw(columns(field, times)) for field in channel.fields]
            rows: list[tuple[int, Sequence[Cell]]] = [
                (time, row) for time, *row in zip(times, *cells, strict=True)
            ]
            series.append(SeriesRows(channel, instance, rows))
        boot, clock = draw(st.integers(0, 1)), draw(st.sampled_from(list(Clock)))
        offset_us = NEW_YEAR_US + draw(st.sampled_from([0, 0, 1_000_000, -7]))
        sections.append(Section(draw(st.integers(1, 2)), boot, clock, offset_us, series))
    events = [b'{"event":%d}' % index for index in range(draw(st.integers(0, 2)))]
    return encode_frame(5, number, sections, events)


@st.composite
def many_frames(draw: st.DrawFn) -> list[bytes]:
    """Frames of one epoch with numbers of their own, in any order."""
    numbers = draw(st.lists(st.integers(0, 12), min_size=1, max_size=6, unique=True))
    return [draw(frames(number)) for number in numbers]


@given(many_frames())
@settings(max_examples=150, deadline=None)
def test_a_merged_frame_has_exactly_the_content_of_its_parts(payloads: list[bytes]) -> None:
    merged = merge_frames(payloads)

    assert content(merged) == contents(payloads)
    epoch, ranges = frame_numbers(merged)
    assert [n for first, last in ranges for n in range(first, last + 1)] == sorted(
        frame_identity(payload)[1] for payload in payloads
    )
    decoded = decode_frame(merged)
    assert (decoded.epoch, decoded.numbers) == (epoch, ranges) == (5, ranges)
    assert frame_identity(merged) == (5, decoded.number) == (5, ranges[-1][1])


@given(st.data(), many_frames())
@settings(max_examples=40, deadline=None)
def test_merged_frames_can_be_merged_again_in_any_grouping(
    data: st.DataObject, payloads: list[bytes]
) -> None:
    cut = data.draw(st.integers(0, len(payloads)))
    groups = [group for group in (payloads[:cut], payloads[cut:]) if group]

    again = merge_frames([merge_frames(group) for group in groups])

    assert content(again)[0] == contents(payloads)[0]
    assert Counter(content(again)[1]) == Counter(contents(payloads)[1])
    assert frame_numbers(again) == frame_numbers(merge_frames(payloads))


@given(many_frames(), st.integers(-(10**12), 10**12))
@settings(max_examples=40, deadline=None)
def test_moving_a_merged_frame_moves_all_of_its_parts(payloads: list[bytes], by_us: int) -> None:
    shifts = {(1, 0, Clock.BOOT): by_us, (2, 1, Clock.RECEIPT): -by_us}
    merged = merge_frames(payloads)

    restamped, moved = restamp_frame(merged, shifts), move_frame(merged, by_us)

    assert content(restamped) == contents([restamp_frame(each, shifts) for each in payloads])
    assert content(moved) == contents([move_frame(each, by_us) for each in payloads])
    assert frame_numbers(restamped) == frame_numbers(moved) == frame_numbers(merged)


@pytest.mark.parametrize(
    ("numbers", "ranges", "others"),
    [
        ([7], [(7, 7)], []),
        ([0], [(0, 0)], []),
        ([0, 1], [(0, 1)], [0, 0]),
        ([3, 4, 5], [(3, 5)], [3, 4]),
        ([9, 3, 5, 4], [(3, 5), (9, 9)], [3, 5]),
        ([1, 3, 4], [(1, 1), (3, 4)], [1, 1, 3, 3]),
    ],
)
def test_all_numbers_of_a_merged_frame_are_named_as_ranges(
    numbers: list[int], ranges: list[tuple[int, int]], others: list[int]
) -> None:
    merged = merge_frames([frame(number) for number in numbers])

    assert frame_numbers(merged) == (1, ranges)
    assert list(Frame.FromString(merged).others) == others


def test_series_become_one_block_although_their_frames_have_other_offsets() -> None:
    payloads = [frame(number, [(number * 1000, [1, number])]) for number in range(20)]

    merged = merge_frames(payloads)

    [block] = decode_frame(merged).blocks
    assert block.times == [NEW_YEAR_US + number * 1000 for number in range(20)]
    assert block.columns == [[1] * 20, [*range(20)]]
    assert len(merged) < sum(map(len, payloads)) / 5


def test_boots_components_clocks_and_instances_stay_apart() -> None:
    battery = channel_named("battery")
    cells: list[Cell] = [1] * len(battery.fields)

    def one(number: int, instance: str, **changes: object) -> bytes:
        section = Section(
            1, 0, Clock.BOOT, NEW_YEAR_US, [SeriesRows(battery, instance, [(0, cells)])]
        )
        return encode_frame(1, number, [replace(section, **changes)])  # type: ignore[arg-type]

    payloads = [
        one(0, "0"),
        one(1, "0", component=2),
        one(2, "0", boot=1),
        one(3, "0", clock=Clock.RECEIPT),
        one(4, "1"),
        one(5, "0", offset_us=NEW_YEAR_US + 5),
    ]
    merged = merge_frames(payloads)

    assert len(decode_frame(merged).blocks) == 5
    assert content(merged) == contents(payloads)
    assert content(restamp_frame(merged, {(1, 1, Clock.BOOT): 99}))[0] != content(merged)[0]


def test_steps_too_large_for_a_float_are_not_merged_with_floats() -> None:
    large, small = (1 << 62) - 1, 5
    parts = [
        frame(number, [(number, [cell, 0])]) for number, cell in enumerate([large, 1e300, small])
    ]

    merged = merge_frames(parts)

    found = {
        block.times[0] - NEW_YEAR_US + row: value
        for block in decode_frame(merged).blocks
        for row, value in enumerate(block.columns[0])
    }
    assert large in found.values()
    assert {type(value) for value in found.values()} == {int, float}
    assert content(merged) == contents(parts)


def test_more_rows_than_a_block_may_have_become_several_blocks() -> None:
    parts = [
        frame(number, [(number * 10**7 + row * 1000, [1, 2]) for row in range(1500)])
        for number in range(6)
    ]

    merged = merge_frames(parts)

    assert [len(block.times) for block in decode_frame(merged).blocks] == [3000, 3000, 3000]
    assert content(merged) == contents(parts)


def test_what_is_not_understood_is_kept_as_it_is_and_spoils_nothing() -> None:
    good = Block(channel=LANDED.number, rows=2, layout=b"\x33", values=[0, 5, 1, 2, 3, 4])
    too_early = section_of(good, offset_us=EARLIEST_US - 1)
    unknown_channel = section_of(replace(good, channel=9999), good)
    newer_columns = section_of(replace(good, layout=b"\x33\x13", values=[*good.values, 7, 8]))
    newer_clock = section_of(good, clock=7)
    torn = section_of(good)
    torn.rows.pop()
    older = section_of(replace(good, layout=b"\x03", values=good.values[:4]))
    odd = [too_early, unknown_channel, newer_columns, newer_clock, torn]
    payloads = [
        wire_frame(number, after_each_other(section_of(good), section))
        for number, section in enumerate([*odd, older])
    ]

    merged = merge_frames(payloads)

    assert content(merged) == contents(payloads)
    assert len(decode_frame(merged).problems) == 3
    # What is understood is one block; the odd sections follow, but for their offsets as they were.
    assert len(decode_frame(merged).blocks[0].times) == 7 * 2
    kept = parsed_body(parsed_frame(merged)).sections[1:]
    for section, before in zip(kept, odd, strict=True):
        before.offset_us = section.offset_us
        assert section == before


def test_events_stay_in_the_order_of_their_frames() -> None:
    parts = [encode_frame(1, number, [], [b"%d" % number, b"x"]) for number in (3, 1, 2)]
    assert decode_frame(merge_frames(parts)).events == [b"1", b"x", b"2", b"x", b"3", b"x"]


def test_the_newest_schema_of_the_parts_is_the_whole_ones() -> None:
    parts = [Frame(schema=schema, epoch=1, number=schema).SerializeToString() for schema in (3, 9)]
    assert decode_frame(merge_frames(parts)).schema == 9


def test_a_receiver_that_knows_no_merged_frames_reads_all_but_the_numbers() -> None:
    merged = merge_frames([frame(number) for number in range(3)])
    old = Frame.FromString(merged)
    old.ClearField("others")

    decoded = decode_frame(old.SerializeToString())

    assert decoded.numbers == [(2, 2)]
    assert content(old.SerializeToString()) == content(merged)


def test_what_cannot_be_one_is_refused() -> None:
    with pytest.raises(FrameError, match="0 epochs"):
        merge_frames([])
    with pytest.raises(FrameError, match="2 epochs"):
        merge_frames([frame(1), encode_frame(2, 2, [])])
    with pytest.raises(FrameError, match="a number occurs twice in 2 frames"):
        merge_frames([frame(1), frame(1)])
    with pytest.raises(FrameError, match="a number occurs twice in 2 frames"):
        merge_frames([merge_frames([frame(1), frame(2), frame(3)]), frame(2)])
    with pytest.raises(FrameError, match="not a frame"):
        merge_frames([frame(1), b"\xff\xff"])
    with pytest.raises(FrameError, match=r"inflate|cut off"):
        merge_frames([frame(1), Frame(epoch=1, number=2, deflated=b"xyz").SerializeToString()])


def test_a_result_that_would_break_a_limit_is_refused_and_fewer_are_not() -> None:
    noise = random.Random(1)
    texts = [encode_frame(1, n, [], [noise.randbytes(100_000)]) for n in range(3)]
    events = [encode_frame(1, n, [], [b""] * 4000) for n in range(3)]
    bodies = [encode_frame(1, n, [], [bytes(400_000)]) for n in range(3)]
    cells = [frame(n, [(row, [1, 2]) for row in range(4096)]) for n in range(62)]
    words: list[tuple[int, Sequence[Cell]]] = [(0, [0, "x" * 1000, ""])] * 400
    section = Section(1, 0, Clock.BOOT, 0, [SeriesRows(EVENT, "statustext", words)])
    letters = [encode_frame(1, n, [section]) for n in range(3)]
    series = [SeriesRows(EVENT, f"kind-{n}", [(0, [0, "", ""])]) for n in range(2100)]
    blocks = [
        encode_frame(1, n, [Section(1, 0, Clock.BOOT, 0, series[n * 700 : (n + 1) * 700])])
        for n in range(3)
    ]
    kept = [
        wire_frame(n, Body(sections=[section_of(clock=7) for _ in range(700)])) for n in range(3)
    ]
    kept_blocks = [
        wire_frame(n, Body(sections=[section_of(*[Block(channel=9999, rows=0)] * 700)]))
        for n in range(3)
    ]
    for parts, said in [
        (texts, "larger than 262144"),
        (events, "12000 events"),
        (bodies, "body of"),
        (cells, "more than 500000 values"),
        (letters, "characters of text"),
        (blocks, "more than 2000 blocks"),
        (kept, "2100 sections"),
        (kept_blocks, "more than 2000 blocks"),
        ([empty(n) for n in range(limits.MAX_FRAMES + 1)], "4097 frames in it"),
    ]:
        with pytest.raises(FrameError, match=said):
            merge_frames(parts)
        fewer = merge_frames(parts[:-1])
        assert content(fewer) == contents(parts[:-1])


def test_a_part_that_breaks_a_limit_by_itself_is_refused() -> None:
    bad = wire_frame(2, Body(sections=[section_of(*[Block(channel=9999)] * 2001)]))
    with pytest.raises(FrameError, match="more than 2000 blocks"):
        merge_frames([frame(1), bad])


@pytest.mark.parametrize("seed", range(4))
def test_damaged_frames_are_refused_or_merged_with_what_is_left_of_them(seed: int) -> None:
    rnd = random.Random(seed)
    good = frame(10**6)
    outcomes: Counter[str] = Counter()
    for number in range(1500):
        sections = random_sections(rnd, most_rows=3)
        body = parsed_body(parsed_frame(encode_frame(1, number, sections, [b"{}"])))
        raw = bytearray(body.SerializeToString())
        for _ in range(rnd.randrange(1, 4)):
            raw[rnd.randrange(len(raw))] ^= 1 << rnd.randrange(8)
        damaged = Frame(
            epoch=1, number=number, deflated=raw_deflated(bytes(raw))
        ).SerializeToString()
        try:
            wanted = contents([damaged, good])
        except FrameError:
            outcomes["no frame"] += 1
            with pytest.raises(FrameError):
                merge_frames([damaged, good])
            continue
        try:
            merged = merge_frames([damaged, good])
        except FrameError:
            # Two values of one column that no sender has, too far apart for one difference.
            outcomes["refused"] += 1
            continue
        outcomes["merged with problems" if wanted[2] else "merged"] += 1
        assert content(merged) == wanted
    assert {"no frame", "merged", "merged with problems"} <= outcomes.keys()
    assert outcomes["refused"] < 50


def test_values_too_far_apart_for_64_bits_are_refused() -> None:
    # Only a sender that breaks the contract of cells has them; each by itself can be read.
    ends = [-(1 << 63), (1 << 63) - 1]
    parts = [wire_frame(n, Body(sections=[section_of(wide(end))])) for n, end in enumerate(ends)]
    assert all(decode_frame(part).problems == [] for part in parts)
    with pytest.raises(FrameError, match="cannot be one"):
        merge_frames(parts)


@pytest.mark.parametrize(
    ("number", "others", "said"),
    [
        (5, [1], "1 ends of ranges"),
        (5, [1, 2, 3], "3 ends of ranges"),
        (5, [5, 5], "5…5 out of order"),
        (5, [4, 6], "4…6 out of order"),
        (5, [3, 2], "3…2 out of order"),
        (9, [1, 3, 3, 4], "3…4 out of order"),
        (9, [4, 5, 1, 2], "1…2 out of order"),
        (limits.MAX_NUMBER, [0, limits.MAX_NUMBER - 1], "expected at most 4096"),
        (5000, [0, 4095], "is 4097 frames"),
        (1 << 50, list(range(8194)), "8194 ends of ranges"),
        (1, [1 << 63, (1 << 64) - 1], "out of order"),
    ],
)
def test_numbers_that_no_merging_gives_are_refused(
    number: int, others: list[int], said: str
) -> None:
    payload = Frame(schema=1, epoch=1, number=number, others=others).SerializeToString()
    for read in (decode_frame, frame_numbers):
        with pytest.raises(FrameError, match=said):
            read(payload)
    assert frame_identity(payload) == (1, number)


def test_as_many_numbers_as_are_allowed_are_read() -> None:
    payload = Frame(epoch=1, number=5000, others=[0, 4094]).SerializeToString()
    assert frame_numbers(payload) == (1, [(0, 4094), (5000, 5000)])


def test_ranges_that_touch_are_read_as_they_are_and_the_last_takes_the_number() -> None:
    payload = Frame(epoch=1, number=6, others=[1, 2, 3, 5]).SerializeToString()
    assert frame_numbers(payload) == (1, [(1, 2), (3, 6)])


def frame(number: int, rows: Sequence[tuple[int, Sequence[Cell]]] = ((0, (0, 1)),)) -> bytes:
    """A frame of the channel `landed`."""
    series = SeriesRows(LANDED, "0", [*rows])
    return encode_frame(1, number, [Section(1, 0, Clock.BOOT, NEW_YEAR_US, [series])])


def empty(number: int) -> bytes:
    return Frame(schema=1, epoch=1, number=number).SerializeToString()


def wire_frame(number: int, body: Body) -> bytes:
    return Frame(schema=1, epoch=1, number=number, body=body).SerializeToString()


def after_each_other(first: WireSection, second: WireSection) -> Body:
    """Two sections with absolute offsets in one body, where the second's is a difference."""
    body = Body(sections=[first, second])
    body.sections[1].offset_us -= first.offset_us
    return body


def raw_deflated(body: bytes) -> bytes:
    compressor = zlib.compressobj(1, zlib.DEFLATED, -15)
    return compressor.compress(body) + compressor.flush()


def wide(value: int) -> Block:
    return Block(channel=LANDED.number, rows=1, layout=b"\x12", values=[0, value])


def content(payload: bytes) -> Content:
    """What a frame means: its rows, each with its series; its events; its problems."""
    return contents([payload])


def contents(payloads: Sequence[bytes]) -> Content:
    """What frames mean together, in the order of their numbers."""
    rows: Counter[tuple[object, ...]] = Counter()
    events, problems = [], []
    for decoded in sorted(map(decode_frame, payloads), key=lambda each: each.number):
        events += decoded.events
        problems += decoded.problems
        for block in decoded.blocks:
            series = (block.channel.name, block.component, block.instance)
            rows.update((*series, *map(exact, row)) for row in block.rows())
    return rows, events, problems


def exact(value: Value) -> object:
    """A value that equals only itself: -0.0 is not 0.0, and 1 is not 1.0."""
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    return value
