"""The channel and field table: what is measured, in which unit, how exactly, from where.

Mapping, frames, stores, APIs and `docs/channels.md` all read this one table. `CHANNELS` holds
the named channels; every other MAVLink message passes through as a channel of its own, made by
`passthrough`. A channel's `number` and the order of its fields are on the wire: append only.
"""

from functools import lru_cache

from aerostream_contract.channels.flight import FLIGHT
from aerostream_contract.channels.navigation import NAVIGATION
from aerostream_contract.channels.sensors import SENSORS
from aerostream_contract.channels.system import SYSTEM
from aerostream_contract.channels.types import (
    AGENT_SOURCE,
    Channel,
    ColumnKind,
    Field,
    RatePolicy,
    Source,
)
from aerostream_contract.errors import ContractError, shown
from aerostream_contract.mavlink import MESSAGES, MessageType

__all__ = [
    "AGENT_SOURCE",
    "CHANNELS",
    "CHANNEL_BY_NUMBER",
    "EVENT",
    "Channel",
    "ColumnKind",
    "Field",
    "RatePolicy",
    "Source",
    "channel_named",
    "passthrough",
]

CHANNELS: dict[str, Channel] = {
    channel.name: channel for channel in (*FLIGHT, *NAVIGATION, *SENSORS, *SYSTEM)
}
CHANNEL_BY_NUMBER: dict[int, Channel] = {channel.number: channel for channel in CHANNELS.values()}
EVENT = CHANNELS["event"]

_PASSTHROUGH_PREFIX = "mav_"


# Bounded because unknown ids come off the network; there are fewer messages than this.
@lru_cache(maxsize=1024)
def passthrough(message_id: int) -> Channel | None:
    """The channel that carries a message unmapped and bit-exact; None for an unknown id."""
    message = MESSAGES.get(message_id)
    return None if message is None else _passthrough(message)


def channel_named(name: str) -> Channel:
    """The channel with this name, `mav_…` included.

    Raises:
        ContractError: there is no such channel.
    """
    if name in CHANNELS:
        return CHANNELS[name]
    message = MESSAGES.find(name.removeprefix(_PASSTHROUGH_PREFIX).upper())
    channel = None if message is None else passthrough(message.id)
    if channel is None or channel.name != name:
        raise ContractError(f"channel {shown(name)} is not in the channel table")
    return channel


def _passthrough(message: MessageType) -> Channel:
    time_field = next(
        (name for name in ("time_boot_ms", "time_usec") if name in message.by_name), None
    )
    return Channel(
        number=0,
        name=message.channel,
        description=f"MAVLink {message.name}, passed through bit for bit",
        sources=(Source(message.name, None if message.instance_field else "0"),),
        time_field=time_field,
        message_id=message.id,
        fields=tuple(
            Field(
                name=column,
                unit=field.unit,
                description="",
                kind=_KIND.get(field.type, ColumnKind.STEPS),
                source=field.name,
            )
            for field in message.fields
            for column in field.column_names()
        ),
    )


_KIND = {
    "char": ColumnKind.TEXT,
    "float": ColumnKind.FLOAT32,
    "double": ColumnKind.FLOAT64,
    "uint64": ColumnKind.UINT64,
    "int64": ColumnKind.INT64,
}
