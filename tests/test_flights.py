"""Recorded flights through agent, broker, ingest and store: every sample is there, exact."""

import json
import math
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aerostream_contract.channels import Channel, ColumnKind, Field, channel_named
from support.broker import Broker
from support.cloud import Ingest, MqttClient, cloud_environ
from support.recorded import (
    OWN_FLIGHTS,
    SHARED,
    SHARED_FLIGHTS,
    Flight,
    flat,
    import_process,
    imported,
    read_flight,
)

needs_shared = pytest.mark.skipif(
    not SHARED_FLIGHTS, reason=f"needs the recorded flights in {SHARED.parent.name}/{SHARED.name}"
)
FLIGHTS = [pytest.param(path, id=path.stem) for path in OWN_FLIGHTS] + [
    pytest.param(path, id=path.stem, marks=needs_shared)
    for path in (SHARED_FLIGHTS or [SHARED / "absent.tlog"])
]


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[Ingest]:
    with Ingest(broker.url, tmp_path / "data") as service:
        with MqttClient(broker.port, "aero/1/_svc/#") as client:
            service.ready(client)
        yield service


def stats(broker: Broker, ingest: Ingest) -> list[dict[str, Any]]:
    out = subprocess.run(
        [sys.executable, "-m", "aerostream_cloud", "stats", "--json"],
        env=cloud_environ(broker.url, ingest.folder),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: list[dict[str, Any]] = json.loads(out)
    return found


def samples_by_source(found: list[dict[str, Any]]) -> Counter[tuple[int, str]]:
    """Stored samples by component and message, events left out."""
    counts: Counter[tuple[int, str]] = Counter()
    for series in found:
        if series["channel"] != "event":
            counts[series["component"], series["source"]] += series["samples"]
    return counts


@pytest.mark.parametrize("path", FLIGHTS)
def test_every_sample_of_a_recorded_flight_is_stored_exactly(
    path: Path, broker: Broker, ingest: Ingest
) -> None:
    flight = read_flight(path)
    (report,) = imported(import_process(broker.url, path))
    (vehicle,) = report["vehicles"]
    found = stats(broker, ingest)

    assert report["frames"] == flight.frames
    assert report["bad_bytes"] == flight.bad_bytes
    assert vehicle["sysid"] == flight.system
    assert vehicle["mapped"] + vehicle["unmapped"] == (
        flight.counts.total() + flight.excepted + vehicle["mapped_messages"].get("STATUSTEXT", 0)
    )
    assert vehicle["unmapped"] == flight.excepted
    assert samples_by_source(found) == flight.counts
    texts = [s for s in found if s["source"] == "STATUSTEXT"]
    assert sum(series["samples"] for series in texts) == len(flight.texts)
    assert not ingest.dead_letters()

    store = sqlite3.connect(f"{ingest.store.as_uri()}?mode=ro", uri=True)
    try:
        checked = sum(check_values(store, flight, channel) for channel in channels_in(found))
        stored_texts = [t for (t,) in store.execute("SELECT text FROM v_event WHERE text != ''")]
    finally:
        store.close()
    assert checked == flight.counts.total()
    assert not Counter(flight.texts) - Counter(stored_texts)

    imported(import_process(broker.url, path))
    assert stats(broker, ingest) == found, "importing again changed something"


def channels_in(found: list[dict[str, Any]]) -> list[Channel]:
    names = {series["channel"] for series in found} - {"event"}
    return [channel_named(name) for name in sorted(names)]


def check_values(store: sqlite3.Connection, flight: Flight, channel: Channel) -> int:
    """Compare all rows of a channel with the messages that they came from, in any order."""
    names = ", ".join(f'"{name}"' for name in channel.field_names)
    stored: dict[tuple[int, str], Counter[tuple[Any, ...]]] = {}
    for component, source, *values in store.execute(
        f'SELECT component, source, {names} FROM "{channel.name}" c '
        "JOIN series s ON s.id = c.series"
    ):
        row = tuple(wire(each, value) for each, value in zip(channel.fields, values, strict=True))
        stored.setdefault((component, source), Counter())[row] += 1
    for key, rows in stored.items():
        expected = Counter(expected_row(channel, message) for message in flight.messages[key])
        assert rows == expected, f"{channel.name} of {key}"
    return sum(rows.total() for rows in stored.values())


def wire(each: Field, value: Any) -> Any:
    """A stored value in wire steps; what is bit-exact stays as it is."""
    if each.kind is ColumnKind.STEPS and value is not None:
        steps = round(value * each.steps)
        assert steps / each.steps == value, f"{each.name} {value} is no whole step"
        return steps
    return int(value) if each.kind is ColumnKind.UINT64 and value is not None else value


def expected_row(channel: Channel, message: Any) -> tuple[Any, ...]:
    columns = flat(message)
    return tuple(expected(each, columns.get(each.name)) for each in channel.fields)


def expected(each: Field, value: Any) -> Any:
    """What should be stored of a message's value, in wire steps."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return round(value * each.steps) if each.kind is ColumnKind.STEPS else value
    return None if value in each.invalid else value
