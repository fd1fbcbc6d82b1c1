"""A round of waypoints, and the point on it that a vehicle aims at."""

import math
from collections.abc import Sequence
from typing import NamedTuple

_STEP_M = 1.0


class Waypoint(NamedTuple):
    """A point of a round, metres from home."""

    north: float
    east: float
    up: float


class Round:
    """Waypoints flown in order, again and again; guidance aims a little ahead of the vehicle.

    Args:
        waypoints: at least two.
        look_ahead: metres that the aim is ahead.
    """

    def __init__(self, waypoints: Sequence[Waypoint], look_ahead: float) -> None:
        self.waypoints = tuple(waypoints)
        self._look_ahead = look_ahead
        self._legs = [
            math.dist(here[:2], there[:2])
            for here, there in zip(
                self.waypoints, (*self.waypoints[1:], self.waypoints[0]), strict=True
            )
        ]
        self.restart()

    def restart(self) -> None:
        """Begin at the first waypoint."""
        self.target = 0
        """Index of the waypoint that is next."""
        self._leg = -1
        self._along = 0.0
        self.aim = self.waypoints[0]

    def advance(self, north: float, east: float, arrival: float) -> int | None:
        """Move the aim ahead of a vehicle at this place; gives the waypoint just reached."""
        if self._leg < 0:
            if math.dist((north, east), self.aim[:2]) <= max(arrival, self._look_ahead):
                self._leg = 0
                return self._reached()
            return None
        for _ in range(200):
            if math.dist((north, east), self.aim[:2]) >= self._look_ahead:
                break
            self._along += _STEP_M
            if self._along >= self._legs[self._leg]:
                self._along -= self._legs[self._leg]
                self._leg = (self._leg + 1) % len(self._legs)
            self._set_aim()
        if self._leg == self.target:
            # The aim has turned the corner: the vehicle is a look-ahead away from it.
            return self._reached()
        return None

    def _reached(self) -> int:
        reached = self.target
        self.target = (self.target + 1) % len(self.waypoints)
        return reached

    def _set_aim(self) -> None:
        here = self.waypoints[self._leg]
        there = self.waypoints[(self._leg + 1) % len(self.waypoints)]
        part = self._along / max(self._legs[self._leg], 0.001)
        self.aim = Waypoint(
            here.north + (there.north - here.north) * part,
            here.east + (there.east - here.east) * part,
            here.up + (there.up - here.up) * part,
        )
