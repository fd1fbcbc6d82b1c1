"""PX4's texts: for ground stations only, and kept until there is one."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from aerostream_sim.autopilots.part import Listener, Part
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.texts import Severity, chunked
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message

#: MAV_TYPE.
_GROUND_STATION = 6
#: A ground station is there if it beat within so many seconds.
_PRESENT_S = 3.0
_KEPT = 20
#: Texts come last, recorded up to 21 ms after what they are about.
_DELAY_S, _BETWEEN_S = 0.018, 0.05
_LOG = "2026-11-21/03_07_02.ulg"


class Px4Texts(Part):
    """Says texts, as far as somebody reads them.

    Args:
        platform: the vehicle.
        sender: sends them.
    """

    def __init__(self, *, platform: Platform, sender: Sender) -> None:
        self._platform = platform
        self._sender = sender
        self._kept: deque[list[Message]] = deque(maxlen=_KEPT)
        self._number = 0
        self._sent_s = 0.0
        self._ground_station_s = -1e9
        """When a ground station was heard last."""

    def say(self, severity: int, text: str) -> None:
        """Send a text, or keep it; a tab at its end tells that an EVENT says the same."""
        self._number = self._number % 0xFFFF + 1
        chunks = chunked(severity, text.encode("ascii") + b"\t", self._number)
        if self._is_read(self._sender.now_s):
            self._send(chunks)
        else:
            self._kept.append(chunks)

    def listeners(self) -> Mapping[str, Listener]:
        """Heartbeats of ground stations."""
        return {"HEARTBEAT": self._on_heartbeat}

    def restart(self) -> None:
        """What was kept is gone."""
        self._kept.clear()

    def boot(self) -> None:
        """A new log begins."""
        self.say(Severity.INFO, f"[logger] ./log/{_LOG}")

    def watch(self, _news: list[News]) -> None:
        """Send what was kept, as soon as there is a ground station."""
        if self._kept and self._is_read(self._platform.now_s):
            # Old ones first.
            for chunks in self._kept:
                self._send(chunks)
            self._kept.clear()

    def _on_heartbeat(self, message: Any) -> None:
        if message.type == _GROUND_STATION:
            self._ground_station_s = self._platform.now_s

    def _is_read(self, now_s: float) -> bool:
        return now_s - self._ground_station_s < _PRESENT_S

    def _send(self, chunks: list[Message]) -> None:
        self._sent_s = max(self._sender.now_s + _DELAY_S, self._sent_s + _BETWEEN_S)
        self._sender.outbox.add(self._sent_s, chunks)
