"""ArduPilot's mission, and what it says of its items."""

import math

from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.missions import (
    DO_LAND_START,
    GLOBAL,
    GLOBAL_RELATIVE,
    NAV_LAND,
    NAV_TAKEOFF,
    NAV_WAYPOINT,
    Mission,
    MissionItem,
)
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform


class ArduPilotMission(Mission):
    """Item 0 is home; a plane's landing stands behind the round.

    Args:
        platform: the vehicle.
        texts: what it says.
    """

    def __init__(self, *, platform: Platform, texts: ArduPilotTexts) -> None:
        super().__init__(platform=platform)
        self._texts = texts

    @property
    def first_item(self) -> int:
        """Behind home and the take-off."""
        return 2 if self._flight.craft.flies else 1

    @property
    def _jump_item(self) -> int:
        return self.first_item + len(self._platform.round.waypoints)

    @property
    def total(self) -> int:
        """The last item's number."""
        return self._jump_item + (2 if not self._flight.craft.hovers else 0)

    @property
    def current(self) -> int:
        """The item that is flown; a plane that lands does so by its mission's end."""
        lands = self._flight.activity is Activity.LAND and not self._flight.craft.hovers
        return self._jump_item + 2 if self.started and lands else super().current

    def items(self) -> list[MissionItem]:
        """Home, take-off, the round, and a plane's landing."""
        flight, home = self._flight, self._platform.home
        items = [MissionItem(NAV_WAYPOINT, GLOBAL, (0.0,) * 4, *home)]
        if flight.craft.flies:
            height = flight.craft.limits.take_off_height
            items.append(MissionItem(NAV_TAKEOFF, GLOBAL_RELATIVE, alt_m=height))
        items += self.round_items()
        if not flight.craft.hovers:
            items.append(MissionItem(DO_LAND_START, GLOBAL_RELATIVE))
            items.append(
                MissionItem(NAV_LAND, GLOBAL_RELATIVE, lat_deg=home.lat_deg, lon_deg=home.lon_deg)
            )
        return items

    def tell_item(self) -> None:
        """Say which item is flown now."""
        if self._flight.craft.flies and self._flight.motion.grounded:
            self._texts.say(Severity.INFO, "Mission: 1 Takeoff")
            return
        item = self.first_item + self._platform.round.target
        self._texts.say(Severity.INFO, f"Mission: {item} WP")

    def tell_reached(self, item: int) -> None:
        """Say that an item was reached."""
        self._texts.say(Severity.INFO, self._reached(item))

    def tell_landing(self) -> None:
        """Say that a plane begins to land."""
        self._texts.say(Severity.INFO, f"Mission: {self._jump_item + 1} LandStart")
        self._texts.say(Severity.INFO, "Landing sequence start")

    def _reached(self, item: int) -> str:
        if self._platform.kind is Kind.COPTER:
            return f"Reached command #{item}"
        if self._platform.kind is not Kind.PLANE:
            return f"Reached waypoint #{item}"
        motion = self._flight.motion
        point = self._platform.round.waypoints[self._flight.waypoint]
        away = math.dist(point[:2], (motion.north, motion.east))
        return f"Reached waypoint #{item} dist {away:.0f}m"
