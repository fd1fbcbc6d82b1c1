"""PX4's flight modes, by HEARTBEAT.custom_mode."""

from aerostream_sim.flight.flight import Activity


def custom_mode(main: int, sub: int = 0) -> int:
    """HEARTBEAT.custom_mode of a main mode and sub-mode."""
    return main << 16 | sub << 24


def main_and_sub(mode: int) -> tuple[int, int]:
    """The other way round."""
    return mode >> 16 & 0xFF, mode >> 24 & 0xFF


MANUAL, ALTCTL, POSCTL = custom_mode(1), custom_mode(2), custom_mode(3)
OFFBOARD = custom_mode(6)
#: The main mode that has sub-modes.
AUTO = 4
TAKE_OFF, LOITER, MISSION, RTL, LAND = (custom_mode(AUTO, sub) for sub in (2, 3, 4, 5, 6))

#: What the flight does in a mode.
ACTIVITIES = {
    MANUAL: Activity.IDLE,
    ALTCTL: Activity.SINK,
    POSCTL: Activity.SINK,
    OFFBOARD: Activity.HOLD,
    TAKE_OFF: Activity.TAKE_OFF,
    LOITER: Activity.HOLD,
    MISSION: Activity.MISSION,
    RTL: Activity.RETURN,
    LAND: Activity.LAND,
}
NOT_ARMABLE = frozenset({RTL, LAND, OFFBOARD, POSCTL, ALTCTL})
