"""A quadcopter: goes where it is pushed by tilting, holds still against the wind."""

import math

from aerostream_sim.models.geo import clamped, wrapped
from aerostream_sim.models.motion import (
    GRAVITY,
    Demand,
    Limits,
    Motion,
    move,
    set_attitude,
    touch_down,
)
from aerostream_sim.models.wind import Air

_VELOCITY_LAG_S = 0.8
_TILT_LAG_S = 0.25
_CLIMB_LAG_S = 0.5
_CLIMB_ACCELERATION = 2.0
#: Drag of the air per m/s, as an acceleration that tilting has to overcome.
_DRAG = 0.12
#: Part of a gust's drag that moves the vehicle before it is corrected.
_GUST_PUSH = 0.3
_HOVER_THROTTLE = 0.38
_FALL_SPEED = 14.0


class Copter:
    """Its tilt is what its acceleration and the wind's drag need, and no more than its limit."""

    flies = True
    hovers = True
    limits = Limits(
        cruise=8.0,
        top_speed=12.0,
        acceleration=2.5,
        climb=2.5,
        descent=1.5,
        bank=math.radians(30),
        turn_rate=math.radians(60),
        look_ahead=9.0,
        arrival=2.0,
        take_off_height=15.0,
        return_height=15.0,
    )

    def __init__(self) -> None:
        self._mean = Air(0.0, 0.0)

    def step(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        """Move on by `dt` seconds; without a demand it stands, or falls."""
        if demand is None or (motion.grounded and demand.v_up <= 0.0):
            self._rest(motion, dt, armed=demand is not None)
            return
        limits = self.limits
        motion.grounded = False
        over = max(1.0, demand.speed / limits.top_speed)
        keep = math.exp(-dt / 8.0)
        self._mean = Air(
            self._mean.north * keep + air.north * (1.0 - keep),
            self._mean.east * keep + air.east * (1.0 - keep),
        )
        want_north = (demand.v_north / over - motion.v_north) / _VELOCITY_LAG_S
        want_east = (demand.v_east / over - motion.v_east) / _VELOCITY_LAG_S
        excess = max(1.0, math.hypot(want_north, want_east) / limits.acceleration)
        lag = min(1.0, dt / _TILT_LAG_S)
        a_north = motion.a_north + (want_north / excess - motion.a_north) * lag
        a_east = motion.a_east + (want_east / excess - motion.a_east) * lag
        a_up = clamped(
            (clamped(demand.v_up, -limits.descent, limits.climb) - motion.v_up) / _CLIMB_LAG_S,
            -_CLIMB_ACCELERATION,
            _CLIMB_ACCELERATION,
        )
        push = _DRAG * _GUST_PUSH * dt
        move(
            motion,
            motion.v_north + a_north * dt + (air.north - self._mean.north) * push,
            motion.v_east + a_east * dt + (air.east - self._mean.east) * push,
            motion.v_up + a_up * dt,
            dt,
        )
        motion.a_north, motion.a_east = a_north, a_east
        through_north, through_east = motion.v_north - air.north, motion.v_east - air.east
        motion.airspeed = math.hypot(through_north, through_east)
        self._tilt(motion, demand, through_north, through_east, dt)
        touch_down(motion)
        if motion.grounded:
            motion.v_north = motion.v_east = 0.0

    def _tilt(
        self, motion: Motion, demand: Demand, through_north: float, through_east: float, dt: float
    ) -> None:
        limits = self.limits
        need_north = motion.a_north + _DRAG * through_north
        need_east = motion.a_east + _DRAG * through_east
        cos, sin = math.cos(motion.yaw), math.sin(motion.yaw)
        forward = need_north * cos + need_east * sin
        right = -need_north * sin + need_east * cos
        lag = min(1.0, dt / _TILT_LAG_S)
        roll = clamped(math.atan2(right, GRAVITY), -limits.bank, limits.bank)
        pitch = clamped(-math.atan2(forward, GRAVITY), -limits.bank, limits.bank)
        roll = motion.roll + (roll - motion.roll) * lag
        pitch = motion.pitch + (pitch - motion.pitch) * lag
        yaw = motion.yaw
        towards = demand.yaw
        if towards is None and demand.speed > 1.0:
            towards = demand.course
        if towards is not None:
            most = limits.turn_rate * dt
            yaw += clamped(wrapped(towards - yaw) * min(1.0, 2.0 * dt), -most, most)
        set_attitude(motion, roll, pitch, yaw, dt)
        lean = math.cos(roll) * math.cos(pitch)
        lift = (GRAVITY + motion.a_up) / (GRAVITY * max(lean, 0.5))
        motion.throttle = clamped(_HOVER_THROTTLE * lift + 0.03 * motion.v_up, 0.05, 1.0)

    def _rest(self, motion: Motion, dt: float, *, armed: bool) -> None:
        if motion.grounded:
            move(motion, 0.0, 0.0, 0.0, dt)
            motion.airspeed = 0.0
            set_attitude(motion, 0.0, 0.0, motion.yaw, dt)
            motion.throttle = 0.08 if armed else 0.0
            return
        motion.throttle = 0.0
        slow = 1.0 - 0.2 * dt
        v_up = max(-_FALL_SPEED, motion.v_up - GRAVITY * dt)
        move(motion, motion.v_north * slow, motion.v_east * slow, v_up, dt)
        set_attitude(motion, motion.roll, motion.pitch, motion.yaw, dt)
        touch_down(motion)
