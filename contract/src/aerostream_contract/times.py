"""Times as AeroStream writes them: microseconds inside, ISO 8601 UTC outside."""

from datetime import UTC, datetime, timedelta

#: Times that a calendar can show: the years 1 to 9999.
EARLIEST_US, LATEST_US = -62_135_596_800_000_000, 253_402_300_799_999_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_from_us(time_us: int) -> str:
    """UTC microseconds since 1970 as ISO 8601 with six decimals and `Z`.

    Raises:
        OverflowError: the time is outside the years 1 to 9999.
    """
    moment = _EPOCH + timedelta(microseconds=time_us)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def us_from_iso(text: str) -> int:
    """The inverse; a time without a zone is UTC.

    Raises:
        ValueError: the text is not an ISO 8601 time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)
