"""What of a spool is new, sent, or waits to go again. Pure: time comes in, work goes out.

An item is put, written to the file, published live, and forgotten when an acknowledgement names
it. What was not published while it was new, or not acknowledged in time, waits and goes again
as history, the newest first.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from aerostream_contract.ranges import RangeSet

from aerostream_edge.spool.history import History
from aerostream_edge.spool.item import Drop, Item, Kind
from aerostream_edge.spool.live import Live
from aerostream_edge.spool.restamp import Move, Restamp, restamped
from aerostream_edge.spool.work import Opened, Run, Write

#: What waited longer than this to be published is history.
LIVE_S = 5.0
#: While the time is a guess so many numbers are sealed at once, which costs a sync.
_SEALED_AHEAD = 64
#: Numbers that are reserved at once, which costs one write to the disk.
BLOCK = 1000
#: Acknowledged items are deleted with the next write, or after this time.
_DELETE_AFTER_S = 5.0
#: A sync that would come this much later than promised comes now.
_EARLY_S = 0.25
_AGE_CHECK_S = 60.0
#: Connections of one start of the agent.
_SESSIONS = 1_000_000


class Host(NamedTuple):
    """The host's clock in this run of the agent."""

    boot: str
    """Which boot of the host it is; runs of one boot share their monotonic clock."""
    base_us: int
    """UTC minus the monotonic clock, as the host believes."""


