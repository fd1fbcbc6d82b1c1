"""A part of an autopilot: what all of them may do."""

from collections.abc import Callable, Mapping
from typing import Any

from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.flight.flight import News

#: Answers a command.
Handler = Callable[[Command], Result]
#: Takes a pymavlink message.
Listener = Callable[[Any], None]


class Part:
    """Something that an autopilot does; each method may stay as it is here."""

    def handlers(self) -> Mapping[int, Handler]:
        """The commands that it answers, by MAV_CMD."""
        return {}

    def listeners(self) -> Mapping[str, Listener]:
        """The messages that it listens to, by name."""
        return {}

    def restart(self) -> None:
        """Power is on: forget what was before."""

    def boot(self) -> None:
        """Power came just now, not long ago: begin to boot; follows `restart`."""

    def watch(self, news: list[News]) -> None:
        """Do what is due at the platform's time, and what the flight's news ask for."""


def addressed(message: Any, system: int) -> bool:
    """Whether a message with a target is for this system, or for all."""
    return message.target_system in (system, 0)
