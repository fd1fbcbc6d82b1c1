"""A rover with steered wheels on flat, slightly rough ground."""

import math
import random

from aerostream_sim.models.geo import clamped, moved_towards, wrapped
from aerostream_sim.models.motion import GRAVITY, Demand, Limits, Motion, move, set_attitude
from aerostream_sim.models.wind import Air

_BRAKING = 2.5
_SIDE_ACCELERATION = 2.0
_SMALLEST_CIRCLE_M = 1.2
_BUMP = math.radians(1.2)
_LEAN = 0.35


class Rover:
    """It goes where its wheels point, and slows down for corners.

    Args:
        rnd: where the bumps come from.
    """

    flies = False
    hovers = True
    limits = Limits(
        cruise=3.0,
        top_speed=5.5,
        acceleration=1.5,
        bank=math.radians(12),
        turn_rate=1.2,
        look_ahead=4.0,
        arrival=2.0,
    )

    def __init__(self, rnd: random.Random) -> None:
        self._rnd = rnd

    def step(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        """Move on by `dt` seconds; without a demand it brakes and stands."""
        limits = self.limits
        motion.grounded = True
        speed = motion.ground_speed
        yaw = motion.yaw
        want = 0.0
        if demand is not None and demand.speed > 0.05:
            turn = wrapped(demand.course - yaw)
            want = min(demand.speed, limits.top_speed) * max(0.2, math.cos(turn))
            sharpest = min(
                limits.turn_rate, speed / _SMALLEST_CIRCLE_M, _SIDE_ACCELERATION / max(speed, 0.1)
            )
            yaw += clamped(2.0 * turn, -sharpest, sharpest) * dt
        most = limits.acceleration if want > speed else _BRAKING
        speed = moved_towards(speed, want, most * dt)
        move(motion, speed * math.cos(yaw), speed * math.sin(yaw), 0.0, dt)
        rate = wrapped(yaw - motion.yaw) / dt
        rough = _BUMP * min(1.0, speed / 2.0)
        lean = -_LEAN * math.atan2(speed * rate, GRAVITY)
        smooth = min(1.0, dt / 0.3)
        roll = motion.roll + (lean + self._rnd.gauss(0.0, rough) - motion.roll) * smooth
        pitch = motion.pitch + (self._rnd.gauss(0.0, rough) - motion.pitch) * smooth
        if speed < 0.05:
            roll, pitch = 0.0, 0.0
        set_attitude(motion, clamped(roll, -limits.bank, limits.bank), pitch, yaw, dt)
        motion.airspeed = math.hypot(motion.v_north - air.north, motion.v_east - air.east)
        effort = 0.12 * speed + 0.25 * max(0.0, want - speed)
        motion.throttle = clamped(effort, 0.0, 1.0) if want else 0.0
