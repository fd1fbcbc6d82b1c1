"""Rate policies: which samples are worth the link."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from aerostream_contract.channels import Channel, ColumnKind
from aerostream_contract.columns import Cell

from aerostream_edge.mapping import Sample
from aerostream_edge.recent import Recent


class RatePolicyName(StrEnum):
    """The policies that a user chooses from."""

    FULL = "full"
    """Every sample of every message."""
    STANDARD = "standard"
    """Rates and deadbands of the channel table; unnamed messages only on request."""


#: Samples come a little early and late; 0.9 keeps a 2 Hz stream of 2 Hz whole.
_EARLY = 0.9
#: What is forgotten goes out once more than it had to.
_MOST_SERIES = 4096


class StandardPolicy:
    """Decides, series by series, which samples policy `standard` keeps."""

    def __init__(self) -> None:
        self.attended: Collection[str] = frozenset()
        """Channels that somebody looks at: they go out at the rate of a page, and deadbands do
        not hold them back."""
        self._kept: Recent[tuple[int, str, str], tuple[int, tuple[Cell, ...]]]
        self._kept = Recent(_MOST_SERIES)

    def keeps(self, component: int, sample: Sample, now_us: int) -> bool:
        """Whether this sample goes out; `now_us` is a clock that never goes back."""
        channel = sample.channel
        attended = channel.name in self.attended
        rate = channel.attended_rate if attended else channel.rate
        if rate.rate_hz <= 0:
            return False
        key = (component, channel.name, sample.instance)
        kept = self._kept.used(key)
        if kept is not None:
            since_s = (now_us - kept[0]) / 1e6
            moved = _moved(channel, kept[1], sample.cells, within_deadband=attended)
            # Arming, mode and health must not wait for the rate.
            urgent = channel.name == "heartbeat" and moved
            too_soon = 0 <= since_s < _EARLY / rate.rate_hz
            quiet = not moved and 0 <= since_s < _EARLY * rate.silence_s
            if not urgent and (too_soon or quiet):
                return False
        self._kept.keep(key, (now_us, tuple(sample.cells)))
        return True


def _moved(
    channel: Channel, before: tuple[Cell, ...], now: Sequence[Cell], *, within_deadband: bool
) -> bool:
    """Whether a sample says something new; `within_deadband` counts every change."""
    for field, old, new in zip(channel.fields, before, now, strict=True):
        if old == new:
            continue
        if (
            within_deadband
            or field.kind is not ColumnKind.STEPS
            or not isinstance(old, int)
            or not isinstance(new, int)
            or abs(new - old) > field.deadband * field.steps
        ):
            return True
    return False
