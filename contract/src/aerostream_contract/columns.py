"""Columns of whole numbers: how one series' samples become few small integers, and back.

A block holds the time column and one column per field. Each column has an encoding of four
bits in the block's layout and takes as many of the block's integers as it needs:

    NULL          nothing: no sample has a value
    ZERO          nothing: every value is 0
    CONSTANT      the value
    DELTAS        the first value, then differences
    FOLLOWS_TICK  the first value; it grows by the time column's ticks (a clock in the sample)
    FOLLOWS_US    the first value; it grows by the time column's microseconds
    SPARSE        null runs (see below), then the present values as DELTAS
    DOUBLE        null runs, then IEEE doubles as DELTAS: floats too large for the field's steps

Null runs are a count, then pairs: rows since the last run's end, rows of the run.
Floats that must stay bit-exact travel as their bits, ordered so that near values are near.
Infinities and values that are not a number decode to null: no store ever gets one.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import isfinite
from operator import sub

from aerostream_contract.channels.types import ColumnKind, Field
from aerostream_contract.errors import FrameError

NULL, ZERO, CONSTANT, DELTAS, FOLLOWS_TICK, FOLLOWS_US, SPARSE, DOUBLE = range(8)

#: A value as the sender has it, by the field's kind. STEPS: an integer of steps, below 2^62
#: either way (2^53 beside a float), or a float in the field's unit where steps would overflow.
#: FLOAT32 and FLOAT64: the bits as a signed integer. UINT64 and INT64: an integer. TEXT: a
#: string. None in all of them: not known.
Cell = int | float | str | None

#: A value as the receiver gets it, in the field's unit.
Value = int | float | str | None

_WORD = 1 << 64
_HALF = 1 << 63
_SIGN_32 = 1 << 31
_STEPS = ColumnKind.STEPS  # a local name: looking up an enum's member is slow
_WRAPPED = frozenset({ColumnKind.UINT64, ColumnKind.INT64, ColumnKind.FLOAT64})


class ColumnWriter:
    """Collects the columns of one block.

    Args:
        ticks: the time column, in ticks since the section's offset; at least one.
        tick_us: microseconds per tick.
        text_places: places of the texts that text columns point to; new ones are added.
    """

    def __init__(self, ticks: Sequence[int], tick_us: int, text_places: dict[str, int]) -> None:
        self._tick_deltas = _deltas(ticks)
        self._us_deltas = [delta * tick_us for delta in self._tick_deltas]
        self._text_places = text_places
        self._encodings: list[int] = []
        self.values: list[int] = [ticks[0], *self._tick_deltas]
        self.text_length = 0
        """Characters of all text cells."""

    def add(self, field: Field, column: Sequence[Cell]) -> None:
        """Append a column of cells (see `Cell`), as many as there are ticks."""
        if field.kind is not _STEPS:
            column = self._as_integers(field, column)
        self._encodings.append(self._encode(field, column))

    def layout(self) -> bytes:
        """The encodings of all columns, two to a byte."""
        even = self._encodings[0::2]
        odd = self._encodings[1::2] + [NULL] * (len(self._encodings) % 2)
        return bytes(low | high << 4 for low, high in zip(even, odd, strict=True))

    def _as_integers(self, field: Field, column: Sequence[Cell]) -> list[int | None]:
        match field.kind:
            case ColumnKind.TEXT:
                return [None if cell is None else self._text_place(str(cell)) for cell in column]
            case ColumnKind.FLOAT32:
                return [None if bits is None else _ordered(int(bits), _SIGN_32) for bits in column]
            case ColumnKind.FLOAT64:
                return [None if bits is None else _ordered(int(bits), _HALF) for bits in column]
            case _:
                return [None if cell is None else _signed(int(cell)) for cell in column]

    def _text_place(self, text: str) -> int:
        self.text_length += len(text)
        return self._text_places.setdefault(text, len(self._text_places))

    def _encode(self, field: Field, column: Sequence[Cell]) -> int:
        first = column[0]
        if column.count(first) == len(column):
            if first is None:
                return NULL
            if _only_integers(column):
                integer = int(first)
                if integer == 0:
                    return ZERO
                self.values.append(integer)
                return CONSTANT
        if None in column or not _only_integers(column):
            return self._encode_with_nulls(field, column)
        return self._encode_deltas(field, column)  # type: ignore[arg-type]  # only integers left

    def _encode_deltas(self, field: Field, column: Sequence[int]) -> int:
        deltas = _deltas(column)
        self.values.append(column[0])
        if deltas == self._tick_deltas:
            return FOLLOWS_TICK
        if deltas == self._us_deltas:
            return FOLLOWS_US
        if field.kind in _WRAPPED:
            deltas = [_signed(delta) for delta in deltas]
        self.values += deltas
        return DELTAS

    def _encode_with_nulls(self, field: Field, column: Sequence[Cell]) -> int:
        runs: list[int] = []
        end = 0
        index = 0
        while index < len(column):
            if column[index] is not None:
                index += 1
                continue
            start = index
            while index < len(column) and column[index] is None:
                index += 1
            runs += (start - end, index - start)
            end = index
        present = [cell for cell in column if cell is not None]
        as_double = any(type(cell) is float for cell in present)
        if as_double:
            integers = _double_bits(present, field.steps)
        else:
            integers = [int(cell) for cell in present]
        deltas = _deltas(integers)
        if as_double or field.kind in _WRAPPED:
            deltas = [_signed(delta) for delta in deltas]
        self.values += (len(runs) // 2, *runs, integers[0], *deltas)
        return DOUBLE if as_double else SPARSE


class ColumnReader:
    """Takes columns out of one block's integers; every mistake in them is a FrameError."""

    def __init__(
        self, values: Sequence[int], texts: Sequence[str], rows: int, tick_us: int
    ) -> None:
        if len(values) < rows:
            raise FrameError(f"a block of {rows} rows has only {len(values)} integers")
        self._values = values
        self._texts = texts
        self._rows = rows
        self._tick_us = tick_us
        self._next = rows
        self.ticks = list(accumulate(values[:rows]))
        """The time column, in ticks."""

    def columns(self, fields: Sequence[Field], layout: Sequence[int]) -> list[list[Value]]:
        """The next columns, as far as both `fields` and `layout` go; values in the field's unit."""
        rows, values, start = self._rows, self._values, self._next
        columns: list[list[Value]] = []
        # The commonest cases first, with local names and without calls: ingest lives in this loop.
        for field, encoding in zip(fields, layout, strict=False):
            if encoding == DELTAS:
                integers = accumulate(values[start : start + rows])
                start += rows
                if field.kind is not _STEPS:
                    columns.append(self._as_values(field, list(integers)))
                elif (steps := field.steps) == 1:
                    columns.append(list(integers))
                else:
                    columns.append([integer / steps for integer in integers])
            elif encoding == NULL:
                columns.append([None] * rows)
            else:
                self._next = start
                columns.append(self._rarer_column(field, encoding))
                start = self._next
        self._next = start
        return columns

    def finish(self) -> None:
        """Check that the columns took exactly the integers that there are."""
        if self._next != len(self._values):
            raise FrameError(f"columns take {self._next} integers of {len(self._values)}")

    def _rarer_column(self, field: Field, encoding: int) -> list[Value]:
        if encoding == CONSTANT:
            return self._as_values(field, self._take(1)) * self._rows
        if encoding == ZERO:
            return self._as_values(field, [0]) * self._rows
        if encoding in (FOLLOWS_TICK, FOLLOWS_US):
            unit = self._tick_us if encoding == FOLLOWS_US else 1
            zero = self._take(1)[0] - self.ticks[0] * unit
            return self._as_values(field, [zero + tick * unit for tick in self.ticks])
        if encoding in (SPARSE, DOUBLE):
            return self._column_with_nulls(field, encoding)
        raise FrameError(f"column {field.name} has the unknown encoding {encoding}")

    def _take(self, count: int) -> Sequence[int]:
        start = self._next
        self._next = end = start + count
        if end > len(self._values):
            raise FrameError("a block has fewer integers than its layout needs")
        return self._values[start:end]

    def _column_with_nulls(self, field: Field, encoding: int) -> list[Value]:
        rows = self._rows
        run_count = self._take(1)[0]
        if not 0 <= run_count <= rows:
            raise FrameError(f"column {field.name} has {run_count} null runs in {rows} rows")
        runs = self._take(2 * run_count)
        gaps, lengths = runs[0::2], runs[1::2]
        if run_count and (min(gaps) < 0 or min(lengths) < 1 or sum(runs) > rows):
            raise FrameError(f"column {field.name} has a null run outside its {rows} rows")
        integers = list(accumulate(self._take(rows - sum(lengths))))
        if encoding == SPARSE:
            values = self._as_values(field, integers)
        elif field.kind is _STEPS:
            values = _doubles(integers)
        else:
            raise FrameError(f"column {field.name} holds {field.kind.value}, not DOUBLE")
        column: list[Value] = []
        start = 0
        for gap, length in zip(gaps, lengths, strict=True):
            column += values[start : start + gap]
            column += [None] * length
            start += gap
        return column + values[start:]

    def _as_values(self, field: Field, integers: Sequence[int]) -> list[Value]:
        try:
            match field.kind:
                case ColumnKind.STEPS:
                    steps = field.steps
                    return list(integers) if steps == 1 else [n / steps for n in integers]
                case ColumnKind.FLOAT32:
                    bits = array("i", [n if n >= 0 else ~n - _SIGN_32 for n in integers])
                    return _finite(array("f", bits.tobytes()).tolist())
                case ColumnKind.FLOAT64:
                    return _doubles(integers)
                case ColumnKind.UINT64:
                    return [n % _WORD for n in integers]
                case ColumnKind.INT64:
                    return [_signed(n) for n in integers]
                case ColumnKind.TEXT:
                    if integers and min(integers) < 0:
                        raise IndexError(f"text {min(integers)}")
                    return [self._texts[n] for n in integers]
        except (IndexError, OverflowError) as error:
            raise FrameError(f"column {field.name} holds no {field.kind.value}: {error}") from error


