"""Every drone as it is now, from what the broker and the store say. Pure: time comes in."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from aerostream_contract import models
from aerostream_contract.channels import EVENT, Channel
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName

from aerostream_cloud.bridge.live.arrivals import Arrivals, uncovered
from aerostream_cloud.bridge.live.changes import (
    UNENCODABLE,
    ChangeLog,
    Entry,
    EventEntry,
    EventId,
    SampleEntry,
)
from aerostream_cloud.bridge.live.filter import Filter
from aerostream_cloud.bridge.live.record import CLOCK_ERROR_US, GLANCED, DroneRecord
from aerostream_cloud.bridge.live.shapes import DroneState, Event, Sample, SampleValue
from aerostream_cloud.newest import follows, newest

REFRESH_US = 5_000_000
"""A drone of which only the quick values move (position, battery, time) counts as changed this
often: its samples tell them anyway."""
MAX_SERIES = 2000
"""Series of one drone; what a drone invents beyond is not shown."""
MAX_TEXT_CHARS = 256 * 1024
"""Texts in the newest samples of one drone, all together; a sample beyond is not shown."""

_AUTOPILOT = 1
#: What was on its way when a connection broke comes as soon as there is a new one.
_RETURN_US = 15_000_000


class Fleet:
    """All drones, with the log of what changed.

    Times named `now_us` are of receipt, UTC in µs; `now_s` is a clock that never goes back.
    """

    def __init__(self) -> None:
        self.changes = ChangeLog()
        self.arrivals = Arrivals()
        """Stretches of history whose events are in the store by now."""
        self.foreign = 0
        """Messages ignored because their drone is known in another fleet."""
        self.not_shown = 0
        """Samples ignored because their drone has too many series or too much text."""
        self._records: dict[str, DroneRecord] = {}
        self._removed: set[str] = set()
        self._left_out: set[str] = set()
        self._unreported: dict[str, str] = {}

    @property
    def version(self) -> int:
        """The version of the newest change."""
        return self.changes.version

    def __len__(self) -> int:
        return len(self._records)

    def drones(self) -> list[DroneState]:
        """All drones that can be shown, by id."""
        shapes = (self._shape(record) for _, record in sorted(self._records.items()))
        return [shape for shape in shapes if shape is not None]

    def drone(self, drone: str) -> DroneState | None:
        """One drone; None: it is not known, or cannot be shown."""
        record = self._records.get(drone)
        return None if record is None else self._shape(record)

    def fleet_of(self, drone: str) -> str | None:
        """The fleet of a drone; None: it is not known."""
        record = self._records.get(drone)
        return None if record is None else record.name.fleet

    def samples(self, drone: str) -> list[Sample]:
        """The newest sample of each series of a drone."""
        record = self._records.get(drone)
        return [] if record is None else [entry.shape() for entry in record.series.values()]

    def was_heard(self, drone: str) -> bool:
        """Whether the broker has told anything of a drone."""
        record = self._records.get(drone)
        return record is not None and record.was_heard

    def place(self, name: DroneName) -> tuple[float, float] | None:
        """Latitude and longitude of a drone, degrees, where they are known."""
        record = self._records.get(name.drone)
        if record is None or record.name != name or record.position is None:
            return None
        return record.position.lat, record.position.lon

    def names(self) -> Iterator[DroneName]:
        """The names of all drones."""
        return (record.name for record in self._records.values())

    def entries_of(self, drone: str) -> Iterator[Entry]:
        """Everything about one drone, in no order."""
        record = self._records.get(drone)
        if record is not None:
            yield record.state
            yield from record.series.values()
            yield from record.events

    def since(self, version: int, wanted: Filter) -> list[Entry]:
        """What changed after a version and is wanted, oldest change first; box not regarded."""
        if wanted.drones is None:
            found = [entry for entry in self.changes.back_to(version) if is_wanted(entry, wanted)]
            found.reverse()
        else:
            found = [
                entry
                for drone in wanted.drones
                for entry in self._changed(drone, version)
                if is_wanted(entry, wanted)
            ]
            found.sort(key=attrgetter("version"))
        return found

    def leave_out(self, entry: Entry, error: Exception) -> None:
        """Note that something cannot be shown; all else goes on."""
        self._leave_out(entry.name.drone, f"{type(error).__name__}: {error}")

    def take_left_out(self) -> dict[str, str]:
        """Drones of which something could not be shown, with the first reason; each once."""
        taken, self._unreported = self._unreported, {}
        return taken

    def apply_status(
        self, name: DroneName, status: models.Status, *, retained: bool, now_us: int
    ) -> None:
        """Take an `up/status`."""
        record = self._heard(name)
        if record is None:
            return
        session, online_us = record.session, record.online_us
        if record.take_status(status, retained=retained, now_us=now_us):
            self._show(record, now_us)
        if online_us is not None and session != record.session and record.online_us == now_us:
            # What it said meanwhile, and what was on its way when the connection broke.
            first_us = record.own_time_us(online_us) - CLOCK_ERROR_US
            last_us = record.own_time_us(now_us) + CLOCK_ERROR_US
            self.arrivals.add_later(name.drone, (first_us, last_us), now_us + _RETURN_US)

    def apply_info(self, name: DroneName, info: models.Info, *, now_us: int) -> None:
        """Take an `up/info`."""
        record = self._heard(name)
        if record is not None and record.take_info(info):
            self._show(record, now_us)

    def apply_state(self, name: DroneName, state: models.State, *, now_us: int) -> None:
        """Take an `up/state`.

        Raises:
            ValueError: its time is none.
        """
        record = self._heard(name)
        if record is None:
            return
        before = record.waiting
        if record.take_state(state):
            self._show(record, now_us)
        self.arrivals.add(name.drone, uncovered(before, record.waiting))

    def apply_frame(
        self, name: DroneName, blocks: Iterable[DecodedBlock], *, now_us: int, now_s: float
    ) -> None:
        """Take the samples of a live frame: the newest of each series is kept."""
        record = self._heard(name)
        if record is None:
            return
        changed = False
        latest_us: int | None = None
        for block in blocks:
            row = newest(block.times)
            time_us = block.times[row]
            if latest_us is None or time_us > latest_us:
                latest_us = time_us
            entry = self._entry(record, block.channel, block.component, block.instance)
            if entry is None:
                continue
            if entry.arrived_s is not None and not follows(time_us, entry.time_us):
                continue
            values = tuple([column[row] for column in block.columns])
            if entry.has_text and not self._take_text(record, entry, values):
                continue
            entry.time_us = time_us
            entry.values = values
            entry.arrived_s = now_s
            self._touch(record, entry)
            if _is_glanced(entry):
                changed |= record.take_sample(block.channel, time_us, entry.values)
        if latest_us is not None:
            changed |= record.take_time(latest_us, now_us)
            if changed or now_us - record.shown_us >= REFRESH_US:
                self._show(record, now_us)
            else:
                record.state.outdated()

    def apply_event(self, name: DroneName, event: models.Event) -> None:
        """Take an event."""
        record = self._heard(name)
        if record is None or not record.is_new_event(event.epoch, event.number):
            return
        shape = Event(
            drone=name.drone,
            time=event.time,
            kind=event.kind,
            severity=event.severity,
            component=event.component,
            text=event.text,
            data=event.data,
        )
        self._add_event(record, shape, is_late=False)

    def known_events(self, drone: str) -> frozenset[EventId]:
        """Which events of a drone have been told, as far as they are kept."""
        record = self._records.get(drone)
        return frozenset() if record is None else frozenset(entry.id for entry in record.events)

    def apply_late_events(self, name: DroneName, events: Iterable[Event]) -> None:
        """Take stored events that did not come live; nothing but these changes."""
        record = self._records.get(name.drone)
        if record is not None and record.name == name:
            for event in events:
                self._add_event(record, event, is_late=True)

    def clear(self, name: DroneName) -> None:
        """Take a cleared retained topic: the drone was deleted."""
        record = self._records.get(name.drone)
        if record is not None and record.name == name:
            self._remove(record)
            self._removed.add(name.drone)

    def expire(self, now_us: int) -> None:
        """Let go of presences that nobody has confirmed for long."""
        for record in self._records.values():
            if record.expire(now_us):
                self._show(record, now_us)

    def register(self, registered: Iterable[tuple[DroneName, int]], *, now_us: int) -> list[str]:
        """Take all drones of the registry with the time of their registration, UTC µs.

        The registry's word on a drone's fleet stands. Gives the drones that are new here.
        """
        rows = {name.drone: (name, first_seen_us) for name, first_seen_us in registered}
        self._removed &= rows.keys()
        for record in list(self._records.values()):
            drone = record.name.drone
            deleted = record.first_seen_us is not None and drone not in rows
            if deleted or (drone in rows and rows[drone][0] != record.name):
                self._remove(record)
        new = []
        for drone, (name, first_seen_us) in rows.items():
            if drone in self._removed:
                continue
            known = self._records.get(drone)
            record = known or self._add(name)
            if known is None or record.first_seen_us != first_seen_us:
                record.first_seen_us = first_seen_us
                self._show(record, now_us)
            if known is None:
                new.append(drone)
        return new

    def seed(
        self,
        drone: str,
        channel: Channel,
        component: int,
        instance: str,
        time_us: int,
        values: Sequence[SampleValue],
    ) -> bool:
        """Take a stored sample, unless there is a live or newer one; whether it was taken."""
        record = self._records.get(drone)
        if record is None:
            return False
        entry = self._entry(record, channel, component, instance)
        if entry is None or entry.arrived_s is not None:
            return False
        if entry.values and time_us <= entry.time_us:
            return False
        if entry.has_text and not self._take_text(record, entry, values):
            return False
        entry.time_us, entry.values = time_us, tuple(values)
        self._touch(record, entry)
        if _is_glanced(entry):
            record.take_sample(channel, time_us, values, stored=True)
        record.take_stored_time(time_us)
        self._touch(record, record.state)
        return True

    def _shape(self, record: DroneRecord) -> DroneState | None:
        try:
            return record.shape()
        except UNENCODABLE as error:
            self.leave_out(record.state, error)
            return None

    def _heard(self, name: DroneName) -> DroneRecord | None:
        """The record of a drone that the broker tells of; None: it is of another fleet."""
        record = self._records.get(name.drone)
        if record is None:
            self._removed.discard(name.drone)
            record = self._add(name)
        elif record.name.fleet != name.fleet:
            self.foreign += 1
            return None
        record.was_heard = True
        return record

    def _add(self, name: DroneName) -> DroneRecord:
        record = self._records[name.drone] = DroneRecord(name)
        self._touch(record, record.state)
        return record

    def _remove(self, record: DroneRecord) -> None:
        for entry in self.entries_of(record.name.drone):
            self.changes.forget(entry)
        del self._records[record.name.drone]
        self._left_out.discard(record.name.drone)
        self.changes.add_gone(record.name)

    def _add_event(self, record: DroneRecord, event: Event, *, is_late: bool) -> None:
        try:
            entry = EventEntry(record.name, event, is_late=is_late)
        except UNENCODABLE as error:
            self.leave_out(record.state, error)
            return
        record.events.append(entry)
        dropped = self.changes.add_event(entry)
        record.version = entry.version
        for oldest in dropped:
            # The oldest of all is the oldest of its drone.
            self._records[oldest.name.drone].events.popleft()

    def _entry(
        self, record: DroneRecord, channel: Channel, component: int, instance: str
    ) -> SampleEntry | None:
        key = (channel.name, component, instance)
        entry = record.series.get(key)
        if entry is None and channel is not EVENT:
            if len(record.series) >= MAX_SERIES:
                self._not_shown(record, f"it has more than {MAX_SERIES} series")
                return None
            entry = record.series[key] = SampleEntry(record.name, channel, component, instance)
        return entry

    def _take_text(
        self, record: DroneRecord, entry: SampleEntry, values: Sequence[SampleValue]
    ) -> bool:
        """Account for the texts of a sample; False: there are too many."""
        chars = sum(len(value) for value in values if isinstance(value, str))
        total = record.text_chars - entry.text_chars + chars
        if total > MAX_TEXT_CHARS:
            if not entry.version:
                del record.series[entry.channel.name, entry.component, entry.instance]
            self._not_shown(record, f"its samples have more than {MAX_TEXT_CHARS} characters")
            return False
        record.text_chars, entry.text_chars = total, chars
        return True

    def _not_shown(self, record: DroneRecord, reason: str) -> None:
        self.not_shown += 1
        self._leave_out(record.name.drone, reason)

    def _leave_out(self, drone: str, reason: str) -> None:
        if drone not in self._left_out:
            self._left_out.add(drone)
            self._unreported[drone] = reason

    def _show(self, record: DroneRecord, now_us: int) -> None:
        record.shown_us = now_us
        self._touch(record, record.state)

    def _touch(self, record: DroneRecord, entry: Entry) -> None:
        self.changes.touch(entry)
        record.version = entry.version

    def _changed(self, drone: str, version: int) -> Iterator[Entry]:
        gone = self.changes.gone(drone)
        if gone is not None and gone.version > version:
            yield gone
        record = self._records.get(drone)
        if record is not None and record.version > version:
            for entry in self.entries_of(drone):
                if entry.version > version:
                    yield entry


def is_wanted(entry: Entry, wanted: Filter) -> bool:
    """Whether a filter wants an entry, wherever its drone is."""
    if not wanted.wants(entry.name.drone, entry.name.fleet):
        return False
    if isinstance(entry, SampleEntry):
        return wanted.wants_channel(entry.channel.name)
    return wanted.events or not isinstance(entry, EventEntry)


def _is_glanced(entry: SampleEntry) -> bool:
    return entry.component == _AUTOPILOT and entry.instance == "0" and entry.channel.name in GLANCED
