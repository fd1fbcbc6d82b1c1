"""How old samples are when a WebSocket client has them, and when the broker has.

A sample's own time is the moment at which the vehicle sent it, so the age is the whole way:
link, agent, broker, bridge and socket. All clocks are this machine's.
"""

import time
from collections.abc import Sequence

import msgspec
from aerostream_contract.frame import decode_frame
from aerostream_contract.times import us_from_iso

from benchmarks.measure import percentile
from benchmarks.subscriber import Subscriber


class _Sample(msgspec.Struct):
    drone: str
    channel: str
    time: str


class _Message(msgspec.Struct):
    type: str
    subscription: str | None = None
    samples: list[_Sample] = []


class Ages:
    """Collects the ages of the samples of one channel that a subscription's deltas bring.

    Args:
        subscription: its name.
        channel: the channel whose samples have the vehicle's own time.
    """

    def __init__(self, subscription: str = "fleet", channel: str = "position") -> None:
        self.us: list[int] = []
        """One per sample and reader, in microseconds."""
        self.drones: set[str] = set()
        """Whose samples came."""
        self._subscription = subscription
        self._channel = channel
        self._decode = msgspec.json.Decoder(_Message).decode
        self._last: tuple[bytes, list[int]] = (b"", [])

    def take(self, _reader: object, text: bytes, now_us: int) -> None:
        """Take a message of the bridge and the time at which it was there, UTC µs."""
        # Readers of the same subscription get the same bytes; they are understood once.
        if text != self._last[0]:
            self._last = (text, self._times(text))
        self.us += [now_us - time_us for time_us in self._last[1]]

    def clear(self) -> None:
        """Forget what was collected so far."""
        self.us.clear()
        self.drones.clear()

    def ms(self, percent: float) -> float:
        """A percentile of the ages, in milliseconds."""
        return percentile(self.us, percent) / 1000

    def _times(self, text: bytes) -> list[int]:
        message = self._decode(text)
        if message.type != "delta" or message.subscription != self._subscription:
            return []
        samples: Sequence[_Sample] = [
            sample for sample in message.samples if sample.channel == self._channel
        ]
        self.drones.update(sample.drone for sample in samples)
        return [us_from_iso(sample.time) for sample in samples]


class FrameAges(Subscriber):
    """Collects the ages of samples when a subscriber of the broker has them.

    Args:
        port: the broker's.
        topics: where the frames come from.
        channel: the channel whose samples have the vehicle's own time.
    """

    def __init__(self, port: int, topics: Sequence[str], channel: str = "position") -> None:
        super().__init__(port, topics)
        self.us: list[int] = []
        """One per sample, in microseconds."""
        self._channel = channel

    def clear(self) -> list[int]:
        """Forget what was collected so far, and give it."""
        collected, self.us = self.us, []
        return collected

    def take(self, topic: str, payload: bytes) -> None:
        """See `Subscriber.take`."""
        del topic
        now_us = time.time_ns() // 1000
        for block in decode_frame(payload).blocks:
            if block.channel.name == self._channel:
                self.us += [now_us - time_us for time_us in block.times]
