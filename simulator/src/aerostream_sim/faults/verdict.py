"""The comparison of what was sent with what is stored."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aerostream_sim.faults.ledger import Kind, Sent
from aerostream_sim.faults.stored import Content, Drop, Stored

#: A message without a time of its own is stamped when it is received: on a busy machine late, but
#: not by as much as a clock jumps.
_LATEST_RECEIPT_US = 60_000_000

_Identity = tuple[Kind, int]


class Death(NamedTuple):
    """The end of an agent by SIGKILL or power cut."""

    drone: str
    at_s: float
    """When, by the laboratory's monotonic clock."""
    samples_s: float
    """Seconds of samples before it that the agent may not have written to its disk."""
    events_s: float
    """The same for events, which are written at once."""


class Found(NamedTuple):
    """A sample with which something is wrong."""

    drone: str
    sent: Sent


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all that the vehicles of a flight sent."""

    sent: int = 0
    """Samples that the vehicles sent."""
    stored: int = 0
    """Those of them that are in the store."""
    not_captured: int = 0
    """Not stored; sent while no agent was there, or just before its end, see `Death`."""
    dropped: int = 0
    """Not stored; the agent reported that it had to drop them."""
    lost: int = 0
    """Not stored, and nothing explains it."""
    duplicated: int = 0
    """Rows beyond the first of the same sample."""
    out_of_order: int = 0
    """Stored under a time that is not theirs."""
    unknown: int = 0
    """Rows that no vehicle sent."""
    missing: tuple[Found, ...] = field(default=(), repr=False)
    """The lost ones, in the order of their sending."""
    misplaced: tuple[Found, ...] = field(default=(), repr=False)
    """Those out of order, in the order of their sending."""

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.sent + other.sent,
            self.stored + other.stored,
            self.not_captured + other.not_captured,
            self.dropped + other.dropped,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            self.out_of_order + other.out_of_order,
            self.unknown + other.unknown,
            self.missing + other.missing,
            self.misplaced + other.misplaced,
        )

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.duplicated or self.out_of_order or self.unknown)


def judge(
    ledgers: Mapping[str, Sequence[Sent]], content: Content, deaths: Iterable[Death]
) -> Verdict:
    """Compare the ledgers of all drones with what is stored.

    Args:
        ledgers: what each drone sent, in that order.
        content: what is stored.
        deaths: ends of agents.
    """
    by_drone: defaultdict[str, list[Death]] = defaultdict(list)
    for death in deaths:
        by_drone[death.drone].append(death)
    drops: defaultdict[str, list[Drop]] = defaultdict(list)
    for drop in content.drops:
        drops[drop.drone].append(drop)
    total = Verdict()
    for drone in {**ledgers, **content.samples}:
        stored = content.samples.get(drone, [])
        total += _judge_drone(drone, ledgers.get(drone, ()), stored, by_drone[drone], drops[drone])
    return total


def _judge_drone(
    drone: str,
    ledger: Sequence[Sent],
    stored: Sequence[Stored],
    deaths: Sequence[Death],
    drops: Sequence[Drop],
) -> Verdict:
    times: defaultdict[_Identity, list[int]] = defaultdict(list)
    for row in stored:
        times[row.kind, row.sequence].append(row.time_us)
    known = {(sent.kind, sent.sequence) for sent in ledger}
    absent = [sent for sent in ledger if (sent.kind, sent.sequence) not in times]
    captured = [sent for sent in absent if not _is_excused(sent, deaths)]
    lost = _not_reported(captured, drops)
    misplaced = _misplaced(ledger, times)
    return Verdict(
        sent=len(ledger),
        stored=len(ledger) - len(absent),
        not_captured=len(absent) - len(captured),
        dropped=len(captured) - len(lost),
        lost=len(lost),
        duplicated=sum(len(rows) - 1 for key, rows in times.items() if key in known),
        out_of_order=len(misplaced),
        unknown=sum(len(rows) for key, rows in times.items() if key not in known),
        missing=tuple(Found(drone, sent) for sent in lost),
        misplaced=tuple(Found(drone, sent) for sent in misplaced),
    )


def _is_excused(sent: Sent, deaths: Sequence[Death]) -> bool:
    """Whether no agent was there to take it, or one that ended too soon."""
    connected_s = sent.connected_s
    if connected_s is None:
        return True
    return any(
        connected_s <= death.at_s
        and sent.sent_s >= death.at_s - (death.events_s if _is_event(sent) else death.samples_s)
        for death in deaths
    )


def _not_reported(captured: Sequence[Sent], drops: Sequence[Drop]) -> list[Sent]:
    """What is left when each report has explained as many as it says, within its time."""
    left = [[drop.samples, drop.frames] for drop in drops]
    lost = []
    for sent in captured:
        place = int(_is_event(sent))
        for drop, counts in zip(drops, left, strict=True):
            if drop.from_us <= sent.true_us <= drop.to_us and counts[place]:
                counts[place] -= 1
                break
        else:
            lost.append(sent)
    return lost


def _misplaced(ledger: Sequence[Sent], times: Mapping[_Identity, list[int]]) -> list[Sent]:
    """Samples under a wrong time.

    Where the agent knew the time, a sample's own time is exact, and that of a message without
    one is close. Where it did not, its host's clock may say anything, but samples stay in order.
    """
    misplaced = []
    newest: dict[tuple[Kind, int, float | None], int] = {}
    for sent in ledger:
        rows = times.get((sent.kind, sent.sequence))
        if not rows:
            continue
        off_us = rows[0] - sent.true_us
        if not sent.kind.has_own_time:
            wrong = sent.exact and abs(off_us) > _LATEST_RECEIPT_US
        elif sent.exact or not off_us:
            wrong = bool(off_us)
        else:
            series = (sent.kind, sent.boot, sent.connected_s)
            wrong = rows[0] <= newest.get(series, rows[0] - 1)
            newest[series] = rows[0]
        if wrong:
            misplaced.append(sent)
    return misplaced


def _is_event(sent: Sent) -> bool:
    return sent.kind is Kind.TEXT
