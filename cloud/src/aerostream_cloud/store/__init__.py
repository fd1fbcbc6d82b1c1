"""Stores of telemetry: the port that services use, and opening one by URL."""

from pathlib import Path

from aerostream_cloud.errors import NotOurStore
from aerostream_cloud.store.port import (
    Aggregate,
    Bucket,
    Sample,
    Selection,
    SeriesBlock,
    SeriesKey,
    SeriesStats,
    TelemetryStore,
    Value,
    Written,
)
from aerostream_cloud.store.sqlite import SqliteStore

__all__ = [
    "Aggregate",
    "Bucket",
    "Sample",
    "Selection",
    "SeriesBlock",
    "SeriesKey",
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
        NotOurStore: the URL is of another kind, or the file is not a store.
        StoreUnavailable: it cannot be opened now.
    """
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE):
        scheme = url.partition(":")[0]
        raise NotOurStore(f"store URL {scheme + ':…'!r} is unusable: expected sqlite:///path")
    return SqliteStore(Path(url.removeprefix(_SQLITE)), read_only=read_only)
