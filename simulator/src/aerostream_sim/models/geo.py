"""Between latitude and longitude and metres from a place."""

import math
from typing import NamedTuple

#: Metres per degree of latitude on a sphere of WGS 84's equatorial radius.
_M_PER_DEG = math.radians(6_378_137.0)


class Place(NamedTuple):
    """A point on the ground."""

    lat_deg: float
    lon_deg: float
    alt_m: float
    """Above mean sea level."""

    def moved(self, north_m: float, east_m: float, up_m: float = 0.0) -> "Place":
        """The place so many metres away: flat, good for some tens of kilometres."""
        return Place(
            self.lat_deg + north_m / _M_PER_DEG,
            self.lon_deg + east_m / (_M_PER_DEG * math.cos(math.radians(self.lat_deg))),
            self.alt_m + up_m,
        )

    def metres_to(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        """Metres north and east from here to another place."""
        return (
            (lat_deg - self.lat_deg) * _M_PER_DEG,
            (lon_deg - self.lon_deg) * _M_PER_DEG * math.cos(math.radians(self.lat_deg)),
        )


def wrapped(angle: float) -> float:
    """An angle in radians within ±π."""
    return (angle + math.pi) % math.tau - math.pi


def clamped(value: float, low: float, high: float) -> float:
    """The value, or the limit that it exceeds."""
    return low if value < low else min(value, high)


def moved_towards(value: float, target: float, most: float) -> float:
    """The value, changed towards the target by at most so much."""
    return value + clamped(target - value, -most, most)
