"""Files of samples, written part by part: CSV and Parquet."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aerostream_contract.channels import Channel, ColumnKind, Field
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.times import iso_from_us

from aerostream_cloud.store import Sample

if TYPE_CHECKING:
    import pyarrow


class FileWriter(Protocol):
    """Turns samples into the next bytes of a file; the first ones have the file's header."""

    def rows(self, samples: Sequence[Sample]) -> bytes:
        """More rows."""

    def end(self) -> bytes:
        """What closes the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A kind of file."""

    suffix: str
    media_type: str
    example: str
    begin: Callable[[Channel, Sequence[str]], FileWriter]


class CsvWriter:
    """RFC 4180: a header with the fields' names, times as ISO 8601 UTC, nulls empty."""

    def __init__(self, _channel: Channel, fields: Sequence[str]) -> None:
        self._fields = fields
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text)
        self._csv.writerow(["time", "component", "instance", *fields])

    def rows(self, samples: Sequence[Sample]) -> bytes:
        """See `FileWriter.rows`."""
        self._csv.writerows(
            [
                iso_from_us(sample.time_us),
                sample.series.component,
                sample.series.instance,
                *(sample.values.get(name) for name in self._fields),
            ]
            for sample in samples
        )
        part = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return part

    def end(self) -> bytes:
        """See `FileWriter.end`."""
        return b""


class ParquetWriter:
    """Typed columns with their unit and description as metadata; a row group per part."""

    def __init__(self, channel: Channel, fields: Sequence[str]) -> None:
        # Slow to import, and needed by nobody who asks for no Parquet.
        import pyarrow
        import pyarrow.parquet

        self._pyarrow = pyarrow
        self._fields = [channel.field_by_name[name] for name in fields]
        self._schema = pyarrow.schema(
            [
                pyarrow.field("time", pyarrow.timestamp("us", tz="UTC"), nullable=False),
                pyarrow.field("component", pyarrow.int16(), nullable=False),
                pyarrow.field("instance", pyarrow.string(), nullable=False),
                *(
                    pyarrow.field(field.name, self._type(channel, field), metadata=_about(field))
                    for field in self._fields
                ),
            ],
            metadata={"channel": channel.name},
        )
        self._sink = _Sink()
        self._writer = pyarrow.parquet.ParquetWriter(self._sink, self._schema)

    def rows(self, samples: Sequence[Sample]) -> bytes:
        """See `FileWriter.rows`."""
        if not samples:
            return self._sink.take()
        columns: list[list[Any]] = [
            [sample.time_us for sample in samples],
            [sample.series.component for sample in samples],
            [sample.series.instance for sample in samples],
            *([sample.values.get(field.name) for sample in samples] for field in self._fields),
        ]
        arrays = [
            self._pyarrow.array(column, each.type)
            for column, each in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._pyarrow.Table.from_arrays(arrays, schema=self._schema))
        return self._sink.take()

    def end(self) -> bytes:
        """See `FileWriter.end`."""
        self._writer.close()
        return self._sink.take()

    def _type(self, channel: Channel, field: Field) -> "pyarrow.DataType":
        pyarrow = self._pyarrow
        match field.kind:
            case ColumnKind.TEXT:
                return pyarrow.string()
            case ColumnKind.FLOAT32:
                return pyarrow.float32()
            case ColumnKind.UINT64:
                return pyarrow.uint64()
            case ColumnKind.INT64:
                return pyarrow.int64()
            case ColumnKind.STEPS if field.steps == 1 and not _is_from_float(channel, field):
                return pyarrow.int64()
            case _:
                return pyarrow.float64()


class _Sink(io.RawIOBase):
    """A file that hands over what was written and keeps nothing."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def take(self) -> bytes:
        """What came since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _about(field: Field) -> dict[str, str]:
    return {"unit": field.unit, "description": field.description}


def _is_from_float(channel: Channel, field: Field) -> bool:
    """Whether a message has the field as a float: then it may exceed whole numbers."""
    messages = filter(None, (MESSAGES.find(source.message) for source in channel.sources))
    return any(
        message.by_name[field.source_field].type in ("float", "double")
        for message in messages
        if field.source_field in message.by_name
    )


CSV = FileFormat(
    suffix="csv",
    media_type="text/csv",
    example="time,component,instance,lat,lon\r\n"
    "2026-05-01T12:00:00.000000Z,1,0,47.3977421,8.5455938\r\n",
    begin=CsvWriter,
)
PARQUET = FileFormat(
    suffix="parquet",
    media_type="application/vnd.apache.parquet",
    example="PAR1…",
    begin=ParquetWriter,
)
