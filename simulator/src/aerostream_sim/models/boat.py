"""A boat: slow to start and to turn, set off its course by the wind, rocked by waves."""

import math
import random

from aerostream_sim.models.geo import clamped, moved_towards, wrapped
from aerostream_sim.models.motion import Demand, Limits, Motion, move, set_attitude
from aerostream_sim.models.wind import Air

_BRAKING = 0.5
#: Part of the wind with which a drifting hull goes along.
_LEEWAY = 0.03
_TURN_LAG_S = 1.5


class Boat:
    """Its rudder works with its speed; a hull that does not move hardly turns.

    Args:
        rnd: where its waves come from.
    """

    flies = False
    hovers = True
    limits = Limits(
        cruise=3.5,
        top_speed=5.0,
        acceleration=0.6,
        bank=math.radians(10),
        turn_rate=0.35,
        look_ahead=14.0,
        arrival=5.0,
    )

    def __init__(self, rnd: random.Random) -> None:
        self._waves = [
            (rnd.uniform(0.15, 0.45), rnd.uniform(0.0, math.tau), rnd.uniform(0.4, 1.0))
            for _ in range(3)
        ]
        self._seconds = 0.0
        self._through = 0.0
        """Speed through the water, m/s."""

    def step(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        """Move on by `dt` seconds; without a demand it lies moored."""
        limits = self.limits
        motion.grounded = True
        self._seconds += dt
        drift_north, drift_east = (0.0, 0.0)
        want, yaw_rate = 0.0, 0.0
        if demand is not None:
            drift_north, drift_east = air.north * _LEEWAY, air.east * _LEEWAY
            # Steer through the water so that the track over ground is what was asked for.
            ahead = Demand(demand.v_north - drift_north, demand.v_east - drift_east)
            if demand.speed > 0.1:
                turn = wrapped(ahead.course - motion.yaw)
                want = min(ahead.speed, limits.top_speed) * max(0.3, math.cos(turn))
                sharpest = limits.turn_rate * clamped(self._through / 2.0, 0.25, 1.0)
                yaw_rate = clamped(turn, -sharpest, sharpest)
        most = limits.acceleration if want > self._through else _BRAKING
        self._through = moved_towards(self._through, want, most * dt)
        rate = motion.yaw_rate + (yaw_rate - motion.yaw_rate) * min(1.0, dt / _TURN_LAG_S)
        yaw = motion.yaw + rate * dt
        roll, pitch, heave = self._rocked(math.hypot(air.north, air.east))
        v_up = (heave - motion.up) / dt if dt else 0.0
        move(
            motion,
            self._through * math.cos(yaw) + drift_north,
            self._through * math.sin(yaw) + drift_east,
            clamped(v_up, -0.3, 0.3),
            dt,
        )
        lean = -0.04 * rate * self._through
        set_attitude(motion, clamped(roll + lean, -limits.bank, limits.bank), pitch, yaw, dt)
        motion.airspeed = math.hypot(motion.v_north - air.north, motion.v_east - air.east)
        motion.throttle = clamped(
            0.03 * self._through**2 + 0.3 * max(0.0, want - self._through), 0.0, 1.0
        )

    def _rocked(self, wind: float) -> tuple[float, float, float]:
        """Roll, pitch and heave by the waves that the wind makes."""
        height = min(0.02 + 0.015 * wind, 0.2)
        roll = pitch = heave = 0.0
        for hertz, phase, share in self._waves:
            angle = math.tau * hertz * self._seconds + phase
            roll += share * math.sin(angle)
            pitch += share * math.cos(angle)
            heave += share * math.sin(angle + 1.0)
        return roll * height * 0.5, pitch * height * 0.25, heave * height * 0.2
