"""What the blocks of a section share: lists of one length, ticks, texts, offsets as differences.

A list that does not fit the others loses its section, since which block has what cannot be told;
the other sections stand.
"""

from collections.abc import Callable, Sequence

import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.columns import Cell, ColumnReader
from aerostream_contract.errors import FrameError
from aerostream_contract.frame import (
    Clock,
    Section,
    SeriesRows,
    decode_frame,
    encode_frame,
    restamp_frame,
)
from aerostream_contract.frame.limits import MAX_BLOCKS, MAX_ROWS
from aerostream_contract.frame_pb2 import Frame as WireFrame
from aerostream_contract.frame_pb2 import Section as WireSection
from support.blocks import Block, add_block, frame_of, section_of
from support.frames import NEW_YEAR_US

LANDED, BATTERY, EVENT = CHANNELS["landed"], CHANNELS["battery"], CHANNELS["event"]
GREATEST = (1 << 32) - 1

#: Two rows of `landed`, 5 ms apart: both columns DELTAS.
GOOD = Block(channel=LANDED.number, rows=2, tick_us=1000, layout=b"\x33", values=[0, 5, 1, 2, 3, 4])

Spoiling = Callable[[WireSection], object]


def good_section(offset_us: int = 0) -> WireSection:
    return section_of(GOOD, GOOD, offset_us=offset_us)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: s.series.append(LANDED.number << 2), "differ in length"),
        (lambda s: s.series.pop(), "differ in length"),
        (lambda s: s.ClearField("series"), "differ in length"),
        (lambda s: s.rows.append(2), "differ in length"),
        (lambda s: s.rows.pop(), "differ in length"),
        (lambda s: s.ClearField("rows"), "differ in length"),
        (lambda s: s.tick_us.append(1000), "differ in length"),
        (lambda s: s.layout_sizes.append(0), "differ in length"),
        (lambda s: s.layout_sizes.pop(), "differ in length"),
        (lambda s: s.value_counts.append(0), "differ in length"),
        (lambda s: s.value_counts.pop(), "differ in length"),
        (lambda s: s.instances.append("1"), "instances"),
        (lambda s: s.series.__setitem__(0, BATTERY.number << 2 | 2), "instances"),
        (lambda s: s.rows.__setitem__(0, 7), "do not fill"),
        (lambda s: s.rows.__setitem__(0, 1), "do not fill"),
        (lambda s: s.rows.__setitem__(0, GREATEST), "do not fill"),
        (lambda s: s.value_counts.__setitem__(1, 3), "do not fill"),
        (lambda s: s.value_counts.__setitem__(1, 5), "do not fill"),
        (lambda s: s.value_counts.__setitem__(1, GREATEST), "do not fill"),
        (lambda s: s.values.append(0), "do not fill"),
        (lambda s: s.values.pop(), "do not fill"),
        (lambda s: s.ClearField("values"), "do not fill"),
        (lambda s: s.layout_sizes.__setitem__(0, 0), "do not fill"),
        (lambda s: s.layout_sizes.__setitem__(0, 2), "do not fill"),
        (lambda s: s.layout_sizes.__setitem__(0, GREATEST), "do not fill"),
        (lambda s: s.ClearField("layouts"), "do not fill"),
        (lambda s: add_block(s, Block(channel=LANDED.number, rows=1)), "differ in length|fill"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_section_whose_lists_do_not_fit_is_a_problem_and_the_others_stand(
    spoil: Spoiling, said: str, place: int
) -> None:
    sections = [good_section(offset_us) for offset_us in (1000, 2000, 4000)]
    spoil(sections[place])

    decoded = decode_frame(frame_of(*sections))

    [problem] = decoded.problems
    assert any(part in problem for part in said.split("|")), problem
    assert "of component 1" in problem
    starts = [1000, 3000, 7000]
    del starts[place]
    # The offsets of a bad section still count: those behind it keep their times.
    assert [block.times[0] for block in decoded.blocks] == [
        start for start in starts for _ in range(2)
    ]


@pytest.mark.parametrize("greatest", ["rows", "value_counts", "layout_sizes"])
def test_the_greatest_sizes_of_many_blocks_are_one_problem(greatest: str) -> None:
    count = MAX_BLOCKS
    section = section_of(*[Block(channel=LANDED.number, rows=1, values=[0])] * count)
    section.ClearField(greatest)
    getattr(section, greatest).extend([GREATEST] * count)

    [problem] = decode_frame(frame_of(section)).problems

    assert "do not fill" in problem


def test_rows_that_borrow_from_the_next_block_are_problems_of_both_blocks_only() -> None:
    section = section_of(GOOD, GOOD, GOOD)
    section.value_counts[0] += 1
    section.value_counts[1] -= 1

    decoded = decode_frame(frame_of(section))

    assert len(decoded.problems) == 2
    assert [block.columns for block in decoded.blocks] == [[[1, 3], [3, 7]]]


def test_more_series_than_a_frame_may_have_are_refused_before_they_are_looked_at() -> None:
    section = WireSection(series=[0] * MAX_BLOCKS)
    assert len(decode_frame(frame_of(section)).problems) == 1
    with pytest.raises(FrameError, match="more than 2000 blocks"):
        decode_frame(frame_of(section, WireSection(series=[0])))
    with pytest.raises(FrameError, match="more than 2000 blocks"):
        decode_frame(frame_of(WireSection(series=[0] * 200_000)))


def test_a_section_of_nothing_is_no_problem() -> None:
    decoded = decode_frame(frame_of(WireSection(), WireSection(tick_us=[5]), good_section()))
    assert decoded.problems == []
    assert len(decoded.blocks) == 2


def test_blocks_without_layouts_and_values_have_null_columns() -> None:
    empty = Block(channel=LANDED.number, rows=3, values=[0, 1, 1])

    decoded = decode_frame(frame_of(section_of(empty, empty, offset_us=10)))

    assert decoded.problems == []
    for block in decoded.blocks:
        assert block.times == [10, 11, 12]
        assert block.columns == [[None] * 3] * 2


def test_more_rows_than_a_block_may_have_are_a_problem_of_their_block() -> None:
    most = Block(channel=LANDED.number, rows=MAX_ROWS, values=[0] * MAX_ROWS)
    over = Block(channel=LANDED.number, rows=MAX_ROWS + 1, values=[0] * (MAX_ROWS + 1))

    decoded = decode_frame(frame_of(section_of(over, most)))

    assert len(decoded.blocks) == 1
    assert "4097 rows, expected 1 to 4096" in decoded.problems[0]


def test_a_reader_of_fewer_values_than_rows_says_so() -> None:
    with pytest.raises(FrameError, match="block of 7 rows has only 6 integers"):
        ColumnReader([0] * 6, [], 7, 1)


@pytest.mark.parametrize(
    ("ticks_us", "spans_us"),
    [
        ([], [5000, 5000]),
        ([7], [35, 35]),
        ([7, 1000], [35, 5000]),
        ([1_000_000], [5_000_000, 5_000_000]),
    ],
)
def test_one_tick_is_of_all_blocks_and_none_is_a_millisecond(
    ticks_us: list[int], spans_us: list[int]
) -> None:
    section = good_section()
    section.ClearField("tick_us")
    section.tick_us.extend(ticks_us)

    decoded = decode_frame(frame_of(section))

    assert [block.times[1] - block.times[0] for block in decoded.blocks] == spans_us


@pytest.mark.parametrize("tick_us", [0, 1_000_001, GREATEST])
def test_one_bad_tick_of_all_blocks_is_a_problem_of_each(tick_us: int) -> None:
    section = good_section()
    section.ClearField("tick_us")
    section.tick_us.append(tick_us)

    decoded = decode_frame(frame_of(section))

    assert decoded.blocks == []
    assert [f"tick of {tick_us}" in problem for problem in decoded.problems] == [True, True]


@pytest.mark.parametrize(
    ("spans_us", "sent"),
    [
        ([1000, 2000], []),
        ([1, 2001], [1]),
        ([1000, 2001], [1000, 1]),
        ([1], [1]),
        ([1000], []),
    ],
)
def test_ticks_are_sent_once_where_all_blocks_have_the_same(
    spans_us: list[int], sent: list[int]
) -> None:
    series = [SeriesRows(LANDED, "0", [(0, [0, 1]), (span_us, [0, 1])]) for span_us in spans_us]

    payload = encode_frame(1, 1, [Section(1, 0, Clock.RECEIPT, 0, series)])

    assert list(wire_sections(payload)[0].tick_us) == sent
    assert [block.times for block in decode_frame(payload).blocks] == [
        [0, span_us] for span_us in spans_us
    ]


def test_only_instances_other_than_0_are_sent_and_reach_their_blocks() -> None:
    cells: list[Cell] = [1] * len(BATTERY.fields)
    names = ["0", "2", "0", "näme", "1"]
    series = [SeriesRows(BATTERY, name, [(0, cells)]) for name in names]

    payload = encode_frame(1, 1, [Section(1, 0, Clock.BOOT, 0, series)])

    assert list(wire_sections(payload)[0].instances) == ["2", "näme", "1"]
    assert [block.instance for block in decode_frame(payload).blocks] == names


def test_a_bad_block_does_not_move_the_instances_of_the_others() -> None:
    named = [Block(channel=BATTERY.number, instance=name, rows=1, values=[0]) for name in "123"]
    bad = Block(channel=9999, instance="x", rows=1, values=[0])

    decoded = decode_frame(frame_of(section_of(named[0], bad, *named[1:])))

    assert len(decoded.problems) == 1
    assert [block.instance for block in decoded.blocks] == ["1", "2", "3"]


def test_texts_are_sent_once_for_all_blocks_of_a_section() -> None:
    texts = [["low battery", "armed"], ["armed", "low battery"]]
    series = [
        SeriesRows(EVENT, kind, [(0, [1, first, None]), (1000, [1, second, "low battery"])])
        for kind, (first, second) in zip(("statustext", "agent"), texts, strict=True)
    ]

    payload = encode_frame(1, 1, [Section(1, 0, Clock.BOOT, 0, series)] * 2)

    assert [list(section.texts) for section in wire_sections(payload)] == [
        ["low battery", "armed"]
    ] * 2
    assert [block.columns[1] for block in decode_frame(payload).blocks] == texts * 2


#: Each with a clock of its own, at times that neither rise nor fall.
CLOCKED = [
    Section(1, 0, Clock.BOOT, NEW_YEAR_US, [SeriesRows(LANDED, "0", [(7_000, [0, 1])])]),
    Section(1, 0, Clock.UTC, 0, [SeriesRows(LANDED, "0", [(NEW_YEAR_US + 9_000, [0, 1])])]),
    Section(1, 0, Clock.RECEIPT, -5, [SeriesRows(LANDED, "0", [(1_000, [0, 1])])]),
]
STARTS = [NEW_YEAR_US + 7_000, NEW_YEAR_US + 9_000, 995]


def test_the_offset_of_a_section_is_the_difference_to_the_one_before() -> None:
    payload = encode_frame(1, 1, CLOCKED)

    assert [section.offset_us for section in wire_sections(payload)] == [
        STARTS[0],
        STARTS[1] - STARTS[0],
        STARTS[2] - STARTS[1],
    ]
    assert starts(payload) == STARTS


@pytest.mark.parametrize("moved", [0, 1, 2])
@pytest.mark.parametrize("shift", [1, -123_456_789, 10**15])
def test_restamping_moves_one_section_wherever_it_stands(moved: int, shift: int) -> None:
    key = (1, 0, CLOCKED[moved].clock)
    wanted = [start + shift * (place == moved) for place, start in enumerate(STARTS)]

    payload = encode_frame(1, 1, CLOCKED)
    restamped = restamp_frame(payload, {key: shift})

    assert starts(restamped) == wanted
    assert restamp_frame(restamped, {key: -shift}) == payload


def test_restamping_leaves_what_it_does_not_understand_as_it_is() -> None:
    bad, newer = good_section(5000), section_of(GOOD, clock=7, offset_us=1000)
    bad.rows.pop()
    payload = frame_of(section_of(GOOD, offset_us=NEW_YEAR_US), bad, newer)

    restamped = restamp_frame(payload, {(1, 0, Clock.BOOT): 10})

    # The first and the bad one are of the clock since boot; the last one's difference shrinks.
    assert [section.offset_us for section in wire_sections(restamped)] == [
        NEW_YEAR_US + 10,
        5000,
        990,
    ]
    for before, after in zip(wire_sections(payload), wire_sections(restamped), strict=True):
        after.offset_us = before.offset_us
        assert after == before


@pytest.mark.parametrize("offset_us", [(1 << 63) - 1, -(1 << 63)])
def test_offsets_cannot_add_up_beyond_the_calendar_and_come_back(offset_us: int) -> None:
    back = -offset_us - 1 if offset_us < 0 else -offset_us
    payload = frame_of(good_section(offset_us), good_section(back), good_section(5000))

    decoded = decode_frame(payload)

    # Whole numbers in Python do not wrap: the last two sections have the times that they mean.
    assert ["outside the years" in problem for problem in decoded.problems] == [True, True]
    assert [block.times[0] for block in decoded.blocks[2:]] == [offset_us + back + 5000] * 2
    with pytest.raises(FrameError, match="leaves the calendar"):
        restamp_frame(payload, {})


def test_offsets_too_far_apart_for_64_bits_cannot_be_encoded() -> None:
    rows: list[tuple[int, Sequence[Cell]]] = [(0, [0, 1])]
    sections = [
        Section(1, 0, Clock.BOOT, offset_us, [SeriesRows(LANDED, "0", rows)])
        for offset_us in (-(1 << 62), 1 << 62)
    ]
    with pytest.raises(FrameError, match="cannot be encoded"):
        encode_frame(1, 1, [*sections])


def starts(payload: bytes) -> list[int]:
    decoded = decode_frame(payload)
    assert decoded.problems == []
    return [block.times[0] for block in decoded.blocks]


def wire_sections(payload: bytes) -> Sequence[WireSection]:
    frame = WireFrame.FromString(payload)
    assert not frame.deflated
    return frame.body.sections
