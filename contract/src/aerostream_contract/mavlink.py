"""The MAVLink messages that AeroStream knows, by id and by name.

The table is `mavlink_messages.txt`, made from pymavlink's `all` dialect by `make messages`.
It holds facts only and is read line by line on demand: an agent on a small board pays for the
messages that its vehicle sends, not for the 350 that exist.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

#: Sizes in bytes of MAVLink's scalar types; their order on the wire follows from them.
TYPE_SIZE = {
    "char": 1,
    "uint8": 1,
    "int8": 1,
    "uint16": 2,
    "int16": 2,
    "uint32": 4,
    "int32": 4,
    "float": 4,
    "uint64": 8,
    "int64": 8,
    "double": 8,
}


@dataclass(frozen=True, slots=True)
class MessageField:
    """One field of a MAVLink message, as its definition has it."""

    name: str
    type: str
    """A key of `TYPE_SIZE`."""
    length: int
    """Elements of an array, 0 for a scalar."""
    unit: str
    """As the definition writes it, such as degE7 or cm/s; empty for none."""
    bitmask: bool
    extension: bool
    """Follows the base fields on the wire and is absent from MAVLink 1."""

    @property
    def is_text(self) -> bool:
        """A char array is one text, not an array."""
        return self.type == "char"

    def column_names(self) -> list[str]:
        """Names of this field's columns: `name`, or `name_0 …` for an array."""
        if self.length and not self.is_text:
            return [f"{self.name}_{index}" for index in range(self.length)]
        return [self.name]


@dataclass(frozen=True)
class MessageType:
    """One MAVLink message definition."""

    id: int
    name: str
    crc_extra: int
    """Seed of the checksum: it differs where two definitions of the same id differ."""
    instance_field: str | None
    """The field that tells several of the same kind apart, such as BATTERY_STATUS.id."""
    fields: tuple[MessageField, ...]

    @cached_property
    def by_name(self) -> dict[str, MessageField]:
        """Fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def wire_order(self) -> tuple[MessageField, ...]:
        """Fields as they lie on the wire: base fields by falling size, then extensions."""
        base = [field for field in self.fields if not field.extension]
        base.sort(key=lambda field: -TYPE_SIZE[field.type])
        return (*base, *(field for field in self.fields if field.extension))

    @cached_property
    def channel(self) -> str:
        """The channel of this message where it passes through unmapped."""
        return f"mav_{self.name.lower()}"


class MessageTable:
    """Message definitions, parsed when they are first asked for."""

    def __init__(self, text: str) -> None:
        self._lines: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._parsed: dict[int, MessageType] = {}
        for line in text.splitlines():
            id_text, name, rest = line.split(" ", 2)
            self._lines[int(id_text)] = f"{name} {rest}"
            self._ids[name] = int(id_text)

    def get(self, message_id: int) -> MessageType | None:
        """The definition with this id, or None."""
        message = self._parsed.get(message_id)
        if message is None and message_id in self._lines:
            message = self._parsed[message_id] = _parsed(message_id, self._lines[message_id])
        return message

    def find(self, name: str) -> MessageType | None:
        """The definition with this name, or None."""
        message_id = self._ids.get(name)
        return None if message_id is None else self.get(message_id)

    def named(self, name: str) -> MessageType:
        """The definition with this name.

        Raises:
            KeyError: there is none.
        """
        message = self.find(name)
        if message is None:
            raise KeyError(name)
        return message

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all messages, by rising id."""
        return tuple(self._ids)


def _parsed(message_id: int, line: str) -> MessageType:
    name, crc_extra, instance, *fields = line.split(" ")
    return MessageType(
        id=message_id,
        name=name,
        crc_extra=int(crc_extra),
        instance_field=None if instance == "-" else instance,
        fields=tuple(_parsed_field(field) for field in fields),
    )


def _parsed_field(text: str) -> MessageField:
    name, kind, unit, flags = text.split(":")
    kind, _, length = kind.removesuffix("]").partition("[")
    return MessageField(name, kind, int(length or 0), unit, "b" in flags, "x" in flags)


MESSAGES = MessageTable(
    files(__package__).joinpath("mavlink_messages.txt").read_text(encoding="ascii")
)
