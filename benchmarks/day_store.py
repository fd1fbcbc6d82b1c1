"""A store of 100 drones over 24 hours of policy `standard`, made once and kept for later runs.

The samples are written about as ingest writes them: in the order of time, all drones side by
side, so that the pages of a series lie scattered over the file. Only the values repeat themselves.
"""

import json
import math
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aerostream_cloud.database import open_database
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.store import SeriesBlock
from aerostream_cloud.store.sqlite import SqliteStore
from aerostream_contract.channels import CHANNELS, Channel
from aerostream_contract.columns import Value
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName

DRONES = 100
HOURS = 24
FLIGHT_S, PAUSE_S = 2400, 1200
"""Every drone flies for 40 minutes of each hour."""

#: Seconds between two samples of an ArduPilot copter in flight, with the deadbands of `standard`.
INTERVALS_S = {
    "heartbeat": 1,
    "position": 1,
    "attitude": 1,
    "vfr": 5,
    "local_position": 5,
    "gps": 5,
    "battery": 5,
    "system": 10,
    "navigation": 5,
    "mission": 20,
    "ekf": 20,
    "vibration": 20,
    "rc": 20,
    "wind": 30,
    "home": 60,
    "pressure": 30,
    "power": 30,
    "servo": 30,
    "system_time": 10,
    "link": 30,
    "agent": 30,
}

_VERSION = 1
"""Raised when what is written changes: an older store is not used any more."""
_END_US = 1_767_312_000_000_000
"""2026-01-02T00:00:00Z."""
#: Ingest writes a second at a time; five minutes take a third of the time and make pages as full.
_CHUNK_S = 300
_PERIOD_S = FLIGHT_S + PAUSE_S
_DRONE_SHIFT_S = 36
_COMPONENT = 1
_ARMED, _DISARMED = 209, 81


@dataclass(frozen=True, slots=True)
class DayStore:
    """A data directory for the bridge: store and registry."""

    folder: Path
    drones: tuple[str, ...]
    start_us: int
    end_us: int
    samples: int
    built_s: float
    """How long it took to write it."""

    @property
    def file(self) -> Path:
        """The store's file."""
        return self.folder / "telemetry.sqlite"


def day_store() -> DayStore:
    """The store, in the machine's temporary folder; written where it is not there yet."""
    folder = Path(tempfile.gettempdir()) / "aerostream-bench" / f"day-store-{_VERSION}"
    note = folder / "done.json"
    if not note.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        started_s = time.monotonic()
        samples = _write(folder)
        told = {"samples": samples, "built_s": time.monotonic() - started_s}
        note.write_text(json.dumps(told), encoding="utf-8")
    told = json.loads(note.read_text(encoding="utf-8"))
    names = tuple(name.drone for name in _names())
    return DayStore(folder, names, _END_US - HOURS * 3600 * 1_000_000, _END_US, **told)


def _names() -> list[DroneName]:
    return [DroneName("bench", f"drone-{index:03}") for index in range(DRONES)]


def _write(folder: Path) -> int:
    names = _names()
    registry = DroneRegistry(engine=open_database(f"sqlite:///{folder / 'registry.sqlite'}"))
    store = SqliteStore(folder / "telemetry.sqlite")
    samples = 0
    try:
        for name in names:
            registry.admit(name, _END_US)
        for blocks in _chunks(names):
            samples += store.write(blocks).stored
    finally:
        store.close()
        registry.close()
    return samples


def _chunks(names: Sequence[DroneName]) -> Iterator[list[SeriesBlock]]:
    """Five minutes of all drones at a time."""
    series = [_Series(CHANNELS[name], every_s) for name, every_s in INTERVALS_S.items()]
    length_s = HOURS * 3600
    start_us = _END_US - length_s * 1_000_000
    for second in range(0, length_s, _CHUNK_S):
        yield [
            SeriesBlock(name, block)
            for index, name in enumerate(names)
            for each in series
            if (block := each.block(start_us, second, index * _DRONE_SHIFT_S)) is not None
        ]


class _Series:
    """An hour of one channel, of which every drone has its own place to begin."""

    def __init__(self, channel: Channel, every_s: int) -> None:
        self._channel = channel
        self._every_s = every_s
        self._rows = _PERIOD_S // every_s
        # Twice, so that no slice has to go around the corner.
        self._columns = [
            [_value(channel.name, name, steps, row * every_s) for row in range(self._rows)] * 2
            for name, steps in ((field.name, field.steps) for field in channel.fields)
        ]

    def block(self, start_us: int, second: int, shift_s: int) -> DecodedBlock | None:
        """The samples of the five minutes that begin so many seconds after the start."""
        rows = range(-(-second // self._every_s), -(-(second + _CHUNK_S) // self._every_s))
        if not rows:
            return None
        first = (rows[0] + shift_s // self._every_s) % self._rows
        return DecodedBlock(
            channel=self._channel,
            component=_COMPONENT,
            instance="0",
            # Nobody's samples come at whole seconds, nor all at once.
            times=[
                start_us + row * self._every_s * 1_000_000 + shift_s * 1_000 + row % 997
                for row in rows
            ],
            columns=[column[first : first + len(rows)] for column in self._columns],
        )


def _value(channel: str, field: str, steps: int, second: int) -> Value:
    """A value at a second of the hour: in the field's resolution, and of a sensible size."""
    flying = second < FLIGHT_S
    angle = second / 60
    match channel, field:
        case "heartbeat", "base_mode":
            return _ARMED if flying else _DISARMED
        case "heartbeat", _:
            return {"type": 2, "autopilot": 3, "custom_mode": 4}.get(field, 3)
        case "position", "lat":
            return round(47.4 + 0.004 * math.sin(angle) * flying, 7)
        case "position", "lon":
            return round(8.5 + 0.004 * math.cos(angle) * flying, 7)
        case "position", "relative_alt":
            return 40.0 + second % 13 / 8 if flying else 0.0
        case "battery" | "system", "battery_remaining":
            return 100 - second * 70 // FLIGHT_S if flying else 100
        case "battery", _ if field.startswith("voltages_") and field != "voltages_0":
            return None  # ArduPilot tells the pack's voltage only
        case "system_time", _:
            return 1_767_225_600_000_000 + second * 1_000_000
        case "gps", "h_acc" | "v_acc" | "vel_acc" | "hdg_acc" | "yaw" | "dgps_numch" | "dgps_age":
            return None
        case _:
            number = round(1500 + 400 * math.sin(angle + len(field)))
            return number if steps == 1 else number / steps
