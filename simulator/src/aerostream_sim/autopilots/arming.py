"""Arming and its checks, and disarming, also by itself."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from aerostream_sim.autopilots.commands import FORCE, Cmd, Command, Result
from aerostream_sim.autopilots.part import Handler, Part
from aerostream_sim.flight.flight import Activity, Landed, News
from aerostream_sim.flight.platform import Platform


class Arming(Part, ABC):
    """Arms and disarms one vehicle.

    Args:
        platform: the vehicle.
        commanded: is called when somebody on the link arms or disarms.
    """

    def __init__(self, *, platform: Platform, commanded: Callable[[], None]) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._commanded = commanded
        self.armed_s = 0.0
        """When it was armed last."""

    def handlers(self) -> Mapping[int, Handler]:
        """Arming, disarming, and the checks."""
        return {
            Cmd.COMPONENT_ARM_DISARM: self.on_arm_disarm,
            Cmd.RUN_PREARM_CHECKS: self.on_prearm_checks,
        }

    @property
    @abstractmethod
    def armable(self) -> bool:
        """Whether no check stands against arming in the mode that it is in."""

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether it would arm in a fitting mode."""

    @abstractmethod
    def arm(self) -> None:
        """Arm, whatever the checks say."""

    @abstractmethod
    def disarm(self) -> None:
        """Disarm, wherever it is."""

    @abstractmethod
    def disarm_landed(self) -> None:
        """Disarm by itself after a landing."""

    @abstractmethod
    def disarm_idle(self) -> None:
        """Disarm by itself as nothing is flown."""

    @abstractmethod
    def refuse_arming(self) -> Result:
        """Tell why it does not arm."""

    @abstractmethod
    def refuse_disarming(self) -> Result:
        """Tell why it does not disarm: it flies."""

    @abstractmethod
    def on_prearm_checks(self, command: Command) -> Result:
        """RUN_PREARM_CHECKS."""

    def on_arm_disarm(self, command: Command) -> Result:
        """COMPONENT_ARM_DISARM; what is so already is accepted."""
        self._commanded()
        flight = self._flight
        forced = command.number(2) == FORCE
        arms = command.params[0] >= 0.5
        if arms == flight.armed:
            return Result.ACCEPTED
        if arms:
            if not forced and not self.armable:
                return self.refuse_arming()
            self.arm()
            return Result.ACCEPTED
        if flight.craft.flies and flight.flying and not forced:
            return self.refuse_disarming()
        self.disarm()
        return Result.ACCEPTED


class AutoDisarm(Part):
    """Disarms what flies when it has landed, or stands armed for too long.

    Args:
        platform: the vehicle.
        arming: disarms it.
        landed_s: seconds from the landing.
        idle_s: seconds on the ground; infinity: it may stand there as long as it likes.
        waits_for_take_off: a vehicle that is taking off is not idle.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        arming: Arming,
        landed_s: float,
        idle_s: float = math.inf,
        waits_for_take_off: bool = False,
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._arming = arming
        self._landed_for_s = landed_s
        self._idle_for_s = idle_s
        self._waits_for_take_off = waits_for_take_off
        self._busy_s = 0.0
        """When it last was in the air, or not armed."""

    def watch(self, _news: list[News]) -> None:
        """Disarm when the time has come."""
        flight, now_s = self._flight, self._platform.now_s
        if not flight.armed or not flight.craft.flies or flight.landed is not Landed.ON_GROUND:
            self._busy_s = now_s
            return
        over = flight.activity in (Activity.LAND, Activity.RETURN) and flight.motion.grounded
        if over and now_s - self._busy_s >= self._landed_for_s:
            self._arming.disarm_landed()
        elif self._idles and now_s - self._idle_since_s >= self._idle_for_s:
            self._arming.disarm_idle()

    @property
    def _idle_since_s(self) -> float:
        return max(self._busy_s, self._arming.armed_s)

    @property
    def _idles(self) -> bool:
        taking_off = self._flight.activity is Activity.TAKE_OFF
        return not (taking_off and self._waits_for_take_off)
