"""Where a vehicle is and how it moves, and what guidance may ask of it."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aerostream_sim.models.wind import Air

GRAVITY = 9.80665


@dataclass(slots=True)
class Motion:
    """State of a rigid body: metres and m/s from home, radians, rad/s, m/s²."""

    north: float = 0.0
    east: float = 0.0
    up: float = 0.0
    v_north: float = 0.0
    v_east: float = 0.0
    v_up: float = 0.0
    a_north: float = 0.0
    a_east: float = 0.0
    a_up: float = 0.0
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    roll_rate: float = 0.0
    pitch_rate: float = 0.0
    yaw_rate: float = 0.0
    airspeed: float = 0.0
    throttle: float = 0.0
    """0 to 1."""
    grounded: bool = True
    """On its wheels, skids or keel."""

    @property
    def ground_speed(self) -> float:
        """m/s over ground."""
        return math.hypot(self.v_north, self.v_east)

    @property
    def course(self) -> float:
        """Direction of the movement over ground, 0 … 2π; the heading while it stands."""
        if self.ground_speed < 0.1:
            return self.yaw % math.tau
        return math.atan2(self.v_east, self.v_north) % math.tau


class Demand(NamedTuple):
    """What guidance asks for: a velocity over ground."""

    v_north: float
    v_east: float
    v_up: float = 0.0
    yaw: float | None = None
    """Heading for what can turn on the spot; none: along the way."""

    @property
    def speed(self) -> float:
        """m/s over ground."""
        return math.hypot(self.v_north, self.v_east)

    @property
    def course(self) -> float:
        """Its direction."""
        return math.atan2(self.v_east, self.v_north)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a vehicle can do, and how it is usually moved."""

    cruise: float
    """m/s, over ground; through the air for a plane."""
    top_speed: float
    """m/s over ground without wind."""
    acceleration: float
    """m/s², along the ground."""
    climb: float = 0.0
    descent: float = 0.0
    """m/s, positive."""
    bank: float
    """Largest roll or tilt, radians."""
    turn_rate: float
    """rad/s."""
    look_ahead: float
    """Metres along a path that guidance aims ahead."""
    arrival: float
    """Metres from a point that count as there."""
    take_off_height: float = 0.0
    return_height: float = 0.0


class Craft(Protocol):
    """A kind of vehicle that moves."""

    limits: Limits
    flies: bool
    hovers: bool
    """Whether it can stay where it is."""

    def step(self, motion: Motion, demand: Demand | None, air: Air, dt: float) -> None:
        """Move on by `dt` seconds, at most 0.1; no demand: its motors are off."""
        ...


def set_attitude(motion: Motion, roll: float, pitch: float, yaw: float, dt: float) -> None:
    """Take a new attitude; the rates follow from it."""
    motion.roll_rate = (roll - motion.roll) / dt
    motion.pitch_rate = (pitch - motion.pitch) / dt
    turn = (yaw - motion.yaw + math.pi) % math.tau - math.pi
    motion.yaw_rate = turn / dt
    motion.roll, motion.pitch = roll, pitch
    motion.yaw = (yaw + math.pi) % math.tau - math.pi


def move(motion: Motion, v_north: float, v_east: float, v_up: float, dt: float) -> None:
    """Take a new velocity and go along with it; acceleration follows from it."""
    motion.a_north = (v_north - motion.v_north) / dt
    motion.a_east = (v_east - motion.v_east) / dt
    motion.a_up = (v_up - motion.v_up) / dt
    # The mean of old and new: positions are the integral of the velocities that are told.
    motion.north += (v_north + motion.v_north) / 2 * dt
    motion.east += (v_east + motion.v_east) / 2 * dt
    motion.up += (v_up + motion.v_up) / 2 * dt
    motion.v_north, motion.v_east, motion.v_up = v_north, v_east, v_up


def touch_down(motion: Motion) -> None:
    """Stand on the ground, if it is reached; the speed along it stays."""
    if motion.up <= 0.0 and motion.v_up <= 0.0:
        motion.up = motion.v_up = 0.0
        motion.grounded = True
