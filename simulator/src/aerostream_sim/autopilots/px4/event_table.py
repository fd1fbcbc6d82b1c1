"""PX4's events by their numbers."""

from typing import NamedTuple


class EventType(NamedTuple):
    """An event by its number, as PX4's event definitions have it."""

    id: int
    levels: int
    """External level in the high four bits, internal in the low ones."""


ARMED_BY = EventType(26266355, 0x66)
DISARMED_BY = EventType(32794487, 0x66)
ARMING_DENIED = EventType(16910493, 0x62)
DISARMING_DENIED = EventType(25868725, 0x62)
TAKE_OFF_DETECTED = EventType(21054825, 0x66)
DEFAULT_HEIGHT = EventType(20656071, 0x66)
ALREADY_HIGHER = EventType(19098816, 0x63)
LANDING_DETECTED = EventType(26622124, 0x66)
LANDING_HERE = EventType(20099806, 0x66)
RETURNING = EventType(20262116, 0x66)
RETURN_AT = EventType(22161044, 0x66)
RETURN_LANDS = EventType(16962474, 0x66)
MISSION_BEGINS = EventType(32375217, 0x66)
UNSUPPORTED_AUTO_MODE = EventType(19869445, 0x33)
LOW_BATTERY = EventType(28993875, 0x64)
FAILSAFE_HOLD = EventType(30481910, 0x42)
FAILSAFE = EventType(26528394, 0x42)

#: Why something was armed or disarmed: the argument of ARMED_BY and DISARMED_BY.
BY_COMMAND, BY_MISSION, BY_LANDING, BY_IDLENESS = 4, 5, 6, 7
