"""From heartbeats to flights: when a vehicle was armed. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aerostream_cloud.store import Run

SILENCE_US = 60_000_000
"""After so long without a heartbeat nobody knows whether the vehicle is still armed."""
LONGEST_SILENCE_US = 600_000_000
"""A vehicle that is armed before and after a silence of up to this flew on: it was out of reach."""


HOUR_US = 3_600_000_000
"""A vehicle that is on the ground day and night has heartbeats by the million; only the hours in
which it was armed are looked at closely."""


class Armed(NamedTuple):
    """A time in which a vehicle was armed."""

    start_us: int
    """The first armed heartbeat."""
    end_us: int
    """The first disarmed heartbeat; the last armed one where silence followed, or while it
    lasts."""
    ongoing: bool


def stretches(hours_us: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Times that hold all that matters for the periods in some hours, given by their starts.

    They reach beyond the hours by what may lie between an armed heartbeat and the next one that
    still belongs to it. Stretches that touch become one.
    """
    margin_us = LONGEST_SILENCE_US + 1
    start_us = end_us = None
    for hour_us in sorted(hours_us):
        first_us, last_us = hour_us - margin_us, hour_us + HOUR_US + margin_us
        if start_us is not None and end_us is not None:
            if first_us <= end_us:
                end_us = last_us
                continue
            yield start_us, end_us
        start_us, end_us = first_us, last_us
    if start_us is not None and end_us is not None:
        yield start_us, end_us


def armed_periods(runs: Iterable[Run], now_us: int) -> list[Armed]:
    """The times in which a vehicle was armed, oldest first.

    Args:
        runs: stretches of armed and not armed heartbeats, split where `SILENCE_US` passed
            without one.
        now_us: a period whose last heartbeat is no further from it than `SILENCE_US` still
            lasts. Heartbeats in the future are a wrong clock's, and tell nothing of now.
    """
    found: list[Armed] = []
    start_us: int | None = None
    last_us = 0
    for run in runs:
        if start_us is not None:
            silence_us = run.first_us - last_us
            flew_on = run.above and silence_us <= LONGEST_SILENCE_US
            if silence_us > SILENCE_US and not flew_on:
                found.append(Armed(start_us, last_us, ongoing=False))
                start_us = None
        if run.above:
            start_us = run.first_us if start_us is None else start_us
            last_us = run.last_us
        elif start_us is not None:
            found.append(Armed(start_us, run.first_us, ongoing=False))
            start_us = None
    if start_us is not None:
        found.append(Armed(start_us, last_us, ongoing=abs(now_us - last_us) <= SILENCE_US))
    return found
