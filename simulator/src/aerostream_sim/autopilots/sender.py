"""How an autopilot sends: now, later, or with the answer to a command."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable

from aerostream_sim.autopilots.outbox import Outbox
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message


class Sender(ABC):
    """Puts messages into the outbox in the autopilot's order and time.

    Args:
        platform: the vehicle.
        rnd: where delays come from.
        ack_ms: milliseconds to an answer, recorded: median, and 95 of 100.
    """

    def __init__(
        self, *, platform: Platform, rnd: random.Random, ack_ms: tuple[float, float]
    ) -> None:
        self.outbox = Outbox()
        self.heard_s = 0.0
        """When something was heard last."""
        self._platform = platform
        self._rnd = rnd
        self._ack_ms = ack_ms
        self._early: list[Message] | None = None
        self._late: list[Message] | None = None

    @property
    def now_s(self) -> float:
        """The moment: of the last step, or of what was heard since."""
        return max(self._platform.now_s, self.heard_s)

    def say(self, *messages: Message, early: bool = False) -> None:
        """Send messages now; while a command is answered, with or before its answer."""
        if self._late is None or self._early is None:
            self.outbox.add(self._platform.now_s, messages)
        elif early:
            self._early.extend(messages)
        else:
            self._late.extend(messages)

    def after(self, delay_s: float, *messages: Message) -> None:
        """Send messages later."""
        self.outbox.add(self.now_s + delay_s, messages)

    def delay_s(self) -> float:
        """How long this answer takes."""
        median, longest = self._ack_ms
        return min(longest, self._rnd.lognormvariate(0.0, 0.45) * median) * 1e-3

    def answer(self, find: Callable[[], Message | None]) -> None:
        """Find an acknowledgement, and send it together with what is said meanwhile.

        Args:
            find: does what was asked for; none: it is not acknowledged.
        """
        early: list[Message] = []
        late: list[Message] = []
        self._early, self._late = early, late
        ack = find()
        self._early = self._late = None
        self.send_answer(early, [] if ack is None else [ack], late)

    @abstractmethod
    def send_answer(self, early: list[Message], ack: list[Message], late: list[Message]) -> None:
        """Send these in this autopilot's order and time; answers never overtake each other."""
