"""A lithium battery: charge, and a voltage that sags under load."""

from dataclasses import dataclass
from itertools import pairwise

#: Charge left, 0 to 1, and a cell's voltage at rest.
_REST_VOLTS = ((0.0, 3.30), (0.05, 3.52), (0.2, 3.68), (0.5, 3.82), (0.8, 4.02), (1.0, 4.2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A battery as it is sold, and what its vehicle draws from it."""

    cells: int
    capacity_mah: float
    resistance_ohm: float
    idle_amps: float
    """Drawn by what is always on."""
    full_amps: float
    """Drawn by the motors at full throttle."""


class Battery:
    """One pack in use.

    Args:
        pack: which one.
        charge: how full it is, 0 to 1.
    """

    def __init__(self, pack: Pack, charge: float = 1.0) -> None:
        self.pack = pack
        self._start = charge
        self.used_mah = 0.0
        """Since it was put in."""
        self.used_wh = 0.0
        self.amps = pack.idle_amps
        self.volts = 0.0
        self._measure()

    @property
    def charge(self) -> float:
        """How full it is, 0 to 1."""
        return max(0.0, self._start - self.used_mah / self.pack.capacity_mah)

    @property
    def percent(self) -> int:
        """How full it is, as an autopilot tells."""
        return int(self.charge * 100.0)

    @property
    def seconds_left(self) -> float:
        """Until it is empty at this current."""
        return self.charge * self.pack.capacity_mah * 3.6 / self.amps

    def step(self, throttle: float, dt: float) -> None:
        """Draw the current of a throttle of 0 to 1 for `dt` seconds."""
        pack = self.pack
        self.amps = pack.idle_amps + pack.full_amps * throttle**1.5
        if self.charge > 0.0:
            self.used_mah += self.amps * dt / 3.6
            self.used_wh += self.amps * self.volts * dt / 3600.0
        self._measure()

    def _measure(self) -> None:
        rest = _rest_volts(self.charge) * self.pack.cells
        self.volts = rest - self.amps * self.pack.resistance_ohm


def _rest_volts(charge: float) -> float:
    for (low, low_volts), (high, high_volts) in pairwise(_REST_VOLTS):
        if charge <= high:
            return low_volts + (high_volts - low_volts) * (charge - low) / (high - low)
    return _REST_VOLTS[-1][1]
