"""Plays a telemetry log over a link, byte for byte and in time."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from aerostream_contract.words import counted

from aerostream_sim.clock import Clock
from aerostream_sim.errors import BadInput
from aerostream_sim.links import LinkUrl, link_for
from aerostream_sim.tlog import Flight, Record

_REPORT_S = 10.0
#: Longer silence, and times that go back, are jumps of the recorder's clock.
_LONGEST_GAP_S = 60.0
_WAIT_S = 0.05


@dataclass(frozen=True, slots=True)
class Cue:
    """A frame, and when it is played."""

    at_s: float
    """Seconds since the first."""
    packet: bytes


def score(flight: Flight, *, everything: bool = False) -> list[Cue]:
    """What is played of a flight, and when.

    Args:
        flight: the log.
        everything: ground stations too; else they are left out: the listener is one itself, and
            a vehicle's link does not send what a ground station said.
    """
    left_out = set() if everything else flight.ground_stations
    cues = []
    at_s = 0.0
    before: Record | None = None
    for record in flight.records:
        if before is not None:
            gap_s = (record.time_us - before.time_us) / 1e6
            at_s += gap_s if 0.0 <= gap_s <= _LONGEST_GAP_S else 0.0
        before = record
        if record.sender not in left_out:
            cues.append(Cue(at_s, record.packet))
    return cues


class Replay:
    """A flight played again.

    Args:
        cues: what to play, in order.
        url: where to.
        speed: 1 is real time.
        start_s: where to begin.
        loop: begin again at the end.
        clock: the host's.
        say: takes a line of progress now and then.

    Raises:
        BadInput: nothing is left to play.
    """

    def __init__(
        self,
        *,
        cues: list[Cue],
        url: LinkUrl,
        speed: float,
        start_s: float,
        loop: bool,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._cues = [cue for cue in cues if cue.at_s >= start_s]
        if not self._cues:
            last = f"; the last frame is at {cues[-1].at_s:.1f} s" if cues else ""
            raise BadInput(f"nothing to play from {start_s:g} s on{last}")
        self._link = link_for(url, lambda _data: None)
        self._url = url
        self._speed = speed
        self._loop = loop
        self._clock = clock
        self._say = say
        self._stopping = asyncio.Event()
        self._report_s = 0.0
        self.played = 0
        """Frames sent."""

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    async def run(self) -> None:
        """Play to the end, or until `stop`; waits for a listener where one has to come.

        Raises:
            LinkError: the address cannot be used.
        """
        await self._link.open()
        try:
            self._say(
                f"playing {counted(len(self._cues), 'frame')}, "
                f"{self._seconds / self._speed:.0f} s, on {self._url}"
            )
            await self._wait_for_a_listener()
            await self._play()
            while self._loop and not self._stopping.is_set():
                await self._play()
        finally:
            await self._link.close()

    @property
    def _seconds(self) -> float:
        return self._cues[-1].at_s - self._cues[0].at_s

    async def _wait_for_a_listener(self) -> None:
        if not self._link.heard:
            self._say("waiting for somebody to listen")
        while not self._link.heard and not await self._stopped_within(_WAIT_S):
            pass

    async def _stopped_within(self, seconds: float) -> bool:
        """Wait so long, or until it is to stop; whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()

    async def _play(self) -> None:
        start_s = self._clock.monotonic_s()
        self._report_s = start_s + _REPORT_S
        for cue in self._cues:
            due_s = start_s + (cue.at_s - self._cues[0].at_s) / self._speed
            left_s = due_s - self._clock.monotonic_s()
            if left_s > 0.0:
                await self._stopped_within(left_s)
            if self._stopping.is_set():
                return
            self._link.send(cue.packet)
            self.played += 1
            if self.played % 64 == 0:
                # At great speed nothing is ever waited for: let the link breathe.
                await asyncio.sleep(0)
                self._report(cue)

    def _report(self, cue: Cue) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._report_s:
            self._report_s = now_s + _REPORT_S
            done_s = cue.at_s - self._cues[0].at_s
            nobody = ", nobody listens" if self._link.refused else ""
            self._say(f"{done_s:.0f} of {self._seconds:.0f} s played{nobody}")
