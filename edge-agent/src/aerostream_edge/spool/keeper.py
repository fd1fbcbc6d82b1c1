"""Carries work between a spool, its file and the session: the disk never holds up the link."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol, TypeVar

from aerostream_contract.errors import ContractError
from aerostream_contract.models import Backlog

from aerostream_edge.errors import StateError
from aerostream_edge.logs import BoundLog
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.history import Stretch
from aerostream_edge.spool.item import Drop, Item
from aerostream_edge.spool.pace import Pace
from aerostream_edge.spool.resend import Resend, resend
from aerostream_edge.spool.spool import Spool
from aerostream_edge.spool.work import SpoolDamaged, SpoolFailed

_EPOCH_BITS = 42
_BACKLOG_INTERVAL_S = 5.0
_MEND_INTERVAL_S, _CRAMPED_INTERVAL_S = 60.0, 2.0
#: Merged, most frames take less than a third of what they took one by one.
_MERGED_PART = 3

#: Of a spool in memory.
MEMORY_BYTES = 16 * 1024 * 1024
#: A disk that refuses is tried each second for so long, then each minute.
_RETRY_S, _PATIENCE_S, _HOME_INTERVAL_S = 1.0, 10.0, 60.0
IN_MEMORY = "the disk fails: the spool goes on in memory until it works again"
ON_DISK = "the spool is on the disk again"

_Result = TypeVar("_Result")


class Sender(Protocol):
    """What takes payloads to the broker."""

    @property
    def has_room(self) -> bool:
        """Whether a payload would be sent at once."""
        ...

    def send_due(self, now_s: float) -> None:
        """Send what is new."""
        ...

    def send_history(self, batch: Resend, now_s: float) -> bool:
        """Send history; False where that is not possible now."""
        ...

    def begin_epoch(self, now_s: float) -> None:
        """Announce that the numbering began anew."""
        ...


def new_epoch() -> int:
    """A name for a new life of a numbering."""
    return 1 + secrets.randbits(_EPOCH_BITS)


class SpoolKeeper:
    """Writes what is new, reads what has to go again.

    Args:
        spool: what is kept.
        file: where.
        pace: how fast history may go.
        sender: where to.
        disk: its one thread touches the file.
        home: where the file should be, where it could not be opened there.
        home_bytes: size that it may have there.
        renumber: gives an item another epoch and number.
        lost: is told in a sentence when the file had to be replaced.
        log: where that is said, too.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        file: SpoolFile,
        pace: Pace,
        sender: Sender,
        disk: Executor,
        home: Path | None = None,
        home_bytes: int = MEMORY_BYTES,
        renumber: Callable[[Item, int, int], Item],
        lost: Callable[[str], None],
        log: BoundLog,
    ) -> None:
        self.spool = spool
        self.backlog: list[Backlog] = []
        """History that is still to be stored, as it was a few seconds ago."""
        self._file = file
        self._pace = pace
        self._sender = sender
        self._disk = disk
        self._home = home
        self._home_bytes = home_bytes
        self._home_tried_s: float | None = None
        self._failing_since_s: float | None = None
        self._retry_s = 0.0
        self._renumber = renumber
        self._lost = lost
        self._log = log
        self._backlog_s: float | None = None
        self._mended_s: float | None = None
        self._stretches: list[Stretch] = []

    @property
    def used_bytes(self) -> int:
        """What the file holds."""
        return self._file.used_bytes

    async def step(self, now_s: float, utc_us: int | None) -> None:
        """Write what is new, send it, have it on the disk; then history; see what is left.

        Args:
            now_s: the caller's clock.
            utc_us: UTC, where an autopilot told it.
        """
        if now_s < self._retry_s:
            return
        try:
            await self._write(now_s, utc_us)
            self._sender.send_due(now_s)
            await self._sync(now_s)
            await self._send_history(now_s)
            await self._look_after(now_s)
            self._failing_since_s = None
        except SpoolDamaged as error:
            await self._replace(error, now_s)
        except SpoolFailed as error:
            await self._bear(error, now_s)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    async def _write(self, now_s: float, utc_us: int | None) -> None:
        write = self.spool.next_write(now_s, utc_us)
        if write is None:
            return
        try:
            drops = await self._on_disk(lambda: self._file.apply(write))
        except (SpoolDamaged, SpoolFailed):
            self.spool.take_back(write, now_s)
            raise
        self.spool.written(write, drops, now_s)
        for drop in drops:
            self._log.debug("dropped", extra={"reason": drop.reason, "frames": drop.frames})

    async def _sync(self, now_s: float) -> None:
        """Telemetry is not held up by the disk: it was sent before it is safe from a power cut."""
        if self.spool.sync_is_due(now_s):
            await self._on_disk(self._file.sync)
            self.spool.synced()

    async def _send_history(self, now_s: float) -> None:
        spool, history = self.spool, self.spool.history
        most_bytes = self._pace.allows(now_s, history.flights.history_bytes)
        if not most_bytes or not self._sender.has_room or spool.has_live:
            return
        numbers = spool.choose(now_s)
        if not numbers:
            return
        epoch, moves = spool.epoch, spool.moves
        try:
            items, batch = await self._on_disk(lambda: self._batch(numbers, most_bytes, epoch))
        except (SpoolDamaged, SpoolFailed):
            history.give_back(numbers)
            raise
        read = {item.number for item in items}
        reached = numbers.index(items[-1].number) if items else len(numbers) - 1
        history.missing(number for number in numbers[:reached] if number not in read)
        if batch is None:
            history.missing(numbers)
            return
        # Times that moved while the disk was read: the next batch has them.
        sent = set(batch.numbers) if spool.moves == moves else set()
        history.give_back(
            n for n in numbers if n not in sent and (n in read or n < items[-1].number)
        )
        if sent and not self._sender.send_history(batch, now_s):
            history.give_back(batch.numbers)

    def _batch(
        self, numbers: list[int], most_bytes: int, epoch: int
    ) -> tuple[list[Item], Resend | None]:
        items = self._file.read(numbers, _MERGED_PART * most_bytes)
        return items, resend(items, epoch) if items else None

    async def _look_after(self, now_s: float) -> None:
        interval_s = _CRAMPED_INTERVAL_S if self._file.cramped else _MEND_INTERVAL_S
        if self._mended_s is None or now_s - self._mended_s >= interval_s:
            self._mended_s = now_s
            await self._on_disk(self._file.mend)
        if self._backlog_s is None or now_s - self._backlog_s >= _BACKLOG_INTERVAL_S:
            self._backlog_s = now_s
            await self._see_backlog()
        if self._home is not None:
            await self._try_home(self._home, now_s)

    async def _see_backlog(self) -> None:
        stretches = self.spool.history.stretches()
        if stretches == self._stretches:
            return
        ends = [(each.first, each.last) for each in stretches]
        times = await self._on_disk(lambda: self._file.times(ends))
        if not self._stretches or not stretches:
            frames = sum(each.frames for each in stretches)
            sentence = "history is to be sent" if stretches else "all history is stored"
            self._log.info(sentence, extra={"frames": frames})
        self._stretches = stretches
        self.backlog = [
            Backlog(from_us, max(from_us, to_us), stretch.frames)
            for stretch, (from_us, to_us) in zip(stretches, times, strict=True)
            if from_us and to_us  # else an end of it was stored meanwhile
        ]

    # --- when the disk fails ------------------------------------------------------------

    async def _replace(self, error: Exception, now_s: float) -> None:
        """The file is damaged: set it aside and go on in a new one."""
        frames = len(self.spool)
        try:
            opened = await self._on_disk(lambda: self._file.replace(new_epoch()))
        except (SpoolFailed, StateError) as failure:
            await self._go_on_in_memory(failure, now_s)
            return
        sentence = f"the spool was damaged and is set aside as {_name(opened.set_aside)}"
        self._log.error(sentence, extra={"reason": str(error), "frames": frames})
        items = self.spool.moved(opened, is_lost=True)
        if frames > len(items):
            self.spool.gave_up(Drop("damaged", frames - len(items), 0, 0, 0, 0))
        self._put_again(items)
        self._begin(sentence, now_s)

    async def _bear(self, error: Exception, now_s: float) -> None:
        """The disk refuses: try again for a while, then do without it."""
        self._retry_s = now_s + _RETRY_S
        if self._failing_since_s is None:
            self._failing_since_s = now_s
            self._log.warning(
                "the spool's disk refuses; trying again", extra={"reason": str(error)}
            )
        elif now_s - self._failing_since_s >= _PATIENCE_S:
            await self._go_on_in_memory(error, now_s)

    async def _go_on_in_memory(self, error: Exception, now_s: float) -> None:
        """The disk fails: an aircraft in the air is seen all the same."""
        self._file.close()
        self._home = self._home or self._file.path
        self._home_tried_s = now_s
        self._file = SpoolFile(None, max_bytes=MEMORY_BYTES)
        opened = self._file.open(new_epoch())
        self._log.error(IN_MEMORY, extra={"reason": str(error)})
        self._put_again(self.spool.moved(opened, is_lost=False))
        self._begin(IN_MEMORY, now_s)

    async def _try_home(self, home: Path, now_s: float) -> None:
        """See whether the disk works again; what is in memory moves there."""
        if self._home_tried_s is not None and now_s - self._home_tried_s < _HOME_INTERVAL_S:
            return
        self._home_tried_s = now_s
        # Times that may still move would move there without those that were seen.
        if not self.spool.is_sure:
            return
        file = SpoolFile(home, max_bytes=self._home_bytes)
        try:
            opened = await self._on_disk(lambda: file.open(new_epoch()))
        except (SpoolFailed, StateError):
            return
        numbers = self.spool.written_numbers()
        items = await self._on_disk(lambda: self._file.read(numbers, MEMORY_BYTES))
        self._file.close()
        self._file, self._home = file, None
        fresh = self.spool.moved(opened, is_lost=False)
        for item in self._put_again(items):
            self.spool.was_seen(item.number)
        self._put_again(fresh)
        self._log.info(ON_DISK, extra={"frames": len(opened.pending)})
        self._begin(ON_DISK, now_s)

    def _put_again(self, items: list[Item]) -> list[Item]:
        """Put items under the present epoch and new numbers; gives them."""
        put: list[Item] = []
        for item in items:
            try:
                again = self._renumber(item, self.spool.epoch, self.spool.reserve())
            except ContractError as error:
                self._log.error("an item is lost", extra={"reason": str(error)})
            else:
                self.spool.put(again)
                put.append(again)
        return put

    def _begin(self, sentence: str, now_s: float) -> None:
        self._retry_s = 0.0
        self._failing_since_s = None
        self._pace.disconnected()
        self._sender.begin_epoch(now_s)
        self._lost(sentence)

    async def _on_disk(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)


def _name(path: Path | None) -> str:
    return "nothing" if path is None else path.name
