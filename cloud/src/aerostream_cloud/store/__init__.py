"""Stores of telemetry: the port that services use, and opening one by URL."""

from pathlib import Path

from aerostream_contract.errors import InvalidSetting

from aerostream_cloud.store.port import (
    Aggregate,
    Bucket,
    Run,
    Sample,
    Selection,
    SeriesBlock,
    SeriesKey,
    SeriesSpan,
    SeriesStats,
    TelemetryStore,
    Value,
    Written,
)
from aerostream_cloud.store.sqlite import SqliteStore

__all__ = [
    "Aggregate",
    "Bucket",
    "Run",
    "Sample",
    "Selection",
    "SeriesBlock",
    "SeriesKey",
    "SeriesSpan",
    "SeriesStats",
    "TelemetryStore",
    "Value",
    "Written",
    "open_store",
]

_SQLITE = "sqlite:///"


def open_store(url: str, *, read_only: bool = False) -> TelemetryStore:
    """Open the store that a URL names; `sqlite:///relative` or `sqlite:////absolute` path.

    Raises:
        InvalidSetting: the URL is of another kind.
        NotOurStore: the file is not a store.
        StoreUnavailable: it cannot be opened now.
    """
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE):
        scheme = url.partition(":")[0]
        raise InvalidSetting(
            f"AEROSTREAM_STORE_URL {scheme + ':…'!r} is unusable, expected sqlite:///path"
        )
    return SqliteStore(Path(url.removeprefix(_SQLITE)), read_only=read_only)
