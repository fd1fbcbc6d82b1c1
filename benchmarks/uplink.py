"""Bytes that the agent puts on its MQTT socket, against JSON and against raw MAVLink.

Real agents carry stretches of recorded flights at the speed at which they were recorded, each
through a proxy that counts, to a real Mosquitto with a real ingest behind it. One agent per
flight and policy, all at once. Counted is everything that the agent sends from CONNECT to
DISCONNECT: headers, acknowledgements, keepalives, status, info, state and the agent's own health.
"""

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.flights import Stretch, flight_files, middle
from benchmarks.measure import MeasureError, Report, Result
from benchmarks.processes import Running, agent, broker, ingest

COMMAND = "uv run python -m benchmarks uplink"
LONGEST_S = 40.0
POLICIES = ("full", "standard")
_START_TIMEOUT_S = 30.0
_TICK_S = 0.02
_CHUNK = 1 << 16

_HEADER = (
    "Flight", "Seconds", "Messages", "JSON B/s", "MAVLink B/s", "full B/s", "full / JSON",
    "full / MAVLink", "standard B/s", "standard / MAVLink",
)  # fmt: skip


def run() -> Report:
    """Measure all flights at once; some 50 seconds.

    Raises:
        MeasureError: an agent did not run, or not all of a flight was stored.
    """
    stretches = [middle(file, LONGEST_S) for file in flight_files()]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(broker(folder))
        stack.enter_context(ingest(folder, port))
        used = asyncio.run(_measured(stretches, folder, port))
        _check_stored(stretches, folder / "telemetry.sqlite")
    return _report(stretches, used)


async def _measured(
    stretches: list[Stretch], folder: Path, port: int
) -> dict[tuple[int, str], int]:
    """Uplink bytes by place of the stretch and policy."""
    async with AsyncExitStack() as stack:
        rides = {}
        for index, stretch in enumerate(stretches):
            for policy in POLICIES:
                ride = _ride(stretch, _drone(index, policy), policy, folder, port)
                rides[index, policy] = await stack.enter_async_context(ride)
        await asyncio.gather(*(ride.ready() for ride in rides.values()))
        await asyncio.gather(*(ride.fly() for ride in rides.values()))
        return {key: ride.proxy.upwards for key, ride in rides.items()}


def _drone(index: int, policy: str) -> str:
    """A name as long as they usually are; ids are unique in an installation."""
    return f"drone-{policy[0]}{index}"


@asynccontextmanager
async def _ride(
    stretch: Stretch, drone: str, policy: str, folder: Path, port: int
) -> AsyncIterator["_Ride"]:
    """One agent between a vehicle that replays and a proxy that counts."""
    vehicle, proxy = _Vehicle(), _CountingProxy(port)
    async with vehicle.listening() as mavlink_port, proxy.listening() as proxy_port:
        mavlink = f"tcp:127.0.0.1:{mavlink_port}"
        with agent(
            folder,
            drone=drone,
            fleet=policy,
            mavlink=mavlink,
            broker_port=proxy_port,
            policy=policy,
        ) as process:
            yield _Ride(stretch, vehicle, proxy, process)


@dataclass(frozen=True, slots=True)
class _Ride:
    stretch: Stretch
    vehicle: "_Vehicle"
    proxy: "_CountingProxy"
    agent: Running

    async def ready(self) -> None:
        """Wait for the agent at both ends."""
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await self.vehicle.connected.wait()
                await self.proxy.connected.wait()
        except TimeoutError as error:
            self.agent.check()
            raise MeasureError(f"{self.agent.name} does not connect") from error

    async def fly(self) -> None:
        """Replay the stretch at the speed of its recording, then let the agent end cleanly."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        for packet in self.stretch.packets:
            early_s = packet.at_s - (loop.time() - start_s)
            if early_s > _TICK_S:
                await asyncio.sleep(early_s)
            self.vehicle.send(packet.data)
        self.agent.check()
        await asyncio.to_thread(self.agent.terminate)


@dataclass(slots=True)
class _Vehicle:
    """A TCP server that speaks to the one agent that connects."""

    connected: asyncio.Event = field(default_factory=asyncio.Event)
    _writer: asyncio.StreamWriter | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Its port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    def send(self, data: bytes) -> None:
        """Send to the agent."""
        assert self._writer is not None
        self._writer.write(data)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.connected.set()
        async for _ in _chunks(reader):
            pass
        writer.close()


class _CountingProxy:
    """Passes TCP connections on to the broker and counts the bytes that go there."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self.upwards = 0
        self.connected = asyncio.Event()
        """The broker has answered."""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Its port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        await asyncio.gather(self._up(reader, broker_writer), self._down(broker_reader, writer))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for data in _chunks(reader):
            self.upwards += len(data)
            writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for data in _chunks(reader):
            self.connected.set()
            writer.write(data)
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    # A client that disconnects with something unread resets the connection.
    with contextlib.suppress(ConnectionResetError):
        while data := await reader.read(_CHUNK):
            yield data


