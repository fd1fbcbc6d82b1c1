"""Rounds that a fleet flies by itself: orbit, survey, figure eight and tour."""

import math
import random
from dataclasses import dataclass
from enum import StrEnum

from aerostream_sim.flight.path import Waypoint


class PatternName(StrEnum):
    """What kind of round."""

    ORBIT = "orbit"
    """Around a point."""
    SURVEY = "survey"
    """Parallel lines, as a lawn is mown."""
    EIGHT = "eight"
    """A lying figure eight."""
    TOUR = "tour"
    """From one point of interest to the next."""


@dataclass(frozen=True, slots=True)
class Area:
    """How large a vehicle's rounds are."""

    smallest_m: float
    largest_m: float
    lowest_m: float = 0.0
    highest_m: float = 0.0


def make_round(name: PatternName, area: Area, rnd: random.Random) -> list[Waypoint]:
    """A round of this kind, its size, place and direction drawn from `rnd`."""
    size = rnd.uniform(area.smallest_m, area.largest_m)
    height = round(rnd.uniform(area.lowest_m, area.highest_m))
    turn = rnd.uniform(0.0, math.tau)
    points = _SHAPES[name](size, rnd)
    if rnd.random() < 0.5:
        points.reverse()
    off_north, off_east = 0.6 * size * math.cos(turn), 0.6 * size * math.sin(turn)
    cos, sin = math.cos(turn), math.sin(turn)
    return [
        Waypoint(
            off_north + along * cos - across * sin, off_east + along * sin + across * cos, height
        )
        for along, across in points
    ]


def _orbit(size: float, rnd: random.Random) -> list[tuple[float, float]]:
    start = rnd.uniform(0.0, math.tau)
    radius = size / 2
    angles = [start + math.tau * step / 16 for step in range(16)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _survey(size: float, rnd: random.Random) -> list[tuple[float, float]]:
    lines = rnd.choice((4, 5, 6))
    width = size / lines
    points = []
    for line in range(lines):
        across = (line - (lines - 1) / 2) * width
        ends = [(-size / 2, across), (size / 2, across)]
        points += ends if line % 2 == 0 else ends[::-1]
    return points


def _eight(size: float, rnd: random.Random) -> list[tuple[float, float]]:
    start = rnd.uniform(0.0, math.tau)
    points = []
    for step in range(16):
        angle = start + math.tau * step / 16
        points.append((0.6 * size * math.sin(angle), 0.35 * size * math.sin(2.0 * angle)))
    return points


def _tour(size: float, rnd: random.Random) -> list[tuple[float, float]]:
    corners = rnd.randint(5, 7)
    points = []
    for corner in range(corners):
        angle = math.tau * (corner + rnd.uniform(-0.25, 0.25)) / corners
        radius = size * rnd.uniform(0.4, 0.65)
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return points


_SHAPES = {
    PatternName.ORBIT: _orbit,
    PatternName.SURVEY: _survey,
    PatternName.EIGHT: _eight,
    PatternName.TOUR: _tour,
}
