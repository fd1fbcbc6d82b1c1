"""Flies a fleet over real links, in one loop."""

import asyncio
import heapq
import math
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from aerostream_contract import open_files
from aerostream_contract.words import counted

from aerostream_sim.clock import Clock
from aerostream_sim.errors import LinkError
from aerostream_sim.links import Link, LinkUrl, link_for
from aerostream_sim.vehicle import Vehicle, VehicleSpec

_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.004, 0.01
_REPORT_S = 10.0
#: Files that the process has open besides one per vehicle.
_OTHER_FILES = 100
#: A host that slept for longer than this lets the vehicles stand still, not fly for hours at once.
_MOST_LAG_S = 2.0


class Fleet:
    """Vehicles and their links.

    Args:
        specs: the vehicles.
        urls: an address for each.
        clock: the host's.
        say: takes a line of progress now and then.
    """

    def __init__(
        self,
        *,
        specs: Sequence[VehicleSpec],
        urls: Sequence[LinkUrl],
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._say = say
        utc_us = clock.utc_us()
        self.vehicles = [Vehicle(spec, utc_us=utc_us) for spec in specs]
        self._links: list[Link] = [
            link_for(url, partial(self._receive, index)) for index, url in enumerate(urls)
        ]
        self._start_s = clock.monotonic_s()
        self._lost_s = 0.0
        """Time that the host slept, which is not flown."""
        self._waiting: list[tuple[float, int]] = []
        """When each vehicle goes on; one entry for each that works."""
        self._broken: set[int] = set()
        self._answering: list[tuple[float, int]] = []
        """When answers are due before that."""
        self._where = _span(urls)
        self._stopping = False

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping = True

    async def run(self, duration_s: float | None = None) -> None:
        """Fly until `stop`, or for so many seconds; no socket is left open.

        Raises:
            LinkError: an address cannot be used.
        """
        allow_files(len(self.vehicles) + _OTHER_FILES)
        try:
            for link in self._links:
                await link.open()
            self._say(f"flying {counted(len(self.vehicles), 'vehicle')} on {self._where}")
            await self._fly(duration_s)
        finally:
            for link in self._links:
                await link.close()

    async def _fly(self, duration_s: float | None) -> None:
        self._start_s = self._clock.monotonic_s()
        self._waiting = [(vehicle.next_s, index) for index, vehicle in enumerate(self.vehicles)]
        heapq.heapify(self._waiting)
        report_s = _REPORT_S
        before_s = 0.0
        while not self._stopping:
            elapsed_s = self._clock.monotonic_s() - self._start_s
            if duration_s is not None and elapsed_s >= duration_s:
                return
            self._lost_s += max(0.0, elapsed_s - before_s - _MOST_LAG_S)
            before_s = elapsed_s
            self._advance_all(elapsed_s - self._lost_s)
            if elapsed_s >= report_s:
                report_s += _REPORT_S
                self._report()
            queues = (self._waiting, self._answering)
            next_s = min((each[0][0] for each in queues if each), default=math.inf)
            left_s = next_s - self._now_s
            await asyncio.sleep(min(max(left_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S))

    @property
    def _now_s(self) -> float:
        """Seconds of the simulation."""
        return self._clock.monotonic_s() - self._start_s - self._lost_s

    def _advance_all(self, now_s: float) -> None:
        waiting = self._waiting
        while self._answering and self._answering[0][0] <= now_s:
            self._advance(heapq.heappop(self._answering)[1], now_s)
        while waiting and waiting[0][0] <= now_s:
            index = waiting[0][1]
            self._advance(index, now_s)
            if index in self._broken:
                heapq.heappop(waiting)
            else:
                heapq.heapreplace(waiting, (self.vehicles[index].next_s, index))

    def _advance(self, index: int, now_s: float) -> None:
        if index in self._broken:
            return
        link = self._links[index]
        try:
            sent = self.vehicles[index].advance(now_s, heard=link.heard)
        except Exception as error:  # noqa: BLE001 - a vehicle's fault is no other's
            self._take_out(index, error)
            return
        for data in sent:
            link.send(data)

    def _take_out(self, index: int, error: Exception) -> None:
        """A vehicle that failed falls silent, as a broken autopilot does."""
        self._broken.add(index)
        spec = self.vehicles[index].spec
        frame = traceback.extract_tb(error.__traceback__)[-1]
        self._say(
            f"vehicle {index + 1} ({spec.kind}, {spec.autopilot}, system {spec.system}) failed and "
            f"is silent from now on: {type(error).__name__}: {error} "
            f"({Path(frame.filename).name}:{frame.lineno})"
        )

    def _receive(self, index: int, data: bytes) -> None:
        if index in self._broken:
            return
        vehicle = self.vehicles[index]
        try:
            vehicle.receive(data, self._now_s)
        except Exception as error:  # noqa: BLE001 - nor its link's
            self._take_out(index, error)
            return
        if vehicle.next_answer_s < math.inf:
            heapq.heappush(self._answering, (vehicle.next_answer_s, index))

    def _report(self) -> None:
        flying = sum(
            vehicle.flying
            for index, vehicle in enumerate(self.vehicles)
            if index not in self._broken
        )
        unheard = sum(not link.heard or link.refused for link in self._links)
        nobody = f", nobody listens to {unheard} of them" if unheard else ""
        self._say(f"{flying} of {counted(len(self.vehicles), 'vehicle')} under way{nobody}")


def _span(urls: Sequence[LinkUrl]) -> str:
    """The addresses in few words."""
    in_a_row = [url.port for url in urls] == [urls[0].port + place for place in range(len(urls))]
    if len(urls) == 1 or not in_a_row:
        return str(urls[0]) if len(urls) == 1 else f"{urls[0].scheme}:{urls[0].host}"
    return f"{urls[0]} to {urls[-1].port}"


def allow_files(needed: int) -> None:
    """Raise this process's limit of open files if it has to be.

    Raises:
        LinkError: the machine does not allow so many.
    """
    allowed = open_files.allow_files(needed)
    if allowed < needed:
        raise LinkError(
            f"{needed} open files are needed, but this machine allows {allowed} (ulimit -Hn)"
        )
