"""PX4's mission, and what it tells of its items."""

from dataclasses import dataclass

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.missions import (
    GLOBAL_RELATIVE,
    NAV_TAKEOFF,
    Mission,
    MissionItem,
)
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.platform import Platform

_REPEAT_S = 1.0


@dataclass(slots=True)
class _Reached:
    """The mission's item that was reached last."""

    item: int
    next_s: float
    """When to tell it."""
    left: int = 11
    """How often (recorded)."""


class Px4Mission(Mission):
    """There is no item for home.

    Args:
        platform: the vehicle.
        sender: tells what was reached.
    """

    def __init__(self, *, platform: Platform, sender: Sender) -> None:
        super().__init__(platform=platform)
        self._sender = sender
        self._reached: _Reached | None = None

    @property
    def first_item(self) -> int:
        """Behind the take-off."""
        return 1 if self._flight.craft.flies else 0

    @property
    def total(self) -> int:
        """How many items there are."""
        return self.first_item + len(self._platform.round.waypoints) + 1

    def items(self) -> list[MissionItem]:
        """Take-off and the round."""
        home, craft = self._platform.home, self._flight.craft
        items = []
        if craft.flies:
            items.append(
                MissionItem(
                    NAV_TAKEOFF,
                    GLOBAL_RELATIVE,
                    lat_deg=home.lat_deg,
                    lon_deg=home.lon_deg,
                    alt_m=craft.limits.take_off_height,
                )
            )
        return items + self.round_items()

    def reach(self) -> None:
        """The flight reached a waypoint."""
        item = self.first_item + self._flight.waypoint
        self._reached = _Reached(item, self._platform.now_s)

    def restart(self) -> None:
        """None was begun, and nothing reached."""
        super().restart()
        self._reached = None

    def watch(self, _news: list[News]) -> None:
        """MISSION_ITEM_REACHED comes again every second, until the next or ten times."""
        reached = self._reached
        if reached is None or self._platform.now_s < reached.next_s:
            return
        self._sender.say(dialect.MAVLink_mission_item_reached_message(reached.item))
        reached.next_s += _REPEAT_S
        reached.left -= 1
        if not reached.left:
            self._reached = None
