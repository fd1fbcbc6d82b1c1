"""What has to be safe from a power cut before anybody sees it, and what is sent meanwhile."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from aerostream_edge.logs import bound_log
from aerostream_edge.spool import Item, Kind, Spool
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.item import Drop
from aerostream_edge.spool.keeper import SpoolKeeper
from aerostream_edge.spool.pace import Pace
from aerostream_edge.spool.resend import Resend
from aerostream_edge.spool.restamp import renumbered
from aerostream_edge.spool.work import SpoolFailed, Write
from support.spool import HOST, InlineDisk

SECOND_US = 1_000_000


class NotingFile(SpoolFile):
    """Notes what is done with it."""

    def __init__(self, path: Path, notes: list[str]) -> None:
        super().__init__(path, max_bytes=1 << 20)
        self._notes = notes

    def apply(self, write: Write) -> list[Drop]:
        """Apply, and note how."""
        drops = super().apply(write)
        self._notes.append("written to the disk" if write.durable else "written")
        return drops

    def sync(self) -> None:
        """Sync, and note it."""
        super().sync()
        self._notes.append("synced")


class Broker:
    """Notes what is sent to it."""

    has_room = True

    def __init__(self, spool: Spool, notes: list[str]) -> None:
        self._spool = spool
        self._notes = notes

    def send_due(self, now_s: float) -> None:
        """See `Sender`."""
        while (item := self._spool.next_live(now_s)) is not None:
            self._spool.sent_live(item, now_s)
            self._notes.append(f"sent {item.kind.name.lower()}")

    def send_history(self, batch: Resend, now_s: float) -> bool:
        """See `Sender`."""
        return False

    def begin_epoch(self, now_s: float) -> None:
        """See `Sender`."""
        raise AssertionError("the file was given up")


class Agent:
    """A spool with its keeper, file and broker; time is what the caller says."""

    def __init__(self, path: Path, fsync_s: float) -> None:
        self.notes: list[str] = []
        self.file = NotingFile(path, self.notes)
        self.spool = Spool(
            opened=self.file.open(1),
            host=HOST,
            fsync_s=fsync_s,
            max_age_us=None,
            wake=lambda: None,
        )
        self.spool.connected = True
        self.spool.told(0)
        self.keeper = SpoolKeeper(
            spool=self.spool,
            file=self.file,
            pace=Pace(rate=10_000_000, window_bytes=1 << 20),
            sender=Broker(self.spool, self.notes),
            disk=InlineDisk(),
            renumber=renumbered,
            lost=self.notes.append,
            log=bound_log(drone="f/d"),
        )

    async def after(self, kind: Kind, received_s: float, now_s: float) -> list[str]:
        """Something comes; what is done about it then."""
        number = self.spool.reserve()
        time_us = round(received_s * SECOND_US)
        series = SeriesRows(CHANNELS["landed"], "0", [(time_us, [0, 1])])
        payload = encode_frame(1, number, [Section(1, 1, Clock.RECEIPT, 0, [series])])
        self.spool.put(Item(number, kind, payload, 1, time_us, time_us, time_us))
        self.notes.clear()
        await self.keeper.step(now_s, None)
        return list(self.notes)


async def started(path: Path, fsync_s: float = 1.0) -> Agent:
    """One whose first numbers are reserved, and its time told, on the disk."""
    agent = Agent(path, fsync_s)
    first = await agent.after(Kind.TELEMETRY, 0.5, 1.0)
    assert first == ["written to the disk", "sent telemetry"], "numbers are safe before all else"
    return agent


async def test_telemetry_does_not_wait_for_the_disk_and_is_safe_in_time(tmp_path: Path) -> None:
    agent = await started(tmp_path / "f.d.db")
    assert await agent.after(Kind.TELEMETRY, 1.1, 2.0) == ["written", "sent telemetry", "synced"]
    assert await agent.after(Kind.TELEMETRY, 2.1, 2.2) == ["written", "sent telemetry"]
    assert await agent.after(Kind.TELEMETRY, 2.6, 2.7) == ["written", "sent telemetry"]
    agent.notes.clear()
    await agent.keeper.step(2.9, None)
    assert agent.notes == ["synced"], "the first of them may not be at risk for longer"
    await agent.keeper.step(4.0, None)
    assert agent.notes == ["synced"], "once is enough"
    agent.keeper.close()


@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.REPORT, Kind.LOSS])
async def test_events_and_reports_are_on_the_disk_before_anybody_sees_them(
    tmp_path: Path, kind: Kind
) -> None:
    agent = await started(tmp_path / "f.d.db")
    said = await agent.after(kind, 1.9, 2.0)
    assert said == ["written to the disk", f"sent {kind.name.lower()}"]
    agent.keeper.close()


async def test_where_nothing_may_be_at_risk_telemetry_waits_too(tmp_path: Path) -> None:
    agent = await started(tmp_path / "f.d.db", fsync_s=0.0)
    said = await agent.after(Kind.TELEMETRY, 1.9, 2.0)
    assert said == ["written to the disk", "sent telemetry"]
    agent.notes.clear()
    await agent.keeper.step(2.1, None)
    assert agent.notes == [], "nothing is written that is not new"
    agent.keeper.close()


async def test_one_that_stops_has_everything_on_the_disk(tmp_path: Path) -> None:
    agent = await started(tmp_path / "f.d.db")
    assert await agent.after(Kind.TELEMETRY, 2.0, 2.0) == ["written", "sent telemetry"]
    agent.spool.hurry()
    agent.notes.clear()
    await agent.keeper.step(2.1, None)
    assert agent.notes == ["synced"]
    agent.keeper.close()


def test_what_a_sync_failed_on_is_not_believed_to_be_safe_after_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system forgets that it did not write; only writing again helps."""
    file = SpoolFile(tmp_path / "f.d.db", max_bytes=1 << 20)
    file.open(1)
    file.apply(Write(items=[Item(7, Kind.TELEMETRY, b"payload", 1, 1, 1, 1)]))

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(os, "fdatasync", fail)
        with pytest.raises(SpoolFailed, match="Input/output error"):
            file.sync()
    file.sync()
    # All of it is in the file now, and nothing in the log.
    alone = tmp_path / "alone.db"
    shutil.copyfile(tmp_path / "f.d.db", alone)
    file.close()
    connection = sqlite3.connect(alone)
    assert connection.execute("SELECT payload FROM payloads WHERE number = 7").fetchall() == [
        (b"payload",)
    ]
    connection.close()
