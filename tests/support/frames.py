"""Telemetry frames for tests: hypothesis strategies, and what a frame must decode to.

The expectation is worked out from the cells alone, by other means than the codec uses.
"""

import random
import struct
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from aerostream_contract.channels import CHANNELS, Channel, ColumnKind, Field, passthrough
from aerostream_contract.columns import Cell, Value
from aerostream_contract.frame import Clock, Section, SeriesRows
from aerostream_contract.mavlink import MESSAGES
from hypothesis import strategies as st

#: 2026-01-01.
NEW_YEAR_US = 1_767_225_600_000_000

ALL_CHANNELS: list[Channel] = [
    *CHANNELS.values(),
    *filter(None, (passthrough(MESSAGES.named(name).id) for name in MESSAGES.names)),
]

_INTERESTING_FLOATS = (0.0, -0.0, 1.0, 5e-324, 2.2e-308, 1.8e308, float("inf"), float("nan"))
_BITS_32 = [struct.unpack("<i", struct.pack("<f", value))[0] for value in (0.0, -0.0, 1e-45, 3e38)]
_BITS_64 = [struct.unpack("<q", struct.pack("<d", value))[0] for value in _INTERESTING_FLOATS]

#: Cells by kind, the ends of each range included.
CELLS: dict[ColumnKind, st.SearchStrategy[Cell]] = {
    ColumnKind.STEPS: st.one_of(
        st.integers(-5, 5),
        st.integers(-(1 << 53), 1 << 53),
        st.sampled_from([1 - (1 << 62), (1 << 62) - 1, (1 << 32) - 1]),
    ),
    ColumnKind.FLOAT32: st.one_of(
        st.integers(-(1 << 31), (1 << 31) - 1),
        st.sampled_from([*_BITS_32, 0x7F800000, 0x7FC00000, 0x7F800001, -1, -(1 << 31)]),
    ),
    ColumnKind.FLOAT64: st.one_of(
        st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from([*_BITS_64, -1, -(1 << 63)])
    ),
    ColumnKind.UINT64: st.one_of(
        st.integers(0, (1 << 64) - 1), st.sampled_from([0, 1 << 63, (1 << 63) - 1, (1 << 64) - 1])
    ),
    ColumnKind.INT64: st.one_of(
        st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from([-(1 << 63), 0, (1 << 63) - 1])
    ),
    ColumnKind.TEXT: st.one_of(
        st.text(max_size=20), st.sampled_from(["", "\0", "ä", "😀", "\\xff", "a" * 1000])
    ),
}

#: Floats in a column of steps: what the steps would not hold, and what no store may get.
OVERFLOW = st.one_of(
    st.floats(min_value=1e16, max_value=1e308),
    st.floats(min_value=-1e308, max_value=-1e16),
    st.sampled_from([1.0, 3.4e38, float("inf"), float("-inf"), float("nan")]),
)


@st.composite
def times(draw: st.DrawFn, rows: int) -> list[int]:
    """Times of samples in µs: of a clock in ms or µs, rising or not, before or after its zero."""
    unit = draw(st.sampled_from([1, 1000, 1_000_000]))
    if draw(st.booleans()):
        start, step = draw(st.integers(-10_000, 10_000)), draw(st.integers(0, 500))
        return [(start + step * row) * unit for row in range(rows)]
    return [draw(st.integers(-(10**9), 10**9)) * unit for _ in range(rows)]


@st.composite
def columns(draw: st.DrawFn, field: Field, row_times: Sequence[int]) -> list[Cell]:
    """One column: constant, rising with the time, or anything, with nulls anywhere or nowhere."""
    rows = len(row_times)
    cells = CELLS[field.kind]
    shape = draw(st.sampled_from(["any", "any", "constant", "null", "zero", "clock"]))
    column: list[Cell]
    if shape == "constant":
        column = [draw(cells)] * rows
    elif shape == "null":
        column = [None] * rows
    elif shape == "zero" and field.kind is not ColumnKind.TEXT:
        column = [0] * rows
    elif shape == "clock" and field.kind in (ColumnKind.STEPS, ColumnKind.UINT64):
        unit = draw(st.sampled_from([1, 1000]))
        column = [(time - min(row_times)) // unit + 7 for time in row_times]
    else:
        column = [draw(cells) for _ in range(rows)]
    if field.kind is ColumnKind.STEPS and draw(st.integers(0, 9)) == 0:
        # Beside a float, steps become floats as well.
        column = [int(cell or 0) % (1 << 53) for cell in column]
        column[draw(st.integers(0, rows - 1))] = draw(OVERFLOW)
    if draw(st.integers(0, 2)) == 0:
        for row in draw(st.sets(st.integers(0, rows - 1))):
            column[row] = None
    return column


def expected(field: Field, cell: Cell) -> Value:
    """What a cell must arrive as."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return cell if isfinite(cell) else None
    if field.kind in (ColumnKind.FLOAT32, ColumnKind.FLOAT64):
        single = field.kind is ColumnKind.FLOAT32
        raw = cell.to_bytes(4 if single else 8, "little", signed=True)
        value: float = struct.unpack("<f" if single else "<d", raw)[0]
        return value if isfinite(value) else None
    if field.kind is ColumnKind.STEPS and field.steps != 1:
        return float(Fraction(cell, field.steps))
    return cell


def same(left: Value, right: Value) -> bool:
    """Equality that tells -0.0 from 0.0."""
    if isinstance(left, float) and isinstance(right, float):
        return struct.pack("<d", left) == struct.pack("<d", right)
    return left == right


def instance_of(channel: Channel, rnd: random.Random) -> str:
    """An instance that the channel has."""
    source = rnd.choice(channel.sources)
    return source.instance if source.instance is not None else rnd.choice(["0", "7", "näme", "x y"])


def random_cell(field: Field, rnd: random.Random) -> Cell:
    """A plausible cell, quickly."""
    if rnd.random() < 0.1:
        return None
    match field.kind:
        case ColumnKind.TEXT:
            return rnd.choice(["", "one", "two", "Ω"])
        case ColumnKind.FLOAT32:
            return int(struct.unpack("<i", struct.pack("<f", rnd.gauss(0, 10)))[0])
        case ColumnKind.FLOAT64:
            return int(struct.unpack("<q", struct.pack("<d", rnd.gauss(0, 10)))[0])
        case ColumnKind.UINT64:
            return rnd.getrandbits(64)
        case ColumnKind.INT64:
            return rnd.getrandbits(64) - (1 << 63)
        case _:
            return rnd.randrange(-1000, 1000)


def random_sections(rnd: random.Random, *, most_rows: int = 5) -> list[Section]:
    """Sections as an agent might send them, any channel."""
    sections = []
    for _ in range(rnd.randrange(1, 3)):
        series = []
        for _ in range(rnd.randrange(1, 4)):
            channel = rnd.choice(ALL_CHANNELS)
            start = rnd.randrange(10**10)
            step = rnd.choice([200_000, 4000, 333_333])
            rows: list[tuple[int, Sequence[Cell]]] = [
                (start + row * step, [random_cell(field, rnd) for field in channel.fields])
                for row in range(rnd.randrange(1, most_rows + 1))
            ]
            series.append(SeriesRows(channel, instance_of(channel, rnd), rows))
        clock = rnd.choice(list(Clock))
        sections.append(Section(rnd.randrange(256), rnd.randrange(4), clock, NEW_YEAR_US, series))
    return sections
