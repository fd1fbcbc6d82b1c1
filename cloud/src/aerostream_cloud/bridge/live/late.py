"""Events that were held up: read from the store once they have arrived there."""

import asyncio
import time
from collections.abc import Collection, Sequence
from heapq import nlargest
from itertools import chain

from aerostream_contract.channels import EVENT
from aerostream_contract.names import DroneName
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.live.arrivals import Stretch
from aerostream_cloud.bridge.live.changes import EventId
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import Event
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.bridge.stored_events import event_of
from aerostream_cloud.errors import CloudError
from aerostream_cloud.store import Sample, Selection, SeriesSpan, TelemetryStore

MOST_EVENTS = 50
"""Of one drone at a time, the newest: what a person would still read. REST has all."""
INTERVAL_S = 0.5
"""How often to look whether there is something to read."""
PAUSE_S = 0.02
"""Between two drones: after an outage of a whole fleet requests have their turn too."""
RETRY_S = 5.0
_FIRST_WINDOW_US = 60_000_000


class LateEvents:
    """Tells the fleet of events that came too late to be heard live.

    Args:
        fleet: says what has arrived, and takes it.
        reader: reads the store.
        log: for what happens; each trouble is said once.
    """

    def __init__(self, *, fleet: Fleet, reader: StoreReader, log: FilteringBoundLogger) -> None:
        self._fleet = fleet
        self._reader = reader
        self._log = log
        self._said = ""

    async def run(self) -> None:
        """Read what has arrived, one drone after the other, until cancelled."""
        while True:
            due = self._fleet.arrivals.take(time.time_ns() // 1000)
            if due is None:
                await asyncio.sleep(INTERVAL_S)
                continue
            drone, stretches = due
            try:
                await self._read(drone, stretches)
            except CloudError as error:
                self._fleet.arrivals.add(drone, stretches)
                if str(error) != self._said:
                    self._said = str(error)
                    self._log.warning("cannot read events that came late", reason=self._said)
                await asyncio.sleep(RETRY_S)
            else:
                self._said = ""
                await asyncio.sleep(PAUSE_S)

    async def _read(self, drone: str, stretches: Sequence[Stretch]) -> None:
        fleet = self._fleet.fleet_of(drone)
        if fleet is None:
            return  # deleted meanwhile
        name, known = DroneName(fleet, drone), self._fleet.known_events(drone)
        found = await self._reader.run(
            lambda store: newest_events(store, name, stretches, known, MOST_EVENTS)
        )
        self._fleet.apply_late_events(name, found)


def newest_events(
    store: TelemetryStore,
    drone: DroneName,
    stretches: Sequence[Stretch],
    known: Collection[EventId],
    most: int,
) -> list[Event]:
    """The newest stored events of some stretches that are not known yet, oldest first.

    Args:
        store: what to read.
        drone: whose events.
        stretches: from when to when, the newest first.
        known: events to leave out.
        most: so many at most.
    """
    spans = [each for each in store.spans(drone.drone, EVENT.name) if each.series[0] == drone.fleet]
    found: list[Sample] = []
    for stretch in stretches:
        found += _newest(store, spans, stretch, known, most - len(found))
        if len(found) >= most:
            break
    found.sort(key=_time)
    return [event_of(sample) for sample in found]


def _newest(
    store: TelemetryStore,
    spans: Sequence[SeriesSpan],
    stretch: Stretch,
    known: Collection[EventId],
    most: int,
) -> list[Sample]:
    """The newest of one stretch; looks further and further back, because most of it is not read."""
    first_us = max(stretch[0], min((span.first_us for span in spans), default=stretch[1] + 1))
    end_us = min(stretch[1], max((span.last_us for span in spans), default=stretch[1])) + 1
    window_us = _FIRST_WINDOW_US
    found: list[Sample] = []
    while end_us > first_us and len(found) < most:
        start_us = max(first_us, end_us - window_us)
        selections = (
            Selection(**span.series._asdict(), start_us=start_us, end_us=end_us)
            for span in spans
            if span.first_us < end_us and span.last_us >= start_us
        )
        new = (
            sample
            for sample in chain.from_iterable(map(store.query, selections))
            if (sample.series.component, sample.series.instance, sample.time_us) not in known
        )
        found += nlargest(most - len(found), new, key=_time)
        end_us, window_us = start_us, 2 * window_us
    return found


def _time(sample: Sample) -> int:
    return sample.time_us
