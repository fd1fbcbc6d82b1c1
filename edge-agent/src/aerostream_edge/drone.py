"""One drone's way from MAVLink frames to numbered MQTT payloads: the agent's core, without I/O."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from aerostream_contract.channels import EVENT
from aerostream_contract.errors import FrameError
from aerostream_contract.frame import Section, encode_frame
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.models import Event, encode
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from aerostream_contract.vehicles import Heartbeat
from aerostream_contract.words import counted

from aerostream_edge.batch import Batch
from aerostream_edge.framing import divided, samples_in, span
from aerostream_edge.mapping import STATUSTEXT, MessageMapping, Sample, mapping_of, passthrough_of
from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.policy import RatePolicyName, StandardPolicy
from aerostream_edge.spool.item import Item, Kind
from aerostream_edge.spool.restamp import Move
from aerostream_edge.statustext import Text, TextJoiner
from aerostream_edge.timeline import SectionKey, Shift, Timeline
from aerostream_edge.twin import Happening, Twin

#: Events in one frame of an import.
_MOST_EVENTS = 50
_WARNING = 4
#: Kind of the event that tells what was given up.
DROPPED = "dropped"
_STATUSTEXT_ID = MESSAGES.named(STATUSTEXT).id


class Reception(NamedTuple):
    """A frame with what is known of its arrival."""

    frame: Frame
    receipt_us: int
    """By the host's monotonic clock plus its UTC at start; in a log, the record's time."""
    ordinal: int
    """Its place in the stream, for finding boots in a second pass."""


@dataclass(slots=True)
class Counts:
    """What became of a drone's messages and samples."""

    mapped: Counter[int] = field(default_factory=Counter)
    """Messages that became samples or events, by id."""
    unmapped: Counter[int] = field(default_factory=Counter)
    """All other messages, by id."""
    samples: int = 0
    """Samples put into frames."""
    dropped_samples: int = 0
    """Samples given up because the spool was full or the cloud never took them."""


class Outbox(Protocol):
    """Where numbered items go on their way to the database."""

    epoch: int

    @property
    def next_number(self) -> int:
        """The number that is given next."""
        ...

    def reserve(self) -> int:
        """The next number; never given twice in an epoch."""
        ...

    def put(self, item: Item) -> None:
        """Keep an item until it is stored."""
        ...

    def told(self, offset_us: int) -> None:
        """The autopilot told the true time: UTC minus the receipt clock."""
        ...

    def restamp(self, moves: Sequence[Move]) -> None:
        """Move the times of what nobody has seen."""
        ...


class _Event(NamedTuple):
    """Something that happened, before it has its number."""

    component: int
    time_us: int
    receipt_us: int
    happening: Happening


class _BootStart(NamedTuple):
    """Where the present boot of a component begins among the numbers of the outbox."""

    boots: int
    number: int


_FIRST_BOOT = _BootStart(1, 0)


