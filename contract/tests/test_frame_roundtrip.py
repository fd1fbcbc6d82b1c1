"""What goes into a frame comes out of it, exactly."""

import random
from collections.abc import Sequence

import pytest
from aerostream_contract import SCHEMA_REVISION
from aerostream_contract.channels import CHANNELS, Channel, ColumnKind, Field
from aerostream_contract.columns import Cell, ColumnReader, ColumnWriter, encodings
from aerostream_contract.frame import (
    Clock,
    Section,
    SeriesRows,
    decode_frame,
    encode_frame,
    frame_identity,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import ALL_CHANNELS, NEW_YEAR_US, columns, expected, random_sections, same
from support.frames import times as row_times

FIELDS = [
    Field("whole", "", "", 1),
    Field("scaled", "m", "", 1000),
    Field("degrees", "deg", "", 10_000_000),
    *(Field(kind.value, "", "", kind=kind) for kind in ColumnKind),
]


@given(data=st.data(), field=st.sampled_from(FIELDS), rows=st.integers(1, 12))
@settings(max_examples=1500, deadline=None)
def test_a_column_of_any_kind_and_shape_comes_back_value_for_value(
    data: st.DataObject, field: Field, rows: int
) -> None:
    times = data.draw(row_times(rows))
    base = min(times)
    tick_us = data.draw(st.sampled_from([1, 1000]))
    ticks = [(time - base) // tick_us for time in times]
    column = data.draw(columns(field, [tick * tick_us for tick in ticks]))
    texts: dict[str, int] = {}
    writer = ColumnWriter(ticks, tick_us, texts)

    writer.add(field, column)

    reader = ColumnReader(writer.values, list(texts), rows, tick_us)
    [decoded] = reader.columns([field], encodings(writer.layout()))
    reader.finish()
    assert reader.ticks == ticks
    assert all(
        same(found, expected(field, cell)) for found, cell in zip(decoded, column, strict=True)
    ), (decoded, column)
    assert all(-(1 << 63) <= integer < 1 << 63 for integer in writer.values)


@given(
    data=st.data(),
    channel=st.sampled_from([c for c in ALL_CHANNELS if len(c.fields) <= 20]),
    clock=st.sampled_from(list(Clock)),
    offset_us=st.integers(-NEW_YEAR_US, 2 * NEW_YEAR_US),
)
@settings(max_examples=150, deadline=None)
def test_a_series_of_any_channel_comes_back_row_for_row(
    data: st.DataObject, channel: Channel, clock: Clock, offset_us: int
) -> None:
    rows = data.draw(st.integers(1, 4))
    times = data.draw(row_times(rows))
    cells = [data.draw(columns(field, times)) for field in channel.fields]
    samples: list[tuple[int, Sequence[Cell]]] = [
        (time, row) for time, *row in zip(times, *cells, strict=True)
    ]
    instance = channel.sources[0].instance or "an instance"

    payload = encode_frame(
        3, 9, [Section(7, 2, clock, offset_us, [SeriesRows(channel, instance, samples)])]
    )

    decoded = decode_frame(payload)
    assert (decoded.schema, decoded.epoch, decoded.number) == (SCHEMA_REVISION, 3, 9)
    assert decoded.problems == []
    [block] = decoded.blocks
    assert (block.channel, block.component, block.instance) == (channel, 7, instance)
    assert block.source == channel.sources[0].message
    assert block.times == [offset_us + time for time in times]
    for field, found, sent in zip(channel.fields, block.columns, cells, strict=True):
        assert all(same(a, expected(field, b)) for a, b in zip(found, sent, strict=True)), field


@pytest.mark.parametrize("seed", range(8))
def test_frames_of_many_series_and_components_come_back_whole(seed: int) -> None:
    rnd = random.Random(seed)
    for number in range(40):
        sections = random_sections(rnd, most_rows=60 if number % 8 == 0 else 5)
        events = [b'{"event":%d}' % index for index in range(rnd.randrange(3))]

        payload = encode_frame(seed + 1, number, sections, events)

        assert frame_identity(payload) == (seed + 1, number)
        decoded = decode_frame(payload)
        assert decoded.problems == []
        assert decoded.events == events
        sent = [(section, series) for section in sections for series in section.series]
        for (section, series), block in zip(sent, decoded.blocks, strict=True):
            assert (block.channel, block.component) == (series.channel, section.component)
            assert block.instance == series.instance
            for (time, cells), (found_time, *found) in zip(series.rows, block.rows(), strict=True):
                assert found_time == section.offset_us + time
                wanted = [
                    expected(field, cell)
                    for field, cell in zip(series.channel.fields, cells, strict=True)
                ]
                assert all(map(same, found, wanted))


def test_every_channel_fits_into_a_frame_even_where_all_of_it_is_null() -> None:
    for channel in ALL_CHANNELS:
        instance = channel.sources[0].instance or "0"
        nulls: list[tuple[int, list[Cell]]] = [(5, [None] * len(channel.fields))]
        section = Section(1, 0, Clock.BOOT, NEW_YEAR_US, [SeriesRows(channel, instance, [*nulls])])

        [block] = decode_frame(encode_frame(1, 1, [section])).blocks

        assert block.channel == channel
        assert block.columns == [[None]] * len(channel.fields)


def test_a_whole_number_beside_an_equal_float_keeps_its_own_meaning() -> None:
    # In a column of steps 1 is one step, 1.0 is one unit.
    assert _sent_and_received([1, 1.0], steps=1000) == [0.001, 1.0]
    assert _sent_and_received([1.0, 1], steps=1000) == [1.0, 0.001]


def test_what_is_not_a_number_becomes_null_in_every_kind_of_float_column() -> None:
    nan, inf = float("nan"), float("inf")
    assert _sent_and_received([nan, inf, -inf, 3e38], steps=100) == [None, None, None, 3e38]
    assert _sent_and_received([0x7F800000, 0x7FC00000, -0x800000, 0], kind=ColumnKind.FLOAT32) == [
        None,
        None,
        None,
        0.0,
    ]
    assert _sent_and_received([0x7FF0 << 48, 0, 1], kind=ColumnKind.FLOAT64) == [None, 0.0, 5e-324]


def test_a_clock_inside_the_sample_costs_one_integer() -> None:
    rows: list[tuple[int, list[Cell]]] = [
        (time_us, [1_700_000_000_000_000 + time_us]) for time_us in (0, 5_000, 9_000, 30_000)
    ]
    channel = CHANNELS["system_time"]
    section = Section(1, 0, Clock.BOOT, 0, [SeriesRows(channel, "0", [*rows])])

    payload = encode_frame(1, 1, [section])

    # Four times in ms and one 64-bit number, beside some 25 bytes of frame.
    assert len(payload) < 50
    assert decode_frame(payload).blocks[0].columns == [[row[0] for _, row in rows]]


def test_boot_clocks_travel_in_milliseconds_and_others_in_microseconds() -> None:
    in_ms = _frame_of_times([0, 1_000_000, 2_000_000])
    in_us = _frame_of_times([0, 1_000_001, 2_000_002])
    assert len(in_ms) < len(in_us)
    assert decode_frame(in_us).blocks[0].times == [0, 1_000_001, 2_000_002]


def test_an_instance_of_a_source_tells_the_message_that_it_came_from() -> None:
    gps = CHANNELS["gps"]
    cells: list[Cell] = [3] * len(gps.fields)
    section = Section(
        1, 0, Clock.BOOT, 0, [SeriesRows(gps, instance, [(0, cells)]) for instance in "01"]
    )

    blocks = decode_frame(encode_frame(1, 1, [section])).blocks

    assert [block.source for block in blocks] == ["GPS_RAW_INT", "GPS2_RAW"]


def _frame_of_times(times: list[int]) -> bytes:
    landed = CHANNELS["landed"]
    rows = SeriesRows(landed, "0", [(time, [0, 1]) for time in times])
    return encode_frame(1, 1, [Section(1, 0, Clock.RECEIPT, 0, [rows])])


def _sent_and_received(
    column: list[Cell], *, steps: int = 1, kind: ColumnKind = ColumnKind.STEPS
) -> list[int | float | str | None]:
    field = Field("x", "", "", steps, kind=kind)
    writer = ColumnWriter(range(len(column)), 1, {})
    writer.add(field, column)
    reader = ColumnReader(writer.values, [], len(column), 1)
    return reader.columns([field], encodings(writer.layout()))[0]