class Spool:
    """Numbered items of one drone, between mapping and the database.

    Args:
        opened: what the file has in it.
        host: the clock that stamps until the true time is told; its monotonic clock is the
            caller's, whose seconds the methods take.
        fsync_s: seconds of telemetry that a power cut may take.
        max_age_us: age at which items go; None for no limit.
        live_s: age of its oldest sample from which on an item is history.
        wake: called when there is something to write or to send.
    """

    def __init__(
        self,
        *,
        opened: Opened,
        host: Host,
        fsync_s: float,
        max_age_us: int | None,
        live_s: float = LIVE_S,
        wake: Callable[[], None],
    ) -> None:
        self._host = host
        self._fsync_s = fsync_s
        self._max_age_us = max_age_us
        self._live_s = live_s
        self._wake = wake
        self._connected = False
        self._hurried = False
        self._guessing = True
        self.moves = 0
        """How often times moved; a batch of history that was read before is not sent."""
        self._begin(opened)

    def _begin(self, opened: Opened) -> None:
        self.epoch = opened.epoch
        self.first_session = opened.starts * _SESSIONS
        """Numbers of sessions count from here: they grow across starts of the agent."""
        self._next = self._reserved = opened.next_number
        self._sealed = self._sealed_at_start = opened.sealed
        self.history = History(opened.pending)
        """What is in the file and was not new when it could be sent, or was sent."""
        self._has_restamps = bool(opened.restamps)
        self._earlier = opened.runs
        self._sure = not self._guessing
        """Whether times are the true ones, and the file knows."""
        told = None if self._guessing else self._next
        self._run = Run(self._next, self._host.boot, self._host.base_us, told)
        self._run_written = False
        self._told: Run | None = None
        self._new_restamps: list[Restamp] = []
        self._unwritten: list[Item] = []
        self._writing: list[Item] = []
        self._live = Live()
        self._uncertain: set[int] = set()
        """Items whose write failed: the file may have them all the same."""
        self._stored = RangeSet()
        self._stored_since_s: float | None = None
        self._refused: list[int] = []
        self._unsynced = RangeSet()
        self._unsynced_since_s: float | None = None
        self._age_checked_s: float | None = None
        self._drops: dict[str, Drop] = {drop.reason: drop for drop in opened.drops}
        self._reported: list[Drop] = []

    def __len__(self) -> int:
        """Items that are not known to be stored."""
        return len(self._unwritten) + len(self._writing) + len(self._live) + len(self.history)

    @property
    def next_number(self) -> int:
        """The number that is given next."""
        return self._next

    # --- from the drone -----------------------------------------------------------------

    def reserve(self) -> int:
        """The next number; never given twice in an epoch.

        Nothing with it is published before a block that includes it is on the disk.
        """
        self._next += 1
        return self._next - 1

    def put(self, item: Item) -> None:
        """Keep an item; it is published when it is written."""
        self._unwritten.append(item)
        self._wake()

    def told(self, offset_us: int) -> None:
        """The autopilot told the true time; what it tells of this run comes as `restamp`.

        Args:
            offset_us: UTC minus the receipt clock of this run.
        """
        if not self._guessing:
            return
        self._guessing = False
        self.moves += 1
        self._told = Run(self._next, self._host.boot, self._host.base_us, self._next)
        if not self._run_written:
            self._run = self._told._replace(first=self._run.first)
        for run, after in pairwise([*self._earlier, self._run]):
            by_us = offset_us + self._host.base_us - run.base_us
            same_boot = bool(self._host.boot) and run.host_boot == self._host.boot
            if run.told is not None or not same_boot or not by_us:
                continue
            ranges = self._unseen(max(run.first, self._sealed_at_start), after.first)
            if ranges:
                self._new_restamps.append(Restamp(ranges, everything_us=by_us))
        self._wake()

    def restamp(self, moves: Sequence[Move]) -> None:
        """Move the times of what nobody has seen of this run."""
        self.moves += 1
        for item in self._unwritten:
            moved = Restamp([(item.number, item.number)], list(moves))
            item.payload = moved.applied(item.number, item.kind, item.payload)
            item.from_us += moved.about_us(item.number)
            item.to_us += moved.about_us(item.number)
        # What is written and was about to go live has its old times: it goes by the file.
        for item in self._live.clear():
            self.history.waiting.add(item.number)
        ranges = self._unseen(self._run.first, self._next)
        if ranges:
            self._new_restamps.append(Restamp(ranges, list(moves)))
            self._wake()

    def _unseen(self, first: int, end: int) -> list[tuple[int, int]]:
        """What is in the file (or on its way there), from `first` to before `end`, never sent."""
        return self.history.unseen(first, end, (item.number for item in self._writing))

    # --- the file -----------------------------------------------------------------------

    def next_write(self, now_s: float, utc_us: int | None) -> Write | None:
        """What is to be written now, if anything.

        Args:
            now_s: the caller's clock.
            utc_us: UTC, where an autopilot told it; else nothing is too old.
        """
        self._expire(now_s)
        items = self._unwritten
        write = Write(items=items, restamps=self._new_restamps, reported=self._reported)
        write.refused = self._refused
        write.told = self._told
        if self._guessing and self._connected and self._next > self._sealed:
            write.seal = self._next + _SEALED_AHEAD
        if self._age_is_due(now_s) and self._max_age_us is not None and utc_us is not None:
            write.too_old_us = utc_us - self._max_age_us
        write.durable = (
            bool(write.restamps or write.told)
            or write.seal is not None
            or any(not self._fsync_s or item.kind is not Kind.TELEMETRY for item in items)
        )
        some = (items, write.refused, write.durable, write.too_old_us is not None)
        deletes = self._stored_since_s is not None and (
            self._hurried or now_s - self._stored_since_s >= _DELETE_AFTER_S
        )
        if not any(some) and not deletes:
            return None
        if items and not self._run_written:
            write.run = self._run
        if items and items[-1].number >= self._reserved:
            write.reserve = items[-1].number + 1 + BLOCK
            write.durable = True
        write.stored = list(self._stored)
        write.forget_restamps = self._has_restamps and not len(self.history)
        self._writing = items
        self._unwritten, self._new_restamps, self._refused = [], [], []
        self._reported, self._told, self._stored_since_s = [], None, None
        self._stored = RangeSet()
        return write

    def written(self, write: Write, drops: Sequence[Drop], now_s: float) -> None:
        """A write is in the file: what was new in it may be published."""
        self._reserved = max(self._reserved, write.reserve or 0)
        self._sealed = max(self._sealed, write.seal or 0)
        self._sure = self._sure or write.told is not None
        self._run_written = self._run_written or write.run is not None
        self._has_restamps = bool(write.restamps) or (
            self._has_restamps and not write.forget_restamps
        )
        self._writing = []
        self._uncertain.clear()
        moved = write.restamps + self._new_restamps
        for item in write.items:
            if any(restamp.is_for(item.number) for restamp in moved):
                self.history.waiting.add(item.number)
            else:
                self._live.add(item)
        if write.durable:
            self.synced()
        elif write.items:
            for item in write.items:
                self._unsynced.add(item.number)
            since_s = min(map(self._received_s, write.items))
            self._unsynced_since_s = min(self._unsynced_since_s or since_s, since_s)
        for drop in drops:
            self._dropped(drop)
        self._expire(now_s)

    def sync_is_due(self, now_s: float) -> bool:
        """Whether what is written has to go to the disk now, or a power cut takes too much."""
        since_s = self._unsynced_since_s
        return since_s is not None and now_s - since_s >= self._fsync_s - _EARLY_S

    def synced(self) -> None:
        """All that was written is on the disk."""
        self._unsynced.clear()
        self._unsynced_since_s = None

    def take_back(self, write: Write, now_s: float) -> None:
        """A write failed: all of it is still to be written."""
        self._unwritten = write.items + self._unwritten
        self._writing = []
        self._uncertain.update(item.number for item in write.items)
        for first, last in write.stored:
            self._stored.add(first, last)
            self._stored_since_s = now_s
        self._new_restamps = write.restamps + self._new_restamps
        self._refused = write.refused + self._refused
        self._reported = write.reported + self._reported
        self._told = write.told or self._told

    def moved(self, opened: Opened, *, is_lost: bool) -> list[Item]:
        """Another file takes the place of this one; what is known of this one is forgotten.

        Args:
            opened: what the other one has in it.
            is_lost: nobody will read this file again.

        Gives the items that were not published, and are in no file that will be read: they are to
        be put again.
        """
        at_hand = [*self._writing, *self._unwritten]
        if is_lost:
            at_hand += self._live
        elif self._guessing:
            # In this file their times may move later: they must not be seen with others.
            at_hand = [item for item in at_hand if item.number not in self._uncertain]
        at_hand = [restamped(self._new_restamps, item) for item in at_hand]
        drops = self._drops
        self._begin(opened)
        for drop in drops.values():
            self._add_drop(drop)
        return sorted(at_hand, key=lambda item: item.number)

    @property
    def is_sure(self) -> bool:
        """Whether times are the true ones, and the file knows."""
        return self._sure

    def written_numbers(self) -> list[int]:
        """All that is in the file and not known to be stored, the newest first."""
        numbers = self.history.numbers()
        for item in self._live:
            numbers.add(item.number)
        return list(numbers.from_highest())

    def was_seen(self, number: int) -> None:
        """An item was published under another number: its times stay."""
        self.history.flights.seen.add(number)

    def gave_up(self, drop: Drop) -> None:
        """Count what is out of reach, to be reported."""
        self._add_drop(drop)

    @property
    def has_drops(self) -> bool:
        """Whether something was given up that is not yet reported."""
        return bool(self._drops)

    def take_drops(self) -> list[Drop]:
        """What was given up and is not yet reported; the next write forgets it.

        The caller puts an event that tells of it before that write.
        """
        drops = list(self._drops.values())
        self._drops.clear()
        self._reported += drops
        return drops

    # --- to the broker ------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether what is new can be published now."""
        return self._connected

    @connected.setter
    def connected(self, connected: bool) -> None:
        self._connected = connected
        self._wake()

    def hurry(self) -> None:
        """From now on everything is written at once, and on the disk: the agent stops."""
        self._hurried = True
        self._fsync_s = 0.0

    def next_live(self, now_s: float) -> Item | None:
        """The item to publish next of those that are new; reports and events come first."""
        self._expire(now_s)
        item = self._live.first
        return item if item is not None and self._may_go(item.number) else None

    def sent_live(self, item: Item, now_s: float) -> None:
        """The item that `next_live` gave went out."""
        self._live.sent(item)
        self.history.flights.sent(item.number, now_s)

    @property
    def has_live(self) -> bool:
        """Whether something new waits to be published."""
        return bool(len(self._live))

    def choose(self, now_s: float) -> list[int]:
        """Numbers of history to send together, the newest first, to be read from the file.

        They are to be told as sent, given back, or missing.
        """
        self._refused += self.history.land_overdue(now_s)
        # Times that move are written down before anybody sees them.
        if self._new_restamps or self._told:
            return []
        return self.history.choose(self._may_go)

    def forgotten(self) -> None:
        """The broker lost the session, or an ingest starts anew: all may have to go again."""
        self.history.land()
        self._wake()

    def acknowledge(self, epoch: int, ranges: Iterable[tuple[int, int]], now_s: float) -> int:
        """Numbers that are stored; gives how many items that frees."""
        if epoch != self.epoch:
            return 0
        newest = self._next - 1
        stored = RangeSet((first, min(last, newest)) for first, last in ranges if first <= newest)
        if not stored:
            return 0
        freed = self.history.acknowledge(stored)
        for low, high in freed:
            self._stored.add(low, high)
            self._unsynced.discard(low, high)
        if not self._unsynced:
            self._unsynced_since_s = None
        self.history.flights.acknowledged(stored.last, len(freed))
        if freed and self._stored_since_s is None:
            self._stored_since_s = now_s
        return len(freed)

    # --- within -------------------------------------------------------------------------

    def _may_go(self, number: int) -> bool:
        """Whether an item may be seen: after that its times never move."""
        return self._sure or number < self._sealed

    def _received_s(self, item: Item) -> float:
        """When the oldest sample of an item was received, by the monotonic clock."""
        return (item.received_us - self._host.base_us) / 1e6

    def _expire(self, now_s: float) -> None:
        """What could not be published while it was new is history."""
        received_us = (now_s - self._live_s) * 1e6 + self._host.base_us
        for item in self._live.take_older(received_us):
            self.history.waiting.add(item.number)
        self._refused += self.history.land_overdue(now_s)

    def _dropped(self, drop: Drop) -> None:
        gone = set(drop.numbers)
        self.history.give_up(gone)
        self._live.give_up(gone)
        self._add_drop(drop)

    def _add_drop(self, drop: Drop) -> None:
        drop.numbers = []
        before = self._drops.get(drop.reason)
        self._drops[drop.reason] = drop if before is None else before.plus(drop)

    def _age_is_due(self, now_s: float) -> bool:
        if self._age_checked_s is not None and now_s - self._age_checked_s < _AGE_CHECK_S:
            return False
        self._age_checked_s = now_s
        return True
