"""Dividing what was collected where one frame cannot hold it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from aerostream_contract.frame import Section

_Event = TypeVar("_Event")


def span(sections: Iterable[Section], others: Iterable[int] = ()) -> tuple[int, int]:
    """UTC of the first and last sample, other times included; there must be one."""
    times = [
        section.offset_us + row[0]
        for section in sections
        for series in section.series
        for row in (series.rows[0], series.rows[-1])
    ]
    times += others
    return min(times), max(times)


def samples_in(sections: Iterable[Section]) -> int:
    """How many samples sections have."""
    return sum(len(series.rows) for section in sections for series in section.series)


def divided(
    sections: Sequence[Section], events: Sequence[_Event]
) -> list[tuple[Sequence[Section], Sequence[_Event]]]:
    """The content of a frame in two parts; none where it is a single sample or event."""
    if sections and events:
        return [(sections, []), ([], events)]
    if len(events) > 1:
        half = len(events) // 2
        return [([], events[:half]), ([], events[half:])]
    if len(sections) > 1:
        half = len(sections) // 2
        return [(sections[:half], []), (sections[half:], [])]
    for section in sections:
        series = section.series
        if len(series) > 1:
            half = len(series) // 2
            parts = (series[:half], series[half:])
        else:
            rows = series[0].rows
            half = len(rows) // 2
            parts = ([replace(series[0], rows=rows[:half])], [replace(series[0], rows=rows[half:])])
            if not half:
                break
        return [([replace(section, series=part)], []) for part in parts]
    return []
