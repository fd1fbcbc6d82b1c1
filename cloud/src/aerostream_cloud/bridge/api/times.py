"""Moments, durations and ranges of time, as people and programs write them in a URL."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from aerostream_contract.errors import shown
from aerostream_contract.times import LATEST_US, iso_from_us, us_from_iso
from fastapi import Query

from aerostream_cloud.bridge.problems import (
    ApiProblem,
    ProblemKind,
    ProblemPart,
    invalid_parameter,
)

SECOND_US = 1_000_000
_UNIT_US = {
    "ms": 1000,
    "s": SECOND_US,
    "m": 60 * SECOND_US,
    "h": 3600 * SECOND_US,
    "d": 86_400 * SECOND_US,
    "w": 7 * 86_400 * SECOND_US,
}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|w)", re.ASCII)
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
_LONGEST_EVERY_US = 366 * _UNIT_US["d"]
_MOMENT = "ISO 8601 such as 2026-05-01T12:00:00Z, relative to now such as -10m, -2h or -1d, or now"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `start_us`, included, to `end_us`, not included; UTC microseconds."""

    start_us: int
    end_us: int

    @property
    def start(self) -> str:
        """The start as ISO 8601."""
        return iso_from_us(self.start_us)

    @property
    def end(self) -> str:
        """The end as ISO 8601."""
        return iso_from_us(self.end_us)


def now_us() -> int:
    """The time, UTC microseconds."""
    return time.time_ns() // 1000


def duration_us(text: str, name: str) -> int:
    """Read a duration such as 500ms or 1.5h.

    Raises:
        ApiProblem: it is none, or not between 1 ms and 366 days.
    """
    found = _DURATION.fullmatch(text)
    length_us = round(float(found[1]) * _UNIT_US[found[2]]) if found else 0
    if not found or not 1000 <= length_us <= _LONGEST_EVERY_US:
        raise invalid_parameter(
            name,
            f"{name} is {shown(text)}, expected a duration such as 500ms, 1s, 5m or 1h, "
            "from 1ms to 366d",
        )
    return length_us


def moment_us(text: str, name: str, now: int) -> int:
    """Read a moment: ISO 8601, `now`, or back from now.

    Raises:
        ApiProblem: it is none.
    """
    if text == "now":
        return now
    back = _DURATION.fullmatch(text[1:]) if text.startswith("-") else None
    if back:
        return now - round(float(back[1]) * _UNIT_US[back[2]])
    begun = _YEAR_OR_MONTH.fullmatch(text)
    try:
        # What ISO 8601 calls reduced accuracy, and Python's reader does not know.
        return us_from_iso(text if begun is None else f"{text}{'-01' if begun[1] else '-01-01'}")
    except (ValueError, OverflowError):
        hint = "; in a URL a + is written %2B" if " " in text else ""
        raise invalid_parameter(
            name, f"{name} is {shown(text)}, expected {_MOMENT}{hint}"
        ) from None


def time_range(default_start: str) -> Callable[..., Awaitable[TimeRange]]:
    """The parameters `start` and `end` of an operation, for `Depends`."""

    async def range_of(
        start: Annotated[
            str,
            Query(
                description=f"Earliest time, included: {_MOMENT}.",
                examples=["-10m", "2026-05-01T12:00:00Z"],
            ),
        ] = default_start,
        end: Annotated[
            str,
            Query(
                description="Latest time, not included; written like `start`.",
                examples=["now", "2026-05-01T13:00:00Z"],
            ),
        ] = "now",
    ) -> TimeRange:
        now = now_us()
        start_us, end_us = moment_us(start, "start", now), moment_us(end, "end", now)
        for name, text, moment in (("start", start, start_us), ("end", end, end_us)):
            if not 0 <= moment <= LATEST_US:
                where = "before 1970" if moment < 0 else "after the year 9999"
                raise _bad_range(name, f"{name} is {shown(text)}, which is {where}")
        if start_us > end_us:
            raise _bad_range(
                "start",
                f"start {iso_from_us(start_us)} is after end {iso_from_us(end_us)}",
            )
        return TimeRange(start_us, end_us)

    return range_of


def _bad_range(name: str, detail: str) -> ApiProblem:
    return ApiProblem(ProblemKind.BAD_TIME_RANGE, detail, [ProblemPart(name=name, detail=detail)])
