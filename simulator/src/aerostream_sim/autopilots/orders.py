"""What an operator sees of a vehicle, and orders it to do."""

import math
from abc import ABC, abstractmethod

from aerostream_sim.autopilots.arming import Arming
from aerostream_sim.autopilots.modes import Modes
from aerostream_sim.autopilots.power import Power
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.operator import Pilotable
from aerostream_sim.flight.platform import Platform


class Orders(Pilotable, ABC):
    """An operator's orders, done in the autopilot's own way.

    Args:
        platform: the vehicle.
        power: of the autopilot.
        modes: its modes.
        arming: arms it.
    """

    def __init__(self, *, platform: Platform, power: Power, modes: Modes, arming: Arming) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._power = power
        self._modes = modes
        self._arming = arming

    @property
    def ready(self) -> bool:
        """Whether it would arm."""
        return self._power.on and self._arming.ready

    @property
    def armed(self) -> bool:
        """Whether its motors may turn."""
        return self._flight.armed

    @property
    def battery_percent(self) -> int:
        """Charge left."""
        return self._platform.battery.percent

    @property
    def settled(self) -> bool:
        """Whether the take-off is complete, or was not needed."""
        return self._flight.activity is not Activity.TAKE_OFF

    @property
    def parked(self) -> bool:
        """Whether it drove home and stands."""
        flight = self._flight
        away = math.hypot(flight.motion.north, flight.motion.east)
        near = away < 2.0 * flight.craft.limits.arrival
        return not flight.craft.flies and near and flight.motion.ground_speed < 0.3

    def order_preparation(self) -> None:
        """Choose the mode in which it can be armed."""
        self._modes.enter(self._modes.arming_mode)

    def order_arm(self) -> None:
        """Arm, unless a check stands against it."""
        if not self._flight.armed and self._arming.armable:
            self._arming.arm()

    @abstractmethod
    def order_take_off(self) -> None:
        """Take off, where it can."""

    def order_mission(self) -> None:
        """Fly the mission from its beginning."""
        self._platform.round.restart()
        self._modes.enter(self._modes.mission_mode)

    @abstractmethod
    def order_home(self) -> None:
        """Come home and end the flight."""

    def order_disarm(self) -> None:
        """Disarm."""
        self._arming.disarm()

    def order_battery_swap(self) -> None:
        """Pull the battery and put in a fresh one: it boots again."""
        self._platform.new_battery()
        self._power.cut()
