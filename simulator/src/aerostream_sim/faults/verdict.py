"""The comparison of what was sent with what is stored."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aerostream_sim.faults.harm import Death, Harm, Window
from aerostream_sim.faults.ledger import Kind, Sent
from aerostream_sim.faults.stored import Content, Drop, Stored

#: A message without a time of its own is stamped when it is received: on a busy machine late, but
#: not by as much as a clock jumps.
_LATEST_RECEIPT_US = 60_000_000
#: What an agent drops for want of room; nothing else is excused by its report.
_NO_ROOM = "full"
#: So long it may take until an agent knows that its broker is gone, and until it has restamped.
_TURN_S = 1.0
#: From when it was told until no death can make it forget.
_ON_DISK_S = 3.0

_Identity = tuple[Kind, int]


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
    """Not stored; sent while the laboratory kept the agent down or it started again, or just
    before its end, see `Death`."""
    dropped: int = 0
    """Not stored; the agent reported that it had to drop them when its disk was full."""
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


def judge(ledgers: Mapping[str, Sequence[Sent]], content: Content, harm: Harm) -> Verdict:
    """Compare the ledgers of all drones with what is stored.

    Args:
        ledgers: what each drone sent, in that order.
        content: what is stored.
        harm: what was done to agents and links.
    """
    deaths: defaultdict[str, list[Death]] = defaultdict(list)
    for death in harm.deaths:
        deaths[death.drone].append(death)
    drops: defaultdict[str, list[Drop]] = defaultdict(list)
    for drop in content.drops:
        if drop.reason == _NO_ROOM and drop.drone in harm.full:
            drops[drop.drone].append(drop)
    total = Verdict()
    for drone in {**ledgers, **content.samples}:
        total += _judge_drone(
            drone,
            ledgers.get(drone, ()),
            content.samples.get(drone, []),
            deaths[drone],
            drops[drone],
            harm.unlinked(drone),
        )
    return total


def _judge_drone(
    drone: str,
    ledger: Sequence[Sent],
    stored: Sequence[Stored],
    deaths: Sequence[Death],
    drops: Sequence[Drop],
    unlinked: Sequence[Window],
) -> Verdict:
    times: defaultdict[_Identity, list[int]] = defaultdict(list)
    for row in stored:
        times[row.kind, row.sequence].append(row.time_us)
    known = {(sent.kind, sent.sequence) for sent in ledger}
    absent = [sent for sent in ledger if (sent.kind, sent.sequence) not in times]
    captured = [sent for sent in absent if not _is_excused(sent, deaths)]
    lost = _not_reported(captured, drops)
    misplaced = _misplaced(ledger, times, unlinked, deaths)
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
    """Whether the agent had been killed and was not back yet, or was killed too soon after."""
    for death in deaths:
        since_s = death.at_s
        if sent.connected_s is not None:
            since_s -= death.events_s if _is_event(sent) else death.samples_s
        is_its = sent.connected_s is None or sent.connected_s <= death.at_s
        if is_its and since_s <= sent.sent_s <= death.until_s:
            return True
    return False


def _not_reported(captured: Sequence[Sent], drops: Sequence[Drop]) -> list[Sent]:
    """What is left when each report has explained as many as it says, within its time."""
    left = [[drop.samples, drop.events] for drop in drops]
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


def _misplaced(
    ledger: Sequence[Sent],
    times: Mapping[_Identity, list[int]],
    unlinked: Sequence[Window],
    deaths: Sequence[Death],
) -> list[Sent]:
    """Samples under a wrong time.

    Where the agent knew the time, a sample's own time is exact, and that of a message without
    one is close. Where it did not, its host's clock may say anything, but samples stay in order;
    where it learnt the time before it could publish them, they are exact too.
    """
    misplaced = []
    told: dict[tuple[int, float | None], float] = {}
    for sent in ledger:
        if sent.kind is Kind.SYSTEM_TIME:
            told.setdefault((sent.boot, sent.connected_s), sent.sent_s)
    newest: dict[tuple[Kind, int, float | None], int] = {}
    for sent in ledger:
        rows = times.get((sent.kind, sent.sequence))
        if not rows:
            continue
        off_us = rows[0] - sent.true_us
        if not sent.kind.has_own_time:
            wrong = sent.exact and abs(off_us) > _LATEST_RECEIPT_US
        elif not off_us:
            wrong = False
        elif sent.exact or _learnt_in_time(sent, told, unlinked, deaths):
            wrong = True
        else:
            series = (sent.kind, sent.boot, sent.connected_s)
            wrong = rows[0] <= newest.get(series, rows[0] - 1)
            newest[series] = rows[0]
        if wrong:
            misplaced.append(sent)
    return misplaced


def _learnt_in_time(
    sent: Sent,
    told: Mapping[tuple[int, float | None], float],
    unlinked: Sequence[Window],
    deaths: Sequence[Death],
) -> bool:
    """Whether its agent was told the time of the boot while it could not have published it."""
    told_s = told.get((sent.boot, sent.connected_s))
    return (
        told_s is not None
        and sent.connected_s is not None
        and any(
            window.from_s + _TURN_S <= sent.sent_s and told_s + _TURN_S <= window.to_s
            for window in unlinked
        )
        and not any(sent.sent_s <= death.at_s <= told_s + _ON_DISK_S for death in deaths)
    )


def _is_event(sent: Sent) -> bool:
    return sent.kind is Kind.TEXT
