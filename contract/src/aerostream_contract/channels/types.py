"""The shape of the channel table: channels, their fields, sources and rates."""

from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

from aerostream_contract.errors import ContractError, shown

#: Source of series that the agent itself makes, not a MAVLink message.
AGENT_SOURCE = "agent"

#: A value is stale when it is older than the larger of this and three times the channel's
#: longest silence.
_LEAST_STALE_S = 2.0


#: While somebody looks at a channel it is sent this often, and after this long even when nothing
#: changed: a page draws five times a second, and shows how old a value is.
ATTENDED_HZ, ATTENDED_SILENCE_S = 5.0, 1.0


class ColumnKind(Enum):
    """How a column's values are carried in a frame."""

    STEPS = "steps"
    """Integers; the value is the integer divided by the field's `steps`."""
    FLOAT32 = "float32"
    """IEEE single, bit for bit."""
    FLOAT64 = "float64"
    """IEEE double, bit for bit."""
    UINT64 = "uint64"
    """Unsigned 64-bit integer, modulo 2^64."""
    INT64 = "int64"
    """Signed 64-bit integer."""
    TEXT = "text"
    """UTF-8 text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One measured quantity of a channel."""

    name: str
    unit: str
    """SI or the usual aviation unit; empty for counts, enums, bitmasks and ratios."""
    description: str
    steps: int = 1
    """Steps per unit: the value is a whole number of 1/steps. For an integer on the wire it is
    exact; for a float the resolution is 1/steps."""
    source: str = ""
    """The MAVLink field; empty: it has the same name."""
    invalid: tuple[int, ...] = ()
    """Wire values that mean "not known"; they become null. NaN and infinities always do."""
    kind: ColumnKind = ColumnKind.STEPS
    deadband: float = 0.0
    """With policy `standard` a change of at most this many units is no reason to send."""

    @property
    def source_field(self) -> str:
        """Name of the MAVLink field, an array's index left off."""
        return self.source or self.name


@dataclass(frozen=True, slots=True)
class Source:
    """The one MAVLink message behind one instance of a channel."""

    message: str
    instance: str | None = "0"
    """The instance it fills; None: the message's own instance field tells."""


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """What policy `standard` sends of a channel."""

    rate_hz: float = 1.0
    """At most this many samples a second of each series."""
    silence_s: float = 10.0
    """A sample is sent after this long even when nothing moved."""
    priority: int = 5
    """1 goes first and is dropped last, 9 the other way round."""


@dataclass(frozen=True)
class Channel:
    """A kind of measurement, with the fields that one sample of it has."""

    number: int
    """On the wire; 0 for a passed-through message, which `message_id` names."""
    name: str
    description: str
    sources: tuple[Source, ...]
    fields: tuple[Field, ...]
    time_field: str | None = None
    """The MAVLink field that holds a sample's own time; None: it is stamped on receipt."""
    message_id: int = 0
    rate: RatePolicy = field(default_factory=RatePolicy)

    @cached_property
    def field_names(self) -> tuple[str, ...]:
        """Names of the fields, in wire order."""
        return tuple(column.name for column in self.fields)

    @cached_property
    def field_by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {column.name: column for column in self.fields}

    @cached_property
    def units(self) -> dict[str, str]:
        """Unit by field name, fields without one left out."""
        return {column.name: column.unit for column in self.fields if column.unit}

    @cached_property
    def attended_rate(self) -> RatePolicy:
        """What policy `standard` sends while somebody looks; what it leaves out stays out."""
        rate = self.rate
        if not rate.rate_hz:
            return rate
        return replace(
            rate,
            rate_hz=max(rate.rate_hz, ATTENDED_HZ),
            silence_s=min(rate.silence_s, ATTENDED_SILENCE_S),
        )

    @property
    def stale_after_s(self) -> float:
        """Age in seconds from which a value no longer counts as live."""
        return max(_LEAST_STALE_S, 3 * self.rate.silence_s)

    def source_of(self, instance: str) -> str:
        """Name of the MAVLink message that fills this instance.

        Raises:
            ContractError: no source of this channel has such an instance.
        """
        for source in self.sources:
            if source.instance is None or source.instance == instance:
                return source.message
        raise ContractError(f"channel {self.name} has no instance {shown(instance)}")
