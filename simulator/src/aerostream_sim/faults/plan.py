"""When what breaks: a schedule that the same seed makes again."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from aerostream_sim.faults.kinds import NATURES, FaultKind

#: Part of the flight at its end in which nothing breaks any more: what is caught up shows.
_CALM_PART = 0.1
_WARM_UP_S = 2.0
#: A fault begins every so many seconds on average, where there are not more kinds than that.
_SPACING_S = 6.0
_TRIES = 60
#: Between two faults that exclude each other.
_GAP_S = 0.5
#: Of one fault in the time in which anything breaks.
_LARGEST_PART = 0.4
_CLOCK_JUMPS_S = (3_600.0, 86_400.0, 400 * 86_400.0)
_LOSS = 0.05


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, for a while.

    Args:
        at_s: when it begins, seconds into the flight.
        kind: what it is.
        target: the drone that it strikes, from 0; None: the cloud, the broker, or all.
        lasts_s: until it is mended.
        amount: seconds that a clock jumps, part of what a network loses, bytes left on a disk.
    """

    at_s: float
    kind: FaultKind
    target: int | None
    lasts_s: float
    amount: float = 0.0

    @property
    def until_s(self) -> float:
        """When it is mended, seconds into the flight."""
        return self.at_s + self.lasts_s

    def excludes(self, other: "Fault") -> bool:
        """Whether both cannot be at the same time, apart from when they are."""
        shared = NATURES[self.kind].exclusive & NATURES[other.kind].exclusive
        return bool(shared) and self.target == other.target

    def __str__(self) -> str:
        where = "" if self.target is None else f" of d{self.target + 1}"
        return f"{self.kind}{where} for {self.lasts_s:.1f} s"


def plan(
    seed: int,
    kinds: Sequence[FaultKind],
    drones: int,
    duration_s: float,
    *,
    with_cloud: bool = True,
) -> list[Fault]:
    """What breaks in a flight: each kind at least once, where the flight is long enough for it.

    Args:
        seed: the same one makes the same plan.
        kinds: what may break.
        drones: how many there are.
        duration_s: of the flight; all is mended before its end.
        with_cloud: whether the cloud may be struck by what strikes drones too.
    """
    random = Random(f"{seed} {drones} {duration_s}")
    last_s = duration_s * (1 - _CALM_PART)
    order = list(dict.fromkeys(kinds))
    random.shuffle(order)
    further = int(duration_s / _SPACING_S) - len(order)
    order += random.choices(order, k=further) if order and further > 0 else []
    faults: list[Fault] = []
    for kind in order:
        fault = _placed(kind, faults, random, drones, last_s, with_cloud)
        if fault is not None:
            faults.append(fault)
    return sorted(faults, key=lambda fault: fault.at_s)


def outage(kind: FaultKind, lasts_s: float, at_s: float, *, with_cloud: bool = True) -> list[Fault]:
    """One long fault, of the first drone where it strikes drones, and the cloud not or not now."""
    nature = NATURES[kind]
    strikes_cloud = nature.strikes_cloud and with_cloud
    target = 0 if nature.strikes_drone and not strikes_cloud else None
    amount = {FaultKind.CLOCK_JUMP: _CLOCK_JUMPS_S[0], FaultKind.NETWORK_BAD: _LOSS}.get(kind, 0.0)
    return [Fault(at_s, kind, target, lasts_s, amount)]


def _placed(
    kind: FaultKind,
    others: list[Fault],
    random: Random,
    drones: int,
    last_s: float,
    with_cloud: bool,
) -> Fault | None:
    """A fault of a kind where it fits between the others, None where that is not found."""
    nature = NATURES[kind]
    room_s = last_s - _WARM_UP_S
    longest_s = min(nature.longest_s, max(nature.shortest_s, room_s * _LARGEST_PART))
    for _ in range(_TRIES):
        lasts_s = round(random.uniform(nature.shortest_s, longest_s), 2)
        if lasts_s > room_s:
            return None
        at_s = round(random.uniform(_WARM_UP_S, last_s - lasts_s), 2)
        target = _target(kind, random, drones, with_cloud)
        fault = Fault(at_s, kind, target, lasts_s, _amount(kind, random))
        if not any(_collide(fault, other) for other in others):
            return fault
    return None


def _target(kind: FaultKind, random: Random, drones: int, with_cloud: bool) -> int | None:
    nature = NATURES[kind]
    if not nature.strikes_drone:
        return None
    if nature.strikes_cloud and with_cloud and random.random() < 1 / (drones + 1):
        return None
    return random.randrange(drones)


def _amount(kind: FaultKind, random: Random) -> float:
    match kind:
        case FaultKind.CLOCK_JUMP:
            return random.choice((-1.0, 1.0)) * random.choice(_CLOCK_JUMPS_S)
        case FaultKind.NETWORK_BAD:
            return _LOSS
        case FaultKind.STORE_FULL | FaultKind.SPOOL_FULL:
            return float(random.choice((0, 4096, 65536)))
        case _:
            return 0.0


def _collide(one: Fault, other: Fault) -> bool:
    apart = one.at_s >= other.until_s + _GAP_S or other.at_s >= one.until_s + _GAP_S
    return one.excludes(other) and not apart
