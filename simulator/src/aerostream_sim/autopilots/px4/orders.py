"""How an operator's orders are done with PX4."""

from aerostream_sim.autopilots.orders import Orders
from aerostream_sim.autopilots.power import Power
from aerostream_sim.autopilots.px4.arming import Px4Arming
from aerostream_sim.autopilots.px4.mode_table import TAKE_OFF
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.autopilots.px4.navigation import Px4Navigation
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.platform import Platform


class Px4Orders(Orders):
    """An operator's orders.

    Args:
        platform: the vehicle.
        power: of the autopilot.
        modes: its modes.
        arming: arms it.
        navigation: lets it fly home.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        power: Power,
        modes: Px4Modes,
        arming: Px4Arming,
        navigation: Px4Navigation,
    ) -> None:
        super().__init__(platform=platform, power=power, modes=modes, arming=arming)
        self._px4_modes = modes
        self._navigation = navigation

    def order_take_off(self) -> None:
        """AUTO.TAKEOFF."""
        if self._flight.craft.flies:
            self._px4_modes.take_off_up = self._flight.craft.limits.take_off_height
            self._px4_modes.enter(TAKE_OFF)

    def order_home(self) -> None:
        """AUTO.RTL, which lands."""
        if self._flight.activity not in (Activity.RETURN, Activity.LAND):
            self._navigation.go_home()
