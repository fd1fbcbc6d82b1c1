"""The person who lets a vehicle fly by itself: arms it, sends it off, calls it home, rests it."""

import random
from enum import Enum
from typing import Protocol

_PATIENCE_S = 240.0
_SWAP_BELOW_PERCENT = 45
_COME_HOME_BELOW_PERCENT = 30
_LATEST_PERCENT = 12
_LATE_FLIGHTS = 0.1
_LOOK_S = 0.2
_FLIGHT_S = (150.0, 330.0)
_REST_S = (15.0, 45.0)


class Pilotable(Protocol):
    """What the operator can see and order; an autopilot does it in its own way."""

    @property
    def ready(self) -> bool:
        """Whether it would arm."""
        ...

    @property
    def armed(self) -> bool:
        """Whether its motors may turn."""
        ...

    @property
    def battery_percent(self) -> int:
        """Charge left."""
        ...

    @property
    def settled(self) -> bool:
        """Whether the take-off is complete, or was not needed."""
        ...

    @property
    def parked(self) -> bool:
        """Whether it came home on the ground and waits to be disarmed."""
        ...

    def order_preparation(self) -> None:
        """Choose the mode in which it can be armed."""
        ...

    def order_arm(self) -> None:
        """Arm."""
        ...

    def order_take_off(self) -> None:
        """Take off."""
        ...

    def order_mission(self) -> None:
        """Fly the mission."""
        ...

    def order_home(self) -> None:
        """Come home and end the flight."""
        ...

    def order_disarm(self) -> None:
        """Disarm."""
        ...

    def order_battery_swap(self) -> None:
        """Pull the battery and put in a fresh one."""
        ...


class Stage(Enum):
    """Where the operator is in the round of flights."""

    RESTING = "resting"
    PREPARING = "preparing"
    ARMED = "armed"
    TAKING_OFF = "taking off"
    FLYING = "flying"
    COMING_HOME = "coming home"


class Operator:
    """Keeps one vehicle busy, until somebody else commands it.

    Args:
        rnd: draws how long it flies and rests.
        first_rest_s: seconds before the first flight.
    """

    def __init__(self, rnd: random.Random, first_rest_s: float) -> None:
        self._rnd = rnd
        self.stage = Stage.RESTING
        self._next_s = first_rest_s
        self._since_s = 0.0
        self._stays_late = False
        self.dismissed = False
        """Somebody else flies: the operator never interferes again."""

    def dismiss(self) -> None:
        """Leave the vehicle to somebody else, for good."""
        self.dismissed = True

    def step(self, now_s: float, vehicle: Pilotable) -> None:
        """Look at the vehicle, and order what is due."""
        if self.dismissed:
            return
        low = vehicle.battery_percent < _COME_HOME_BELOW_PERCENT and not self._stays_late
        if now_s >= self._next_s or (low and self.stage is Stage.FLYING):
            self._next_s = now_s + _LOOK_S
            self._order(now_s, vehicle)
        self._look_after(now_s, vehicle)

    def _order(self, now_s: float, vehicle: Pilotable) -> None:
        match self.stage:
            case Stage.RESTING if vehicle.ready:
                vehicle.order_preparation()
                self._go(Stage.PREPARING, now_s, self._rnd.uniform(0.5, 2.0))
            case Stage.PREPARING:
                vehicle.order_arm()
                self._go(Stage.ARMED, now_s, self._rnd.uniform(1.5, 3.0))
            case Stage.ARMED if not vehicle.armed:
                self._go(Stage.RESTING, now_s, 5.0)
            case Stage.ARMED:
                vehicle.order_take_off()
                self._go(Stage.TAKING_OFF, now_s, 1.0)
            case Stage.TAKING_OFF if vehicle.settled and vehicle.armed:
                vehicle.order_mission()
                # Now and then somebody stays until the battery failsafe ends the flight.
                self._stays_late = self._rnd.random() < _LATE_FLIGHTS
                self._go(Stage.FLYING, now_s, self._rnd.uniform(*_FLIGHT_S))
            case Stage.FLYING if self._wants_home(vehicle):
                vehicle.order_home()
                self._go(Stage.COMING_HOME, now_s, 1.0)
            case Stage.COMING_HOME if vehicle.parked:
                vehicle.order_disarm()

    def _wants_home(self, vehicle: Pilotable) -> bool:
        late = self._stays_late and vehicle.battery_percent >= _LATEST_PERCENT
        return vehicle.armed and not late

    def _look_after(self, now_s: float, vehicle: Pilotable) -> None:
        """However a flight ended: on the ground the vehicle rests, perhaps with a new battery."""
        under_way = self.stage in (Stage.TAKING_OFF, Stage.FLYING, Stage.COMING_HOME)
        if under_way and not vehicle.armed and now_s - self._since_s > 1.0:
            if vehicle.battery_percent < _SWAP_BELOW_PERCENT:
                vehicle.order_battery_swap()
            self._go(Stage.RESTING, now_s, self._rnd.uniform(*_REST_S))
        elif under_way and vehicle.parked and self._failed_home(now_s, vehicle):
            vehicle.order_disarm()
        elif self.stage is Stage.COMING_HOME and now_s - self._since_s > _PATIENCE_S:
            vehicle.order_home()
            self._since_s = now_s

    def _failed_home(self, now_s: float, vehicle: Pilotable) -> bool:
        """A failsafe brought it home on its wheels, where nobody disarms it but a person."""
        low = vehicle.battery_percent < _COME_HOME_BELOW_PERCENT
        return low and self.stage is Stage.FLYING and now_s - self._since_s > _PATIENCE_S

    def _go(self, stage: Stage, now_s: float, wait_s: float) -> None:
        self.stage = stage
        self._since_s = now_s
        self._next_s = now_s + wait_s
