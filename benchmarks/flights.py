"""Recorded flights as the benchmarks see them, read with pymavlink, not with our own parser."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymavlink import mavutil

from benchmarks.measure import MeasureError
from benchmarks.processes import ROOT
from benchmarks.wire import publish_size

#: Cuts that are part of the project, and whole flights where somebody has them.
FOLDERS = (ROOT / "tests/data", ROOT.parent / "shared/flights")

_GROUND_STATION, _NO_AUTOPILOT = 6, 8
_RADIO = (51, 68)
_EXCEPTED_PREFIXES = ("PARAM_", "MISSION_", "COMMAND_", "FILE_", "LOG_")
_EXCEPTED_NAMES = ("TIMESYNC", "PING")


@dataclass(frozen=True, slots=True)
class Packet:
    """Some bytes of a link at their time."""

    at_s: float
    """Since the start of the stretch."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a recorded flight, and what its telemetry costs in other formats."""

    flight: str
    packets: list[Packet]
    mapped: int
    """Telemetry messages of the vehicle and its radio."""
    texts: int
    """Those of `mapped` that are STATUSTEXT, which become events, chunks joined."""
    mavlink_bytes: int
    """Of the mapped messages, as recorded."""
    json_bytes: int
    """The same as one compact JSON message each, MQTT header and topic included."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.packets[-1].at_s


def flight_files() -> list[Path]:
    """The recorded flights that there are."""
    return [file for folder in FOLDERS for file in sorted(folder.glob("*.tlog"))]


def middle(file: Path, longest_s: float) -> Stretch:
    """The middle of a flight, at most so many seconds of it.

    Raises:
        MeasureError: there is no vehicle in it.
    """
    messages = _messages(file)
    start_s, end_s = messages[0]._timestamp, messages[-1]._timestamp
    if end_s - start_s > longest_s:
        start_s = (start_s + end_s - longest_s) / 2
        end_s = start_s + longest_s
    chosen = [message for message in messages if start_s <= message._timestamp <= end_s]
    mapped = list(_mapped(chosen))
    return Stretch(
        flight=file.stem,
        packets=[
            Packet(message._timestamp - start_s, bytes(message.get_msgbuf())) for message in chosen
        ],
        mapped=len(mapped),
        texts=sum(message.get_type() == "STATUSTEXT" for message in mapped),
        mavlink_bytes=sum(len(message.get_msgbuf()) for message in mapped),
        json_bytes=sum(map(_json_size, mapped)),
    )


def _messages(file: Path) -> list[Any]:
    # Otherwise pymavlink goes by the first file: it leaves out fields where that is MAVLink 1.
    os.environ["MAVLINK20"] = "1"
    log = mavutil.mavlink_connection(str(file), dialect="all", robust_parsing=True)
    messages = []
    while (message := log.recv_msg()) is not None:
        messages.append(message)
    log.close()
    if not messages:
        raise MeasureError(f"{file} has no MAVLink message in it")
    return messages


def _mapped(messages: list[Any]) -> Iterable[Any]:
    """Messages of the vehicle with the most heartbeats and of its radio that are telemetry."""
    heartbeats: dict[int, int] = {}
    ground: set[tuple[int, int]] = set()
    for message in messages:
        if message.get_type() == "HEARTBEAT":
            if message.type == _GROUND_STATION:
                ground.add(_sender(message))
            elif message.autopilot != _NO_AUTOPILOT:
                system = message.get_srcSystem()
                heartbeats[system] = heartbeats.get(system, 0) + 1
    if not heartbeats:
        raise MeasureError("a flight has no vehicle's heartbeat in it")
    vehicle = max(heartbeats, key=lambda system: heartbeats[system])
    for message in messages:
        name = message.get_type()
        if name == "BAD_DATA" or name.startswith("UNKNOWN") or _is_excepted(name):
            continue
        sender = _sender(message)
        if sender not in ground and (sender[0] == vehicle or sender == _RADIO):
            yield message


def _is_excepted(name: str) -> bool:
    excepted = name.startswith(_EXCEPTED_PREFIXES) and name != "MISSION_CURRENT"
    return excepted or name in _EXCEPTED_NAMES


def _sender(message: Any) -> tuple[int, int]:
    return message.get_srcSystem(), message.get_srcComponent()


def _json_size(message: Any) -> int:
    payload = json.dumps(message.to_dict(), separators=(",", ":"))
    topic = f"aero/1/full/drone-f1/{message.get_type()}"
    return publish_size(topic.encode(), len(payload.encode()))
