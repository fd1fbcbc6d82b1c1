"""Packets: pymavlink's, and those of messages that its dialects lack."""

import math
import struct
from collections.abc import Iterable
from typing import Any

from pymavlink.dialects.v20 import all as dialect
from pymavlink.generator.mavcrc import x25crc

from aerostream_sim.models.geo import clamped

#: A message with `pack(sender)`: pymavlink's, or a `RawMessage`.
Message = Any

_MAGIC = 0xFD
_LARGEST_FLOAT = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
#: What fits into a field, by MAVLink's names of types.
_RANGES: dict[str, tuple[float, float]] = {
    "float": (-_LARGEST_FLOAT, _LARGEST_FLOAT),
    **{f"int{bits}_t": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}_t": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}


class RawMessage:
    """A message by id and payload. A sender's sequence number is pymavlink's to count.

    Args:
        message_id: MAVLink's.
        crc_extra: seed of its checksum.
        payload: its fields as they lie on the wire.
    """

    def __init__(self, message_id: int, crc_extra: int, payload: bytes) -> None:
        self.id = message_id
        self._crc_extra = crc_extra
        self.payload = payload

    def pack(self, sender: Any) -> bytes:
        """The packet, with the sender's ids and sequence number."""
        cut = self.payload[:1] + self.payload[1:].rstrip(b"\0")
        head = struct.pack(
            "<BBBBBB", len(cut), 0, 0, sender.seq, sender.srcSystem, sender.srcComponent
        )
        checked = head + self.id.to_bytes(3, "little") + cut
        crc = x25crc(checked + bytes((self._crc_extra,))).crc
        return bytes((_MAGIC,)) + checked + int(crc).to_bytes(2, "little")


class Wire:
    """Packs what one component sends, and parses what it hears.

    Args:
        system: its system id.
        component: its component id.
    """

    def __init__(self, system: int, component: int = 1) -> None:
        self._sender = dialect.MAVLink(None, srcSystem=system, srcComponent=component)
        self._parser = dialect.MAVLink(None)
        self._parser.robust_parsing = True

    def pack(self, messages: Iterable[Message]) -> bytes:
        """The packets of messages, one behind the other."""
        sender = self._sender
        packets = []
        for message in messages:
            packets.append(_packed(message, sender))
            sender.seq = (sender.seq + 1) & 0xFF
        return b"".join(packets)

    def parse(self, data: bytes) -> list[Any]:
        """The messages in what came; noise and unknown ones are left out."""
        found = self._parser.parse_buffer(bytearray(data)) or []
        return [each for each in found if each.get_msgId() >= 0]


def _packed(message: Message, sender: Any) -> bytes:
    """A packet, in which a value that does not fit into its field is the nearest that does."""
    try:
        return bytes(message.pack(sender))
    except (struct.error, OverflowError):
        # Rare: nearly all messages are spared the look at each field.
        for name, kind in zip(message.fieldnames, message.fieldtypes, strict=True):
            if kind in _RANGES:
                setattr(message, name, _fitted(getattr(message, name), *_RANGES[kind]))
        return bytes(message.pack(sender))


def _fitted(value: Any, low: float, high: float) -> Any:
    """A number, or each of an array, within the range of its field; of its field's type."""
    if isinstance(value, list | tuple):
        return [_fitted(each, low, high) for each in value]
    if isinstance(high, float):
        return value if not math.isfinite(value) else clamped(value, low, high)
    if not math.isfinite(value):
        value = 0 if math.isnan(value) else low if value < 0 else high
    return int(clamped(value, low, high))


def text_of(field: str | bytes) -> str:
    """A char array as text, up to its first NUL."""
    raw = field.encode("latin-1", "replace") if isinstance(field, str) else field
    return raw.split(b"\0", 1)[0].decode("ascii", "replace")