class CellReader(ColumnReader):
    """Takes columns out as cells: what a ColumnWriter makes of them decodes to the same values."""

    def columns(self, fields: Sequence[Field], layout: Sequence[int]) -> list[list[Cell]]:
        """The next columns, as far as both `fields` and `layout` go; as cells."""
        columns: list[list[Cell]] = []
        for field, encoding in zip(fields, layout, strict=False):
            if encoding == DELTAS:
                columns.append(self._as_values(field, list(accumulate(self._take(self._rows)))))
            elif encoding == NULL:
                columns.append([None] * self._rows)
            else:
                columns.append(self._rarer_column(field, encoding))
        return columns

    def _as_values(self, field: Field, integers: Sequence[int]) -> list[Cell]:
        match field.kind:
            case ColumnKind.STEPS:
                return list(integers)
            case ColumnKind.FLOAT32:
                return [n if n >= 0 else ~n - _SIGN_32 for n in integers]
            case ColumnKind.FLOAT64:
                return [n if n >= 0 else ~n - _HALF for n in map(_signed, integers)]
            case ColumnKind.UINT64 | ColumnKind.INT64:
                return [_signed(n) for n in integers]
            case ColumnKind.TEXT:
                return super()._as_values(field, integers)


# Bounded because layouts come off the network; a fleet has some hundreds of different ones.
@lru_cache(maxsize=1024)
def encodings(layout: bytes) -> tuple[int, ...]:
    """The encodings in a layout; an odd count of columns leaves one NULL too many at the end."""
    return tuple(nibble for byte in layout for nibble in (byte & 15, byte >> 4))


