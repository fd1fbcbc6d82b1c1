"""`aerostream-sim faults` as a process of its own, and what it found."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.measure import MeasureError, wait_until
from benchmarks.processes import running

#: Its exit code where it has compared and something is wrong.
_WRONG = 1


class Memory(msgspec.Struct):
    """Resident bytes of a program, by the moment."""

    before: int
    peak: int
    after: int


class Counts(msgspec.Struct):
    """What became of the samples."""

    sent: int
    stored: int
    not_captured: int
    dropped: int
    lost: int
    duplicated: int
    out_of_order: int
    unknown: int


class Seed(Counts):
    """One flight."""

    seed: int
    caught_up_s: float | None
    live_bytes: int
    again_bytes: int
    own_ends: dict[str, int]
    memory_bytes: dict[str, Memory]
    faults: list[dict[str, object]]

    def memory(self, prefix: str) -> Memory:
        """The most of all programs whose names begin so, at each moment."""
        chosen = [each for name, each in self.memory_bytes.items() if name.startswith(prefix)]
        if not chosen:
            raise MeasureError(f"the laboratory has no memory of {prefix}")
        return Memory(*(max(getattr(m, at) for m in chosen) for at in Memory.__struct_fields__))


class Found(msgspec.Struct):
    """All flights, and their sum."""

    seeds: list[Seed]
    failed: list[dict[str, str | int]]
    """Flights that could not be flown or compared."""
    sum: Counts


def faults(arguments: Sequence[str], longest_s: float) -> Found:
    """Run the laboratory; where something is wrong, what it says goes to the terminal.

    Args:
        arguments: of `aerostream-sim faults`.
        longest_s: by then it must have ended.

    Raises:
        MeasureError: it did not compare.
    """
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "faults.json"
        # Logs and data go where the laboratory puts them: it keeps those of bad flights.
        command = [
            sys.executable,
            "-m",
            "aerostream_sim",
            "faults",
            *arguments,
            "--json",
            str(file),
        ]
        with running("faults", command, Path(name)) as lab:
            wait_until(lambda: lab.process.poll() is not None, "the laboratory is done", longest_s)
            if lab.process.returncode == _WRONG:
                sys.stderr.write(lab.log.read_text(encoding="utf-8", errors="replace"))
            if not file.exists():
                lab.check()
        found = msgspec.json.decode(file.read_bytes(), type=Found)
    if found.failed:
        first = found.failed[0]
        raise MeasureError(f"seed {first['seed']} failed: {first['reason']}")
    return found
