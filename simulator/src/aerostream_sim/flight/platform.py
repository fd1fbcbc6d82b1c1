"""A vehicle's hardware: what moves, what it draws power from, and what it senses."""

import math
import random

from aerostream_sim.flight.flight import Flight, News
from aerostream_sim.flight.kinds import KINDS, Kind, parking_heading
from aerostream_sim.flight.path import Round
from aerostream_sim.flight.patterns import PatternName, make_round
from aerostream_sim.models.battery import Battery
from aerostream_sim.models.geo import Place
from aerostream_sim.models.gps import Gps
from aerostream_sim.models.motion import GRAVITY
from aerostream_sim.models.wind import Wind, WindSetting


class Platform:
    """One vehicle without its autopilot.

    Args:
        kind: copter, plane, rover or boat.
        index: its number in the fleet.
        home: where it stands at first.
        wind: the mean wind.
        pattern: what it flies; none: one of them.
        charge: of its first battery, 0 to 1.
        utc_us: UTC µs at the simulation's second 0.
        rnd: where all that is not sure about it comes from.
    """

    def __init__(
        self,
        *,
        kind: Kind,
        index: int,
        home: Place,
        wind: WindSetting,
        pattern: PatternName | None,
        charge: float,
        utc_us: int,
        rnd: random.Random,
    ) -> None:
        self.kind = kind
        self.facts = KINDS[kind]
        self.home = home
        self.rnd = rnd
        self._utc_us = utc_us
        craft = self.facts.craft(rnd)
        chosen = pattern or rnd.choice(list(PatternName))
        self.round = Round(make_round(chosen, self.facts.area, rnd), craft.limits.look_ahead)
        self.flight = Flight(
            craft=craft,
            round_=self.round,
            wind=Wind(wind, rnd),
            heading=parking_heading(index),
            rnd=rnd,
        )
        self.flight.loiter_radius = self.facts.loiter_radius_m
        self.battery = Battery(self.facts.pack, charge)
        self.gps = Gps(found_s=0.0, fix_s=0.0, rnd=rnd)
        self.now_s = 0.0
        """Seconds of the simulation."""
        self.booted_s = 0.0
        """When the autopilot was powered on last."""

    @property
    def boot_s(self) -> float:
        """Seconds since power-on."""
        return self.now_s - self.booted_s

    @property
    def utc_us(self) -> int:
        """UTC µs now, as a GPS would tell."""
        return self._utc_us + round(self.now_s * 1e6)

    @property
    def place(self) -> Place:
        """Where it is."""
        motion = self.flight.motion
        return self.home.moved(motion.north, motion.east, motion.up)

    def power_on(self, *, booted_s: float, gps_found_s: float, gps_fix_s: float) -> None:
        """Power on at a moment, which may be in the past; the receiver begins to search."""
        self.booted_s = booted_s
        self.gps = Gps(found_s=gps_found_s, fix_s=gps_fix_s, rnd=self.rnd)

    def new_battery(self) -> None:
        """Put in a full one."""
        self.battery = Battery(self.facts.pack)

    def step(self, dt: float) -> list[News]:
        """Go on by `dt` seconds; gives what happened."""
        self.now_s += dt
        news = self.flight.step(dt)
        self.battery.step(self.flight.motion.throttle, dt)
        self.gps.step(self.boot_s, dt)
        return news

    def body_vector(self, north: float, east: float, down: float) -> tuple[float, float, float]:
        """A vector of the world as the vehicle feels it: forward, right, down."""
        motion = self.flight.motion
        sr, cr = math.sin(motion.roll), math.cos(motion.roll)
        sp, cp = math.sin(motion.pitch), math.cos(motion.pitch)
        sy, cy = math.sin(motion.yaw), math.cos(motion.yaw)
        return (
            cp * cy * north + cp * sy * east - sp * down,
            (sr * sp * cy - cr * sy) * north + (sr * sp * sy + cr * cy) * east + sr * cp * down,
            (cr * sp * cy + sr * sy) * north + (cr * sp * sy - sr * cy) * east + cr * cp * down,
        )

    @property
    def felt_acceleration(self) -> tuple[float, float, float]:
        """What accelerometers measure, m/s²: at rest 0, 0, -g."""
        motion = self.flight.motion
        return self.body_vector(motion.a_north, motion.a_east, -motion.a_up - GRAVITY)

    @property
    def quaternion(self) -> list[float]:
        """Its attitude as w, x, y, z."""
        motion = self.flight.motion
        sr, cr = math.sin(motion.roll / 2), math.cos(motion.roll / 2)
        sp, cp = math.sin(motion.pitch / 2), math.cos(motion.pitch / 2)
        sy, cy = math.sin(motion.yaw / 2), math.cos(motion.yaw / 2)
        return [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ]

    @property
    def vibration(self) -> float:
        """m/s²: what the motors shake."""
        throttle = self.flight.motion.throttle
        return self.facts.vibration * throttle * (0.9 + 0.2 * self.rnd.random()) + 0.02

    @property
    def pressure_hpa(self) -> float:
        """Of the air around it, in a standard atmosphere."""
        height = self.home.alt_m + self.flight.motion.up
        exact: float = 1013.25 * (1.0 - 2.25577e-5 * height) ** 5.25588
        return exact + self.rnd.gauss(0.0, 0.012)

    @property
    def temperature_c(self) -> float:
        """Of its electronics, warmer than the air."""
        air = 20.0 - 0.0065 * (self.home.alt_m + self.flight.motion.up)
        return air + 12.0 * (1.0 - math.exp(-self.boot_s / 300.0))
