"""ArduPilot's texts: a STATUSTEXT each, also those of the boot."""

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.texts import CHUNK, chunked
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message


class ArduPilotTexts(Part):
    """Says texts.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles: what its boot says.
        sender: sends them.
    """

    def __init__(self, *, platform: Platform, facts: VehicleFacts, sender: Sender) -> None:
        self._platform = platform
        self._facts = facts
        self._sender = sender
        self._of_boot: list[tuple[float, int, str]] = []

    def say(self, severity: int, text: str) -> None:
        """Send a text, cut to what fits into one message."""
        self._sender.say(_message(severity, text))

    def say_later(self, delay_s: float, severity: int, text: str) -> None:
        """The same, after so many seconds."""
        self._sender.after(delay_s, _message(severity, text))

    def say_long(self, severity: int, text: str) -> None:
        """Send a text in as many messages as it needs."""
        for chunk in chunked(severity, text.encode("ascii"), 1):
            self._sender.say(chunk)

    def restart(self) -> None:
        """What the last boot did not come to say is never said."""
        self._of_boot = []

    def boot(self) -> None:
        """All that a boot says is to come."""
        self._of_boot = list(self._facts.texts)

    def watch(self, _news: list[News]) -> None:
        """Say what the boot has come to."""
        while self._of_boot and self._platform.boot_s >= self._of_boot[0][0]:
            _, severity, text = self._of_boot.pop(0)
            self.say(severity, text)


def _message(severity: int, text: str) -> Message:
    return dialect.MAVLink_statustext_message(severity, text.encode("ascii")[:CHUNK])
