"""The log of newest things: what changed, in the order of its newest change. Pure.

Each thing that the bridge shows (a drone's state, the newest sample of a series, an event, a
drone's removal) has one entry. A change gives the entry the next version and moves it to the end,
so whoever knows everything up to a version finds the rest by walking back from the end, and
what changed ten times meanwhile is found once.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import msgspec
from aerostream_contract.channels import Channel
from aerostream_contract.channels.types import ColumnKind
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us, us_from_iso

from aerostream_cloud.bridge.live.shapes import Event, Sample, SampleValue

if TYPE_CHECKING:
    from aerostream_cloud.bridge.live.record import DroneRecord

MAX_EVENTS = 10_000
"""Events that are kept, all drones together."""
MAX_EVENT_BYTES = 8 * 1024 * 1024
"""JSON of the events that are kept."""
MAX_GONE = 10_000
"""Removals that are kept."""

UNENCODABLE = (ValueError, TypeError, ArithmeticError, RecursionError, msgspec.MsgspecError)
"""What making JSON of a thing can raise: a time that no calendar shows, a number too large, …"""

EventId = tuple[int, str, int]
"""What tells an event of a drone from its others: component, kind, time in µs."""

_encode = msgspec.json.Encoder().encode


class Entry(ABC):
    """Something to show, with the version of its newest change; encoded once per change."""

    __slots__ = ("_json", "name", "version")

    member: ClassVar[str]
    """The member of a message that it goes into."""

    def __init__(self, name: DroneName) -> None:
        self.name = name
        self.version = 0
        self._json: bytes | None = None

    def json(self) -> bytes:
        """It as JSON.

        Raises:
            UNENCODABLE: it holds something that cannot be shown.
        """
        if self._json is None:
            self._json = self._encoded()
        return self._json

    def outdated(self) -> None:
        """Its JSON is to be made anew."""
        self._json = None

    @abstractmethod
    def _encoded(self) -> bytes:
        """Make its JSON."""


class StateEntry(Entry):
    """A drone's state."""

    __slots__ = ("_record",)
    member = "drones"

    def __init__(self, record: "DroneRecord") -> None:
        super().__init__(record.name)
        self._record = record

    def _encoded(self) -> bytes:
        return _encode(self._record.shape())


class SampleEntry(Entry):
    """The newest sample of a series."""

    __slots__ = (
        "_head",
        "arrived_s",
        "channel",
        "component",
        "has_text",
        "instance",
        "text_chars",
        "time_us",
        "values",
    )
    member = "samples"

    def __init__(self, name: DroneName, channel: Channel, component: int, instance: str) -> None:
        super().__init__(name)
        self.channel = channel
        self.component = component
        self.instance = instance
        self.time_us = 0
        self.values: tuple[SampleValue, ...] = ()
        self.arrived_s: float | None = None
        """When it came, by a clock that never goes back; None: it was read from the store."""
        self.has_text = any(field.kind is ColumnKind.TEXT for field in channel.fields)
        self.text_chars = 0
        """Length of the texts among its values."""
        self._head: bytes | None = None

    def shape(self) -> Sample:
        """The sample."""
        return Sample(
            self.name.drone,
            self.channel.name,
            self.component,
            self.instance,
            iso_from_us(self.time_us),
            dict(zip(self.channel.field_names, self.values, strict=True)),
        )

    def _encoded(self) -> bytes:
        # What a series has in common with itself is encoded once: this runs for every sample.
        if self._head is None:
            start = (self.name.drone, self.channel.name, self.component, self.instance)
            names = ("drone", "channel", "component", "instance")
            self._head = _encode(dict(zip(names, start, strict=True)))[:-1] + b',"time":"'
        values = _encode(dict(zip(self.channel.field_names, self.values, strict=True)))
        return b'%b%b","values":%b}' % (self._head, iso_from_us(self.time_us).encode(), values)


class EventEntry(Entry):
    """An event; it never changes, so little more than its JSON is kept.

    Args:
        name: of the drone.
        event: what happened.
        is_late: it was held up, and something newer may have been told before it.

    Raises:
        UNENCODABLE: it holds something that cannot be shown.
    """

    __slots__ = ("_event_json", "id", "is_late")
    member = "events"

    def __init__(self, name: DroneName, event: Event, *, is_late: bool = False) -> None:
        super().__init__(name)
        self.is_late = is_late
        self.id: EventId = (event.component, event.kind, us_from_iso(event.time))
        encoded = _encode(event)
        self._event_json = b'%b,"late":true}' % encoded[:-1] if is_late else encoded

    def _encoded(self) -> bytes:
        return self._event_json


class GoneEntry(Entry):
    """The removal of a drone."""

    __slots__ = ()
    member = "gone"

    def _encoded(self) -> bytes:
        return _encode(self.name.drone)


Change = tuple[int, Entry]
"""A version, and what is to be told with it."""


class ChangeLog:
    """All entries, in the order of their newest change."""

    def __init__(self) -> None:
        self.version = 1
        """Of the newest change; no two changes have the same. Who knows nothing is at 0."""
        self._entries: OrderedDict[Entry, None] = OrderedDict()
        self._events: deque[EventEntry] = deque()
        self._event_bytes = 0
        self._gone: OrderedDict[str, GoneEntry] = OrderedDict()
        self._events_floor = 0
        self._gone_floor = 0

    def take_version(self) -> int:
        """The next version, for a change that has no entry of its own."""
        self.version += 1
        return self.version

    def touch(self, entry: Entry) -> None:
        """Note a change of an entry, or a new one."""
        self.version += 1
        entry.version = self.version
        entry.outdated()
        self._entries[entry] = None
        self._entries.move_to_end(entry)

    def forget(self, entry: Entry) -> None:
        """Remove an entry without a trace."""
        self._entries.pop(entry, None)

    def add_event(self, entry: EventEntry) -> list[EventEntry]:
        """Add an event; gives the oldest ones that had to go."""
        self.touch(entry)
        self._events.append(entry)
        self._event_bytes += len(entry.json())
        gone = []
        while len(self._events) > MAX_EVENTS or self._event_bytes > MAX_EVENT_BYTES:
            oldest = self._events.popleft()
            self._event_bytes -= len(oldest.json())
            if oldest in self._entries:  # not forgotten with its drone
                self.forget(oldest)
                self._events_floor = oldest.version
                gone.append(oldest)
        return gone

    def add_gone(self, name: DroneName) -> None:
        """Note that a drone is no longer there."""
        entry = GoneEntry(name)
        before = self._gone.pop(name.drone, None)
        if before is not None:
            self.forget(before)
        self._gone[name.drone] = entry
        self.touch(entry)
        if len(self._gone) > MAX_GONE:
            _, oldest = self._gone.popitem(last=False)
            self.forget(oldest)
            self._gone_floor = oldest.version

    def gone(self, drone: str) -> GoneEntry | None:
        """The newest removal of a drone."""
        return self._gone.get(drone)

    def reaches(self, version: int, *, events: bool) -> bool:
        """Whether everything that happened since a version is still known."""
        floor = max(self._gone_floor, self._events_floor if events else 0)
        return max(1, floor) <= version <= self.version

    def back_to(self, version: int) -> Iterator[Entry]:
        """Entries that changed after a version, newest first."""
        for entry in reversed(self._entries):
            if entry.version <= version:
                return
            yield entry
