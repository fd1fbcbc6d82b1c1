"""Who looks at a drone: the channels of `dn/att`, remembered until they lapse."""

from aerostream_contract.channels import CHANNELS, channel_named
from aerostream_contract.errors import ContractError
from aerostream_contract.models import EVERY_CHANNEL, Attention

#: Names that were told as unknown; a sender that goes on inventing some is not told about.
_MAX_TOLD = 64


class AttendedChannels:
    """The channels of one drone that somebody looks at.

    Several bridges may ask, each for its own viewers: a channel is attended until the last of
    their requests has lapsed.
    """

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}
        self._told: set[str] = set()

    def ask(self, request: Attention, now_s: float) -> list[str]:
        """Take a request; gives the names in it that are no channel's and were not given before.

        Args:
            request: what is looked at, and for how long from now on.
            now_s: a clock that never goes back.
        """
        until_s = now_s + request.ttl_s
        unknown = []
        for name in request.channels:
            for channel in CHANNELS if name == EVERY_CHANNEL else (name,):
                if _is_channel(channel):
                    self._until_s[channel] = max(until_s, self._until_s.get(channel, until_s))
                elif channel not in self._told and len(self._told) < _MAX_TOLD:
                    self._told.add(channel)
                    unknown.append(channel)
        return unknown

    def at(self, now_s: float) -> frozenset[str]:
        """Names of the channels that are attended now; what has lapsed is forgotten."""
        if self._until_s:
            self._until_s = {name: end for name, end in self._until_s.items() if now_s < end}
        return frozenset(self._until_s)


def _is_channel(name: str) -> bool:
    try:
        channel_named(name)
    except ContractError:
        return False
    return True
