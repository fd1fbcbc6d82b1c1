"""What a subscription wants to see. Pure."""

from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle on the map, degrees; west of east, or across the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, lat: float, lon: float) -> bool:
        """Whether a place is inside; the edges count as inside."""
        if not self.south <= lat <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= lon <= self.east
        return lon >= self.west or lon <= self.east


@dataclass(frozen=True, slots=True)
class Filter:
    """All conditions must hold; None sets none."""

    drones: frozenset[str] | None = None
    fleets: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    box: Box | None = None
    """Where the drone must be; one whose position is not known is outside."""
    events: bool = True
    """Whether events are wanted."""

    def wants(self, drone: str, fleet: str) -> bool:
        """Whether the drone is meant, wherever it is."""
        return (self.drones is None or drone in self.drones) and (
            self.fleets is None or fleet in self.fleets
        )

    def wants_channel(self, channel: str) -> bool:
        """Whether samples of the channel are wanted."""
        return self.channels is None or channel in self.channels


EVERYTHING = Filter()
