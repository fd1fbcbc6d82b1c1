"""What the agent's spool costs: its disk, its processor time, its memory, and its start.

Agents get the same recorded flight at the same moments, over UDP and in real time. For each policy
there are two, one with its spool on a disk and one that keeps it in memory only. Broker and ingest
are real and confirm everything, so this is the steady state: written, sent, confirmed, deleted.
Then a spool of a million frames is opened.
"""

import socket
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aerostream_sim.ports import free_port

from benchmarks.disks import SyncCounter, Syncs, build_counter, folder_on_disk
from benchmarks.flights import Stretch, middle
from benchmarks.many_frames import FRAME_BYTES, Openings, open_many
from benchmarks.measure import (
    DiskUse,
    MeasureError,
    Report,
    Result,
    cpu_s,
    disk_use,
    resident_mb,
)
from benchmarks.payloads import PayloadBytes
from benchmarks.playback import play
from benchmarks.processes import ROOT, Running, agent, broker, ingest

COMMAND = "uv run python -m benchmarks spool"
FLIGHTS = (ROOT / "tests/data/copter.tlog", ROOT / "tests/data/px4.tlog")
POLICIES = ("standard", "full")
FLEET = "bench"
WARM_UP_S = 15.0
WINDOW_S = 120.0
FRAMES = 1_000_000
_LONGEST_S = 60.0
_HOUR_S = 3600
#: What is confirmed is deleted with the next write; after the last one there is none.
_MOST_LEFT = 10
_HEADER = (
    "Flight", "Policy", "Spool", "µs of CPU per message", "Memory MB", "Telemetry B/s",
    "Written B/s", "In pages B/s", "Per byte", "Writes/s", "Fsyncs/s", "ms per fsync",
    "MB per hour",
)  # fmt: skip


def run() -> Report:
    """Measure; some three minutes.

    Raises:
        MeasureError: an agent did not take part, or there is no disk.
    """
    with folder_on_disk() as folder:
        measured = _steady(folder)
    with folder_on_disk() as folder:
        openings = open_many(folder, FRAMES)
    return _report(measured, openings)


@dataclass(frozen=True, slots=True)
class _Used:
    """What an agent has used so far, or in the window."""

    messages: int
    telemetry_bytes: int
    """Payloads that had to be kept: frames and events."""
    cpu_s: float
    memory_mb: float
    disk: DiskUse
    syncs: Syncs

    def since(self, before: "_Used") -> "_Used":
        """What was used since then; memory is that of now."""
        return replace(
            self,
            messages=self.messages - before.messages,
            telemetry_bytes=self.telemetry_bytes - before.telemetry_bytes,
            cpu_s=self.cpu_s - before.cpu_s,
            disk=DiskUse(
                self.disk.storage_bytes - before.disk.storage_bytes,
                self.disk.file_bytes - before.disk.file_bytes,
                self.disk.writes - before.disk.writes,
            ),
            syncs=Syncs(
                self.syncs.calls - before.syncs.calls, self.syncs.seconds - before.syncs.seconds
            ),
        )


@dataclass(slots=True)
class _Flown:
    """An agent and the flight that it gets."""

    stretch: Stretch
    policy: str
    on_disk: bool
    drone: str
    agent: Running
    counter: SyncCounter
    port: int
    sender: socket.socket
    sent: int = 0

    def send(self, data: bytes) -> None:
        self.sender.sendto(data, ("127.0.0.1", self.port))
        self.sent += 1

    def used(self, payloads: PayloadBytes) -> _Used:
        self.agent.check()
        return _Used(
            messages=self.sent,
            telemetry_bytes=payloads.by_drone[self.drone],
            cpu_s=cpu_s(self.agent.pid),
            memory_mb=resident_mb(self.agent.pid),
            disk=disk_use(self.agent.pid),
            syncs=self.counter.syncs,
        )


def _steady(folder: Path) -> list[tuple[_Flown, _Used]]:
    with ExitStack() as stack:
        port = stack.enter_context(broker(folder))
        stack.enter_context(ingest(folder, port))
        library = build_counter(folder)
        flown = [
            stack.enter_context(_flown(stretch, policy, on_disk, folder, library, port))
            for stretch in (middle(file, _LONGEST_S) for file in FLIGHTS)
            for policy in POLICIES
            for on_disk in (False, True)
        ]
        payloads = stack.enter_context(PayloadBytes(port, FLEET))
        flights = [(each.stretch, each.send) for each in flown]
        play(flights, WARM_UP_S, 0.0)
        before = [each.used(payloads) for each in flown]
        play(flights, WINDOW_S, WARM_UP_S)
        after = [each.used(payloads) for each in flown]
        for each in flown:
            each.agent.terminate()
        _check_received(flown, folder / "telemetry.sqlite")
        _check_spools(flown, folder)
    return [(each, now.since(then)) for each, now, then in zip(flown, after, before, strict=True)]


@contextmanager
def _flown(
    stretch: Stretch, policy: str, on_disk: bool, folder: Path, library: Path, broker_port: int
) -> Iterator[_Flown]:
    drone = f"{stretch.flight}-{policy}-{'disk' if on_disk else 'memory'}"
    counter = SyncCounter(library, folder / f"{drone}.syncs")
    port = free_port(socket.SOCK_DGRAM)
    settings = {} if on_disk else {"spool_bytes": "0"}
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        agent(
            folder,
            drone=drone,
            fleet=FLEET,
            mavlink=f"udpin:127.0.0.1:{port}",
            broker_port=broker_port,
            policy=policy,
            variables=counter.variables,
            **settings,
        ) as process,
    ):
        yield _Flown(stretch, policy, on_disk, drone, process, counter, port, sender)


