"""Vehicles that keep a ledger of what they say. They are never faulted; their autopilots reboot."""

import asyncio
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from random import Random

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.clock import Clock
from aerostream_sim.faults.ledger import TEXT_PREFIX, Kind, Sent, attitude_of
from aerostream_sim.faults.unread import unread_bytes
from aerostream_sim.mavlink.wire import Message, Wire

_TICK_S = 0.2
_TICKS_PER_SECOND = 5
_REBOOT_EVERY_S = (20.0, 60.0)
_REBOOT_TAKES_S = 1.0
_TEXT_EVERY_S = (1.0, 4.0)
#: An autopilot knows the time at once, or when it has found its satellites.
_TIME_KNOWN_AFTER_S = (0.0, 3.0)
_LON_DEGE7 = 95_000_000


class Vehicle:
    """One vehicle, a TCP server on the loopback interface for its agent.

    It sends HEARTBEAT and SYSTEM_TIME every second, position, attitude and a named value five
    times a second, and texts now and then.

    Args:
        system: its MAVLink system id.
        random: decides when it reboots and speaks.
        clock: the laboratory's.
    """

    def __init__(self, *, system: int, random: Random, clock: Clock) -> None:
        self.ledger: list[Sent] = []
        self.port = 0
        self._wire = Wire(system)
        self._random = random
        self._clock = clock
        self._connections: dict[_Connection, float] = {}
        self._server: asyncio.Server | None = None
        self._sequences: Counter[Kind] = Counter()
        self._utc_minus_monotonic_us = clock.utc_us() - round(clock.monotonic_s() * 1e6)
        self._boot = -1
        self._base_us = 0
        self._time_known_s = 0.0
        self._told: set[float] = set()
        self._begin_boot(running_since_s=random.uniform(20, 200))
        self._time_known_s = 0.0

    @property
    def connected(self) -> bool:
        """Whether an agent is connected."""
        return bool(self._connections)

    def behind_s(self) -> float:
        """How old the oldest message is that was sent to the agent and that it has not read."""
        connection = max(self._connections, key=self._connections.__getitem__, default=None)
        return 0.0 if connection is None else connection.behind_s(self._clock.monotonic_s())

    async def open(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()
            self._server = None

    async def fly(self) -> None:
        """Send until cancelled."""
        now_s = self._clock.monotonic_s()
        reboot_s = now_s + self._random.uniform(*_REBOOT_EVERY_S)
        text_s = now_s + self._random.uniform(*_TEXT_EVERY_S)
        next_s = now_s
        tick = 0
        while True:
            now_s = self._clock.monotonic_s()
            if now_s >= reboot_s:
                reboot_s = now_s + self._random.uniform(*_REBOOT_EVERY_S)
                await asyncio.sleep(_REBOOT_TAKES_S)
                self._begin_boot(running_since_s=0.05)
                next_s, tick = self._clock.monotonic_s(), 0
                continue
            kinds = [Kind.HEARTBEAT, Kind.SYSTEM_TIME] if tick % _TICKS_PER_SECOND == 0 else []
            kinds += [Kind.POSITION, Kind.ATTITUDE, Kind.NAMED_VALUE]
            if now_s >= text_s:
                text_s = now_s + self._random.uniform(*_TEXT_EVERY_S)
                kinds.append(Kind.TEXT)
            self._say(kinds, now_s)
            tick += 1
            # A machine that was busy for long must not make two samples of one millisecond.
            next_s = max(next_s + _TICK_S, now_s + _TICK_S / 4)
            await asyncio.sleep(max(0.0, next_s - self._clock.monotonic_s()))

    def connection_made(self, connection: "_Connection") -> None:
        """An agent connected."""
        self._connections[connection] = self._clock.monotonic_s()

    def connection_lost(self, connection: "_Connection") -> None:
        """An agent went."""
        self._connections.pop(connection, None)

    def _begin_boot(self, *, running_since_s: float) -> None:
        self._boot += 1
        self._told.clear()
        now_s = self._clock.monotonic_s()
        # Times since boot are whole milliseconds, so that UTC = base + boot is exact.
        self._base_us = self._utc_us(now_s) - round(running_since_s * 1000) * 1000
        self._time_known_s = now_s + self._random.choice(_TIME_KNOWN_AFTER_S)

    def _utc_us(self, now_s: float) -> int:
        return round(now_s * 1e6) + self._utc_minus_monotonic_us

    def _say(self, kinds: Iterable[Kind], now_s: float) -> None:
        boot_ms = (self._utc_us(now_s) - self._base_us) // 1000
        true_us = self._base_us + boot_ms * 1000
        newest_s = max(self._connections.values(), default=None)
        packets = []
        for kind in kinds:
            if kind is Kind.SYSTEM_TIME and now_s < self._time_known_s:
                continue
            self._sequences[kind] += 1
            sequence = true_us if kind is Kind.SYSTEM_TIME else self._sequences[kind]
            if kind is Kind.SYSTEM_TIME and newest_s is not None:
                self._told.add(newest_s)
            exact = newest_s in self._told
            sent = Sent(kind, sequence, true_us, now_s, newest_s, self._boot, exact)
            self.ledger.append(sent)
            packets.append(_message(kind, sequence, boot_ms))
        data = self._wire.pack(packets)
        for connection in self._connections:
            connection.send(data, now_s)


class _Connection(asyncio.Protocol):
    """An agent's connection; what it says is not listened to."""

    def __init__(self, vehicle: Vehicle) -> None:
        self._vehicle = vehicle
        self._transport: asyncio.Transport | None = None
        self._sent: list[tuple[int, float]] = [(0, 0.0)]
        """Bytes sent in all, and when: after each sending."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._vehicle.connection_made(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._vehicle.connection_lost(self)

    def send(self, data: bytes, now_s: float) -> None:
        """Send; without a limit, as nothing that is in the ledger may be left out."""
        if self._transport is not None and not self._transport.is_closing():
            self._sent.append((self._sent[-1][0] + len(data), now_s))
            self._transport.write(data)

    def behind_s(self, now_s: float) -> float:
        """How old the oldest sending is that was not read to its end."""
        if self._transport is None or self._transport.is_closing():
            return 0.0
        ports = [self._transport.get_extra_info(end)[1] for end in ("sockname", "peername")]
        unread = self._transport.get_write_buffer_size() + unread_bytes(*ports)
        if not unread:
            return 0.0
        read = max(0, self._sent[-1][0] - unread)
        _, sent_s = self._sent[bisect_right(self._sent, (read, math.inf))]
        return now_s - sent_s

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _message(kind: Kind, sequence: int, boot_ms: int) -> Message:
    match kind:
        case Kind.HEARTBEAT:
            return dialect.MAVLink_heartbeat_message(
                type=dialect.MAV_TYPE_QUADROTOR,
                autopilot=dialect.MAV_AUTOPILOT_GENERIC,
                base_mode=0,
                custom_mode=sequence,
                system_status=dialect.MAV_STATE_ACTIVE,
                mavlink_version=3,
            )
        case Kind.SYSTEM_TIME:
            return dialect.MAVLink_system_time_message(
                time_unix_usec=sequence, time_boot_ms=boot_ms
            )
        case Kind.POSITION:
            return dialect.MAVLink_global_position_int_message(
                time_boot_ms=boot_ms,
                lat=sequence,
                lon=_LON_DEGE7,
                alt=400_000,
                relative_alt=20_000,
                vx=0,
                vy=0,
                vz=0,
                hdg=0,
            )
        case Kind.ATTITUDE:
            roll, pitch = attitude_of(sequence)
            return dialect.MAVLink_attitude_message(
                time_boot_ms=boot_ms,
                roll=roll,
                pitch=pitch,
                yaw=0.0,
                rollspeed=0.0,
                pitchspeed=0.0,
                yawspeed=0.0,
            )
        case Kind.NAMED_VALUE:
            return dialect.MAVLink_named_value_int_message(
                time_boot_ms=boot_ms, name=b"lab", value=sequence
            )
        case Kind.TEXT:
            return dialect.MAVLink_statustext_message(
                severity=dialect.MAV_SEVERITY_INFO, text=f"{TEXT_PREFIX}{sequence}".encode()
            )
