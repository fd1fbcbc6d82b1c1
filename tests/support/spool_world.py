"""A spool in a world that goes wrong: processes die, power fails, brokers forget, disks fill.

The world knows what was put, written, synced, published and acknowledged, and holds the spool
to what it promises. The spool, its keeper and its file are the real ones; the clock, the broker
and the database are the world's.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
from aerostream_contract.channels import CHANNELS
from aerostream_contract.columns import Cell
from aerostream_contract.frame import Clock, Section, SeriesRows, decode_frame, encode_frame
from aerostream_contract.models import Event, decode, encode
from aerostream_contract.times import iso_from_us, us_from_iso
from aerostream_edge.logs import bound_log
from aerostream_edge.spool import Item, Kind, Spool
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.item import Drop
from aerostream_edge.spool.keeper import SpoolKeeper
from aerostream_edge.spool.pace import Pace
from aerostream_edge.spool.resend import Resend
from aerostream_edge.spool.restamp import Move, renumbered
from aerostream_edge.spool.spool import Host
from aerostream_edge.spool.tables import PAGE_BYTES
from aerostream_edge.spool.work import Write

from support.spool import InlineDisk

TICK_S = 0.1
TRUE_BASE_US = 1_767_225_600_000_000
MEMORY = Path("/dev/shm")  # a file system in memory, where fsync costs nothing
_ATTITUDE = CHANNELS["attitude"]
_STEPS = _ATTITUDE.fields[0].steps


class Crash(Exception):
    """The process dies here."""


class Sample(NamedTuple):
    """Something that was put: its moment by the monotonic clock, and in which life of the agent."""

    at_s: float
    life: int
    kind: Kind
    base_us: int
    """UTC minus the monotonic clock, as the host believed in that life."""

    @property
    def guess_us(self) -> int:
        """Its time by the host's clock."""
        return round(self.at_s * 1e6) + self.base_us

    @property
    def true_us(self) -> int:
        """Its true time."""
        return round(self.at_s * 1e6) + TRUE_BASE_US


