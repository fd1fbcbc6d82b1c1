"""Writes the MAVLink message table from pymavlink's `all` dialect: `make messages`.

An argument names another file to write than the one in the package.

One line a message, so that a change of dialect reads well in a diff:
    id NAME crc_extra instance_field|- field…
where a field is name:type[length]:unit:flags, in the order of the definition, with the
flags b (bitmask) and x (extension: follows the base fields on the wire, never reordered).
Only facts of the protocol are kept: numbers, names, types and units.
"""

import sys
from pathlib import Path
from typing import Any

from pymavlink.dialects.v20 import all as dialect
from pymavlink.generator.mavcrc import x25crc

TARGET = Path(__file__).parents[1] / "src/aerostream_contract/mavlink_messages.txt"
SIZES = {"char": 1, "uint8_t": 1, "int8_t": 1, "uint16_t": 2, "int16_t": 2, "uint32_t": 4}
SIZES |= {"int32_t": 4, "float": 4, "uint64_t": 8, "int64_t": 8, "double": 8}


def base_field_count(message: Any) -> int:
    """How many leading fields are no extensions: with them the checksum seed is the message's."""
    lengths = dict(zip(message.ordered_fieldnames, message.array_lengths, strict=True))
    types = dict(zip(message.fieldnames, message.fieldtypes, strict=True))
    for count in range(len(message.fieldnames), 0, -1):
        base = sorted(message.fieldnames[:count], key=lambda name: -SIZES[types[name]])
        if base + message.fieldnames[count:] != list(message.ordered_fieldnames):
            continue
        crc = x25crc()
        crc.accumulate_str(message.msgname + " ")
        for name in base:
            crc.accumulate_str(f"{types[name]} {name} ")
            if lengths[name]:
                crc.accumulate(bytes([lengths[name]]))
        if (crc.crc & 0xFF) ^ (crc.crc >> 8) == message.crc_extra:
            return count
    raise SystemExit(
        f"{message.msgname}: no field count gives the checksum seed {message.crc_extra}"
    )


def line(message: Any) -> str:
    """The table's line for one message class of the dialect."""
    lengths = dict(zip(message.ordered_fieldnames, message.array_lengths, strict=True))
    base = base_field_count(message)
    parts = []
    for index, (name, kind) in enumerate(zip(message.fieldnames, message.fieldtypes, strict=True)):
        length = f"[{lengths[name]}]" if lengths[name] else ""
        unit = message.fieldunits_by_name.get(name, "").replace(" ", "")
        bitmask = "b" if message.fielddisplays_by_name.get(name) == "bitmask" else ""
        extension = "x" if index >= base else ""
        parts.append(f"{name}:{kind.removesuffix('_t')}{length}:{unit}:{bitmask}{extension}")
    instance = message.instance_field or "-"
    return f"{message.id} {message.msgname} {message.crc_extra} {instance} {' '.join(parts)}"


def table() -> str:
    """The whole table, ordered by message id."""
    return "".join(line(message) + "\n" for _, message in sorted(dialect.mavlink_map.items()))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(table(), encoding="ascii")
    print(f"{target}: {len(dialect.mavlink_map)} messages")