class Drone:
    """Maps, stamps, thins out, batches and numbers the messages of one vehicle.

    Args:
        name: the drone.
        timeline: its clocks.
        outbox: takes frames and events.
        policy: which samples are sent.
        passthrough: names of messages that pass through besides the named channels; with
            policy `full` all do.
        max_cells: values that fill a frame.
        backfill: put events into frames: an import.
    """

    def __init__(
        self,
        *,
        name: DroneName,
        timeline: Timeline,
        outbox: Outbox,
        policy: RatePolicyName,
        passthrough: Collection[str] = (),
        max_cells: int,
        backfill: bool = False,
    ) -> None:
        self.name = name
        self.timeline = timeline
        self.outbox = outbox
        self.twin = Twin()
        self.counts = Counts()
        self._policy = StandardPolicy() if policy is RatePolicyName.STANDARD else None
        self._passthrough = frozenset(MESSAGES.named(message).id for message in passthrough)
        self._batch = Batch(max_cells)
        self._backfill = backfill
        self._events: list[_Event] = []
        self._joiner = TextJoiner()
        self._boots: dict[int, _BootStart] = {}
        self._told = False
        self._oldest_us: int | None = None

    def take(self, reception: Reception, heartbeat: Heartbeat | None = None) -> None:
        """Take a message of this drone.

        Args:
            reception: the message.
            heartbeat: its content where it is one of the autopilot.
        """
        frame, receipt_us, index = reception
        self.timeline.move_to(index)
        if frame.message_id == _STATUSTEXT_ID:
            self.counts.mapped[frame.message_id] += 1
            self._take_text(reception)
            return
        mapping = mapping_of(frame.message_id) or passthrough_of(frame.message_id)
        if mapping is None:
            self.counts.unmapped[frame.message_id] += 1
            return
        self.counts.mapped[frame.message_id] += 1
        sample = mapping.sample(frame.payload)
        shifts = self.timeline.observe(frame, sample, receipt_us, index)
        self._note_boot(frame.component)
        if shifts:
            self._restamp(shifts)
        if not self._told and self.timeline.told:
            self._told = True
            self.outbox.told(self.timeline.receipt_offset_us)
        if self._keeps(mapping, frame, sample, receipt_us):
            key, time_us = self.timeline.stamp(frame.component, sample, receipt_us)
            self._add(key, time_us, sample, receipt_us)
            if self._batch.full:
                self.flush()
        if heartbeat is not None:
            for happening in self.twin.take_heartbeat(heartbeat):
                self.happened(happening, frame.component, receipt_us)
        else:
            self.twin.take(frame)

    @property
    def waiting(self) -> bool:
        """Whether samples wait for their frame."""
        return bool(self._batch.samples)

    @property
    def waiting_since_us(self) -> int | None:
        """When the oldest of those samples was received, by the receipt clock."""
        return self._oldest_us

    def attend(self, channels: Collection[str]) -> None:
        """Somebody looks at these channels, and at no others any more."""
        if self._policy is not None:
            self._policy.attended = channels

    def add(self, sample: Sample, component: int, receipt_us: int) -> None:
        """Add a sample that the agent made itself."""
        key, time_us = self.timeline.stamp(component, sample, receipt_us)
        self._add(key, time_us, sample, receipt_us)

    def _add(self, key: SectionKey, time_us: int, sample: Sample, receipt_us: int) -> None:
        if self._oldest_us is None:
            self._oldest_us = receipt_us
        self._batch.add(key, time_us, sample)

    def happened(self, happening: Happening, component: int, receipt_us: int) -> None:
        """Report an event; live it goes out at once."""
        series = (EVENT.name, happening.kind)
        time_us = self.timeline.receipt_time(component, series, receipt_us)
        self._events.append(_Event(component, time_us, receipt_us, happening))
        if not self._backfill:
            self._put_events()
        elif len(self._events) >= _MOST_EVENTS:
            self.flush()

    def tick(self, now_us: int) -> None:
        """Give up waiting for chunks of texts that are overdue."""
        for text in self._joiner.expire(now_us):
            self._text_happened(text)

    def finish(self) -> None:
        """Everything that is still held back becomes a frame: the log or the link ended."""
        for text in self._joiner.finish():
            self._text_happened(text)
        self.flush()

    def begin_epoch(self) -> None:
        """The numbering began anew: all boots that run began before its first number."""
        self._boots = {
            component: start._replace(number=0) for component, start in self._boots.items()
        }

    def flush(self) -> None:
        """Make a frame of what was collected, if anything."""
        if not self._batch.samples and not self._events:
            return
        sections, events, received_us = self._batch.take(), self._events, self._oldest_us or 0
        self._events, self._oldest_us = [], None
        self._put_frames(sections, events, received_us)

    def _put_frames(
        self, sections: Sequence[Section], events: Sequence[_Event], received_us: int
    ) -> None:
        """Put a frame, or several where the format's limits ask for it."""
        number, samples = self.outbox.reserve(), samples_in(sections)
        encoded = [self._encoded(number, event) for event in events]
        try:
            payload = encode_frame(self.outbox.epoch, number, sections, encoded)
        except FrameError as error:
            parts = divided(sections, events)
            for part in parts:
                self._put_frames(*part, received_us)
            if not parts:
                self._give_up(samples, len(events), received_us, str(error))
            return
        self.counts.samples += samples
        times = span(sections, (event.time_us for event in events))
        self.outbox.put(Item(number, Kind.TELEMETRY, payload, samples, *times, received_us))

    def _give_up(self, samples: int, events: int, received_us: int, reason: str) -> None:
        """Tell of what no frame can hold."""
        self.counts.dropped_samples += samples
        data: dict[str, str | int] = {"reason": "unencodable", "frames": 0}
        data |= {"events": events, "samples": samples}
        text = f"{counted(samples + events, 'sample')} given up: {reason}"
        self.happened(
            Happening(DROPPED, _WARNING, text, data), self.timeline.autopilot, received_us
        )

    def _keeps(
        self, mapping: MessageMapping, frame: Frame, sample: Sample, receipt_us: int
    ) -> bool:
        if self._policy is None:
            return True
        if mapping.channel.number == 0:
            return frame.message_id in self._passthrough
        return self._policy.keeps(frame.component, sample, receipt_us)

    def _take_text(self, reception: Reception) -> None:
        frame, receipt_us, _ = reception
        for text in self._joiner.take(frame.component, frame.payload, receipt_us):
            self._text_happened(text)

    def _text_happened(self, text: Text) -> None:
        happening = Happening("statustext", text.severity, text.text, {})
        self.happened(happening, text.component, text.receipt_us)

    def _put_events(self) -> None:
        for event in self._events:
            number = self.outbox.reserve()
            payload, time_us = self._encoded(number, event), event.time_us
            kind = Kind.LOSS if event.happening.kind == DROPPED else Kind.EVENT
            item = Item(number, kind, payload, 0, time_us, time_us, event.receipt_us)
            self.outbox.put(item)
        self._events.clear()

    def _encoded(self, number: int, event: _Event) -> bytes:
        component, time_us, _, (kind, severity, text, data) = event
        epoch, time = self.outbox.epoch, iso_from_us(time_us)
        return encode(Event(epoch, number, time, kind, severity, component, text, data))

    def _note_boot(self, component: int) -> None:
        """Begin a frame at a new boot of the autopilot: what is before it keeps its offsets."""
        boots = self.timeline.boot_count(component)
        if boots == self._first_of(component).boots:
            return
        if component == self.timeline.autopilot:
            self.flush()
        self._boots[component] = _BootStart(boots, self.outbox.next_number)

    def _first_of(self, component: int) -> _BootStart:
        return self._boots.get(component, _FIRST_BOOT)

    def _restamp(self, shifts: Sequence[Shift]) -> None:
        """Move what nobody has seen: all that is collected is of the autopilot's present boot."""
        self._batch.restamp(shifts)
        since = self._first_of(self.timeline.autopilot).number
        self.outbox.restamp(
            [
                Move(
                    shift.component,
                    shift.boot,
                    int(shift.clock),
                    shift.by_us,
                    frames_from=since if shift.leans else 0,
                    events_from=self._first_of(shift.component).number,
                )
                for shift in shifts
            ]
        )
