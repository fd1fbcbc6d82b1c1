"""Samples of one channel in columns: a page of them, raw or summed up. Pure but for the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain
from typing import TypeVar

from aerostream_contract.channels import Channel
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us

from aerostream_cloud.bridge.api.shapes import FieldSummary, SeriesColumns
from aerostream_cloud.bridge.api.times import TimeRange
from aerostream_cloud.store import (
    Aggregate,
    Bucket,
    Sample,
    Selection,
    SeriesKey,
    SeriesSpan,
    TelemetryStore,
)

_Row = TypeVar("_Row", Sample, Bucket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which samples to read."""

    drone: DroneName
    channel: Channel
    fields: Sequence[str]
    range: TimeRange
    component: int | None = None
    instance: str | None = None
    at_most: tuple[str, int] | None = None
    """A field, and the greatest value of it that is wanted."""

    def spans(self, store: TelemetryStore) -> list[SeriesSpan]:
        """The series that have samples which may be in the range."""
        return [
            span
            for span in spans_of(store, self.drone, self.channel.name)
            if self.component in (None, span.series.component)
            and self.instance in (None, span.series.instance)
            and span.first_us < self.range.end_us
            and span.last_us >= self.range.start_us
        ]


def spans_of(
    store: TelemetryStore, drone: DroneName, channel: str | None = None
) -> list[SeriesSpan]:
    """The series of a drone that have samples.

    A drone is in one fleet. What is stored of another one by the same id, such as an import
    with a mistyped fleet, is not this drone's.
    """
    found = store.spans(drone.drone, channel)
    return [span for span in found if span.series.fleet == drone.fleet]


def selected(series: SeriesKey, start_us: int, end_us: int) -> Selection:
    """One series from a time to another."""
    return Selection(
        channel=series.channel,
        fleet=series.fleet,
        drone=series.drone,
        component=series.component,
        instance=series.instance,
        start_us=start_us,
        end_us=end_us,
    )


def samples_page(
    store: TelemetryStore, question: Question, limit: int, start_us: int | None = None
) -> tuple[list[Sample], int | None]:
    """Samples of all series by time, about `limit` of them, and the start of the next page.

    A page never ends between two samples of the same time, so that the next one begins after
    it without a gap and without a repetition.
    """
    start = question.range.start_us if start_us is None else start_us
    found = merge(
        *(
            store.query(
                selected(span.series, start, question.range.end_us),
                fields=question.fields,
                at_most=question.at_most,
            )
            for span in question.spans(store)
        ),
        key=_time,
    )
    page: list[Sample] = []
    for sample in found:
        if len(page) < limit:
            page.append(sample)
            continue
        if sample.time_us != page[0].time_us:
            return _ending_before(page, sample)
        # So many series have a sample at this time that one time alone exceeds the limit.
        page.append(sample)
    return page, None


def _ending_before(page: list[Sample], following: Sample) -> tuple[list[Sample], int]:
    """The page without the samples of the time at which the next one begins."""
    kept = len(page)
    while kept and page[kept - 1].time_us == following.time_us:
        kept -= 1
    return page[:kept], following.time_us


def buckets_page(
    store: TelemetryStore, question: Question, every_us: int, limit: int
) -> tuple[list[Bucket], int | None]:
    """Buckets of all series, about `limit` of them, and the start of the next page.

    Stretches without samples are skipped, so that a page is full however thin the data is.
    """
    spans = question.spans(store)
    end_us = question.range.start_us
    found: list[Bucket] = []
    while True:
        cursor = _first_from(store, spans, end_us, question.range.end_us)
        if cursor is None or (found and len(found) + len(spans) > limit):
            return found, cursor
        room = max(1, (limit - len(found)) // len(spans))
        end_us = min(question.range.end_us, cursor - cursor % every_us + room * every_us)
        for span in spans:
            found += store.query_every(
                selected(span.series, cursor, end_us), every_us, fields=question.fields
            )


def _first_from(
    store: TelemetryStore, spans: Sequence[SeriesSpan], start_us: int, end_us: int
) -> int | None:
    """Time of the first sample of any of the series in a range."""
    firsts = chain.from_iterable(
        store.query(selected(span.series, start_us, end_us), fields=(), limit=1) for span in spans
    )
    return min((sample.time_us for sample in firsts), default=None)


def sample_columns(samples: Sequence[Sample], fields: Sequence[str]) -> list[SeriesColumns]:
    """Samples by series and column."""
    return [
        SeriesColumns(
            component=series.component,
            instance=series.instance,
            times=[iso_from_us(sample.time_us) for sample in group],
            fields={name: [sample.values.get(name) for sample in group] for name in fields},
        )
        for series, group in _by_series(samples)
    ]


def bucket_columns(buckets: Sequence[Bucket], fields: Sequence[str]) -> list[SeriesColumns]:
    """Buckets by series and column."""
    return [
        SeriesColumns(
            component=series.component,
            instance=series.instance,
            times=[iso_from_us(bucket.start_us) for bucket in group],
            fields={
                name: _summary([bucket.fields.get(name, _NOTHING) for bucket in group])
                for name in fields
            },
        )
        for series, group in _by_series(buckets)
    ]


_NOTHING = Aggregate(None, None, None, None, None)


def _by_series(rows: Sequence[_Row]) -> list[tuple[SeriesKey, list[_Row]]]:
    groups: dict[SeriesKey, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.series, []).append(row)
    return sorted(groups.items())


def _summary(aggregates: Sequence[Aggregate]) -> FieldSummary:
    return FieldSummary(
        mean=[each.mean for each in aggregates],
        min=[each.min for each in aggregates],
        max=[each.max for each in aggregates],
        first=[each.first for each in aggregates],
        last=[each.last for each in aggregates],
    )


def _time(sample: Sample) -> int:
    return sample.time_us
