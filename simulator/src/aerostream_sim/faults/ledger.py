"""What a vehicle said, sample by sample: the one side of the comparison."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The messages that are counted."""

    HEARTBEAT = "HEARTBEAT"
    """Sequence in custom_mode; no time of its own."""
    SYSTEM_TIME = "SYSTEM_TIME"
    """Its sequence is its UTC."""
    POSITION = "GLOBAL_POSITION_INT"
    """Sequence in lat, degE7."""
    ATTITUDE = "ATTITUDE"
    """Sequence in roll and pitch, see `attitude_of`."""
    NAMED_VALUE = "NAMED_VALUE_INT"
    """Passed through; its value is the sequence."""
    TEXT = "STATUSTEXT"
    """Sequence in the text; an event, without a time of its own."""

    @property
    def has_own_time(self) -> bool:
        """Whether the message says when it was taken."""
        return self not in (Kind.HEARTBEAT, Kind.TEXT)


class Sent(NamedTuple):
    """A message that a vehicle sent."""

    kind: Kind
    sequence: int
    """Counts the messages of its kind, over all boots of the vehicle."""
    true_us: int
    """UTC when it was taken."""
    sent_s: float
    """When it was sent, by the laboratory's monotonic clock."""
    connected_s: float | None
    """When the connection that it was sent to began; None: no agent was there."""
    boot: int
    """The vehicle's, counted from 0."""
    exact: bool
    """The agent had been told the time of this boot: it is known to the millisecond."""


#: Steps of a ten-thousandth of a radian, the resolution of an attitude, that an angle goes through.
_STEPS = 30_000
_STEPS_PER_RADIAN = 10_000


def attitude_of(sequence: int) -> tuple[float, float]:
    """Roll and pitch, radians, that carry a sequence."""
    high, low = divmod(sequence, _STEPS)
    return low / _STEPS_PER_RADIAN, high / _STEPS_PER_RADIAN


def sequence_of(roll: float, pitch: float) -> int:
    """The sequence that roll and pitch, radians, carry."""
    return round(roll * _STEPS_PER_RADIAN) + _STEPS * round(pitch * _STEPS_PER_RADIAN)


TEXT_PREFIX = "lab "
