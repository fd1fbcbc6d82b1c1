"""The mission that a vehicle flies: its round, written as mission items."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from aerostream_sim.autopilots.part import Part
from aerostream_sim.flight.platform import Platform

NAV_WAYPOINT, NAV_TAKEOFF, DO_JUMP, NAV_LAND, DO_LAND_START = 16, 22, 177, 21, 189
GLOBAL, GLOBAL_RELATIVE, MISSION = 0, 3, 2


@dataclass(frozen=True, slots=True)
class MissionItem:
    """An item of a mission."""

    command: int
    frame: int
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    alt_m: float = 0.0


class Mission(Part, ABC):
    """The round as a mission of this autopilot.

    Args:
        platform: the vehicle.
    """

    def __init__(self, *, platform: Platform) -> None:
        self._platform = platform
        self._flight = platform.flight
        self.started = False
        """Whether it was begun since the vehicle was armed."""

    @property
    @abstractmethod
    def first_item(self) -> int:
        """Number of the round's first waypoint."""

    @property
    @abstractmethod
    def total(self) -> int:
        """MISSION_CURRENT.total."""

    @abstractmethod
    def items(self) -> list[MissionItem]:
        """The whole mission."""

    @property
    def current(self) -> int:
        """Number of the item that is flown."""
        return self.first_item + self._platform.round.target if self.started else 0

    def restart(self) -> None:
        """None was begun."""
        self.started = False

    def round_items(self) -> list[MissionItem]:
        """The round's waypoints, and the jump that repeats them."""
        home = self._platform.home
        items = []
        for point in self._platform.round.waypoints:
            place = home.moved(point.north, point.east)
            items.append(
                MissionItem(
                    NAV_WAYPOINT,
                    GLOBAL_RELATIVE,
                    lat_deg=place.lat_deg,
                    lon_deg=place.lon_deg,
                    alt_m=point.up,
                )
            )
        items.append(MissionItem(DO_JUMP, MISSION, (float(self.first_item), -1.0, 0.0, 0.0)))
        return items
