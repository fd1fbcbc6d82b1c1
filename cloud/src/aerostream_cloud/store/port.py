"""What services ask of a telemetry store, whatever database is behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName

Value = int | float | str | None
"""A field's value in the unit of the channel table; None where the vehicle did not know it."""


class SeriesBlock(NamedTuple):
    """Samples to store: whose, and what."""

    drone: DroneName
    block: DecodedBlock


class SeriesKey(NamedTuple):
    """What tells one series from all others."""

    fleet: str
    drone: str
    channel: str
    component: int
    """MAVLink component id."""
    instance: str


class Written(NamedTuple):
    """What became of the rows of one `write`."""

    stored: int
    duplicates: int
    """Rows whose series and time were there before; the first one stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which samples to read; None stands for all."""

    channel: str
    fleet: str | None = None
    drone: str | None = None
    component: int | None = None
    instance: str | None = None
    start_us: int | None = None
    """Earliest time, UTC µs, included."""
    end_us: int | None = None
    """Latest time, UTC µs, not included."""


class Sample(NamedTuple):
    """One stored sample."""

    series: SeriesKey
    time_us: int
    values: dict[str, Value]


class Aggregate(NamedTuple):
    """One field over one bucket of time, nulls left out."""

    first: Value
    last: Value
    min: Value
    max: Value
    mean: float | None
    """None for texts."""


class Bucket(NamedTuple):
    """One series over one bucket of time."""

    series: SeriesKey
    start_us: int
    """A multiple of the bucket's length."""
    samples: int
    fields: dict[str, Aggregate]


class SeriesSpan(NamedTuple):
    """From when to when a series is stored."""

    series: SeriesKey
    source: str
    """The MAVLink message that fills it."""
    first_us: int
    last_us: int


class Run(NamedTuple):
    """A stretch of samples, one after the other, that are alike."""

    above: bool
    """Whether the field is at or above the threshold."""
    first_us: int
    """Time of its first sample."""
    last_us: int
    """Time of its last sample."""


class SeriesStats(NamedTuple):
    """How much of a series is stored."""

    series: SeriesKey
    source: str
    """The MAVLink message that fills it."""
    samples: int
    first_us: int
    last_us: int


class TelemetryStore(Protocol):
    """A store of samples; the key of a sample is its series and its time, nothing else.

    Every method raises StoreUnavailable where the database cannot serve now. Reading methods
    raise ContractError for a channel or field that is not in the channel table. One thread uses
    an instance at a time.
    """

    def write(self, blocks: Sequence[SeriesBlock]) -> Written:
        """Store all rows, durably when it returns; rows that are there already stay as they are.

        Raises:
            RowsRejected: a row cannot be stored; nothing was.
        """

    def query(
        self,
        selection: Selection,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        at_most: tuple[str, int] | None = None,
    ) -> Iterator[Sample]:
        """Samples by series, then time; `at_most` is a field and the greatest value wanted of it.

        Samples without that value do not come then.
        """

    def query_every(
        self, selection: Selection, every_us: int, *, fields: Sequence[str] | None = None
    ) -> Iterator[Bucket]:
        """The same, summed up over buckets of `every_us`; empty buckets are left out."""

    def latest(self, selection: Selection) -> list[Sample]:
        """The newest sample of each series within the selection."""

    def thin(
        self,
        series: SeriesKey,
        start_us: int,
        end_us: int,
        every_us: int,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Sample]:
        """The first sample of each bucket of `every_us`, by time; cheap where few are."""

    def runs(
        self, series: SeriesKey, start_us: int, end_us: int, field: str, threshold: int, gap_us: int
    ) -> Iterator[Run]:
        """Stretches in which a field stays at or above a threshold, or below it, by time.

        Samples further apart than `gap_us` are in different stretches; nulls are left out.
        """

    def reaching(
        self,
        series: SeriesKey,
        start_us: int,
        end_us: int,
        every_us: int,
        field: str,
        threshold: int,
    ) -> list[int]:
        """Starts of the buckets of `every_us` in which a field reaches a threshold, sorted.

        One quick pass, to look closer only where something was.
        """

    def spans(self, drone: str, channel: str | None = None) -> list[SeriesSpan]:
        """The series of a drone that have samples, sorted by key; cheap, however many samples."""

    def limit_time(self, seconds: float | None) -> None:
        """From now on, reading ends after so many seconds with QueryTooLong; None: never."""

    def interrupt(self) -> None:
        """Read no more: what another thread reads ends with QueryTooLong. Any thread may call."""

    def is_in_place(self) -> bool:
        """Whether the database is still the one that was opened; else open it anew."""

    def stats(self) -> list[SeriesStats]:
        """Every series with samples, sorted by its key."""

    def prune(self, before_us: int) -> int:
        """Delete samples older than a time; how many there were."""

    def close(self) -> None:
        """Release the database; nothing else may be called afterwards."""
