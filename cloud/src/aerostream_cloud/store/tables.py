"""The SQLite tables of channels: statements and column types, made from the channel table."""

from dataclasses import dataclass
from functools import cached_property

from aerostream_contract.channels import Channel, ColumnKind, Field

APPLICATION_ID = 0x41455253
"""`AERS` in the file's header: this is a telemetry store of ours."""
SCHEMA_VERSION = 1
"""In the header's user_version."""

SERIES_TABLE = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    fleet TEXT NOT NULL,
    drone TEXT NOT NULL,
    channel TEXT NOT NULL,     -- the table with this series' samples
    component INTEGER NOT NULL, -- MAVLink component id
    instance TEXT NOT NULL,
    source TEXT NOT NULL,      -- the MAVLink message
    UNIQUE (fleet, drone, channel, component, instance)
)
"""

_LARGEST_INTEGER = (1 << 63) - 1


def quoted(name: str) -> str:
    """An SQL identifier."""
    return f'"{name}"'


def sql_type(field: Field) -> str:
    """The declared type of a field's column.

    Bit-exact floats and unsigned 64-bit integers have none: SQLite then stores what it is
    given, where REAL would lose the sign of -0.0 and INTEGER would round what exceeds 63 bits.
    """
    match field.kind:
        case ColumnKind.TEXT:
            return " TEXT"
        case ColumnKind.INT64:
            return " INTEGER"
        case ColumnKind.STEPS:
            return " INTEGER" if field.steps == 1 else " REAL"
        case _:
            return ""


def storable(value: int | float | str | None) -> int | float | str | None:
    """Unsigned integers above SQLite's 63 bits become decimal text."""
    return str(value) if isinstance(value, int) and value > _LARGEST_INTEGER else value


@dataclass(frozen=True)
class ChannelTable:
    """One channel's table `{channel}` and its readable view `v_{channel}`."""

    channel: Channel

    @cached_property
    def name(self) -> str:
        """The table's name, quoted."""
        return quoted(self.channel.name)

    @cached_property
    def unsigned_columns(self) -> tuple[int, ...]:
        """Positions of fields whose values may exceed 63 bits."""
        return tuple(
            index
            for index, field in enumerate(self.channel.fields)
            if field.kind is ColumnKind.UINT64
        )

    @cached_property
    def create(self) -> str:
        """Make the table."""
        columns = "".join(f",\n    {self.column(field)}" for field in self.channel.fields)
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} (\n"
            f"    series INTEGER NOT NULL REFERENCES series (id),\n"
            f"    time_us INTEGER NOT NULL{columns},\n"
            f"    PRIMARY KEY (series, time_us)\n) WITHOUT ROWID"
        )

    @cached_property
    def create_view(self) -> str:
        """Make the view: samples with their series' names and the time as ISO 8601 UTC."""
        fraction = "((time_us % 1000000) + 1000000) % 1000000"
        seconds = f"(time_us - {fraction}) / 1000000"
        return (
            f"CREATE VIEW IF NOT EXISTS {quoted('v_' + self.channel.name)} AS\n"
            f"SELECT s.fleet, s.drone, s.component, s.instance,\n"
            f"    strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch')\n"
            f"        || printf('.%06dZ', {fraction}) AS time, t.*\n"
            f"FROM {self.name} AS t JOIN series AS s ON s.id = t.series"
        )

    @cached_property
    def insert(self) -> str:
        """Insert a row unless its key is there."""
        names = "".join(f", {quoted(name)}" for name in self.channel.field_names)
        marks = ", ?" * len(self.channel.fields)
        columns = f"(series, time_us{names})"
        return f"INSERT OR IGNORE INTO {self.name} {columns} VALUES (?, ?{marks})"  # noqa: S608  # names of the channel table

    @staticmethod
    def column(field: Field) -> str:
        """A column's definition."""
        return f"{quoted(field.name)}{sql_type(field)}"

    def add_column(self, field: Field) -> str:
        """Add the column of a field that is newer than the table."""
        return f"ALTER TABLE {self.name} ADD COLUMN {self.column(field)}"
