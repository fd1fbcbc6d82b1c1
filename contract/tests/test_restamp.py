"""Restamping moves the times of the named sections and nothing else."""

import random
from collections.abc import Sequence

import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.columns import Cell
from aerostream_contract.frame import (
    Clock,
    Section,
    SeriesRows,
    decode_frame,
    encode_frame,
    frame_identity,
    move_frame,
    restamp_frame,
)
from aerostream_contract.frame_pb2 import Body, Frame
from hypothesis import given, settings
from hypothesis import strategies as st
from support.frames import NEW_YEAR_US, random_sections

KEYS = [(component, boot, clock) for component in (1, 2) for boot in (0, 1) for clock in Clock]
ROWS: list[tuple[int, Sequence[Cell]]] = [(0, [0, 1]), (200_000, [1, 2])]


@given(shifts=st.dictionaries(st.sampled_from(KEYS), st.integers(-(10**15), 10**15)))
@settings(max_examples=100, deadline=None)
def test_each_section_moves_by_its_own_shift(shifts: dict[tuple[int, int, Clock], int]) -> None:
    series = [SeriesRows(CHANNELS["landed"], "0", ROWS)]
    payload = encode_frame(5, 6, [Section(*key, NEW_YEAR_US, series) for key in KEYS], [b"{}"])

    moved = restamp_frame(payload, shifts)

    assert frame_identity(moved) == (5, 6)
    before, after = decode_frame(payload), decode_frame(moved)
    assert after.events == before.events
    for key, old, new in zip(KEYS, before.blocks, after.blocks, strict=True):
        shift = shifts.get(key, 0)
        assert new.times == [time + shift for time in old.times]
        assert (new.columns, new.component) == (old.columns, old.component)


@pytest.mark.parametrize("seed", range(20))
def test_moving_there_and_back_gives_the_same_bytes(seed: int) -> None:
    sections = random_sections(random.Random(seed))
    payload = encode_frame(1, 2, sections)
    there = {(section.component, section.boot, section.clock): 12_345 for section in sections}
    back = {key: -shift for key, shift in there.items()}

    moved = restamp_frame(payload, there)

    assert moved != payload
    assert restamp_frame(moved, back) == payload


def test_a_clock_of_a_newer_schema_stays_as_it_is() -> None:
    body = Body()
    body.sections.add(component=1, clock=7, offset_us=1000)
    payload = Frame(schema=2, epoch=1, number=1, body=body).SerializeToString()

    assert restamp_frame(payload, {(1, 0, Clock.BOOT): 5}) == payload


@given(by_us=st.integers(-(10**15), 10**15))
@settings(max_examples=50, deadline=None)
def test_a_frame_moves_as_a_whole_but_for_what_came_as_utc(by_us: int) -> None:
    series = [SeriesRows(CHANNELS["landed"], "0", ROWS)]
    payload = encode_frame(5, 6, [Section(*key, NEW_YEAR_US, series) for key in KEYS])

    moved = move_frame(payload, by_us)

    every = {key: by_us for key in KEYS if key[2] is not Clock.UTC}
    assert decode_frame(moved) == decode_frame(restamp_frame(payload, every))
    assert decode_frame(moved).blocks[2].times == decode_frame(payload).blocks[2].times
