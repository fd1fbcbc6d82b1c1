"""Who looks at which drone closely, and what to tell the drones. Pure: time comes in.

A drone is told at once when somebody begins to look, soon when somebody looks at more, and then
again every few seconds as long as somebody looks. Nobody tells it of the end: the word lapses.
Until then it counts as told, so looking away and back again costs the drone's link nothing.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from math import inf

from aerostream_contract.models import EVERY_CHANNEL, Attention

REPEAT_S = 3.0
TTL_S = 10.0
"""How long a word holds; two may be lost."""
MORE_S = 0.5
"""A drone is told of further channels no more often than this."""
MAX_NAMED = 64
"""Channels that a word can name; who looks at more looks at all."""

MOVING = frozenset({"attitude", "position", "vfr"})
"""What is meant by all channels: what a person sees move. Everything at the rate of a page would
be some twenty messages five times a second, more than a thin link should carry unasked; who wants
another channel quicker names it."""

Channels = frozenset[str]


@dataclass(slots=True)
class _Looked:
    """A drone that somebody looks at, or of which a word still holds."""

    viewers: dict[Hashable, Channels] = field(default_factory=dict)
    told: Channels = frozenset()
    due_s: float = -inf
    """When it is to be told again."""
    more_due_s: float = -inf
    """When it may be told of more."""
    lapses_s: float = -inf
    """When it forgets what it was told."""

    @property
    def channels(self) -> Channels:
        """What all viewers together look at."""
        together: set[str] = set()
        for channels in self.viewers.values():
            together |= channels
        return frozenset(together)


class AttentionBook:
    """The drones that are looked at, by whom."""

    def __init__(self) -> None:
        self._looked: dict[str, _Looked] = {}
        self._drones: dict[Hashable, frozenset[str]] = {}

    def __len__(self) -> int:
        return sum(bool(looked.viewers) for looked in self._looked.values())

    def look(self, viewer: Hashable, drones: Iterable[str], channels: Channels | None) -> None:
        """A viewer looks at these drones and channels (None: all), and no longer at others."""
        self.look_away(viewer)
        looked = self._drones[viewer] = frozenset(drones)
        wanted = MOVING if channels is None else channels
        for drone in looked:
            self._looked.setdefault(drone, _Looked()).viewers[viewer] = wanted

    def look_away(self, viewer: Hashable) -> None:
        """A viewer looks at nothing any more."""
        for drone in self._drones.pop(viewer, ()):
            del self._looked[drone].viewers[viewer]

    def due(self, now_s: float) -> list[tuple[str, Attention]]:
        """Drones that are to be told now, and what."""
        words = []
        for drone, looked in list(self._looked.items()):
            if not looked.viewers:
                if now_s >= looked.lapses_s:
                    del self._looked[drone]
                continue
            channels = looked.channels
            is_more = not channels <= looked.told
            if now_s >= (looked.more_due_s if is_more else looked.due_s):
                looked.told, looked.due_s = channels, now_s + REPEAT_S
                looked.more_due_s, looked.lapses_s = now_s + MORE_S, now_s + TTL_S
                words.append((drone, _word(channels)))
        return words


def _word(channels: Channels) -> Attention:
    named = len(channels) <= MAX_NAMED
    return Attention(sorted(channels) if named else [EVERY_CHANNEL], TTL_S)