def _deltas(column: Sequence[int]) -> list[int]:
    return list(map(sub, column[1:], column))


def _only_integers(column: Sequence[Cell]) -> bool:
    """Whether a column without nulls and texts has no float in it: one makes the sum a float."""
    return type(sum(column)) is int  # type: ignore[arg-type]  # numbers only


def _ordered(bits: int, sign: int) -> int:
    """Signed IEEE bits as an integer that rises with the float; `~n - sign` is the inverse."""
    return bits if bits >= 0 else ~(bits + sign)


def _signed(value: int) -> int:
    """A 64-bit word as a signed integer."""
    return (value + _HALF) % _WORD - _HALF


def _double_bits(cells: Sequence[int | float | str], steps: int) -> list[int]:
    """Ordered bits of cells in a column with a float in it: steps become the value."""
    numbers = [cell if type(cell) is float else int(cell) / steps for cell in cells]
    bits = array("q", array("d", numbers).tobytes())
    return [_ordered(word, _HALF) for word in bits]


def _doubles(ordered: Sequence[int]) -> list[Value]:
    words = [(n + _HALF) % _WORD - _HALF for n in ordered]
    bits = array("q", [word if word >= 0 else ~word - _HALF for word in words])
    return _finite(array("d", bits.tobytes()).tolist())


def _finite(floats: list[float]) -> list[Value]:
    """The floats, with null for infinities and what is not a number."""
    if all(map(isfinite, floats)):
        return list(floats)
    return [number if isfinite(number) else None for number in floats]
