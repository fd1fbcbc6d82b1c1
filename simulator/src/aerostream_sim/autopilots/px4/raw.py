"""Messages of PX4 that pymavlink's dialects lack: their ids, checksums and payloads."""

import struct

from aerostream_sim.mavlink.wire import Message, RawMessage

LINK_NODE_STATUS, _LINK_NODE_STATUS_CRC = 8, 117
_PROTOCOL_VERSION, _PROTOCOL_VERSION_CRC = 300, 217
TIME_ESTIMATE_TO_TARGET, _TIME_ESTIMATE_CRC = 380, 232
_EVENT, _EVENT_CRC = 410, 160
CURRENT_EVENT_SEQUENCE, _CURRENT_EVENT_SEQUENCE_CRC = 411, 106
_UNKNOWN_TIME = 0xFFFFFFFF
_EVENT_ARGUMENTS = 40


def link_node_status(boot_us: int) -> Message:
    """LINK_NODE_STATUS of a link that counts nothing."""
    payload = struct.pack("<QIIIIIHHHBBBB", boot_us, *[0] * 12)
    return RawMessage(LINK_NODE_STATUS, _LINK_NODE_STATUS_CRC, payload)


def protocol_version() -> Message:
    """PROTOCOL_VERSION, which few still know."""
    payload = struct.pack("<HHH8s8s", 200, 100, 200, bytes(8), bytes.fromhex("f76be9bcb788caf7"))
    return RawMessage(_PROTOCOL_VERSION, _PROTOCOL_VERSION_CRC, payload)


def time_estimate() -> Message:
    """TIME_ESTIMATE_TO_TARGET without an estimate."""
    payload = struct.pack("<IIIII", 0, *[_UNKNOWN_TIME] * 4)
    return RawMessage(TIME_ESTIMATE_TO_TARGET, _TIME_ESTIMATE_CRC, payload)


def event_sequence(number: int) -> Message:
    """CURRENT_EVENT_SEQUENCE: the number of the last event."""
    payload = struct.pack("<HB", number & 0xFFFF, 1)
    return RawMessage(CURRENT_EVENT_SEQUENCE, _CURRENT_EVENT_SEQUENCE_CRC, payload)


def event(*, kind: int, levels: int, boot_ms: int, number: int, arguments: bytes) -> Message:
    """EVENT to everybody.

    Args:
        kind: number of the event's definition.
        levels: external level in the high four bits, internal in the low ones.
        boot_ms: when.
        number: its own.
        arguments: as they lie on the wire.
    """
    head = struct.pack("<IIHBBB", kind, boot_ms, number & 0xFFFF, 0, 0, levels)
    payload = head + arguments.ljust(_EVENT_ARGUMENTS, b"\0")
    return RawMessage(_EVENT, _EVENT_CRC, payload)
