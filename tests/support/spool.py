"""A spool and its file without threads and without a clock: time is what the caller says."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, TypeVar

from aerostream_edge.spool import Spool
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.item import Drop, Item
from aerostream_edge.spool.restamp import Move
from aerostream_edge.spool.spool import Host

_Result = TypeVar("_Result")
_ALL = 1 << 40
HOST = Host("boot", 0)


class InlineDisk(Executor):
    """Does its work at once, in the caller's thread."""

    def submit(self, fn: Callable[..., _Result], /, *args: Any, **kwargs: Any) -> "Future[_Result]":
        """Do it; what it raises comes out here, which is the same for whoever awaits it."""
        future: Future[_Result] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class HandSpool:
    """An outbox for a `Drone`, that is written, published and read by hand.

    Args:
        path: its file; none: in memory.
        epoch: of a new file.
        max_bytes: of the file.
        fsync_s: seconds of telemetry that a power cut may take.
        host: the clock of this run; its monotonic clock is what `now_s` counts.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        epoch: int = 1,
        max_bytes: int = 1 << 24,
        fsync_s: float = 1.0,
        host: Host = HOST,
    ) -> None:
        self.file = SpoolFile(path, max_bytes=max_bytes)
        self.opened = self.file.open(epoch)
        self.spool = Spool(
            opened=self.opened,
            host=host,
            fsync_s=fsync_s,
            max_age_us=None,
            wake=lambda: None,
        )
        self.epoch = self.spool.epoch

    @property
    def next_number(self) -> int:
        """See `Outbox`."""
        return self.spool.next_number

    def reserve(self) -> int:
        """See `Outbox`."""
        return self.spool.reserve()

    def put(self, item: Item) -> None:
        """See `Outbox`."""
        self.spool.put(item)

    def told(self, offset_us: int) -> None:
        """See `Outbox`."""
        self.spool.told(offset_us)

    def restamp(self, moves: Sequence[Move]) -> None:
        """See `Outbox`."""
        self.spool.restamp(moves)

    def write(self, now_s: float = 0.0) -> list[Drop]:
        """Write what is to be written now; gives what was dropped for it."""
        write = self.spool.next_write(now_s, None)
        if write is None:
            return []
        drops = self.file.apply(write)
        self.spool.written(write, drops, now_s)
        return drops

    def publish(self, now_s: float = 0.0) -> list[Item]:
        """Write, and publish what is new."""
        self.spool.connected = True
        self.write(now_s)
        found = []
        while (item := self.spool.next_live(now_s)) is not None:
            self.spool.sent_live(item, now_s)
            found.append(item)
        return found

    def choose(self, now_s: float) -> list[int]:
        """Send all history that may go at once; its numbers."""
        numbers = self.spool.choose(now_s)
        if numbers:
            self.spool.history.sent(numbers, 1, now_s)
        return numbers

    def acknowledge(self, *ranges: tuple[int, int], now_s: float = 0.0) -> int:
        """The database has these numbers."""
        return self.spool.acknowledge(self.epoch, ranges, now_s)

    def kept(self) -> list[Item]:
        """Write, and read all that the file has, in order, as it would be sent."""
        self.write()
        self.write()  # a restamp of what the first one held comes with the second
        return self.file.read(range(self.spool.next_number), _ALL)

    def close(self) -> None:
        """Release the file."""
        self.file.close()
