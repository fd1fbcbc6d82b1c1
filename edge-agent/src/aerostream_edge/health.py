"""Samples that the agent makes of itself and of its link."""

import os
import resource
import time
from pathlib import Path

from aerostream_contract.channels import CHANNELS

from aerostream_edge.mapping import Sample
from aerostream_edge.mavlink.frames import ByteCounts, Frame
from aerostream_edge.session import DroneSession

_STATM = Path("/proc/self/statm")
_LINK, _AGENT = CHANNELS["link"], CHANNELS["agent"]


class LostFrames:
    """Counts frames that are missing by the sequence numbers of each sender."""

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[tuple[int, int], int] = {}

    def take(self, frame: Frame) -> None:
        """Take a frame."""
        sender = (frame.system, frame.component)
        last = self._last.get(sender)
        if last is not None:
            self.count += (frame.sequence - last - 1) & 0xFF
        self._last[sender] = frame.sequence


class Health:
    """What the agent uses, between one sample and the next."""

    def __init__(self) -> None:
        self._wall_s = time.monotonic()
        self._cpu_s = time.process_time()

    def agent_sample(
        self, spooled: int, spool_bytes: int, session: DroneSession, dropped: int
    ) -> Sample:
        """A sample of channel `agent`.

        Args:
            spooled: frames, events and reports that are not known to be stored.
            spool_bytes: what the spool's file holds.
            session: counts what was sent.
            dropped: samples that were given up.
        """
        wall_s, cpu_s = time.monotonic(), time.process_time()
        elapsed_s = max(wall_s - self._wall_s, 1e-3)
        cpu_percent = 100 * (cpu_s - self._cpu_s) / elapsed_s
        self._wall_s, self._cpu_s = wall_s, cpu_s
        cells = (
            round(cpu_percent * 10),
            round(resident_bytes() / 1e6 * 10),
            spooled,
            spool_bytes,
            session.frames_sent,
            session.frames_resent,
            session.uplink.bytes_published,
            dropped,
        )
        return Sample(_AGENT, "0", None, own_wraps=False, cells=cells)


def link_sample(counts: ByteCounts, lost: LostFrames, overflow: int) -> Sample:
    """A sample of channel `link`.

    Args:
        counts: what was received.
        lost: frames that are missing.
        overflow: what came faster than it was read (see `Link.overflowed`).
    """
    cells = (
        counts.total,
        counts.frames,
        counts.bad,
        counts.bad_checksum_frames,
        counts.unknown_frames,
        lost.count,
        overflow,
    )
    return Sample(_LINK, "0", None, own_wraps=False, cells=cells)


def resident_bytes() -> int:
    """Resident memory of this process; its peak where the system does not tell more."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
