"""Valid MAVLink with content that nobody sends: it becomes frames that a decoder accepts, whole."""

import random
import struct
from itertools import chain

from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedFrame, decode_frame
from aerostream_contract.frame.limits import MAX_BLOCKS, MAX_INSTANCE
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.models import Event, decode
from aerostream_contract.names import DroneName
from aerostream_contract.times import LATEST_US
from aerostream_edge.drone import Drone, Reception
from aerostream_edge.mapping import Sample
from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.policy import RatePolicyName
from aerostream_edge.timeline import Timeline
from aerostream_edge.window import Window

RECEIPT_US = 1_767_225_600_000_000
_ALL = [number for number in range(70_000) if MESSAGES.get(number) is not None]


class Flight:
    """A drone that takes messages, and the frames that come of them."""

    def __init__(self, *, max_cells: int = 20_000, backfill: bool = True) -> None:
        self._window = Window(epoch=1, max_bytes=1 << 30)
        self._count = 0
        self.drone = Drone(
            name=DroneName("f", "d"),
            timeline=Timeline(1),
            outbox=self._window,
            policy=RatePolicyName.FULL,
            max_cells=max_cells,
            backfill=backfill,
        )

    def take(self, name: str, payload: bytes, component: int = 1) -> None:
        """Take a message."""
        self.take_id(MESSAGES.named(name).id, payload, component)

    def take_id(self, message_id: int, payload: bytes, component: int = 1) -> None:
        """Take a message by its id."""
        self._count += 1
        frame = Frame(message_id, 1, component, 0, payload, len(payload) + 12)
        self.drone.take(Reception(frame, RECEIPT_US + 100 * self._count, self._count))

    def payloads(self) -> list[bytes]:
        """Everything that is published."""
        self.drone.finish()
        found = []
        while (item := self._window.next_due(0.0)) is not None:
            assert item.to_us <= LATEST_US
            found.append(item.payload)
            self._window.sent(item, 1.0)
        return found

    def frames(self) -> list[DecodedFrame]:
        """All frames, in which a decoder finds nothing wrong."""
        frames = [decode_frame(each) for each in self.payloads() if not each.startswith(b"{")]
        assert all(frame.problems == [] for frame in frames)
        return frames

    def samples(self) -> int:
        """How many samples those frames have."""
        frames = self.frames()
        assert self.drone.counts.dropped_samples == 0
        count = sum(len(block.times) for frame in frames for block in frame.blocks)
        assert count == self.drone.counts.samples
        return count


def test_more_names_than_a_frame_may_have_blocks() -> None:
    flight = Flight()
    for number in range(2 * MAX_BLOCKS + 600):
        flight.take("NAMED_VALUE_INT", struct.pack("<Ii10s", 1000, number, b"n%08d" % number))
    assert flight.samples() == 2 * MAX_BLOCKS + 600


def test_a_component_with_two_clocks_makes_more_boots_than_a_frame_may_have_sections() -> None:
    flight = Flight()
    for number in range(2 * MAX_BLOCKS + 600):
        unix_us = RECEIPT_US + (number % 2) * 50_000_000
        flight.take("SYSTEM_TIME", struct.pack("<QI", unix_us, 1000), component=154)
    assert flight.samples() == 2 * MAX_BLOCKS + 600


def test_texts_of_bytes_that_are_no_text_in_an_import() -> None:
    flight = Flight()
    for number in range(1, 61):
        for chunk in range(256):
            end = b"\0" if chunk == 255 else b"\xff"
            text = b"\xff" * 49 + end
            flight.take("STATUSTEXT", struct.pack("<B50sHB", 4, text, number, chunk))
    events = [decode(event, Event) for frame in flight.frames() for event in frame.events]
    assert len(events) == 60
    assert all(len(event.text) > 12_000 for event in events)


def test_texts_in_messages_that_deflate_cannot_make_smaller() -> None:
    rnd = random.Random(1)
    flight = Flight()
    for _ in range(4000):
        flight.take("PLAY_TUNE", bytes([1, 1]) + bytes(rnd.randrange(1, 256) for _ in range(230)))
    assert flight.samples() == 4000


def test_times_at_the_end_of_the_calendar() -> None:
    flight = Flight()
    for time_us in (LATEST_US, LATEST_US, LATEST_US - 1, LATEST_US - 1, RECEIPT_US):
        flight.take("HIGHRES_IMU", struct.pack("<Q", time_us) + bytes(54))
    assert flight.samples() == 5


def test_every_message_with_any_content() -> None:
    rnd = random.Random(2)
    extremes = [bytes([byte]) * 255 for byte in (0x00, 0x7F, 0x80, 0xFF)]
    extremes += [(b"\xff" * 7 + b"\x7f") * 31, (b"\x00" * 7 + b"\x80") * 31]
    flight = Flight()
    expected = 0
    texts = MESSAGES.named("STATUSTEXT").id
    for _ in range(3):
        for message_id in rnd.sample(_ALL, len(_ALL)):
            for payload in (rnd.choice(extremes), rnd.randbytes(255)):
                flight.take_id(message_id, payload, rnd.choice((1, 1, 100, 0, 255)))
                expected += message_id != texts
    flight.drone.finish()
    # What has no fields of its own has no samples.
    unmapped = sum(flight.drone.counts.unmapped.values())
    assert flight.samples() == expected - unmapped > 1500


def test_what_no_frame_can_hold_is_given_up_alone_and_told() -> None:
    flight, battery = Flight(backfill=False), CHANNELS["battery"]
    for instance in ("0", "x" * (MAX_INSTANCE + 1), "1"):
        cells = [None] * len(battery.fields)
        sample = Sample(battery, instance, None, own_wraps=False, cells=cells)
        flight.drone.add(sample, 1, RECEIPT_US)
    first, event, last = flight.payloads()
    blocks = chain.from_iterable(decode_frame(frame).blocks for frame in (first, last))
    assert sorted(block.instance for block in blocks) == ["0", "1"]
    said = decode(event, Event)
    assert said.kind == "dropped"
    assert said.data == {"reason": "unencodable", "frames": 0, "events": 0, "samples": 1}
    assert "instance" in said.text
    assert flight.drone.counts.dropped_samples == 1
