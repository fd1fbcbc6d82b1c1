"""A sample that the store refuses, as a dead letter and back."""

from typing import NamedTuple

import msgspec
from aerostream_contract.channels import Channel, ColumnKind, channel_named
from aerostream_contract.errors import InvalidPayload
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.topics import UP_BF, drone_topic, parse_drone_topic

from aerostream_cloud.dead_letter import Kind, Letter
from aerostream_cloud.store.port import SeriesBlock, Value


class Rejected(NamedTuple):
    """A row that the store cannot keep."""

    block: SeriesBlock
    """With this one row."""
    reason: str


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """The payload of a row's letter. Integers are texts: many readers of JSON round large ones."""

    channel: str
    component: int
    instance: str
    time_us: str
    values: dict[str, float | str | None]


def row_letter(rejected: Rejected, now_us: int) -> Letter:
    """A rejected row as JSON."""
    drone, block = rejected.block
    values = {
        name: str(column[0]) if isinstance(column[0], int) else column[0]
        for name, column in zip(block.channel.field_names, block.columns, strict=True)
    }
    row = _Row(block.channel.name, block.component, block.instance, str(block.times[0]), values)
    try:
        payload = msgspec.json.encode(row)
    except UnicodeEncodeError:
        payload = ascii(msgspec.to_builtins(row)).encode()
    # The rows of a batch are no longer tied to their messages; a replay goes to backfill.
    return Letter(now_us, Kind.ROW, rejected.reason, drone_topic(drone, UP_BF), payload)


def row_of_letter(letter: Letter) -> SeriesBlock:
    """The row that a letter was made of.

    Raises:
        ContractError: the letter is not a row of this program's channels.
    """
    try:
        row = msgspec.json.decode(letter.payload, type=_Row)
        time_us = int(row.time_us)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidPayload(f"the row cannot be read again: {error}") from error
    channel = channel_named(row.channel)
    if unknown := row.values.keys() - set(channel.field_names):
        raise InvalidPayload(f"channel {channel.name} has no field {min(unknown)!r}")
    columns = [[value] for value in _values(channel, row)]
    block = DecodedBlock(channel, row.component, row.instance, [time_us], columns)
    return SeriesBlock(parse_drone_topic(letter.topic).name, block)


def _values(channel: Channel, row: _Row) -> list[Value]:
    values: list[Value] = []
    for field in channel.fields:
        value: Value = row.values.get(field.name)
        if isinstance(value, str) and field.kind is not ColumnKind.TEXT:
            try:
                value = int(value)
            except ValueError as error:
                raise InvalidPayload(f"{field.name} is {value!r}, expected a number") from error
        values.append(value)
    return values