def _check_received(flown: Sequence[_Flown], store: Path) -> None:
    """See in what the agents said of their links that they took part."""
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        for each in flown:
            ((received,),) = connection.execute(
                "SELECT max(frames + unknown_frames) FROM v_link WHERE drone = ?", (each.drone,)
            ).fetchall()
            # Said every thirty seconds, so the last of it is missing.
            if (received or 0) < each.sent * WARM_UP_S / (WARM_UP_S + WINDOW_S):
                raise MeasureError(
                    f"{each.drone} received {received or 0} of {each.sent} messages only"
                )
    finally:
        connection.close()


def _check_spools(flown: Sequence[_Flown], folder: Path) -> None:
    """See that those on disk were there, were waited for, and are empty but for the last."""
    for each in flown:
        file = folder / f"{FLEET}-{each.drone}" / f"spool/{FLEET}.{each.drone}.db"
        if file.exists() is not each.on_disk or (each.on_disk and not each.counter.syncs.calls):
            raise MeasureError(f"{each.drone}: its spool is not where it should be")
        if not each.on_disk:
            continue
        connection = sqlite3.connect(file)
        try:
            ((kept,),) = connection.execute("SELECT count(*) FROM items").fetchall()
        finally:
            connection.close()
        if kept > _MOST_LEFT:
            raise MeasureError(f"{each.drone} ended with {kept} frames that were not confirmed")


def _report(measured: Sequence[tuple[_Flown, _Used]], openings: Openings) -> Report:
    pairs = [
        (each, memory, disk)
        for (each, memory), (_, disk) in zip(measured[::2], measured[1::2], strict=True)
    ]
    results: list[Result] = []
    for policy in POLICIES:
        of_policy = [(memory, disk) for each, memory, disk in pairs if each.policy == policy]
        results += [
            _result(
                f"spool_{policy}_bytes_per_byte",
                f"Spool, policy `{policy}`: bytes to the disk per byte of telemetry, worst flight",
                max(disk.disk.storage_bytes / disk.telemetry_bytes for _, disk in of_policy),
                "bytes",
            ),
            _result(
                f"spool_{policy}_fsyncs",
                f"Spool, policy `{policy}`: fsyncs per second, worst flight",
                max(disk.syncs.calls / WINDOW_S for _, disk in of_policy),
                "per s",
            ),
            _result(
                f"spool_{policy}_cpu",
                f"Spool, policy `{policy}`: CPU per message on disk against in memory, "
                "worst flight",
                max(_cpu_us(disk) / _cpu_us(memory) for memory, disk in of_policy),
                "ratio",
            ),
        ]
    results += [
        _result(
            "spool_memory",
            "Edge agent with its spool on disk: resident memory, largest",
            max(disk.memory_mb for _, _, disk in pairs),
            "MB",
            45,
        ),
        _result(
            "spool_open_ms",
            "A spool of a million frames opens, read from the disk",
            openings.cold_s * 1000,
            "ms",
            1000,
        ),
        _result(
            "spool_open_memory",
            "Edge agent with a million frames in its spool: resident memory",
            openings.agent_mb,
            "MB",
            45,
        ),
    ]
    return Report(results, _HEADER, [_row(*each) for each in measured], _note(openings))


def _result(name: str, what: str, value: float, unit: str, target: float | None = None) -> Result:
    return Result(name, what, round(value, 3), unit, "<=", target, COMMAND)


def _cpu_us(used: _Used) -> float:
    return used.cpu_s / used.messages * 1e6


def _row(flown: _Flown, used: _Used) -> tuple[str, ...]:
    disk = used.disk
    return (
        flown.stretch.flight,
        flown.policy,
        "on disk" if flown.on_disk else "in memory",
        f"{_cpu_us(used):.0f}",
        f"{used.memory_mb:.1f}",
        f"{used.telemetry_bytes / WINDOW_S:,.0f}",
        f"{disk.file_bytes / WINDOW_S:,.0f}",
        f"{disk.storage_bytes / WINDOW_S:,.0f}",
        f"{disk.storage_bytes / used.telemetry_bytes:.1f}",
        f"{disk.writes / WINDOW_S:.1f}",
        f"{used.syncs.calls / WINDOW_S:.2f}",
        f"{used.syncs.seconds / used.syncs.calls * 1000:.1f}" if used.syncs.calls else "",
        f"{disk.storage_bytes / WINDOW_S * _HOUR_S / 1e6:.0f}",
    )


def _note(openings: Openings) -> str:
    return (
        f"A spool of {FRAMES:,} frames of {FRAME_BYTES} bytes has {openings.file_mb:,.0f} MB. It "
        f"opens in {openings.cold_s:.2f} s from the disk and in {openings.warm_s:.2f} s from the "
        f"machine's memory; with a hole in every hundred frames in {openings.holes_s:.2f} s. An "
        f"agent has {openings.agent_mb:.1f} MB of memory then, with holes "
        f"{openings.holes_agent_mb:.1f} MB."
    )
