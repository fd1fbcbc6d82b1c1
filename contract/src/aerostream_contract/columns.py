"""Columns of whole numbers: how one series' samples become few small integers, and back.

A block holds the time column and one column per field. Each column has an encoding of four
bits in the block's layout and takes as many integers from the block's `values` as it needs:

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
"""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import sub

from aerostream_contract.channels.types import ColumnKind, Field
from aerostream_contract.errors import FrameError

NULL, ZERO, CONSTANT, DELTAS, FOLLOWS_TICK, FOLLOWS_US, SPARSE, DOUBLE = range(8)

#: A value as the sender has it: wire steps, bits or text; a float where steps would overflow.
Cell = int | float | str | None

_WORD = 1 << 64
_HALF = 1 << 63
_WRAPPED = frozenset({ColumnKind.UINT64, ColumnKind.INT64, ColumnKind.FLOAT64})


class ColumnWriter:
    """Collects the columns of one block.

    Args:
        ticks: the time column, in ticks since the section's offset.
        tick_us: microseconds per tick.
    """

    def __init__(self, ticks: Sequence[int], tick_us: int) -> None:
        self._tick_deltas = _deltas(ticks)
        self._us_deltas = [delta * tick_us for delta in self._tick_deltas]
        self.values: list[int] = [ticks[0], *self._tick_deltas]
        self.texts: list[str] = []
        self._encodings: list[int] = []

    def add(self, field: Field, column: Sequence[Cell]) -> None:
        """Append a column of cells in the table's domain (see `Cell`)."""
        kind = field.kind
        if kind is ColumnKind.TEXT:
            column = [None if text is None else self._text_index(str(text)) for text in column]
        elif kind is ColumnKind.FLOAT32:
            column = [None if bits is None else _ordered(int(bits), 31) for bits in column]
        elif kind is ColumnKind.FLOAT64:
            column = [None if bits is None else _ordered(int(bits), 63) for bits in column]
        elif kind is ColumnKind.UINT64:
            column = [None if value is None else _signed(int(value)) for value in column]
        self._encodings.append(self._encode(field, column))

    def layout(self) -> bytes:
        """The encodings of all columns, two to a byte."""
        even = self._encodings[0::2]
        odd = self._encodings[1::2] + [NULL] * (len(self._encodings) % 2)
        return bytes(low | high << 4 for low, high in zip(even, odd, strict=True))

    def _encode(self, field: Field, column: Sequence[Cell]) -> int:
        first = column[0]
        if column.count(first) == len(column) and not isinstance(first, float):
            if first is None:
                return NULL
            if first == 0:
                return ZERO
            self.values.append(int(first))
            return CONSTANT
        if None in column or type(sum(column)) is float:  # type: ignore[arg-type]  # no texts here
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
        present = [value for value in column if value is not None]
        as_double = any(type(value) is float for value in present)
        wrapped = as_double or field.kind in _WRAPPED
        if as_double:
            integers = [_ordered(_double_bits(value, field.steps), 63) for value in present]
        else:
            integers = [int(value) for value in present]
        deltas = _deltas(integers)
        self.values += (len(runs) // 2, *runs, integers[0])
        self.values += [_signed(delta) for delta in deltas] if wrapped else deltas
        return DOUBLE if as_double else SPARSE

    def _text_index(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)


class ColumnReader:
    """Takes columns out of one block's integers; every mistake in them is a FrameError."""

    def __init__(self, values: Sequence[int], texts: Sequence[str], rows: int, tick_us: int):
        if len(values) < rows:
            raise FrameError(f"a block of {rows} rows has only {len(values)} integers")
        self._values = values
        self._texts = texts
        self._rows = rows
        self._tick_us = tick_us
        self._next = rows
        self._ticks = list(accumulate(values[:rows]))

    @property
    def ticks(self) -> list[int]:
        """The time column, in ticks."""
        return self._ticks

    def column(self, field: Field, encoding: int) -> list[int | float | str | None]:
        """The next column, as values in the field's unit."""
        rows = self._rows
        start = self._next
        # The commonest case first and without a call: ingest lives in these lines.
        if encoding == DELTAS:
            self._next = start + rows
            integers: Iterable[int] = accumulate(self._values[start : start + rows])
            if field.kind is ColumnKind.STEPS:
                if field.steps == 1:
                    return list(integers)
                steps = field.steps
                return [value / steps for value in integers]
            return self._as_values(field, list(integers))
        if encoding == CONSTANT:
            return self._as_values(field, [self._take()]) * rows
        if encoding == NULL:
            return [None] * rows
        if encoding == ZERO:
            return self._as_values(field, [0]) * rows
        if encoding == FOLLOWS_TICK or encoding == FOLLOWS_US:
            unit = self._tick_us if encoding == FOLLOWS_US else 1
            first = self._take() - self._ticks[0] * unit
            return self._as_values(field, [first + tick * unit for tick in self._ticks])
        if encoding == SPARSE or encoding == DOUBLE:
            return self._column_with_nulls(field, encoding)
        raise FrameError(f"column {field.name} has the unknown encoding {encoding}")

    def finish(self) -> None:
        """Check that the columns took exactly the integers that there are."""
        if self._next != len(self._values):
            raise FrameError(f"columns take {self._next} integers of {len(self._values)}")

    def _take(self) -> int:
        if self._next >= len(self._values):
            raise FrameError("a block has fewer integers than its layout needs")
        self._next += 1
        return self._values[self._next - 1]

    def _column_with_nulls(self, field: Field, encoding: int) -> list[int | float | str | None]:
        rows = self._rows
        present = [True] * rows
        end = 0
        run_count = self._take()
        if not 0 <= run_count <= rows:
            raise FrameError(f"column {field.name} has {run_count} null runs in {rows} rows")
        for _ in range(run_count):
            gap, length = self._take(), self._take()
            start, end = end + gap, end + gap + length
            if gap < 0 or length < 1 or end > rows:
                raise FrameError(f"column {field.name} has a null run outside its {rows} rows")
            present[start:end] = [False] * length
        count = present.count(True)
        start = self._next
        self._next += count
        if self._next > len(self._values):
            raise FrameError("a block has fewer integers than its layout needs")
        integers = list(accumulate(self._values[start : self._next]))
        if encoding == DOUBLE:
            values: list[int | float | str | None] = list(_doubles(integers))
        else:
            values = self._as_values(field, integers)
        found = iter(values)
        return [next(found) if here else None for here in present]

    def _as_values(self, field: Field, integers: list[int]) -> list[int | float | str | None]:
        kind = field.kind
        try:
            match kind:
                case ColumnKind.STEPS:
                    steps = field.steps
                    return list(integers) if steps == 1 else [n / steps for n in integers]
                case ColumnKind.FLOAT32:
                    packed = struct.pack(f"<{len(integers)}i", *(_bits(n, 31) for n in integers))
                    return list(struct.unpack(f"<{len(integers)}f", packed))
                case ColumnKind.FLOAT64:
                    return list(_doubles(integers))
                case ColumnKind.UINT64:
                    return [value % _WORD for value in integers]
                case ColumnKind.INT64:
                    return [_signed(value) for value in integers]
                case ColumnKind.TEXT:
                    return [self._texts[_not_negative(index)] for index in integers]
        except (struct.error, IndexError, OverflowError) as error:
            raise FrameError(f"column {field.name} holds no {kind.value}: {error}") from error


@lru_cache(maxsize=4096)
def encodings(layout: bytes) -> tuple[int, ...]:
    """The encodings in a layout; an odd count of columns leaves one NULL too many at the end."""
    return tuple(nibble for byte in layout for nibble in (byte & 15, byte >> 4))


def _deltas(column: Sequence[int]) -> list[int]:
    return list(map(sub, column[1:], column))


def _ordered(bits: int, sign_bit: int) -> int:
    """Signed IEEE bits as an integer that rises with the float."""
    return bits if bits >= 0 else -(bits & ((1 << sign_bit) - 1)) - 1


def _bits(ordered: int, sign_bit: int) -> int:
    """The inverse of `_ordered`."""
    return ordered if ordered >= 0 else -ordered - 1 - (1 << sign_bit)


def _signed(value: int) -> int:
    """A 64-bit word as a signed integer."""
    return (value + _HALF) % _WORD - _HALF


def _double_bits(value: Cell, steps: int) -> int:
    """Bits of a cell that stands beside a float in its column: steps become the value."""
    number = value if type(value) is float else int(value or 0) / steps
    bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return bits


def _doubles(ordered: list[int]) -> tuple[float, ...]:
    packed = struct.pack(f"<{len(ordered)}q", *(_bits(_signed(n), 63) for n in ordered))
    return struct.unpack(f"<{len(ordered)}d", packed)


def _not_negative(index: int) -> int:
    if index < 0:
        raise IndexError(f"text {index}")
    return index
