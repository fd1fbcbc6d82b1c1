"""Messages to and from their payloads, by the contract's message table."""

import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

from aerostream_contract.mavlink import MESSAGES, MessageType

from aerostream_edge.mavlink.frames import MAGIC_V1, MAGIC_V2, checksum

_CODES = {
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float": "f",
    "double": "d",
}
#: Floats as the bits they are, for what must stay bit-exact.
_BIT_CODES = _CODES | {"float": "i", "double": "q"}

#: An int, float or bytes; which of them the message's definition says.
Value = Any


class PayloadReader:
    """Unpacks payloads of one message into a flat tuple, in wire order.

    Args:
        message: which one.
        floats_as_bits: give floats as signed integers of the same bits.
    """

    def __init__(self, message: MessageType, *, floats_as_bits: bool = False) -> None:
        codes = _BIT_CODES if floats_as_bits else _CODES
        layout = "<"
        self.index: dict[str, int] = {}
        """Place of each column (`name`, or `name_0 …` of an array) in the tuple."""
        place = 0
        for field in message.wire_order:
            if field.is_text:
                layout += f"{max(field.length, 1)}s"
            else:
                layout += codes[field.type] * max(field.length, 1)
            for column in field.column_names():
                self.index[column] = place
                place += 1
        self._struct = struct.Struct(layout)
        self._zeros = bytes(self._struct.size)

    def read(self, payload: bytes) -> tuple[Any, ...]:
        """The values; a short payload is filled up with zeros, a long one cut, as MAVLink says."""
        size = self._struct.size
        if len(payload) != size:
            payload = (payload + self._zeros)[:size]
        return self._struct.unpack(payload)


@cache
def reader(message_id: int, *, floats_as_bits: bool = False) -> PayloadReader:
    """The reader of a known message, made once."""
    message = MESSAGES.get(message_id)
    if message is None:
        raise KeyError(f"MAVLink message {message_id} is not known")
    return PayloadReader(message, floats_as_bits=floats_as_bits)


def read_fields(message_id: int, payload: bytes) -> dict[str, Value]:
    """All columns of a payload by name."""
    found = reader(message_id)
    values = found.read(payload)
    return {name: values[place] for name, place in found.index.items()}


def text_of(raw: bytes) -> str:
    """A char array as text: up to its first NUL; bytes that are no UTF-8 are shown escaped."""
    return raw.split(b"\0", 1)[0].decode("utf-8", errors="backslashreplace")


def encode_message(
    name: str,
    values: Mapping[str, Value],
    *,
    system: int,
    component: int,
    sequence: int,
    version: int = 2,
) -> bytes:
    """A MAVLink frame of the named message; fields that are not given are zero.

    Version 1 has room for messages below 256 and no extensions.
    """
    message = MESSAGES.named(name)
    payload = bytearray()
    for field in message.wire_order:
        if version == 1 and field.extension:
            break
        length = max(field.length, 1)
        if field.is_text:
            payload += values.get(field.name, b"")[:length].ljust(length, b"\0")
            continue
        for column in field.column_names():
            payload += struct.pack("<" + _CODES[field.type], values.get(column, 0))
    sequence &= 0xFF
    if version == 1:
        magic = MAGIC_V1
        checked = bytes((len(payload), sequence, system, component, message.id)) + bytes(payload)
    else:
        magic = MAGIC_V2
        # MAVLink 2 cuts zeros off the end, but never the first byte.
        cut = bytes(payload[:1]) + bytes(payload[1:]).rstrip(b"\0")
        header = bytes((len(cut), 0, 0, sequence, system, component))
        checked = header + message.id.to_bytes(3, "little") + cut
    crc = checksum(checked + bytes((message.crc_extra,)))
    return bytes((magic,)) + checked + crc.to_bytes(2, "little")
