"""A whole simulated vehicle: bytes in, bytes out, time handed in."""

import random
from dataclasses import dataclass
from enum import StrEnum

from aerostream_sim.autopilots.ardupilot.autopilot import ardupilot
from aerostream_sim.autopilots.autopilot import MakeAutopilot
from aerostream_sim.autopilots.px4.autopilot import px4
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.operator import Operator
from aerostream_sim.flight.patterns import PatternName
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Wire
from aerostream_sim.models.geo import Place
from aerostream_sim.models.wind import BREEZE, WindSetting

_FINE_S, _COARSE_S = 0.02, 0.05
#: A fleet's first flights begin within so many seconds.
_FIRST_START_S = (1.0, 20.0)
_READY_FOR_S = (60.0, 600.0)


class AutopilotName(StrEnum):
    """Which autopilot."""

    ARDUPILOT = "ardupilot"
    PX4 = "px4"


_AUTOPILOTS: dict[AutopilotName, MakeAutopilot] = {
    AutopilotName.ARDUPILOT: ardupilot,
    AutopilotName.PX4: px4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSpec:
    """All that makes a vehicle what it is; the same spec gives the same vehicle."""

    index: int
    """Its number in the fleet, from 0."""
    kind: Kind
    autopilot: AutopilotName
    system: int
    """MAVLink system id."""
    home: Place
    seed: int
    wind: WindSetting = BREEZE
    pattern: PatternName | None = None
    charge: float = 1.0
    """Of its first battery, 0 to 1."""
    boots: bool = False
    """It is switched on as the simulation begins; else it was long before, and stands ready."""
    idle: bool = False
    """Nobody lets it fly: it waits for commands."""


class Vehicle:
    """One vehicle and its autopilot.

    Args:
        spec: what it is.
        utc_us: UTC µs at second 0.
    """

    def __init__(self, spec: VehicleSpec, *, utc_us: int) -> None:
        self.spec = spec
        rnd = random.Random(f"{spec.seed}/{spec.index}")
        self.platform = Platform(
            kind=spec.kind,
            index=spec.index,
            home=spec.home,
            wind=spec.wind,
            pattern=spec.pattern,
            charge=spec.charge,
            utc_us=utc_us,
            rnd=rnd,
        )
        self._operator = Operator(
            random.Random(f"{spec.seed}/{spec.index}/operator"), rnd.uniform(*_FIRST_START_S)
        )
        self._operator.dismissed = spec.idle
        make = _AUTOPILOTS[spec.autopilot]
        self.autopilot = make(
            platform=self.platform,
            system=spec.system,
            rnd=random.Random(f"{spec.seed}/{spec.index}/autopilot"),
            commanded=self._operator.dismiss,
        )
        self._wire = Wire(spec.system)
        self.autopilot.power_on(
            ready_for_s=0.0 if spec.boots else round(rnd.uniform(*_READY_FOR_S), 1)
        )

    @property
    def next_s(self) -> float:
        """When it wants to go on."""
        return min(self.platform.now_s + self._step_s, self.next_answer_s)

    @property
    def next_answer_s(self) -> float:
        """When something waits to be sent; infinity: nothing does."""
        return self.autopilot.next_answer_s

    @property
    def flying(self) -> bool:
        """Whether it is off the ground, or under way."""
        return self.platform.flight.flying

    @property
    def _step_s(self) -> float:
        return _FINE_S if self.autopilot.streams.shortest_s < _COARSE_S else _COARSE_S

    def advance(self, now_s: float, *, heard: bool = True) -> list[bytes]:
        """Go on to a moment; gives what is sent, each element together.

        Args:
            now_s: seconds of the simulation; the vehicle moves in steps of its own up to it.
            heard: somebody listens; else all but the movement is left out.
        """
        sent: list[bytes] = []
        while self.platform.now_s + (step_s := self._step_s) <= now_s + 1e-9:
            news = self.platform.step(step_s)
            if self.autopilot.powered:
                self._operator.step(self.platform.now_s, self.autopilot.orders)
            bundles = self.autopilot.step(news, heard=heard)
            if heard:
                sent += [self._wire.pack(bundle) for bundle in bundles if bundle]
        # Answers do not wait for the next step.
        for answer in self.autopilot.answers(now_s):
            if heard:
                sent.append(self._wire.pack(answer))
        return sent

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes that came over the link at a moment; answers come with an `advance`."""
        for message in self._wire.parse(data):
            self.autopilot.take(message, now_s)
