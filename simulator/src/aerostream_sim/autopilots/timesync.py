"""TIMESYNC: what another asks for is answered with the time since power-on."""

from collections.abc import Mapping
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.part import Listener, Part
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.flight.platform import Platform


class Timesync(Part):
    """Answers TIMESYNC.

    Args:
        platform: the vehicle, whose time is told.
        sender: sends the answers.
    """

    def __init__(self, *, platform: Platform, sender: Sender) -> None:
        self._platform = platform
        self._sender = sender

    def listeners(self) -> Mapping[str, Listener]:
        """TIMESYNC."""
        return {"TIMESYNC": self._on_timesync}

    def _on_timesync(self, message: Any) -> None:
        # Another time than 0 is itself an answer.
        if message.tc1 == 0:
            answer = dialect.MAVLink_timesync_message(self.boot_ns, message.ts1)
            self._sender.after(self._sender.delay_s(), answer)

    @property
    def boot_ns(self) -> int:
        """Nanoseconds since power-on."""
        return round(self._platform.boot_s * 1e9)
