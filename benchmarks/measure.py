"""What a benchmark gives, and how processes are measured from outside."""

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_PROC = Path("/proc")
_POLL_S = 0.02


class MeasureError(Exception):
    """A benchmark could not measure what it is for; the text says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value, beside its target where it has one."""

    name: str
    what: str
    """For the table in docs/benchmarks.md."""
    value: float
    unit: str
    op: Literal["<=", ">="]
    """Which way is better."""
    target: float | None
    command: str
    """Measures it again."""

    @property
    def met(self) -> bool:
        """Whether the target is kept; also where there is none."""
        if self.target is None:
            return True
        return self.value <= self.target if self.op == "<=" else self.value >= self.target


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found."""

    results: Sequence[Result] = ()
    header: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    """A table with the details behind the results."""
    note: str = ""
    """A sentence below that table, with what else was measured."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all do not exceed.

    Raises:
        MeasureError: there are no values.
    """
    if not values:
        raise MeasureError("nothing was measured")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, user and system, all its threads.

    Raises:
        MeasureError: there is no such process, or no /proc.
    """
    # The name in the second field may hold spaces; what is behind its bracket does not.
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in millions of bytes.

    Raises:
        MeasureError: there is no such process, or no /proc.
    """
    for line in _read(_PROC / str(pid) / "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise MeasureError(f"process {pid} has no resident memory: it has ended")


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What a process has written so far."""

    storage_bytes: int
    """Pages that have to go to the disk, by the kernel's count: each as a whole, and again each
    time that it is changed after it went. The file system's own journal is not in it."""
    file_bytes: int
    """Bytes given to the operating system by writing, as small as they were."""
    writes: int
    """System calls that did."""


def disk_use(pid: int) -> DiskUse:
    """What a process has written to files; what it sends over sockets is not in it.

    Raises:
        MeasureError: there is no such process, or no /proc.
    """
    lines = _read(_PROC / str(pid) / "io").splitlines()
    found = {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}
    return DiskUse(found["write_bytes"], found["wchar"], found["syscw"])


def wait_until(condition: Callable[[], object], what: str, timeout_s: float) -> None:
    """Poll until the condition holds.

    Raises:
        MeasureError: it does not in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise MeasureError(f"did not happen within {timeout_s:g} s: {what}")
        time.sleep(_POLL_S)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise MeasureError(f"{file}: {error.strerror}; benchmarks need Linux") from error
