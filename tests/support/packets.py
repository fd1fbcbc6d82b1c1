"""MAVLink packets made with pymavlink: what the tests' vehicles send, by another hand than ours."""

import math
import random
import struct
from typing import Any

from pymavlink.dialects.v20 import all as dialect

#: Every message class of the dialect, by name.
MESSAGE_CLASSES: dict[str, Any] = {
    message.msgname: message for message in dialect.mavlink_map.values()
}

_INTEGERS = {
    "int8_t": (8, True),
    "uint8_t": (8, False),
    "int16_t": (16, True),
    "uint16_t": (16, False),
    "int32_t": (32, True),
    "uint32_t": (32, False),
    "int64_t": (64, True),
    "uint64_t": (64, False),
}
_TEXTS = (b"", b"a", b"Rngfnd", b"full length, or more than fits into it" * 8, b"\xff\xfe\x80")


def pack(
    message: Any,
    *,
    system: int = 1,
    component: int = 1,
    sequence: int = 0,
    version: int = 2,
    signed: bool = False,
) -> bytes:
    """A packet of a pymavlink message."""
    sender = dialect.MAVLink(None, srcSystem=system, srcComponent=component)
    sender.seq = sequence
    if signed:
        sender.signing.secret_key = b"k" * 32
        sender.signing.link_id = 7
        sender.signing.timestamp = 1
        sender.signing.sign_outgoing = True
    return bytes(message.pack(sender, force_mavlink1=version == 1))


def message(name: str, **fields: Any) -> Any:
    """A message; fields that are not given are zero."""
    kind = MESSAGE_CLASSES[name]
    empty = {
        field: _filled(kind, field, lambda type_: 0.0 if type_ in ("float", "double") else 0)
        for field in kind.fieldnames
    }
    unknown = set(fields) - set(empty)
    assert not unknown, f"{name} has no {unknown}"
    return kind(*(empty | fields).values())


def packet(name: str, *, system: int = 1, component: int = 1, **fields: Any) -> bytes:
    """A packet of the named message."""
    return pack(message(name, **fields), system=system, component=component)


def heartbeat(
    *, type_: int = 2, autopilot: int = 3, base_mode: int = 81, custom_mode: int = 4
) -> Any:
    """A heartbeat, of an ArduPilot copter in GUIDED and disarmed if not told otherwise."""
    return message(
        "HEARTBEAT",
        type=type_,
        autopilot=autopilot,
        base_mode=base_mode,
        custom_mode=custom_mode,
        system_status=4,
        mavlink_version=3,
    )


def random_message(name: str, rnd: random.Random) -> Any:
    """A message with random fields, the ends of their ranges included."""
    kind = MESSAGE_CLASSES[name]
    return kind(
        *(_filled(kind, field, lambda t: _random(t, rnd), rnd) for field in kind.fieldnames)
    )


def text_field(raw: bytes) -> str:
    """What a char array says, up to its first NUL; bytes that are no UTF-8 are shown escaped."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _filled(kind: Any, field: str, value: Any, rnd: random.Random | None = None) -> Any:
    type_ = kind.fieldtypes[kind.fieldnames.index(field)]
    length = kind.array_lengths[kind.ordered_fieldnames.index(field)]
    if type_ == "char":
        text = b"" if rnd is None else rnd.choice(_TEXTS)
        return text[:length] if length else text[:1].ljust(1, b"\0")
    return [value(type_) for _ in range(length)] if length else value(type_)


def _random(type_: str, rnd: random.Random) -> Any:
    if type_ == "float":
        bits = rnd.choice((rnd.getrandbits(32), 0x7FC00000, 0xFF800000, 0x7F7FFFFF, 0, 1))
        single: float = struct.unpack("<f", struct.pack("<I", bits))[0]
        # Most measurements are of a human size.
        return rnd.choice((single, rnd.gauss(0, 100), rnd.gauss(0, 1), math.nan))
    if type_ == "double":
        return struct.unpack("<d", rnd.randbytes(8))[0]
    bits, signed = _INTEGERS[type_]
    low = -(1 << bits - 1) if signed else 0
    high = (1 << bits - (1 if signed else 0)) - 1
    return rnd.choice((low, high, 0, 1, rnd.randint(low, high)))
