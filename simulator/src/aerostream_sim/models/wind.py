"""Wind with gusts."""

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

_GUST_SECONDS = 4.0
#: Spread of the gusts as a part of the mean wind.
_GUSTINESS = 0.15


class Air(NamedTuple):
    """Movement of the air over ground, m/s."""

    north: float
    east: float


@dataclass(frozen=True, slots=True)
class WindSetting:
    """The mean wind."""

    speed: float = 3.0
    """m/s."""
    from_deg: float = 250.0
    """Where it comes from, as weather reports say."""


#: A light breeze.
BREEZE = WindSetting()


class Wind:
    """A mean wind, and gusts that come and go within seconds.

    Args:
        setting: the mean.
        rnd: where the gusts come from.
    """

    def __init__(self, setting: WindSetting, rnd: random.Random) -> None:
        self.setting = setting
        towards = math.radians(setting.from_deg + 180.0)
        self._mean = Air(setting.speed * math.cos(towards), setting.speed * math.sin(towards))
        self._spread = setting.speed * _GUSTINESS
        self._rnd = rnd
        self._gust_north = self._gust_east = 0.0
        self.now = self._mean

    def step(self, dt: float) -> Air:
        """The air `dt` seconds later."""
        if self._spread:
            keep = math.exp(-dt / _GUST_SECONDS)
            push = self._spread * math.sqrt(1.0 - keep * keep)
            self._gust_north = self._gust_north * keep + self._rnd.gauss(0.0, push)
            self._gust_east = self._gust_east * keep + self._rnd.gauss(0.0, push)
            self.now = Air(self._mean.north + self._gust_north, self._mean.east + self._gust_east)
        return self.now

    @property
    def mean(self) -> Air:
        """Without the gusts: what an estimator settles on."""
        return self._mean