def _check_stored(stretches: list[Stretch], store: Path) -> None:
    """Bytes count only where everything arrived: each mapped message is a stored sample."""
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        for index, stretch in enumerate(stretches):
            channels = connection.execute(
                "SELECT DISTINCT channel FROM series WHERE fleet = 'full' AND drone = ?"
                " AND source NOT IN ('agent', 'STATUSTEXT')",
                (_drone(index, "full"),),
            ).fetchall()
            stored = 0
            for (channel,) in channels:
                stored += connection.execute(
                    f'SELECT count(*) FROM "v_{channel}" WHERE fleet = ? AND drone = ?',
                    ("full", _drone(index, "full")),
                ).fetchone()[0]
            if stored != stretch.mapped - stretch.texts:
                raise MeasureError(
                    f"{stretch.flight}: {stored} samples are stored of "
                    f"{stretch.mapped - stretch.texts}"
                )
    finally:
        connection.close()


def _report(stretches: list[Stretch], used: dict[tuple[int, str], int]) -> Report:
    rows = []
    to_json, to_mavlink, standard = [], [], []
    for index, stretch in enumerate(stretches):
        full_bytes, standard_bytes = used[index, "full"], used[index, "standard"]
        to_json.append(full_bytes / stretch.json_bytes)
        to_mavlink.append(full_bytes / stretch.mavlink_bytes)
        standard.append(standard_bytes / stretch.mavlink_bytes)
        per_s = stretch.duration_s
        rows.append(
            (
                stretch.flight,
                f"{per_s:.0f}",
                f"{stretch.mapped:,}",
                f"{stretch.json_bytes / per_s:,.0f}",
                f"{stretch.mavlink_bytes / per_s:,.0f}",
                f"{full_bytes / per_s:,.0f}",
                f"{to_json[-1]:.3f}",
                f"{to_mavlink[-1]:.3f}",
                f"{standard_bytes / per_s:,.0f}",
                f"{standard[-1]:.3f}",
            )
        )
    json_bytes = sum(stretch.json_bytes for stretch in stretches)
    mavlink_bytes = sum(stretch.mavlink_bytes for stretch in stretches)
    full = sum(used[index, "full"] for index in range(len(stretches)))
    thin = sum(used[index, "standard"] for index in range(len(stretches)))
    lines = [
        ("full_vs_json", "policy `full`, against JSON", full / json_bytes, to_json, 0.06),
        (
            "full_vs_mavlink",
            "policy `full`, against MAVLink",
            full / mavlink_bytes,
            to_mavlink,
            0.4,
        ),
        (
            "standard_vs_mavlink",
            "policy `standard`, against MAVLink",
            thin / mavlink_bytes,
            standard,
            0.12,
        ),
    ]
    results = []
    for name, what, together, ratios, target in lines:
        results += [
            _result(f"uplink_{name}", f"Uplink, {what}, all flights", together, target),
            _result(f"uplink_{name}_worst", f"Uplink, {what}, worst flight", max(ratios), target),
        ]
    return Report(results, _HEADER, rows)


def _result(name: str, what: str, ratio: float, target: float) -> Result:
    return Result(name, what, round(ratio, 4), "ratio", "<=", target, COMMAND)
