"""The JSON mirror: the newest live sample of each series for ordinary MQTT tools. Pure.

At most one message a second per series and so many in all. Series wait in a queue for their
turn, so that under the cap every one of them comes round; a newer sample takes the place of the
waiting one. Devices may make up names for ever, so there is a limit: beyond it a series waits
outside the queue until another has had its turn, and what was mirrored longest ago is forgotten.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from aerostream_contract.channels import Channel
from aerostream_contract.times import iso_from_us
from aerostream_contract.topics import mirror_topic

from aerostream_cloud.newest import follows, newest
from aerostream_cloud.store.port import SeriesBlock, Value

EXPIRY_S = 60
"""The broker forgets a mirrored sample after this long."""
SERIES_INTERVAL_S = 1.0
#: Five thousand drones of twenty series.
_MOST_SERIES = 100_000

_encoder = msgspec.json.Encoder()
_Key = tuple[str, str, str, int, str]


class _Waiting(NamedTuple):
    """The newest sample of a series that is not mirrored yet."""

    time_us: int
    block: SeriesBlock
    row: int


@dataclass(slots=True)
class _Mirrored:
    """What was published of a series."""

    time_us: int
    at_s: float


class Mirror:
    """Chooses what to mirror.

    Args:
        rate: messages per second in all.
        most: series that may wait, and series that are remembered.
    """

    def __init__(self, *, rate: float, most: int = _MOST_SERIES) -> None:
        self._rate = rate
        self._most = most
        self._allowance = 0.0
        self._last_s: float | None = None
        self._waiting: dict[_Key, _Waiting] = {}
        self._mirrored: OrderedDict[_Key, _Mirrored] = OrderedDict()

    def offer(self, live: Iterable[SeriesBlock]) -> None:
        """Take note of stored live samples."""
        if not self._rate:
            return
        for live_block in live:
            drone, block = live_block
            key = (drone.fleet, drone.drone, block.channel.name, block.component, block.instance)
            row = newest(block.times)
            time_us = block.times[row]
            if key not in self._waiting and len(self._waiting) >= self._most:
                continue
            known = self._waiting.get(key), self._mirrored.get(key)
            if all(each is None or follows(time_us, each.time_us) for each in known):
                self._waiting[key] = _Waiting(time_us, live_block, row)

    def due(self, now_s: float) -> list[tuple[str, bytes]]:
        """Topics and payloads to publish now."""
        elapsed_s = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        # One second's worth may gather while nothing waits, at least one message.
        most = max(1.0, self._rate)
        self._allowance = min(most, self._allowance + self._rate * elapsed_s)
        chosen: list[_Key] = []
        for key in self._waiting:
            if self._allowance < 1:
                break
            mirrored = self._mirrored.get(key)
            if mirrored is None or now_s - mirrored.at_s >= SERIES_INTERVAL_S:
                chosen.append(key)
                self._allowance -= 1
        return [self._published(key, now_s) for key in chosen]

    def _published(self, key: _Key, now_s: float) -> tuple[str, bytes]:
        time_us, (drone, block), row = self._waiting.pop(key)
        self._mirrored[key] = _Mirrored(time_us, now_s)
        self._mirrored.move_to_end(key)
        if len(self._mirrored) > self._most:
            self._mirrored.popitem(last=False)
        values = [column[row] for column in block.columns]
        topic = mirror_topic(drone, block.channel.name, block.component, block.instance)
        return topic, mirror_payload(block.channel, time_us, values)


def mirror_payload(channel: Channel, time_us: int, values: list[Value]) -> bytes:
    """One sample as compact JSON: time in ISO 8601, values and units by field name."""
    return _encoder.encode(
        {
            "time": iso_from_us(time_us),
            "values": dict(zip(channel.field_names, values, strict=True)),
            "units": channel.units,
        }
    )
