"""Moments and durations as they are written in URLs."""

from contextlib import suppress

import pytest
from aerostream_cloud.bridge.api.times import duration_us, moment_us, time_range
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind
from aerostream_contract.times import iso_from_us, us_from_iso
from hypothesis import given
from hypothesis import strategies as st

NOW = us_from_iso("2026-05-01T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "length_us"),
    [
        ("1ms", 1000),
        ("500ms", 500_000),
        ("1s", 1_000_000),
        ("1.5h", 5_400_000_000),
        ("0.25s", 250_000),
        ("5m", 300_000_000),
        ("1d", 86_400_000_000),
        ("2w", 1_209_600_000_000),
        ("366d", 366 * 86_400_000_000),
    ],
)
def test_durations_are_read(text: str, length_us: int) -> None:
    assert duration_us(text, "every") == length_us


@pytest.mark.parametrize(
    "text",
    ["", "1", "s", "1 s", "-1s", "1S", "0s", "0.5ms", "367d", "1e3s", "١s", "1s1s", "9" * 99 + "d"],
)
def test_other_durations_are_refused_with_their_name_and_value(text: str) -> None:
    with pytest.raises(ApiProblem, match=r"^every is '.*expected a duration such as") as refused:
        duration_us(text, "every")
    assert refused.value.problem.errors[0].name == "every"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", "2026-05-01T12:00:00.000000Z"),
        ("-10m", "2026-05-01T11:50:00.000000Z"),
        ("-1.5d", "2026-04-30T00:00:00.000000Z"),
        ("-250ms", "2026-05-01T11:59:59.750000Z"),
        ("2026", "2026-01-01T00:00:00.000000Z"),
        ("2026-11", "2026-11-01T00:00:00.000000Z"),
        ("2026-05-01", "2026-05-01T00:00:00.000000Z"),
        ("2026-05-01T10:30", "2026-05-01T10:30:00.000000Z"),
        ("2026-05-01T10:30:00+02:00", "2026-05-01T08:30:00.000000Z"),
        ("20260501T103000Z", "2026-05-01T10:30:00.000000Z"),
    ],
)
def test_moments_are_read(text: str, time: str) -> None:
    assert iso_from_us(moment_us(text, "start", NOW)) == time


@pytest.mark.parametrize(
    "text", ["", "soon", "10m", "+10m", "-10", "-1y", "2026-13-01", "12:00", "1e9"]
)
def test_other_moments_are_refused(text: str) -> None:
    with pytest.raises(ApiProblem, match=r"^start is '.*expected ISO 8601 such as"):
        moment_us(text, "start", NOW)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("9999-12-31T23:59:59.999999-00:01", "after the year 9999"),
        ("1969-12-31T23:59:59.999999", "before 1970"),
    ],
)
async def test_a_time_beyond_the_calendar_is_refused_by_its_own_name(end: str, words: str) -> None:
    with pytest.raises(ApiProblem, match=rf"^end is '.*', which is {words}$") as refused:
        await time_range("-1d")("1970-01-01", end)
    assert refused.value.kind is ProblemKind.BAD_TIME_RANGE


@given(st.text())
def test_no_text_is_worse_than_refused(text: str) -> None:
    with suppress(ApiProblem):
        assert isinstance(moment_us(text, "start", NOW), int)
    with suppress(ApiProblem):
        assert isinstance(duration_us(text, "every"), int)


@given(st.integers(0, 253_402_300_799_999_999))
def test_every_time_that_is_shown_can_be_asked_for(time_us: int) -> None:
    assert moment_us(iso_from_us(time_us), "start", NOW) == time_us
