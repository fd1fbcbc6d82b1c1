"""The kinds of vehicles: which model, which battery, how large their rounds."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aerostream_sim.flight.patterns import Area
from aerostream_sim.models.battery import Pack
from aerostream_sim.models.boat import Boat
from aerostream_sim.models.copter import Copter
from aerostream_sim.models.motion import Craft
from aerostream_sim.models.plane import Plane
from aerostream_sim.models.rover import Rover


class Kind(StrEnum):
    """A kind of vehicle."""

    COPTER = "copter"
    PLANE = "plane"
    ROVER = "rover"
    BOAT = "boat"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFacts:
    """What belongs to a kind of vehicle."""

    mav_type: int
    """MAV_TYPE."""
    craft: Callable[[random.Random], Craft]
    pack: Pack
    area: Area
    vibration: float
    """m/s² at full throttle."""
    loiter_radius_m: float = 0.0


KINDS = {
    Kind.COPTER: KindFacts(
        mav_type=2,
        craft=lambda _rnd: Copter(),
        pack=Pack(cells=3, capacity_mah=8000, resistance_ohm=0.012, idle_amps=0.6, full_amps=85.0),
        area=Area(80, 200, 20, 60),
        vibration=12.0,
    ),
    Kind.PLANE: KindFacts(
        mav_type=1,
        craft=lambda _rnd: Plane(),
        pack=Pack(cells=3, capacity_mah=8000, resistance_ohm=0.015, idle_amps=0.8, full_amps=45.0),
        area=Area(450, 800, 70, 140),
        vibration=8.0,
        loiter_radius_m=80.0,
    ),
    Kind.ROVER: KindFacts(
        mav_type=10,
        craft=Rover,
        pack=Pack(cells=3, capacity_mah=10000, resistance_ohm=0.02, idle_amps=0.7, full_amps=30.0),
        area=Area(60, 140),
        vibration=5.0,
    ),
    Kind.BOAT: KindFacts(
        mav_type=11,
        craft=Boat,
        pack=Pack(cells=3, capacity_mah=16000, resistance_ohm=0.02, idle_amps=0.7, full_amps=40.0),
        area=Area(150, 350),
        vibration=3.0,
    ),
}
#: Heading that a vehicle stands in, spread over the fleet.
_GOLDEN = math.tau * 0.381966


def parking_heading(index: int) -> float:
    """A heading for the vehicle of this number, radians."""
    return (index * _GOLDEN) % math.tau - math.pi
