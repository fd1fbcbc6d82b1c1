"""PX4's order of answers."""

import random

from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message

_ACK_MS = (6.0, 15.0)
_AT_ONCE_S, _BETWEEN_ACKS_S = 0.001, 0.004


class Px4Sender(Sender):
    """Sends what was asked for at once; acknowledgements follow one by one.

    Args:
        platform: the vehicle.
        rnd: where delays come from.
    """

    def __init__(self, *, platform: Platform, rnd: random.Random) -> None:
        super().__init__(platform=platform, rnd=rnd, ack_ms=_ACK_MS)
        self._answered_s = 0.0

    def send_answer(self, early: list[Message], ack: list[Message], late: list[Message]) -> None:
        """Send the early ones apart from the acknowledgement and what follows it."""
        now_s = self.now_s
        self.outbox.add(now_s + _AT_ONCE_S, early)
        self._answered_s = max(now_s + self.delay_s(), self._answered_s + _BETWEEN_ACKS_S)
        self.outbox.add(self._answered_s, [*ack, *late])