class CrashingDisk(InlineDisk):
    """Dies before or after its next work, when it is told to."""

    def __init__(self) -> None:
        self.dies = ""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do the work, and maybe die."""
        if self.dies == "before":
            raise Crash
        future = super().submit(fn, *args, **kwargs)
        if self.dies == "after":
            raise Crash
        return future


class WatchedFile(SpoolFile):
    """A spool's file that keeps what a power cut would leave of it."""

    def __init__(self, path: Path, *, max_bytes: int, world: "World") -> None:
        super().__init__(path, max_bytes=max_bytes)
        self._world = world

    def apply(self, write: Write) -> list[Drop]:
        """Apply, and note what is safe from what."""
        before = self._world.bytes_now()
        drops = super().apply(write)
        after = self._world.bytes_now()
        # A commit syncs the log if it adds to it; a checkpoint syncs it whoever asks.
        synced = (write.durable and after != before) or after[0] != before[0]
        self._world.wrote(write, drops, synced=synced)
        return drops

    def sync(self) -> None:
        """Sync, and note that all is safe."""
        super().sync()
        self._world.synced()

    def numbers(self, least: Kind = Kind.LOSS) -> set[int]:
        """Numbers of what is kept, of this kind and those that go sooner."""
        query = "SELECT number FROM items WHERE kind >= ?"
        return {number for (number,) in self._connection.execute(query, (int(least),))}

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """The disk has no room but the reserve while this lasts."""
        (most,) = self._connection.execute("PRAGMA max_page_count").fetchone()
        self._limit_pages(0)
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA max_page_count = {most}")

    def _use_reserve(self) -> None:
        reserve = Path(f"{self.path}.reserve")
        self._limit_pages(reserve.stat().st_size // PAGE_BYTES if reserve.exists() else 0)
        super()._use_reserve()

    def _limit_pages(self, more: int) -> None:
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        self._connection.execute(f"PRAGMA max_page_count = {pages + more}")


class World:
    """One vehicle's spool through several lives of its agent.

    Args:
        folder: for its files.
        rnd: chooses.
        max_bytes: of the file.
        fsync_s: seconds of telemetry that a power cut may take.
    """

    def __init__(
        self, folder: Path, rnd: random.Random, *, max_bytes: int = 1 << 20, fsync_s: float = 1.0
    ) -> None:
        self.rnd = rnd
        self.now_s = 1000.0
        self.connected = False
        self.refusing = False
        self.power_cuts = 0
        self._folder = folder
        self._max_bytes, self._fsync_s = max_bytes, fsync_s
        self._boot = 0
        self._life = 0
        self._told = False
        self._samples: dict[int, Sample] = {}
        """All that was put, by a number of the world's own."""
        self._given: dict[tuple[int, int], int] = {}
        """Which sample has an epoch's number."""
        self._seen: dict[int, int] = {}
        """Times with which samples were published."""
        self._seen_as: dict[tuple[int, int], int] = {}
        """Which sample was published under an epoch's number."""
        self.received: set[int] = set()
        """Numbers that reached the database."""
        self.acknowledged: set[int] = set()
        self.dropped: set[int] = set()
        self._drop_count = 0
        self._reports: dict[int, int] = {}
        """Drops that this sample, an event, reports."""
        self._written: set[int] = set()
        self._safe: set[int] = set()
        """Numbers that a power cut cannot take."""
        self._snapshot: tuple[bytes, bytes] = (b"", b"")
        self._path = folder / "0" / "f.d.db"
        self._start()

    # --- what happens -------------------------------------------------------------------

    def put(self, kind: Kind, size: int = 0) -> None:
        """Something is measured, or happens."""
        key = len(self._samples)
        age_s = self.rnd.random() * 0.9 if kind is Kind.TELEMETRY else 0.0
        at_s = round(self.now_s - age_s, 4)
        sample = self._samples[key] = Sample(at_s, self._life, kind, self._base_us)
        number = self.spool.reserve()
        time_us = sample.true_us if self._told else sample.guess_us
        offset_us = TRUE_BASE_US - self._base_us if self._told else 0
        payload = self._payload(kind, number, key, sample, offset_us, size)
        self._given[self.spool.epoch, number] = key
        item = Item(number, kind, payload, 1, time_us, time_us, sample.guess_us)
        self.spool.put(item)

    async def tick(self, seconds: float = TICK_S) -> None:
        """Time passes, in the steps that the agent makes."""
        while seconds > 1e-9:
            self.now_s += min(seconds, TICK_S)
            seconds -= TICK_S
            await self.step()
            self._check_risk()

    async def jump(self, seconds: float) -> None:
        """Time passes while the agent is held up."""
        self.now_s += seconds
        await self.step()

    async def step(self) -> None:
        """The agent does what is due."""
        utc_us = round(self.now_s * 1e6) + TRUE_BASE_US if self._told else None
        await self.keeper.step(self.now_s, utc_us)

    def tell_time(self) -> None:
        """The autopilot knows the true time."""
        if self._told:
            return
        by_us = TRUE_BASE_US - self._base_us
        self._told = True
        if by_us:
            self.spool.restamp([Move(1, 1, int(Clock.RECEIPT), by_us)])
        self.spool.told(by_us)

    def connect(self, *, connected: bool) -> None:
        """The broker is there, or is not."""
        self.connected = connected
        self.spool.connected = connected
        if not connected:
            self.pace.disconnected()
            # The broker may have had what was under way, or not: it goes again.
            flying = list(self.spool.history.flights)
            self.spool.history.land(self.rnd.sample(flying, self.rnd.randint(0, len(flying))))

    def acknowledge(self, numbers: set[int], epoch: int | None = None) -> None:
        """An acknowledgement comes."""
        epoch = self.spool.epoch if epoch is None else epoch
        ranges = [(number, number) for number in sorted(numbers)]
        self.spool.acknowledge(epoch, ranges, self.now_s)
        if epoch == self.spool.epoch:
            self.acknowledged |= numbers

    def report_drops(self) -> None:
        """What was given up is reported as an event."""
        if self.spool.has_drops:
            drops = self.spool.take_drops()
            self._reports[len(self._samples)] = sum(drop.frames for drop in drops)
            self.put(Kind.LOSS)

    async def fill_disk(self) -> None:
        """The disk is full for a while."""
        with self.file.full_disk():
            for _ in range(5):
                self.put(Kind.TELEMETRY, 60)
                await self.tick(0.5)
        self.file.mend()

    async def crash(self, where: str = "") -> None:
        """The process dies now, or before or after its next work on the disk."""
        if where:
            self.disk.dies = where
            try:
                for _ in range(20):
                    self.now_s += TICK_S
                    await self.step()
            except Crash:
                pass
        self._restart(self.bytes_now(), self._written)

    def cut_power(self) -> None:
        """Files have what was synced, and maybe more of the log; the host boots."""
        self.power_cuts += 1
        file, log = self._snapshot
        now_file, now_log = self.bytes_now()
        if now_file == file and now_log.startswith(log):
            log = now_log[: self.rnd.randint(len(log), len(now_log))]
        self._boot += 1
        self._written &= self._safe
        self._restart((file, log), self._safe)

    async def settle(self) -> None:
        """All is well for long enough: everything arrives."""
        self.refusing = False
        self.connect(connected=True)
        self.tell_time()
        for _ in range(400):
            await self.tick()
            self.report_drops()
            self.acknowledge(self.received)
            if not len(self.spool):
                break
            await self.jump(1.0)
        assert len(self.spool) == 0, "what waits is stored in the end"
        await self.jump(6.0)
        assert self.kept() == set(), "what is stored leaves the file"
        lost = self._written - self.received - self.dropped - self.acknowledged
        assert not lost, f"numbers {lost} were written, and never came"

    def close(self) -> None:
        """End it; the accounts must be right."""
        written = {self._given[self.spool.epoch, number] for number in self._written}
        accounted = sum(frames for key, frames in self._reports.items() if key in written)
        accounted += sum(drop.frames for drop in self._unreported())
        if not self.power_cuts:
            assert accounted == self._drop_count, "every drop is counted once"
        missing = self._written - self.acknowledged - self.kept()
        assert len(missing) <= accounted, "no loss is silent"
        self.file.close()

    # --- what the spool talks to --------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """See `Sender`."""
        return self.connected

    def send_due(self, now_s: float) -> None:
        """See `Sender`."""
        while self.connected and (item := self.spool.next_live(now_s)) is not None:
            self.spool.sent_live(item, now_s)
            self._published([item.number], item.kind, item.payload)

    def send_history(self, batch: Resend, now_s: float) -> bool:
        """See `Sender`."""
        if not self.connected or self.rnd.random() < 0.1:
            return False
        self.pace.sent(len(batch.payload), now_s)
        self.spool.history.sent(batch.numbers, len(batch.payload), now_s)
        kind = Kind.REPORT if batch.leaf == Kind.REPORT.leaf else Kind.TELEMETRY
        self._published(batch.numbers, kind, batch.payload)
        self.pace.taken(now_s)
        return True

    def begin_epoch(self, now_s: float) -> None:
        """See `Sender`; files are not damaged in this world."""
        raise AssertionError("the file was given up")

    # --- what is noted ------------------------------------------------------------------

    def bytes_now(self) -> tuple[bytes, bytes]:
        """File and log as the operating system has them."""
        log = Path(f"{self._path}-wal")
        return self._path.read_bytes(), log.read_bytes() if log.exists() else b""

    def kept(self) -> set[int]:
        """Numbers that are in the file."""
        return self.file.numbers()

    def wrote(self, write: Write, drops: list[Drop], *, synced: bool) -> None:
        """A transaction is committed."""
        new = {item.number for item in write.items}
        assert not new & self._written, "a number is written once"
        self._written |= new
        gone = {number for drop in drops for number in drop.numbers}
        assert sum(drop.frames for drop in drops) == len(gone)
        self._drop_count += len(gone)
        self.dropped |= gone
        old_telemetry = self.file.numbers(Kind.TELEMETRY) - new
        full = {number for drop in drops if drop.reason == "full" for number in drop.numbers}
        precious = {n for n in full if self._kind(n) is not Kind.TELEMETRY}
        assert not (precious and old_telemetry), "telemetry goes before events and reports"
        least = full - precious
        assert not least or not old_telemetry or max(least) < min(old_telemetry), "oldest first"
        if synced:
            self.synced()

    def synced(self) -> None:
        """What was written is on the disk."""
        self._safe = set(self._written)
        self._snapshot = self.bytes_now()

    def _published(self, numbers: list[int], kind: Kind, payload: bytes) -> None:
        times = self._content(kind, payload)
        epoch = self.spool.epoch
        expected = {self._given[epoch, number] for number in numbers}
        assert set(times) == expected, (times, expected)
        for number in numbers:
            key = self._given[epoch, number]
            assert self._seen_as.setdefault((epoch, number), key) == key, "a number is used once"
            assert number in self._written, "nothing is seen that is not on the disk"
            if kind is not Kind.TELEMETRY:
                assert number in self._safe, "events and reports are synced first"
        for key, time_us in times.items():
            self._check_time(key, time_us)
        if self.refusing:
            self.spool.history.flights.refused(numbers)
            return
        self.received.update(numbers)
        for key, time_us in times.items():
            assert self._seen.setdefault(key, time_us) == time_us, "what was seen never moves"

    def _check_time(self, key: int, time_us: int) -> None:
        sample = self._samples[key]
        if sample.kind is Kind.REPORT:
            return
        assert time_us in (sample.guess_us, sample.true_us)
        if key not in self._seen and sample.life == self._life:
            assert time_us == (sample.true_us if self._told else sample.guess_us)

    def _check_risk(self) -> None:
        at_risk = self._written - self._safe - self.acknowledged - self.dropped
        for number in at_risk:
            age_s = self.now_s - self._samples[self._given[self.spool.epoch, number]].at_s
            assert age_s <= self._fsync_s + 1e-6, "more is at risk than was promised"

    def _kind(self, number: int) -> Kind:
        return self._samples[self._given[self.spool.epoch, number]].kind

    def _unreported(self) -> list[Drop]:
        query = "SELECT reason, frames, events, samples, from_us, to_us FROM drops"
        return [Drop(*row) for row in self.file._connection.execute(query)]

    # --- lives --------------------------------------------------------------------------

    def _start(self) -> None:
        self._life += 1
        self._told = False
        # The host's UTC is right, or wrong by hours; once in a boot it may be set.
        self._base_us = TRUE_BASE_US + self.rnd.choice((0, 1, -7_200_000_000, 123_456_789))
        self.disk = CrashingDisk()
        self._path.parent.mkdir(exist_ok=True)
        self.file = WatchedFile(self._path, max_bytes=self._max_bytes, world=self)
        opened = self.file.open(self._life)
        self.opened = opened
        self._snapshot = self.bytes_now()
        self.spool = Spool(
            opened=opened,
            host=Host(str(self._boot), self._base_us),
            fsync_s=self._fsync_s,
            max_age_us=None,
            wake=lambda: None,
        )
        self.pace = Pace(rate=10_000_000, window_bytes=1 << 20)
        self.keeper = SpoolKeeper(
            spool=self.spool,
            file=self.file,
            pace=self.pace,
            sender=self,
            disk=self.disk,
            renumber=renumbered,
            lost=lambda sentence: None,
            log=bound_log(drone="f/d"),
        )

    def _restart(self, files: tuple[bytes, bytes], expected: set[int]) -> None:
        dead = self.file
        # What made room for a write that never succeeded is counted in the file alone.
        for drop in dead._made_room:
            self.dropped.update(drop.numbers)
            self._drop_count += drop.frames
        self._path = self._folder / str(self._life) / self._path.name
        self._path.parent.mkdir()
        for suffix, content in zip(("", "-wal"), files, strict=True):
            Path(f"{self._path}{suffix}").write_bytes(content)
        epoch = self.spool.epoch
        self.connected = False
        self._start()
        dead.close()
        assert self.opened.set_aside is None, "a crash damages nothing"
        assert self.spool.epoch == epoch
        kept = self.kept()
        must = expected - self.acknowledged - self.dropped
        assert must <= kept, f"numbers {must - kept} were on the disk"
        pending = {n for first, last in self.opened.pending for n in range(first, last + 1)}
        assert pending == kept
        used = max((n for e, n in self._seen_as if e == epoch), default=-1)
        assert self.spool.next_number > used, "numbers that were seen are not given again"
        # More of the log may have come back with the power than was synced.
        self._written |= kept
        if self.bytes_now() != files:
            self._safe |= kept  # opening wrote, which syncs

    # --- payloads -----------------------------------------------------------------------

    def _payload(
        self, kind: Kind, number: int, key: int, sample: Sample, offset_us: int, size: int
    ) -> bytes:
        epoch = self.spool.epoch
        if kind is Kind.REPORT:
            return msgspec.json.encode({"epoch": epoch, "number": number, "key": key})
        if kind in (Kind.EVENT, Kind.LOSS):
            time = iso_from_us(sample.guess_us + offset_us)
            return encode(Event(epoch, number, time, "test", 6, 1, str(key), {}))
        cells = [0] * len(_ATTITUDE.fields)
        rows: list[tuple[int, Sequence[Cell]]] = [(sample.guess_us, [key, *cells[1:]])]
        section = Section(1, 1, Clock.RECEIPT, offset_us, [SeriesRows(_ATTITUDE, "0", rows)])
        filler = Section(2, 1, Clock.UTC, 0, [SeriesRows(_ATTITUDE, "0", [])])
        filler.series[0].rows = [
            (n, [self.rnd.getrandbits(30) for _ in cells]) for n in range(size)
        ]
        return encode_frame(epoch, number, [section, *([filler] if size else [])])

    def _content(self, kind: Kind, payload: bytes) -> dict[int, int]:
        """Samples in a payload, and their times."""
        if kind is Kind.REPORT:
            return {msgspec.json.decode(payload)["key"]: 0}
        if payload.startswith(b"{"):
            events, found = [payload], {}
        else:
            frame = decode_frame(payload)
            assert frame.problems == [], frame.problems
            events = frame.events
            blocks = [block for block in frame.blocks if block.component == 1]
            rows: list[Any] = [row for block in blocks for row in block.rows()]
            found = {round(roll * _STEPS): time_us for time_us, roll, *_ in rows}
        for each in events:
            event = decode(each, Event)
            found[int(event.text)] = us_from_iso(event.time)
        return found


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the system has one; it goes at the end."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)
