"""Opening a spool that a long time without a network has filled."""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.item import Item, Kind
from aerostream_edge.spool.work import Write
from aerostream_sim.ports import free_port

from benchmarks.measure import MeasureError, resident_mb, wait_until
from benchmarks.processes import Running, agent

FRAME_BYTES = 400
"""About a second of policy `standard`."""
_MINUTE = 60
_FRAME_SAMPLES = 12
_SPOOL_BYTES = 1 << 30
_SECOND_US = 1_000_000
_FIRST_US = 1_767_225_600 * _SECOND_US
"""2026-01-01T00:00:00Z."""
_HOLE_EVERY = 100
_FLEET, _DRONE = "bench", "many"
_OPENED = "frames that are not known to be stored"
_AGENT_S = 30.0
#: By then an agent has tried to connect more than once, and has the rest of its modules.
_SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Openings:
    """What opening took."""

    file_mb: float
    cold_s: float
    """The file was not in the machine's memory."""
    warm_s: float
    holes_s: float
    """Of the file when some of its frames had been confirmed, cold."""
    agent_mb: float
    """Resident memory of an agent that has opened it."""
    holes_agent_mb: float


def open_many(folder: Path, frames: int) -> Openings:
    """Make a spool of so many frames and open it.

    Raises:
        MeasureError: not all of them are found in it.
    """
    data = folder / f"{_FLEET}-{_DRONE}"
    file = data / f"spool/{_FLEET}.{_DRONE}.db"
    _fill(file, frames)
    file_mb = file.stat().st_size / 1e6
    cold_s = _open(file, frames, cold=True)
    warm_s = _open(file, frames, cold=False)
    agent_mb = _agent_mb(folder)
    left = _make_holes(file, frames)
    return Openings(
        file_mb=file_mb,
        cold_s=cold_s,
        warm_s=warm_s,
        holes_s=_open(file, left, cold=True),
        agent_mb=agent_mb,
        holes_agent_mb=_agent_mb(folder),
    )


def _fill(file: Path, frames: int) -> None:
    """The spool's own code fills it, a minute of frames at a time instead of one a second."""
    spool = SpoolFile(file, max_bytes=_SPOOL_BYTES)
    spool.open(new_epoch=1)
    for first in range(0, frames, _MINUTE):
        numbers = range(first, min(first + _MINUTE, frames))
        items = [
            Item(
                number,
                Kind.TELEMETRY,
                os.urandom(FRAME_BYTES),
                _FRAME_SAMPLES,
                _FIRST_US + number * _SECOND_US,
                _FIRST_US + (number + 1) * _SECOND_US,
            )
            for number in numbers
        ]
        spool.apply(Write(items=items, reserve=numbers.stop, seal=numbers.stop))
    spool.close()


def _make_holes(file: Path, frames: int) -> int:
    """Have some frames confirmed all over the file; how many are left."""
    spool = SpoolFile(file, max_bytes=_SPOOL_BYTES)
    spool.open(new_epoch=2)
    confirmed = range(0, frames, _HOLE_EVERY)
    spool.apply(Write(stored=[(number, number) for number in confirmed]))
    spool.close()
    return frames - len(confirmed)


def _open(file: Path, frames: int, *, cold: bool) -> float:
    """Seconds until it is known what a spool holds."""
    if cold:
        _forget(file)
    spool = SpoolFile(file, max_bytes=_SPOOL_BYTES)
    start_s = time.perf_counter()
    opened = spool.open(new_epoch=2)
    took_s = time.perf_counter() - start_s
    spool.close()
    if (opened.epoch, len(opened.pending)) != (1, frames):
        raise MeasureError(f"{len(opened.pending)} of {frames} frames were found in the spool")
    return took_s


def _forget(file: Path) -> None:
    """Have the machine's memory without the file."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        # What is not yet on the disk would stay.
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _agent_mb(folder: Path) -> float:
    """Resident memory of an agent that has opened the spool and reaches no broker."""
    with agent(
        folder,
        drone=_DRONE,
        fleet=_FLEET,
        mavlink=f"udpin:127.0.0.1:{free_port(socket.SOCK_DGRAM)}",
        broker_port=free_port(),
        policy="standard",
    ) as process:
        wait_until(lambda: _has_opened(process), "the agent opens its spool", _AGENT_S)
        time.sleep(_SETTLE_S)
        process.check()
        return resident_mb(process.pid)


def _has_opened(process: Running) -> bool:
    process.check()
    return _OPENED in process.log.read_text(encoding="utf-8")
