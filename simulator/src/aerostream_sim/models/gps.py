"""A GPS receiver: it finds satellites after power-on, and is never quite right."""

import math
import random

_ERROR_SECONDS = 30.0
_ERROR_M = 0.5
_NO_GPS, _NO_FIX, _FIX_2D, _FIX_3D = 0, 1, 2, 3


class Gps:
    """A receiver.

    Args:
        found_s: seconds after power-on until the autopilot has found the receiver.
        fix_s: seconds after power-on until its first 3D fix.
        rnd: where its errors come from.
    """

    def __init__(self, *, found_s: float, fix_s: float, rnd: random.Random) -> None:
        self._found_s = found_s
        self._fix_s = fix_s
        self._rnd = rnd
        self._best = rnd.randint(12, 18)
        self.error_north = 0.0
        self.error_east = 0.0
        self.error_up = 0.0
        self.fix = _NO_GPS
        """GPS_FIX_TYPE: 0 no receiver, 1 no fix, 2 2D, 3 3D."""
        self.satellites = 0
        self.hdop = 99.99

    @property
    def has_fix(self) -> bool:
        """Whether it knows place and time."""
        return self.fix >= _FIX_3D

    def step(self, powered_s: float, dt: float) -> None:
        """Go on by `dt` seconds, at so many seconds after power-on."""
        keep = math.exp(-dt / _ERROR_SECONDS)
        push = _ERROR_M * math.sqrt(1.0 - keep * keep)
        gauss = self._rnd.gauss
        self.error_north = self.error_north * keep + gauss(0.0, push)
        self.error_east = self.error_east * keep + gauss(0.0, push)
        self.error_up = self.error_up * keep + gauss(0.0, 2.0 * push)
        before_fix = self._fix_s - powered_s
        if powered_s < self._found_s:
            self.fix, self.satellites = _NO_GPS, 0
        elif before_fix > 2.0:
            span = max(self._fix_s - self._found_s, 0.1)
            self.fix = _NO_FIX
            self.satellites = int(4.0 * (powered_s - self._found_s) / span)
        elif before_fix > 0.0:
            self.fix, self.satellites = _FIX_2D, 4
        else:
            self.fix = _FIX_3D
            self.satellites = min(self._best, 6 + int(-before_fix / 3.0))
        self.hdop = 99.99 if self.fix < _FIX_2D else min(9.0, 0.2 + 8.0 / self.satellites)
