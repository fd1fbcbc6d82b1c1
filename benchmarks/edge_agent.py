"""Processor time and memory of the edge agent, against MAVProxy on the same messages.

Both get the same recorded messages over UDP at the same moments, in real time, and both do all of
their work: the agent sends every sample (policy `full`) to a real Mosquitto and gets it
acknowledged by a real ingest; MAVProxy, with its default modules and nothing written to disk,
forwards to one UDP output. What a process uses while it starts is not counted.
"""

import socket
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aerostream_sim.ports import free_port

from benchmarks.flights import Stretch, middle
from benchmarks.measure import MeasureError, Report, Result, cpu_s, resident_mb
from benchmarks.playback import play
from benchmarks.processes import ROOT, Running, agent, broker, ingest, mavproxy_command
from benchmarks.processes import running as running_process

COMMAND = "uv run python -m benchmarks edge"
FLIGHTS = (ROOT / "tests/data/copter.tlog", ROOT / "tests/data/px4.tlog")
WARM_UP_S = 15.0
WINDOW_S = 40.0
_LONGEST_S = 60.0
_RECEIVE_BUFFER = 1 << 20
_LEAST_SHARE = 0.99

_HEADER = (
    "Flight", "Messages/s", "Agent µs/message", "MAVProxy µs/message", "Ratio", "Agent MB",
    "MAVProxy MB",
)  # fmt: skip


def run() -> Report:
    """Measure both programs on all flights at once; some 65 seconds.

    Raises:
        MeasureError: one of the programs did not take part.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(broker(folder))
        stack.enter_context(ingest(folder, port))
        pairs = [
            stack.enter_context(_pair(middle(file, _LONGEST_S), folder, port)) for file in FLIGHTS
        ]
        _feed(pairs, WARM_UP_S, 0.0)
        before = [pair.used() for pair in pairs]
        _feed(pairs, WINDOW_S, WARM_UP_S)
        after = [pair.used() for pair in pairs]
        for pair in pairs:
            pair.agent.terminate()
        _check_received(pairs, folder / "telemetry.sqlite")
    used = [_difference(*both) for both in zip(before, after, strict=True)]
    return _report(pairs, used)


@dataclass(frozen=True, slots=True)
class _Used:
    """What both programs have used and done so far."""

    messages: int
    forwarded: int
    """Messages that MAVProxy passed on."""
    agent_s: float
    mavproxy_s: float
    agent_mb: float
    mavproxy_mb: float


@dataclass(slots=True)
class _Pair:
    """An agent and a MAVProxy that get the same messages."""

    stretch: Stretch
    agent: Running
    mavproxy: Running
    sender: socket.socket
    ports: tuple[int, int]
    output: socket.socket
    drone: str
    sent: int = 0
    forwarded: int = 0

    def send(self, data: bytes) -> None:
        for port in self.ports:
            self.sender.sendto(data, ("127.0.0.1", port))
        self.sent += 1

    def drain(self) -> None:
        """Count what MAVProxy forwards: a message is a datagram."""
        try:
            while True:
                self.output.recv(_RECEIVE_BUFFER)
                self.forwarded += 1
        except BlockingIOError:
            return

    def used(self) -> _Used:
        self.agent.check()
        self.mavproxy.check()
        return _Used(
            messages=self.sent,
            forwarded=self.forwarded,
            agent_s=cpu_s(self.agent.pid),
            mavproxy_s=cpu_s(self.mavproxy.pid),
            agent_mb=resident_mb(self.agent.pid),
            mavproxy_mb=resident_mb(self.mavproxy.pid),
        )


@contextmanager
def _pair(stretch: Stretch, folder: Path, broker_port: int) -> Iterator[_Pair]:
    drone = stretch.flight
    agent_port, mavproxy_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as output,
    ):
        output.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        output.bind(("127.0.0.1", 0))
        output.setblocking(False)
        command = mavproxy_command(mavproxy_port, output.getsockname()[1])
        mavlink = f"udpin:127.0.0.1:{agent_port}"
        with (
            running_process(f"mavproxy-{drone}", command, folder) as mavproxy,
            agent(
                folder,
                drone=drone,
                fleet="bench",
                mavlink=mavlink,
                broker_port=broker_port,
                policy="full",
            ) as process,
        ):
            ports = (agent_port, mavproxy_port)
            yield _Pair(stretch, process, mavproxy, sender, ports, output, drone)


def _feed(pairs: Sequence[_Pair], seconds: float, from_s: float) -> None:
    def drain() -> None:
        for pair in pairs:
            pair.drain()

    play([(pair.stretch, pair.send) for pair in pairs], seconds, from_s, idle=drain)


def _difference(before: _Used, after: _Used) -> _Used:
    """What the window used; memory is that at its end."""
    messages = after.messages - before.messages
    forwarded = after.forwarded - before.forwarded
    if forwarded < _LEAST_SHARE * messages:
        raise MeasureError(f"MAVProxy forwarded {forwarded} of {messages} messages only")
    return _Used(
        messages=messages,
        forwarded=forwarded,
        agent_s=after.agent_s - before.agent_s,
        mavproxy_s=after.mavproxy_s - before.mavproxy_s,
        agent_mb=after.agent_mb,
        mavproxy_mb=after.mavproxy_mb,
    )


def _check_received(pairs: Sequence[_Pair], store: Path) -> None:
    """See in what the agents said of their links that they took part."""
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        for pair in pairs:
            rows = connection.execute(
                "SELECT max(frames + unknown_frames) FROM v_link WHERE drone = ?", (pair.drone,)
            ).fetchall()
            received = rows[0][0] or 0
            # Said every ten seconds, so the last of it is missing.
            if received < pair.sent * WARM_UP_S / (WARM_UP_S + WINDOW_S):
                raise MeasureError(f"the agent received {received} of {pair.sent} messages only")
    finally:
        connection.close()


def _report(pairs: Sequence[_Pair], used: Sequence[_Used]) -> Report:
    rows = []
    ratios = []
    for pair, each in zip(pairs, used, strict=True):
        ratios.append(each.agent_s / each.mavproxy_s)
        rows.append(
            (
                pair.stretch.flight,
                f"{each.messages / WINDOW_S:.0f}",
                f"{each.agent_s / each.messages * 1e6:.0f}",
                f"{each.mavproxy_s / each.messages * 1e6:.0f}",
                f"{ratios[-1]:.2f}",
                f"{each.agent_mb:.1f}",
                f"{each.mavproxy_mb:.1f}",
            )
        )
    memory_mb = max(each.agent_mb for each in used)
    results = [
        Result(
            "edge_cpu_vs_mavproxy",
            "Edge agent: CPU per MAVLink message against MAVProxy, worst flight",
            round(max(ratios), 4),
            "ratio",
            "<=",
            0.3,
            COMMAND,
        ),
        Result(
            "edge_memory",
            "Edge agent: resident memory, largest",
            round(memory_mb, 1),
            "MB",
            "<=",
            45,
            COMMAND,
        ),
    ]
    return Report(results, _HEADER, rows)
