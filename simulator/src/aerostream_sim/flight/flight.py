"""One vehicle under way: from standing to flying, its round, its return and its landing."""

import math
import random
from enum import Enum, IntEnum

from aerostream_sim.flight.path import Round
from aerostream_sim.models.geo import clamped
from aerostream_sim.models.motion import Craft, Demand, Motion
from aerostream_sim.models.wind import Wind

_SPOOL_UP_S = 1.2
_LANDING_IS_SLOW_BELOW_M = 10.0
_SLOW_DESCENT = 0.5
#: Landing is noticed so long after touching the ground (recorded: 1.7 to 2.0 s).
_LANDED_AFTER_S = 1.8
_SINK = 2.5
_APPROACH_M = 350.0
_FLARE_M = 4.0
#: A multirotor whose motors stop in the air counts as landed so soon (recorded).
_FALLS_AS_LANDED_S = 0.4
#: How far from home it goes, and how high and low, whatever is asked of it.
_FAR_M, _HIGHEST_M, _LOWEST_M = 100_000.0, 5_000.0, -500.0
#: Nothing holds its altitude exactly: the air and the barometer wander.
_WANDER_M, _MOST_WANDER_M, _WANDER_S = 0.2, 0.35, 4.0


class Activity(Enum):
    """What a vehicle is at."""

    IDLE = "idle"
    """Nothing is asked of it: on the ground, or drifting down if it flies."""
    TAKE_OFF = "take-off"
    HOLD = "hold"
    """Stays at a place, or circles it; also: goes to a place and stays there."""
    MISSION = "mission"
    RETURN = "return"
    LAND = "land"
    SINK = "sink"
    """A mode that waits for a pilot whose throttle is down."""


class Landed(IntEnum):
    """MAV_LANDED_STATE."""

    UNDEFINED = 0
    ON_GROUND = 1
    IN_AIR = 2
    TAKE_OFF = 3
    LANDING = 4


class News(Enum):
    """What happened to a vehicle, for its autopilot to tell."""

    TAKE_OFF_DETECTED = "it left the ground"
    HEIGHT_REACHED = "the take-off is complete"
    WAYPOINT = "a waypoint of the round was reached"
    POINT = "the place to hold was reached"
    HOME = "it is above or at home"
    LANDED = "it stands on the ground again"


