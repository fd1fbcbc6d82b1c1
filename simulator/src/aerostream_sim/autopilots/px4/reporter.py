"""What PX4 does and tells when something happens in flight."""

from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.px4 import event_table as event
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.mission import Px4Mission
from aerostream_sim.autopilots.px4.mode_table import LOITER, MISSION, TAKE_OFF
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.autopilots.px4.texts import Px4Texts
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import Activity, Flight, News


class Px4Reporter(Part):
    """Takes the flight's news.

    Args:
        flight: of the vehicle.
        modes: what news mean depends on the mode.
        mission: goes on with them.
        events: tell them.
        texts: say the same.
    """

    def __init__(
        self,
        *,
        flight: Flight,
        modes: Px4Modes,
        mission: Px4Mission,
        events: Px4Events,
        texts: Px4Texts,
    ) -> None:
        self._flight = flight
        self._modes = modes
        self._mission = mission
        self._events = events
        self._texts = texts

    def watch(self, news: list[News]) -> None:
        """Tell each."""
        for each in news:
            self._tell(each)

    def _tell(self, news: News) -> None:
        flight, modes = self._flight, self._modes
        match news:
            case News.TAKE_OFF_DETECTED:
                self._texts.say(Severity.INFO, "Takeoff detected")
                self._events.say(event.TAKE_OFF_DETECTED)
            case News.HEIGHT_REACHED if modes.mode == TAKE_OFF:
                modes.mode = LOITER
            case News.HEIGHT_REACHED if modes.mode == MISSION:
                flight.fly_round()
            case News.LANDED:
                self._texts.say(Severity.INFO, "Landing detected")
                self._events.say(event.LANDING_DETECTED)
            case News.HOME if flight.activity is Activity.RETURN:
                self._texts.say(Severity.INFO, "RTL: land at destination")
                self._events.say(event.RETURN_LANDS)
                if not flight.craft.hovers:
                    flight.land()
            case News.WAYPOINT:
                self._mission.reach()
