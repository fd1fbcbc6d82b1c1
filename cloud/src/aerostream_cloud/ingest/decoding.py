"""From MQTT messages to what is to be stored, acknowledged, mirrored or set aside. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from aerostream_contract import models
from aerostream_contract.channels import EVENT
from aerostream_contract.errors import FrameError, InvalidName, InvalidPayload
from aerostream_contract.frame import DecodedBlock, decode_frame, frame_numbers
from aerostream_contract.names import DroneName
from aerostream_contract.times import us_from_iso
from aerostream_contract.topics import (
    UP_BF,
    UP_EVT,
    UP_INFO,
    UP_STATE,
    UP_STATUS,
    UP_TEL,
    parse_drone_topic,
)

from aerostream_cloud.dead_letter import Kind, Letter
from aerostream_cloud.store.port import SeriesBlock, Value

LEAVES = (UP_TEL, UP_BF, UP_EVT, UP_STATUS, UP_INFO, UP_STATE)
"""Topics below a drone that ingest reads."""

Admit = Callable[[DroneName, int], str]
"""Given a drone and the time in µs: the fleet that it belongs to."""

_PRESENCE: dict[str, type[models.Status | models.Info | models.State]] = {
    UP_STATUS: models.Status,
    UP_INFO: models.Info,
    UP_STATE: models.State,
}
#: Topics that are remembered parsed; a fleet has six per drone.
_MOST_ROUTES = 200_000


class Numbered(NamedTuple):
    """Frames or events that came in one message and can be acknowledged."""

    drone: DroneName
    epoch: int
    first: int
    last: int
    """Of a range; the same as `first` for all but merged frames."""
    urgent: bool
    """The sender waits for it: backfill."""


@dataclass(slots=True)
class Batch:
    """What a batch of messages contains."""

    frames: int = 0
    events: int = 0
    presences: int = 0
    refused: int = 0
    """Messages of which nothing could be used."""
    cleared: int = 0
    """Empty messages: retained topics that somebody cleared."""
    blocks: list[SeriesBlock] = field(default_factory=list)
    live: list[SeriesBlock] = field(default_factory=list)
    """Those of `blocks` that came on `up/tel`."""
    numbered: list[Numbered] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)


class _Identity(msgspec.Struct):
    """Of an event that is otherwise broken."""

    epoch: models.Epoch
    number: models.Number


@dataclass(slots=True, eq=False)
class _Route:
    """A parsed topic."""

    name: DroneName
    leaf: str
    admitted: bool = False


class Decoder:
    """Decodes batches of messages.

    Args:
        admit: registers a drone, or says which fleet it is known in.
    """

    def __init__(self, *, admit: Admit) -> None:
        self._admit = admit
        self._routes: dict[str, _Route] = {}

    def decode(self, messages: Iterable[tuple[str, bytes]], now_us: int) -> Batch:
        """Decode messages, given as topic and payload, that were received about `now_us`."""
        batch = Batch()
        routes = self._routes
        for topic, payload in messages:
            route = routes.get(topic)
            if route is None:
                try:
                    route = self._route(topic)
                except InvalidName as error:
                    _refuse(batch, Letter(now_us, Kind.TOPIC, str(error), topic, payload))
                    continue
            if route.leaf == UP_TEL or route.leaf == UP_BF:
                self._frame(batch, route, topic, payload, now_us)
            elif route.leaf == UP_EVT:
                self._event(batch, route, topic, payload, now_us)
            elif payload:
                self._presence(batch, route, topic, payload, now_us)
            else:
                batch.cleared += 1
        return batch

    def forget(self) -> None:
        """Ask again whether drones are admitted."""
        self._routes.clear()

    def numbers_of(self, topic: str, payload: bytes) -> list[Numbered]:
        """What can be acknowledged of a message that is not decoded; nothing where it is foreign.

        Only the numbers are looked at, not the content.
        """
        try:
            return _numbers_of(self._route(topic), payload)
        except InvalidName:
            return []

    def _frame(self, batch: Batch, route: _Route, topic: str, payload: bytes, now_us: int) -> None:
        live = route.leaf == UP_TEL
        name = route.name
        try:
            frame = decode_frame(payload)
        except FrameError as error:
            _refuse(batch, Letter(now_us, Kind.FRAME, str(error), topic, payload))
            batch.numbered += _numbers_of(route, payload)
            return
        for first, last in frame.numbers:
            batch.numbered.append(Numbered(name, frame.epoch, first, last, not live))
        if not route.admitted and not self._admitted(batch, route, topic, payload, now_us):
            return
        batch.frames += 1
        blocks = [SeriesBlock(name, block) for block in frame.blocks]
        batch.blocks += blocks
        if live:
            batch.live += blocks
        if frame.problems:
            reason = "; ".join(frame.problems)
            batch.letters.append(Letter(now_us, Kind.BLOCK, reason, topic, payload))
        for raw in frame.events:
            try:
                event = models.decode(raw, models.Event)
            except InvalidPayload as error:
                batch.letters.append(Letter(now_us, Kind.EVENT, str(error), topic, raw))
            else:
                batch.blocks.append(SeriesBlock(name, event_block(event)))
                batch.events += 1

    def _event(self, batch: Batch, route: _Route, topic: str, payload: bytes, now_us: int) -> None:
        try:
            event = models.decode(payload, models.Event)
        except InvalidPayload as error:
            _refuse(batch, Letter(now_us, Kind.EVENT, str(error), topic, payload))
            batch.numbered += _numbers_of(route, payload)
            return
        batch.numbered.append(Numbered(route.name, event.epoch, event.number, event.number, False))
        if route.admitted or self._admitted(batch, route, topic, payload, now_us):
            batch.blocks.append(SeriesBlock(route.name, event_block(event)))
            batch.events += 1

    def _presence(
        self, batch: Batch, route: _Route, topic: str, payload: bytes, now_us: int
    ) -> None:
        try:
            models.decode(payload, _PRESENCE[route.leaf])
        except InvalidPayload as error:
            _refuse(batch, Letter(now_us, Kind.PRESENCE, str(error), topic, payload))
            return
        if route.admitted or self._admitted(batch, route, topic, payload, now_us):
            batch.presences += 1

    def _admitted(
        self, batch: Batch, route: _Route, topic: str, payload: bytes, now_us: int
    ) -> bool:
        fleet = self._admit(route.name, now_us)
        route.admitted = fleet == route.name.fleet
        if not route.admitted:
            reason = (
                f"drone {route.name.drone!r} is known in fleet {fleet!r}: "
                "a drone id is unique in an installation"
            )
            _refuse(batch, Letter(now_us, Kind.FLEET, reason, topic, payload))
        return route.admitted

    def _route(self, topic: str) -> _Route:
        name, leaf = parse_drone_topic(topic)
        if leaf not in LEAVES:
            raise InvalidName(f"topic {topic!r} is not one that ingest reads")
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        route = self._routes[topic] = _Route(name, leaf)
        return route


def _numbers_of(route: _Route, payload: bytes) -> list[Numbered]:
    name = route.name
    try:
        if route.leaf in (UP_TEL, UP_BF):
            epoch, numbers = frame_numbers(payload)
            return [Numbered(name, epoch, *ends, route.leaf == UP_BF) for ends in numbers]
        if route.leaf == UP_EVT:
            identity = models.decode(payload, _Identity)
            return [Numbered(name, identity.epoch, identity.number, identity.number, False)]
    except (FrameError, InvalidPayload):
        pass
    return []


def event_block(event: models.Event) -> DecodedBlock:
    """An event as a sample of the channel `event`, whose instance is the event's kind."""
    data = msgspec.json.encode(event.data).decode() if event.data else None
    columns: list[list[Value]] = [[event.severity], [event.text], [data]]
    return DecodedBlock(EVENT, event.component, event.kind, [us_from_iso(event.time)], columns)


def _refuse(batch: Batch, letter: Letter) -> None:
    batch.refused += 1
    batch.letters.append(letter)
