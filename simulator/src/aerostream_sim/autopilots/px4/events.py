"""PX4's events: its reasons, for everybody on the link."""

from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.px4 import raw
from aerostream_sim.autopilots.px4.event_table import EventType
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.flight.platform import Platform

#: It starts to count close to the end, so that a wrap comes early.
_FIRST_NUMBER = 65526


class Px4Events(Part):
    """Sends and counts events.

    Args:
        platform: the vehicle.
        sender: sends them.
    """

    def __init__(self, *, platform: Platform, sender: Sender) -> None:
        self._platform = platform
        self._sender = sender
        self.number = _FIRST_NUMBER
        """Of the last event; its lower 16 bits are sent."""

    def restart(self) -> None:
        """Count from the start."""
        self.number = _FIRST_NUMBER

    def say(self, kind: EventType, arguments: bytes = b"") -> None:
        """Send an EVENT; no ground station is needed."""
        self.number += 1
        boot_ms = max(0, round(self._platform.boot_s * 1e3)) & 0xFFFFFFFF
        self._sender.say(
            raw.event(
                kind=kind.id,
                levels=kind.levels,
                boot_ms=boot_ms,
                number=self.number,
                arguments=arguments,
            )
        )
