"""How an operator's orders are done with ArduPilot."""

from aerostream_sim.autopilots.ardupilot.arming import ArduPilotArming
from aerostream_sim.autopilots.ardupilot.mission import ArduPilotMission
from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.orders import Orders
from aerostream_sim.autopilots.power import Power
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform


class ArduPilotOrders(Orders):
    """An operator's orders.

    Args:
        platform: the vehicle.
        power: of the autopilot.
        modes: its modes.
        arming: arms it.
        facts: which of ArduPilot's vehicles.
        mission: a plane's ends with its landing.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        power: Power,
        modes: ArduPilotModes,
        arming: ArduPilotArming,
        facts: VehicleFacts,
        mission: ArduPilotMission,
    ) -> None:
        super().__init__(platform=platform, power=power, modes=modes, arming=arming)
        self._facts = facts
        self._mission = mission

    def order_take_off(self) -> None:
        """A copter takes off; a plane does so by itself in TAKEOFF."""
        if self._platform.kind is Kind.COPTER:
            self._flight.take_off(self._flight.craft.limits.take_off_height)

    def order_home(self) -> None:
        """RTL; a plane's landing is the end of its mission."""
        modes = self._modes
        if self._platform.kind is not Kind.PLANE:
            modes.enter(self._facts.rtl)
            return
        if self._flight.activity is Activity.LAND:
            return
        if modes.mode != modes.mission_mode:
            modes.enter(modes.mission_mode)
        self._flight.land()
        self._mission.tell_landing()
