"""ArduPilot's order of answers."""

import random
from dataclasses import dataclass, field

from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message

#: What comes within one round of its main loop is answered together.
_ONE_LOOP_S = 0.002


@dataclass(slots=True)
class _Answers:
    """Answers to what came at the same moment: one packet, the acknowledgements in front."""

    asked_s: float = -1.0
    sent_s: float = -1.0
    messages: list[Message] = field(default_factory=list)
    acks_end: int = 0


class ArduPilotSender(Sender):
    """Answers the commands of one moment in one packet: first all acknowledgements."""

    def __init__(
        self, *, platform: Platform, rnd: random.Random, ack_ms: tuple[float, float]
    ) -> None:
        super().__init__(platform=platform, rnd=rnd, ack_ms=ack_ms)
        self._answers = _Answers()

    def send_answer(self, early: list[Message], ack: list[Message], late: list[Message]) -> None:
        """Send with the answers of the same moment, or in a packet of its own."""
        now_s, answers = self.now_s, self._answers
        if now_s - answers.asked_s < _ONE_LOOP_S and now_s < answers.sent_s:
            answers.messages[answers.acks_end : answers.acks_end] = [*early, *ack]
            answers.acks_end += len(early) + len(ack)
            answers.messages += late
            return
        due_s = max(now_s + self.delay_s(), answers.sent_s)
        messages = [*early, *ack, *late]
        if messages:  # nothing can be answered together with no answer
            self._answers = _Answers(now_s, due_s, messages, len(early) + len(ack))
            self.outbox.add(due_s, messages)
