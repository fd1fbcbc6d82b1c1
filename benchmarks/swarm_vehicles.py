"""Vehicles that cost next to nothing: `python -m benchmarks.swarm_vehicles FIRST_PORT COUNT`.

Each sends MAVLink 2 to an agent's UDP port of its own, what policy `standard` asks an autopilot
for while somebody looks at its position: GLOBAL_POSITION_INT five times a second, HEARTBEAT and
ATTITUDE once, four messages more every five seconds. The time in a position is the moment at
which it is sent, in whole milliseconds. Ends with SIGTERM.
"""

import contextlib
import math
import random
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from aerostream_contract.mavlink import MESSAGES
from aerostream_edge.mavlink.frames import checksum
from aerostream_edge.mavlink.messages import Value, encode_message

POSITION_HZ = 5
_BOOTED_MS_AGO = 100_000
_ROUND_MS = 5000
"""After so long all of a vehicle's messages come again."""
_SEED = 1
_PORTS_PER_SOCKET = 100
_HEADER_BYTES, _CHECKSUM_BYTES = 10, 2

#: What is sent as it is, and how often in a round.
_OTHERS: dict[str, tuple[int, dict[str, Value]]] = {
    "HEARTBEAT": (
        5,
        {
            "type": 2,
            "autopilot": 3,
            "base_mode": 209,
            "custom_mode": 4,
            "system_status": 4,
            "mavlink_version": 3,
        },
    ),
    "VFR_HUD": (1, {"groundspeed": 5.0, "heading": 90, "throttle": 40, "alt": 450.0}),
    "GPS_RAW_INT": (1, {"fix_type": 3, "lat": 473977420, "lon": 85455940, "eph": 121}),
    "SYS_STATUS": (1, {"voltage_battery": 15900, "current_battery": 1200, "load": 300}),
    "BATTERY_STATUS": (1, {"voltages_0": 15900, "current_battery": 1200, "battery_remaining": 80}),
}
_POSITION = struct.Struct("<IiiiihhhH")
_ATTITUDE = struct.Struct("<Iffffff")


class _Due(NamedTuple):
    """Something to send, at a moment of each round."""

    at_ms: float
    send: Callable[[], None]


class _Vehicle:
    """One vehicle, circling at its own place."""

    def __init__(self, index: int, address: tuple[str, int], link: socket.socket) -> None:
        self._address = address
        self._link = link
        self._sequence = 0
        self._count = 0
        self._booted_ms = time.time_ns() // 1_000_000 - _BOOTED_MS_AGO
        self._lat = 473_000_000 + index // 32 * 40_000
        self._lon = 85_000_000 + index % 32 * 60_000

    def introduce(self) -> None:
        """Say what and when it is; the agent takes the time of everything later from it."""
        self.send_fixed("HEARTBEAT")
        boot_ms = self._boot_ms()
        utc_us = (self._booted_ms + boot_ms) * 1000
        values: dict[str, Value] = {"time_unix_usec": utc_us, "time_boot_ms": boot_ms}
        self._send(_payload("SYSTEM_TIME", values), "SYSTEM_TIME")

    def send_position(self) -> None:
        """Send where it is."""
        self._count += 1
        angle = self._count / 50
        payload = _POSITION.pack(
            self._boot_ms(),
            self._lat + round(8000 * math.sin(angle)),
            self._lon + round(8000 * math.cos(angle)),
            450_000 + self._count % 1000,
            40_000 + self._count % 1000,
            round(500 * math.cos(angle)),
            round(-500 * math.sin(angle)),
            0,
            round(math.degrees(angle) * 100) % 36_000,
        )
        self._send(payload, "GLOBAL_POSITION_INT")

    def send_attitude(self) -> None:
        """Send how it lies in the air."""
        roll = math.sin(self._count / 10) / 4
        self._send(_ATTITUDE.pack(self._boot_ms(), roll, 0.1, 1.5, 0, 0, 0), "ATTITUDE")

    def send_fixed(self, name: str) -> None:
        """Send a message that always says the same."""
        self._send(_FIXED[name], name)

    def _boot_ms(self) -> int:
        return time.time_ns() // 1_000_000 - self._booted_ms

    def _send(self, payload: bytes, name: str) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        message_id, crc_extra = _KINDS[name]
        cut = payload[:1] + payload[1:].rstrip(b"\0")
        checked = bytes((len(cut), 0, 0, self._sequence, 1, 1, message_id, 0, 0)) + cut
        crc = checksum(checked + crc_extra)
        packet = b"\xfd" + checked + crc.to_bytes(2, "little")
        # An unconnected socket hears of an agent that is gone, in the call after.
        with contextlib.suppress(ConnectionRefusedError):
            self._link.sendto(packet, self._address)


def _payload(name: str, values: dict[str, Value]) -> bytes:
    frame = encode_message(name, values, system=1, component=1, sequence=0)
    return frame[_HEADER_BYTES:-_CHECKSUM_BYTES]


_FIXED = {name: _payload(name, values) for name, (_, values) in _OTHERS.items()}
_KINDS = {
    name: (MESSAGES.named(name).id, bytes((MESSAGES.named(name).crc_extra,)))
    for name in (*_OTHERS, "SYSTEM_TIME", "GLOBAL_POSITION_INT", "ATTITUDE")
}


def main() -> None:
    """Send until SIGTERM."""
    first_port, count = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    vehicles = list(_vehicles(first_port, count))
    for vehicle in vehicles:
        vehicle.introduce()
    rnd = random.Random(_SEED)
    plan = sorted((due for each in vehicles for due in _round(each, rnd)), key=lambda due: due[0])
    start_s = time.monotonic()
    while True:
        for at_ms, send in plan:
            wait_s = start_s + at_ms / 1000 - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            send()
        start_s += _ROUND_MS / 1000


def _vehicles(first_port: int, count: int) -> Iterator[_Vehicle]:
    for index in range(count):
        if index % _PORTS_PER_SOCKET == 0:
            link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            link.bind(("127.0.0.1", 0))
        yield _Vehicle(index, ("127.0.0.1", first_port + index), link)


def _round(vehicle: _Vehicle, rnd: random.Random) -> Iterator[_Due]:
    """A vehicle's messages, each kind evenly spread from a moment of its own on."""
    yield from _spread(vehicle.send_position, POSITION_HZ * _ROUND_MS // 1000, rnd)
    yield from _spread(vehicle.send_attitude, _ROUND_MS // 1000, rnd)
    for name, (times, _) in _OTHERS.items():
        yield from _spread(partial(vehicle.send_fixed, name), times, rnd)


def _spread(send: Callable[[], None], times: int, rnd: random.Random) -> Iterator[_Due]:
    every_ms = _ROUND_MS / times
    first_ms = rnd.random() * every_ms
    for number in range(times):
        yield _Due(first_ms + number * every_ms, send)


if __name__ == "__main__":
    main()