class Flight:
    """Guides a craft through its activities.

    Args:
        craft: the model of its movement.
        round_: what it flies as a mission.
        wind: the air that it moves in.
        heading: the one in which it stands at first, radians.
        rnd: for what differs from one vehicle to the next.
    """

    def __init__(
        self, *, craft: Craft, round_: Round, wind: Wind, heading: float, rnd: random.Random
    ) -> None:
        self.craft = craft
        self.round = round_
        self.wind = wind
        self.motion = Motion(yaw=heading)
        self.activity = Activity.IDLE
        self.armed = False
        self.landed = Landed.ON_GROUND if craft.flies else Landed.UNDEFINED
        self.demand: Demand | None = None
        """What guidance asked for last."""
        self.hold_at = (0.0, 0.0, 0.0)
        """Metres north, east and up of the place to hold."""
        self.speed = craft.limits.cruise
        self.take_off_height = craft.limits.take_off_height
        self.waypoint = 0
        """The last waypoint that was reached."""
        self.loiter_radius = 0.0
        self._seconds = 0.0
        self._grounded_s = self._falling_s = 0.0
        self._rnd = rnd
        self._wander = 0.0
        self._said_home = self._said_point = False
        self._approaching = False
        self._clockwise = rnd.random() < 0.5
        self._runway = 0.0

    # --- orders ---------------------------------------------------------------------------

    @property
    def flying(self) -> bool:
        """Off the ground, or under way where it has no air under it."""
        if self.craft.flies:
            return not self.motion.grounded
        return self.armed and self.motion.ground_speed > 0.1

    def arm(self) -> None:
        """Let the motors turn."""
        self.armed = True
        self._grounded_s = 0.0

    def disarm(self) -> None:
        """Stop the motors, wherever it is."""
        self.armed = False
        self.activity = Activity.IDLE
        self._falling_s = 0.0
        if self.craft.flies and self.motion.grounded:
            self.landed = Landed.ON_GROUND

    def take_off(self, height: float) -> None:
        """Leave the ground and climb to a height above home."""
        self._begin(Activity.TAKE_OFF)
        self.take_off_height = clamped(height, _LOWEST_M, _HIGHEST_M)
        # Into the wind; without one, straight ahead.
        setting = self.wind.setting
        into_wind = math.radians(setting.from_deg)
        self._runway = into_wind if setting.speed > 0.5 else self.motion.yaw

    def hold(self) -> None:
        """Stay here."""
        motion = self.motion
        self.hold_at = (motion.north, motion.east, motion.up)
        self._begin(Activity.HOLD)
        self._said_point = True

    def go_to(self, north: float, east: float, up: float) -> None:
        """Go to a place and stay there; one that is out of reach: as near as can be."""
        over = max(1.0, math.hypot(north, east) / _FAR_M)
        self.hold_at = (north / over, east / over, clamped(up, _LOWEST_M, _HIGHEST_M))
        self._begin(Activity.HOLD)

    def fly_round(self) -> None:
        """Fly the mission, from where it was left."""
        self._begin(Activity.MISSION)

    def return_home(self) -> None:
        """Go home; what hovers lands there."""
        self._begin(Activity.RETURN)

    def land(self) -> None:
        """Land: here if it can, else at home."""
        self._begin(Activity.LAND)

    def sink(self) -> None:
        """Obey a pilot who is not there."""
        self._begin(Activity.SINK)

    def idle(self) -> None:
        """Ask nothing of it."""
        self._begin(Activity.IDLE)

    def _begin(self, activity: Activity) -> None:
        self.activity = activity
        self._seconds = 0.0
        self._said_home = self._said_point = self._approaching = False

    # --- time -----------------------------------------------------------------------------

    def step(self, dt: float) -> list[News]:
        """Go on by `dt` seconds; gives what happened."""
        news: list[News] = []
        self._seconds += dt
        if self.craft.flies and self.craft.hovers and not self.motion.grounded:
            keep = math.exp(-dt / _WANDER_S)
            push = self._rnd.gauss(0.0, _WANDER_M * math.sqrt(1.0 - keep * keep))
            self._wander = clamped(self._wander * keep + push, -_MOST_WANDER_M, _MOST_WANDER_M)
        self.demand = self._guide(news) if self.armed else None
        was_grounded = self.motion.grounded
        self.craft.step(self.motion, self.demand, self.wind.step(dt), dt)
        if self.craft.flies:
            self._watch_the_ground(news, dt, was_grounded=was_grounded)
        return news

    def _watch_the_ground(self, news: list[News], dt: float, *, was_grounded: bool) -> None:
        motion = self.motion
        if was_grounded and not motion.grounded:
            self.landed = Landed.TAKE_OFF
            news.append(News.TAKE_OFF_DETECTED)
        if not motion.grounded:
            self._grounded_s = 0.0
        elif self.landed is not Landed.ON_GROUND and motion.ground_speed < 1.0:
            self._grounded_s += dt
            if self._grounded_s >= _LANDED_AFTER_S:
                self.landed = Landed.ON_GROUND
                news.append(News.LANDED)
        if not self.armed and self.craft.hovers and not motion.grounded:
            self._falling_s += dt
            if self._falling_s >= _FALLS_AS_LANDED_S:
                self.landed = Landed.ON_GROUND
        elif not motion.grounded and self._descending_to_land:
            self.landed = Landed.LANDING
        elif not motion.grounded and self.activity is not Activity.TAKE_OFF:
            self.landed = Landed.IN_AIR

    @property
    def _descending_to_land(self) -> bool:
        if self.activity is Activity.LAND:
            return self.craft.hovers or self._approaching
        return self.activity is Activity.RETURN and self._said_home and self.craft.hovers

    def _guide(self, news: list[News]) -> Demand:
        match self.activity:
            case Activity.TAKE_OFF:
                return self._taking_off(news)
            case Activity.HOLD:
                return self._holding(news)
            case Activity.MISSION:
                return self._on_round(news)
            case Activity.RETURN:
                return self._returning(news)
            case Activity.LAND:
                return self._landing() if self.craft.hovers else self._approach(news)
            case Activity.SINK:
                return Demand(0.0, 0.0, -_SINK)
            case Activity.IDLE:
                return self._idling()

    def _idling(self) -> Demand:
        motion = self.motion
        if motion.grounded or not self.craft.flies:
            return Demand(0.0, 0.0)
        if self.craft.hovers:
            return Demand(0.0, 0.0, -_SINK)
        return Demand(motion.v_north, motion.v_east)

    def _taking_off(self, news: list[News]) -> Demand:
        motion = self.motion
        if motion.up >= self.take_off_height - 0.5:
            news.append(News.HEIGHT_REACHED)
            if self.landed is Landed.TAKE_OFF:
                self.landed = Landed.IN_AIR
            self.hold()
            return self._holding(news)
        climb = self._climb_to(self.take_off_height)
        if self.craft.hovers:
            return Demand(0.0, 0.0, climb if self._seconds > _SPOOL_UP_S else 0.0, motion.yaw)
        speed = self.craft.limits.cruise
        return Demand(speed * math.cos(self._runway), speed * math.sin(self._runway), climb)

    def _holding(self, news: list[News]) -> Demand:
        north, east, up = self.hold_at
        distance = self._distance(north, east)
        near = self.craft.limits.arrival + self.loiter_radius
        if not self._said_point and distance < near:
            self._said_point = True
            news.append(News.POINT)
        if self.craft.flies and self.motion.grounded:
            return Demand(0.0, 0.0)
        if self.craft.hovers:
            return self._towards(north, east, self._climb_to(up))
        return self._circling(north, east, up)

    def _on_round(self, news: list[News]) -> Demand:
        if self.craft.flies and self.motion.grounded:
            return Demand(0.0, 0.0)
        motion, round_ = self.motion, self.round
        reached = round_.advance(motion.north, motion.east, self.craft.limits.arrival)
        if reached is not None:
            self.waypoint = reached
            news.append(News.WAYPOINT)
        north, east, up = round_.aim
        return self._at_speed(north, east, self.speed, self._climb_to(up))

    def _returning(self, news: list[News]) -> Demand:
        if self.craft.flies and self.motion.grounded:
            return Demand(0.0, 0.0)
        limits = self.craft.limits
        distance = self._distance(0.0, 0.0)
        if not self._said_home and distance < limits.arrival + self.loiter_radius:
            self._said_home = True
            news.append(News.HOME)
        if not self.craft.flies:
            return self._towards(0.0, 0.0, 0.0) if not self._said_home else Demand(0.0, 0.0)
        if not self.craft.hovers:
            return self._circling(0.0, 0.0, limits.return_height)
        if self._said_home:
            return self._landing_at(0.0, 0.0)
        height = max(self.motion.up, limits.return_height)
        if self.motion.up < limits.return_height - 1.0:
            return Demand(0.0, 0.0, self._climb_to(height))
        return self._towards(0.0, 0.0, self._climb_to(height))

    def _landing(self) -> Demand:
        return self._landing_at(self.motion.north, self.motion.east)

    def _landing_at(self, north: float, east: float) -> Demand:
        if self.motion.grounded:
            return Demand(0.0, 0.0)
        slow = self.motion.up < _LANDING_IS_SLOW_BELOW_M
        descent = _SLOW_DESCENT if slow else self.craft.limits.descent
        towards = self._towards(north, east, 0.0)
        return towards._replace(v_up=-descent, yaw=self.motion.yaw)

    def _approach(self, news: list[News]) -> Demand:
        """A plane: to a point downwind of home, then straight down to home, into the wind."""
        motion = self.motion
        if motion.grounded:
            return Demand(0.0, 0.0)
        cos, sin = math.cos(self._runway), math.sin(self._runway)
        along = motion.north * cos + motion.east * sin
        across = -motion.north * sin + motion.east * cos
        if not self._approaching:
            height = 45.0
            gate = -_APPROACH_M - 150.0
            aligned = abs(math.sin(motion.yaw - self._runway)) < 0.5
            if abs(across) < 40.0 and -_APPROACH_M - 250.0 < along < -_APPROACH_M + 50.0:
                towards_home = math.cos(motion.yaw - self._runway) > 0.0
                self._approaching = aligned and towards_home and motion.up < height + 30.0
            if self._approaching:
                news.append(News.HOME)
            north, east = gate * cos, gate * sin
            if abs(across) < 60.0 and along < gate + 120.0:
                # Behind the gate: turn onto the runway's line.
                ahead = along + 120.0
                north, east = ahead * cos, ahead * sin
            return self._at_speed(north, east, self.craft.limits.cruise, self._climb_to(height))
        ahead = along + 60.0
        speed = 15.0 if motion.up < 25.0 else 16.5
        glide = max(0.0, -along) * 0.11
        climb = clamped(glide - motion.up - 1.0, -2.2, 1.0)
        if motion.up < _FLARE_M:
            climb = max(climb, -0.6)
        return self._at_speed(ahead * cos, ahead * sin, speed, climb)

    # --- geometry -------------------------------------------------------------------------

    def _distance(self, north: float, east: float) -> float:
        return math.hypot(north - self.motion.north, east - self.motion.east)

    def _climb_to(self, up: float) -> float:
        limits = self.craft.limits
        away = up + self._wander - self.motion.up
        return clamped(0.8 * away, -limits.descent, limits.climb)

    def _at_speed(self, north: float, east: float, speed: float, v_up: float) -> Demand:
        """Straight to a point, without slowing down for it."""
        away_north, away_east = north - self.motion.north, east - self.motion.east
        distance = math.hypot(away_north, away_east) or 1.0
        return Demand(speed * away_north / distance, speed * away_east / distance, v_up)

    def _towards(self, north: float, east: float, v_up: float) -> Demand:
        """To a point, and slower the nearer it is, so that it stops there."""
        distance = self._distance(north, east)
        braking = 0.5 * self.craft.limits.acceleration
        speed = min(self.speed, math.sqrt(2.0 * braking * distance), distance)
        return self._at_speed(north, east, speed, v_up)

    def _circling(self, north: float, east: float, up: float) -> Demand:
        """Around a point: along the circle's tangent, and back to the circle."""
        away_north, away_east = self.motion.north - north, self.motion.east - east
        distance = math.hypot(away_north, away_east)
        angle = math.atan2(away_east, away_north)
        side = 1.0 if self._clockwise else -1.0
        off = clamped((distance - self.loiter_radius) / self.loiter_radius, -1.0, 1.0)
        course = angle + side * (math.pi / 2 + off * math.pi / 2 * 0.9)
        speed = self.craft.limits.cruise
        return Demand(speed * math.cos(course), speed * math.sin(course), self._climb_to(up))
