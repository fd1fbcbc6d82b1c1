"""A fleet: which vehicles there are, and where they stand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aerostream_sim.errors import BadInput
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.patterns import PatternName
from aerostream_sim.models.geo import Place
from aerostream_sim.models.wind import BREEZE, WindSetting
from aerostream_sim.vehicle import AutopilotName, VehicleSpec

#: Lake Constance by Friedrichshafen: fields and an airfield on the shore, water for boats.
SHORE = Place(47.6712, 9.5115, 417.0)
WATER = Place(47.6260, 9.4750, 395.0)
MOST_VEHICLES = 5000
#: Each vehicle has a link of its own, so system ids may repeat.
_LAST_SYSTEM = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """What a fleet is made of."""

    vehicles: int
    kinds: Sequence[Kind]
    """Dealt out in turn."""
    autopilots: Sequence[AutopilotName]
    """Dealt out in turn, so that each kind gets each."""
    seed: int
    home: Place | None = None
    """None: by Lake Constance, boats on the water."""
    spacing_m: float = 60.0
    wind: WindSetting = BREEZE
    pattern: PatternName | None = None
    charge: float = 1.0
    boots: bool = False
    idle: bool = False

    def specs(self) -> list[VehicleSpec]:
        """Its vehicles.

        Raises:
            BadInput: there are none, or too many.
        """
        if not 1 <= self.vehicles <= MOST_VEHICLES:
            raise BadInput(f"--vehicles {self.vehicles}: expected 1 to {MOST_VEHICLES}")
        return [self._spec(index) for index in range(self.vehicles)]

    def _spec(self, index: int) -> VehicleSpec:
        kinds, autopilots = self.kinds, self.autopilots
        kind = kinds[index % len(kinds)]
        # In turn by rounds of the kinds: otherwise two of each would pair off for ever.
        autopilot = autopilots[(index + index // len(kinds)) % len(autopilots)]
        base = self.home or (WATER if kind is Kind.BOAT else SHORE)
        north, east = _parking_place(index, self.spacing_m)
        return VehicleSpec(
            index=index,
            kind=kind,
            autopilot=autopilot,
            system=index % _LAST_SYSTEM + 1,
            home=base.moved(north, east),
            seed=self.seed,
            wind=self.wind,
            pattern=self.pattern,
            charge=self.charge,
            boots=self.boots,
            idle=self.idle,
        )


def _parking_place(index: int, spacing_m: float) -> tuple[float, float]:
    """Places on a spiral, about evenly apart; the first is the middle."""
    radius = spacing_m * math.sqrt(index)
    angle = index * 2.399963
    return radius * math.cos(angle), radius * math.sin(angle)
