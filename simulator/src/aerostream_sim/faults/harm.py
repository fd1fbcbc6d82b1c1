"""What the laboratory did to agents and their links, as far as it explains what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Death(NamedTuple):
    """The end of an agent by SIGKILL or power cut."""

    drone: str
    at_s: float
    """When, by the laboratory's monotonic clock."""
    samples_s: float
    """Seconds of samples before it that the agent may not have written to its disk."""
    events_s: float
    """The same for events, which are written at once."""
    until_s: float = float("inf")
    """When its successor must be there: from then on it excuses nothing."""


class Window(NamedTuple):
    """A stretch of time, by the laboratory's monotonic clock."""

    from_s: float
    to_s: float

    def overlaps(self, other: "Window") -> bool:
        """Whether they share a moment."""
        return self.from_s <= other.to_s and other.from_s <= self.to_s


@dataclass(slots=True)
class Harm:
    """All that was done so far; the laboratory adds to it while it breaks."""

    deaths: list[Death] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    """Drones whose spool had no room."""
    broker_down: list[Window] = field(default_factory=list)
    bad_links: dict[str, list[Window]] = field(default_factory=dict)
    """By drone: when its link to the broker was cut or bad."""

    def unlinked(self, drone: str) -> Sequence[Window]:
        """When the agent knew that it had no broker, and could publish nothing.

        Only an end of the broker tells it so: into a link that is cut it goes on to write.
        """
        bad = self.bad_links.get(drone, [])
        return [down for down in self.broker_down if not any(map(down.overlaps, bad))]

    def copy(self) -> "Harm":
        """As it is now."""
        links = {drone: list(windows) for drone, windows in self.bad_links.items()}
        return Harm(list(self.deaths), set(self.full), list(self.broker_down), links)
