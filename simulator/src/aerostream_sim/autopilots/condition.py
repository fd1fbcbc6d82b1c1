"""What messages tell of an autopilot, besides its vehicle's state."""

from typing import NamedTuple


class Condition(NamedTuple):
    """An autopilot's own state."""

    armable: bool
    """Whether no check stands against arming."""
    mission_item: int
    """The mission's item that is flown."""
    mission_total: int
    in_mission: bool
