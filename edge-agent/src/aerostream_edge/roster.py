"""Who is on the link: vehicles, their components, ground stations and radios, told apart."""

from collections import Counter

from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.vehicles import Heartbeat

from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.mavlink.messages import read_fields

HEARTBEAT = MESSAGES.named("HEARTBEAT").id
_RADIO_MESSAGES = frozenset(MESSAGES.named(name).id for name in ("RADIO_STATUS", "RADIO"))
#: MAV_COMP_ID_TELEMETRY_RADIO; SiK radios send as system 51, component 68.
_RADIO_COMPONENT = 68


def read_heartbeat(frame: Frame) -> Heartbeat:
    """The numbers of a HEARTBEAT frame."""
    values = read_fields(HEARTBEAT, frame.payload)
    return Heartbeat(*(values[name] for name in Heartbeat._fields))


class Roster:
    """Learns from heartbeats what each system and component is."""

    def __init__(self) -> None:
        self.heartbeats: Counter[int] = Counter()
        """Heartbeats of vehicles, by system id."""
        self.autopilots: dict[int, tuple[int, Heartbeat]] = {}
        """Component and newest heartbeat of each vehicle's autopilot, by system id."""
        self._ground_stations: set[tuple[int, int]] = set()

    def observe(self, frame: Frame) -> Heartbeat | None:
        """Take a frame; gives the heartbeat where it is one of a vehicle's autopilot."""
        if frame.message_id != HEARTBEAT:
            return None
        heartbeat = read_heartbeat(frame)
        sender = (frame.system, frame.component)
        if heartbeat.is_ground_station():
            self._ground_stations.add(sender)
            return None
        self._ground_stations.discard(sender)
        if not frame.system or not heartbeat.is_vehicle(frame.component):
            return None
        autopilot = self.autopilots.get(frame.system)
        # Of several that look like autopilots the lowest component is it: 1 by convention.
        if autopilot is not None and autopilot[0] < frame.component:
            return None
        self.heartbeats[frame.system] += 1
        self.autopilots[frame.system] = (frame.component, heartbeat)
        return heartbeat

    @property
    def vehicles(self) -> list[int]:
        """System ids of vehicles, the one with the most heartbeats first."""
        return sorted(self.heartbeats, key=lambda system: (-self.heartbeats[system], system))

    def is_vehicle(self, system: int) -> bool:
        """Whether a vehicle's heartbeat came from this system."""
        return system in self.heartbeats

    def is_ground_station(self, frame: Frame) -> bool:
        """Whether the sender announced itself as a ground station."""
        return (frame.system, frame.component) in self._ground_stations

    def is_radio(self, frame: Frame) -> bool:
        """Whether a telemetry radio sent it, as a system of its own."""
        if self.is_vehicle(frame.system) or self.is_ground_station(frame):
            return False
        return frame.component == _RADIO_COMPONENT or frame.message_id in _RADIO_MESSAGES
