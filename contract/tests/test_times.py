"""Times in and out of ISO 8601."""

import pytest
from aerostream_contract.times import EARLIEST_US, LATEST_US, iso_from_us, us_from_iso
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(EARLIEST_US, LATEST_US))
def test_any_microsecond_of_the_calendar_is_read_back(time_us: int) -> None:
    text = iso_from_us(time_us)
    assert us_from_iso(text) == time_us
    assert len(text) == len("2026-01-01T00:00:00.000000Z")


def test_times_sort_as_their_texts_do() -> None:
    assert iso_from_us(0) == "1970-01-01T00:00:00.000000Z"
    assert iso_from_us(-1) == "1969-12-31T23:59:59.999999Z"
    assert iso_from_us(EARLIEST_US) == "0001-01-01T00:00:00.000000Z"
    assert iso_from_us(LATEST_US) == "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.5Z", 500_000),
    ],
)
def test_zones_and_shorter_forms_are_understood(text: str, time_us: int) -> None:
    assert us_from_iso(text) == time_us


@pytest.mark.parametrize("time_us", [EARLIEST_US - 1, LATEST_US + 1, 1 << 80])
def test_a_time_outside_the_calendar_is_refused(time_us: int) -> None:
    with pytest.raises(OverflowError):
        iso_from_us(time_us)


@pytest.mark.parametrize(
    "text", ["", "now", "1970-13-01", "10000-01-01T00:00:00Z", "1970-01-01T25:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever text the standard library has for it
        us_from_iso(text)
