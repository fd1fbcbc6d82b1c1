"""A fixed-wing aircraft: always moves through the air, turns by banking, crabs in the wind."""

import math

from aerostream_sim.models.geo import clamped, moved_towards, wrapped
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

_STALL, _LIFT_OFF, _FASTEST = 12.0, 14.0, 26.0
_ROLL_RATE = math.radians(70)
_TURN_GAIN = 1.5
_SPEED_CHANGE = 1.5
_CLIMB_CHANGE = 2.0
_RUN_ACCELERATION = 4.0
_BRAKING = 3.0
_TRIM_PITCH = math.radians(2.5)
_CRUISE_THROTTLE = 0.45
_FALL_SPEED = 20.0


class Plane:
    """Its velocity over ground is its movement through the air plus the air's own."""

    flies = True
    hovers = False
    limits = Limits(
        cruise=18.0,
        top_speed=26.0,
        acceleration=4.0,
        climb=4.0,
        descent=3.0,
        bank=math.radians(45),
        turn_rate=GRAVITY / _STALL,
        look_ahead=60.0,
        arrival=70.0,
        take_off_height=50.0,
        return_height=80.0,
    )

    def step(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        """Move on by `dt` seconds; without a demand it rolls out, or glides down."""
        if motion.grounded:
            self._roll(motion, demand, air, dt)
        else:
            self._fly(motion, demand, air, dt)

    def _roll(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        go = demand is not None and demand.speed > 0.0
        change = _RUN_ACCELERATION * dt if go else -_BRAKING * dt
        speed = clamped(motion.ground_speed + change, 0.0, _FASTEST)
        yaw = motion.yaw
        if go and demand is not None:
            turn = wrapped(demand.course - yaw)
            if speed < 1.0:
                # While it stands somebody may point it down the runway: that is no turn of its own.
                motion.yaw = yaw = wrapped(yaw + turn)
            else:
                yaw += clamped(turn, -0.2 * dt, 0.2 * dt)
        v_north, v_east = speed * math.cos(yaw), speed * math.sin(yaw)
        move(motion, v_north, v_east, 0.0, dt)
        set_attitude(motion, 0.0, motion.pitch * (1.0 - min(1.0, 2.0 * dt)), yaw, dt)
        motion.throttle = 0.9 if go else 0.0
        ahead = (v_north - air.north) * math.cos(yaw) + (v_east - air.east) * math.sin(yaw)
        motion.airspeed = max(0.0, ahead)
        if go and demand is not None and demand.v_up > 0.0 and motion.airspeed >= _LIFT_OFF:
            motion.grounded = False

    def _fly(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        limits = self.limits
        if demand is None:
            motion.throttle = 0.0
            demand = Demand(motion.v_north, motion.v_east, -_FALL_SPEED)
            bank = 0.0
            v_up = moved_towards(motion.v_up, -_FALL_SPEED, 4.0 * dt)
        else:
            bank = self._bank(motion, demand, air)
            asked = clamped(demand.v_up, -limits.descent, limits.climb)
            v_up = moved_towards(motion.v_up, asked, _CLIMB_CHANGE * dt)
        wanted = clamped(demand.speed, _STALL + 1.0, _FASTEST)
        airspeed = moved_towards(motion.airspeed, wanted, _SPEED_CHANGE * dt)
        airspeed = clamped(airspeed, _STALL, _FASTEST)
        accelerating = (airspeed - motion.airspeed) / dt
        motion.airspeed = airspeed
        roll = moved_towards(motion.roll, bank, _ROLL_RATE * dt)
        yaw = motion.yaw + GRAVITY * math.tan(roll) / airspeed * dt
        level = math.sqrt(max(airspeed * airspeed - v_up * v_up, 1.0))
        pitch = math.asin(clamped(v_up / airspeed, -1.0, 1.0)) + _TRIM_PITCH
        pitch = motion.pitch + (pitch - motion.pitch) * min(1.0, dt / 0.4)
        move(
            motion,
            level * math.cos(yaw) + air.north,
            level * math.sin(yaw) + air.east,
            v_up,
            dt,
        )
        set_attitude(motion, roll, pitch, yaw, dt)
        if v_up > -_FALL_SPEED / 2:
            effort = _CRUISE_THROTTLE * (airspeed / limits.cruise) ** 2
            motion.throttle = clamped(effort + 0.12 * v_up + 0.1 * accelerating, 0.0, 1.0)
        touch_down(motion)

    def _bank(self, motion: Motion, demand: Demand, air: Air) -> float:
        """The bank that turns the track, not the nose, to where it shall go."""
        course = demand.course
        cross = -math.sin(course) * air.north + math.cos(course) * air.east
        crab = -math.asin(clamped(cross / max(motion.airspeed, _STALL), -0.8, 0.8))
        turn = wrapped(course + crab - motion.yaw)
        rate = _TURN_GAIN * turn
        bank = math.atan(rate * motion.airspeed / GRAVITY)
        # Close to the ground a wing must not touch it.
        limit = self.limits.bank if motion.up > 15.0 else math.radians(12)
        return clamped(bank, -limit, limit)
