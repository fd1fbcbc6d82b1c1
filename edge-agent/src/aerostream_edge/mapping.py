"""MAVLink messages to samples: one row of a channel each, by the contract's field table."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from aerostream_contract.channels import CHANNELS, Channel, ColumnKind, Field, passthrough
from aerostream_contract.columns import Cell
from aerostream_contract.mavlink import MESSAGES, MessageType

from aerostream_edge.mavlink.messages import Value, reader, text_of

STATUSTEXT = "STATUSTEXT"
#: Protocols between two programs, not telemetry: they never pass through.
_EXCEPTED_PREFIXES = ("PARAM_", "MISSION_", "COMMAND_", "FILE_", "LOG_")
_EXCEPTED_NAMES = frozenset({"TIMESYNC", "PING", STATUSTEXT})

#: Beyond this a float's steps are no longer exact in a double; it is sent as the float it is.
_MAX_STEPS = 1 << 53
_FLOAT32_EXPONENT = 0x7F80_0000
_FLOAT64_EXPONENT = 0x7FF0_0000_0000_0000


class Sample(NamedTuple):
    """One message as a row of its channel, before it has its place in time."""

    channel: Channel
    instance: str
    own_us: int | None
    """The message's own time field in µs; None where the channel has none."""
    own_wraps: bool
    """The own time is a 32-bit µs clock."""
    cells: Sequence[Cell]


class MessageMapping:
    """Turns payloads of one message into samples of its channel.

    Args:
        channel: the channel that has the message as a source.
        message_name: the MAVLink message.
    """

    def __init__(self, channel: Channel, message_name: str) -> None:
        message = MESSAGES.named(message_name)
        self.channel = channel
        self.reader = reader(message.id, floats_as_bits=channel.number == 0)
        places = self.reader.index
        own = message.by_name.get(channel.time_field or "")
        self._own_place = None if own is None else places[own.name]
        self._own_unit_us = 1000 if own is not None and own.unit == "ms" else 1
        self._own_wraps = own is not None and own.unit == "us" and own.type == "uint32"
        self._instance_place = places.get(message.instance_field or "")
        self._instance = next(
            source.instance or "0" for source in channel.sources if source.message == message_name
        )
        missing = len(places)
        self._columns = [
            (places[field.name], _converter(field, is_float=_is_float(message, field)))
            if field.name in places
            else (missing, None)
            for field in channel.fields
        ]

    def sample(self, payload: bytes) -> Sample:
        """The sample in a payload."""
        # One more value than the message has: what this source of the channel does not tell.
        values = (*self.reader.read(payload), None)
        own = None
        if self._own_place is not None:
            own = values[self._own_place] * self._own_unit_us
        instance = self._instance
        if self._instance_place is not None:
            instance = _instance_text(values[self._instance_place])
        cells = [
            values[place] if convert is None else convert(values[place])
            for place, convert in self._columns
        ]
        return Sample(self.channel, instance, own, self._own_wraps, cells)


@cache
def mapping_of(message_id: int) -> MessageMapping | None:
    """The mapping of a message to its named channel, None where it has none."""
    message = MESSAGES.get(message_id)
    channel = _NAMED.get(message.name) if message else None
    return None if message is None or channel is None else MessageMapping(channel, message.name)


@cache
def passthrough_of(message_id: int) -> MessageMapping | None:
    """The mapping that passes a message through unchanged, None where that is excepted."""
    message = MESSAGES.get(message_id)
    channel = passthrough(message_id)
    if message is None or channel is None or is_excepted(message.name):
        return None
    return MessageMapping(channel, message.name)


def is_excepted(message_name: str) -> bool:
    """Whether a message belongs to a protocol between programs and never passes through."""
    return message_name in _EXCEPTED_NAMES or message_name.startswith(_EXCEPTED_PREFIXES)


_NAMED = {
    source.message: channel
    for channel in CHANNELS.values()
    for source in channel.sources
    if channel.name != "event"
}


def _is_float(message: MessageType, field: Field) -> bool:
    return any(
        source.type in ("float", "double")
        for source in message.fields
        if field.name in source.column_names()
    )


def _converter(field: Field, *, is_float: bool) -> Callable[[Value], Cell] | None:
    """From a value off the wire to a cell; None: it is one already."""
    match field.kind:
        case ColumnKind.TEXT:
            return text_of
        case ColumnKind.FLOAT32:
            return lambda bits: None if bits & _FLOAT32_EXPONENT == _FLOAT32_EXPONENT else bits
        case ColumnKind.FLOAT64:
            return lambda bits: None if bits & _FLOAT64_EXPONENT == _FLOAT64_EXPONENT else bits
    if is_float:
        return _to_steps(field.steps)
    if field.invalid:
        invalid = frozenset(field.invalid)
        return lambda value: None if value in invalid else value
    return None


def _to_steps(steps: int) -> Callable[[Value], Cell]:
    def convert(value: Value) -> Cell:
        scaled: float = value * steps
        if -_MAX_STEPS < scaled < _MAX_STEPS:
            return round(scaled)
        # What is left is too large, infinite or not a number.
        return float(value) if math.isfinite(value) else None

    return convert


def _instance_text(value: Value) -> str:
    text = text_of(value) if isinstance(value, bytes) else str(value)
    return text or "0"
