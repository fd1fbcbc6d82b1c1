"""What ArduPilot does and tells when something happens in flight."""

import math

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot.mission import ArduPilotMission
from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform

_ALIGNED_AFTER_S = 2.0


class ArduPilotReporter(Part):
    """Takes the flight's news.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        modes: what news mean depends on the mode.
        mission: goes on with them.
        texts: what it says.
        sender: sends what is no text.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        facts: VehicleFacts,
        modes: ArduPilotModes,
        mission: ArduPilotMission,
        texts: ArduPilotTexts,
        sender: Sender,
    ) -> None:
        self._platform = platform
        self._flight = platform.flight
        self._facts = facts
        self._modes = modes
        self._mission = mission
        self._texts = texts
        self._sender = sender

    def watch(self, news: list[News]) -> None:
        """Tell each."""
        for each in news:
            self._tell(each)

    def _tell(self, news: News) -> None:
        flight = self._flight
        match news:
            case News.WAYPOINT:
                item = self._mission.first_item + flight.waypoint
                self._sender.say(dialect.MAVLink_mission_item_reached_message(item))
                self._mission.tell_reached(item)
                self._mission.tell_item()
            case News.HEIGHT_REACHED if self._modes.mode == self._facts.auto:
                flight.fly_round()
                self._mission.tell_item()
            case News.POINT if self._modes.mode == self._facts.guided:
                if self._platform.kind is not Kind.COPTER:
                    self._sender.say(dialect.MAVLink_mission_item_reached_message(0))
            case News.TAKE_OFF_DETECTED if flight.craft.hovers:
                for number in (0, 1):
                    text = f"EKF3 IMU{number} MAG0 in-flight yaw alignment complete"
                    self._texts.say_later(_ALIGNED_AFTER_S, Severity.INFO, text)
            case News.LANDED if not flight.craft.hovers:
                distance = math.hypot(flight.motion.north, flight.motion.east)
                self._texts.say(Severity.INFO, f"Distance from LAND point={distance:.2f}m")
