"""Recorded flights, and what a pass with pymavlink finds in them: the tests' second opinion."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymavlink.dialects.v20 import all as dialect

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared/flights"
OWN_FLIGHTS = sorted(DATA.glob("*.tlog"))
SHARED_FLIGHTS = sorted(SHARED.glob("*.tlog"))

_GROUND_STATION = 6
_NO_AUTOPILOT = 8
_RADIO = (51, 68)
_EXCEPTED = ("PARAM_", "MISSION_", "COMMAND_", "FILE_", "LOG_")
_NO_SAMPLES = ("TIMESYNC", "PING")


@dataclass
class Flight:
    """What pymavlink finds in a log, for the vehicle with most heartbeats."""

    frames: int = 0
    bad_bytes: int = 0
    system: int = 0
    messages: dict[tuple[int, str], list[Any]] = field(default_factory=lambda: defaultdict(list))
    """Messages that are to be stored, by component and name, in order."""
    texts: list[str] = field(default_factory=list)
    """STATUSTEXTs, chunks joined."""
    excepted: int = 0
    """Messages of protocols that are not telemetry."""

    @property
    def counts(self) -> Counter[tuple[int, str]]:
        """How many messages there are, STATUSTEXT left out."""
        return Counter({key: len(found) for key, found in self.messages.items()})


def read_flight(path: Path) -> Flight:
    """Read a log record by record: eight bytes of time, then a frame as long as it says."""
    data = path.read_bytes()
    flight = Flight()
    parser = dialect.MAVLink(None)
    received: list[Any] = []
    position = 0
    while position + 8 < len(data):
        start = position + 8
        overhead = 8
        if data[start] == 0xFD:
            overhead = 12 + (13 if data[start + 2] & 1 else 0)
        end = start + data[start + 1] + overhead
        if end > len(data):
            flight.bad_bytes += len(data) - position
            break
        try:
            message = parser.decode(bytearray(data[start:end]))
        except dialect.MAVError:
            message = None
        if message is None or message.get_type().startswith("UNKNOWN"):
            flight.bad_bytes += end - start
        else:
            flight.frames += 1
            received.append(message)
        position = end
    _sort_out(flight, received)
    return flight


def _sort_out(flight: Flight, received: list[Any]) -> None:
    heartbeats: Counter[int] = Counter()
    ground: set[tuple[int, int]] = set()
    for message in received:
        if message.get_type() == "HEARTBEAT":
            sender = (message.get_srcSystem(), message.get_srcComponent())
            if message.type == _GROUND_STATION:
                ground.add(sender)
            elif message.autopilot != _NO_AUTOPILOT:
                heartbeats[sender[0]] += 1
    flight.system = heartbeats.most_common(1)[0][0]
    chunks: dict[int, str] = {}
    for message in received:
        sender = (message.get_srcSystem(), message.get_srcComponent())
        if sender in ground or (sender[0] != flight.system and sender != _RADIO):
            continue
        name = message.get_type()
        if name == "STATUSTEXT":
            text = chunks.pop(message.id, "") + message.text
            if message.id and len(message.text) == 50:
                chunks[message.id] = text
            else:
                flight.texts.append(text.rstrip())
        elif name in _NO_SAMPLES or (name != "MISSION_CURRENT" and name.startswith(_EXCEPTED)):
            flight.excepted += 1
        else:
            flight.messages[sender[1], name].append(message)


def flat(message: Any) -> dict[str, Any]:
    """A message's fields by column name, arrays as `name_0 …`."""
    columns: dict[str, Any] = {}
    for name in message.fieldnames:
        value = getattr(message, name)
        if isinstance(value, (list, tuple)):
            columns |= {f"{name}_{index}": item for index, item in enumerate(value)}
        else:
            columns[name] = value
    return columns


def import_process(
    url: str, *flights: Path, drone: str = "d1", **settings: str
) -> "subprocess.Popen[str]":
    """`aerostream-edge import --json` as a process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AEROSTREAM_")}
    own = {"mqtt_url": url, "drone": drone, "rate_policy": "full"} | settings
    environ = clean | {f"AEROSTREAM_{name.upper()}": value for name, value in own.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "aerostream_edge", "import", "--json", *map(str, flights)],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def imported(process: "subprocess.Popen[str]", timeout_s: float = 240) -> list[dict[str, Any]]:
    """Wait for an import; gives its reports."""
    out, err = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]
