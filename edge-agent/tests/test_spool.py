"""What a spool does between its steps: while it writes, reads, and after the disk failed."""

from itertools import pairwise
from pathlib import Path

import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import Clock, Section, SeriesRows, decode_frame, encode_frame
from aerostream_edge.logs import bound_log
from aerostream_edge.spool import Item, Kind
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.flights import Flights
from aerostream_edge.spool.history import Stretch
from aerostream_edge.spool.keeper import IN_MEMORY, ON_DISK, SpoolKeeper
from aerostream_edge.spool.pace import Pace
from aerostream_edge.spool.resend import Resend
from aerostream_edge.spool.restamp import Move, renumbered
from aerostream_edge.spool.work import SpoolFailed
from support.spool import HandSpool, InlineDisk

SECOND_US = 1_000_000
OPEN = SpoolFile.open
MOVE = Move(1, 1, int(Clock.RECEIPT), 5 * SECOND_US)


def put(spool: HandSpool, time_us: int = SECOND_US) -> int:
    """A frame of one sample at a time by the host's clock."""
    number = spool.reserve()
    series = SeriesRows(CHANNELS["landed"], "0", [(time_us, [0, 1])])
    payload = encode_frame(spool.epoch, number, [Section(1, 1, Clock.RECEIPT, 0, [series])])
    spool.put(Item(number, Kind.TELEMETRY, payload, 1, time_us, time_us, time_us))
    return number


def times(spool: HandSpool, numbers: list[int]) -> list[int]:
    """Times of items as they would be sent."""
    items = spool.file.read(numbers, 1 << 20)
    return [
        time
        for item in items
        for block in decode_frame(item.payload).blocks
        for time in block.times
    ]


def test_history_waits_until_a_move_of_its_times_is_written() -> None:
    """The time is told while a write is on its way to the disk: the move comes with the next."""
    spool = HandSpool()
    spool.spool.connected = True
    number = put(spool)
    write = spool.spool.next_write(1.0, None)
    assert write is not None
    spool.restamp([MOVE])
    spool.told(MOVE.by_us)
    spool.spool.written(write, spool.file.apply(write), 1.0)
    assert spool.spool.next_live(1.0) is None
    assert spool.spool.choose(1.0) == []
    spool.write(1.0)
    assert spool.spool.choose(1.0) == [number]
    assert times(spool, [number]) == [6 * SECOND_US]
    spool.close()


def test_what_is_being_read_counts_as_sent_once_it_is_whatever_the_broker_forgets() -> None:
    spool = HandSpool()
    number = put(spool)
    spool.publish(1.0)
    spool.spool.forgotten()
    assert spool.spool.choose(2.0) == [number]
    spool.spool.forgotten()
    assert spool.spool.choose(2.0) == [], "it is not read twice"
    spool.spool.history.sent([number], 100, 2.0)
    spool.restamp([MOVE])
    spool.told(MOVE.by_us)
    spool.write(2.0)
    assert times(spool, [number]) == [SECOND_US], "it was seen"
    assert spool.acknowledge((number, number), now_s=3.0) == 1
    assert len(spool.spool) == 0
    spool.close()


def test_what_is_acknowledged_while_it_is_read_is_not_in_flight_afterwards() -> None:
    spool = HandSpool()
    number = put(spool)
    spool.publish(1.0)
    spool.spool.forgotten()
    spool.spool.choose(2.0)
    assert spool.acknowledge((0, 10), now_s=2.0) == 1
    spool.spool.history.sent([number], 100, 2.0)
    assert (len(spool.spool), spool.spool.history.flights.history_bytes) == (0, 0)
    spool.close()


def test_a_write_that_failed_is_repeated_with_all_that_was_in_it(tmp_path: Path) -> None:
    spool = HandSpool(tmp_path / "f.d.db")
    first = put(spool)
    spool.publish(1.0)
    spool.acknowledge((first, first), now_s=1.0)
    second = put(spool)
    write = spool.spool.next_write(2.0, None)
    assert write is not None
    spool.file.apply(write)  # it is there, though the caller was told that it is not
    spool.spool.take_back(write, 2.0)
    third = put(spool)
    spool.write(3.0)
    assert [item.number for item in spool.kept()] == [second, third]
    spool.close()


def test_of_a_file_that_will_be_read_again_nothing_comes_along_that_it_may_have() -> None:
    spool = HandSpool()
    put(spool)
    spool.write(1.0)
    uncertain = put(spool)
    write = spool.spool.next_write(1.0, None)
    assert write is not None
    spool.spool.take_back(write, 1.0)
    new = put(spool)
    other = SpoolFile(None, max_bytes=1 << 20)
    assert [i.number for i in spool.spool.moved(other.open(9), is_lost=False)] == [new]
    assert uncertain not in (item.number for item in spool.spool._unwritten)
    other.close()
    spool.close()


def test_a_million_holes_are_a_few_stretches() -> None:
    spool = HandSpool()
    for first in (0, 1000, 5000):
        spool.spool.history.waiting.add(first, first + 99)
    spool.spool._next = 10_000
    assert spool.spool.history.stretches() == [
        Stretch(0, 99, 100), Stretch(1000, 1099, 100), Stretch(5000, 5099, 100)
    ]  # fmt: skip
    for number in range(20_000, 60_000, 2):
        spool.spool.history.waiting.add(number)
    found = spool.spool.history.stretches()
    assert len(found) == 16
    assert sum(stretch.frames for stretch in found) == 20_300
    assert (found[0].first, found[-1].last) == (0, 59_998)
    assert all(a.last < b.first for a, b in pairwise(found))
    spool.close()


def test_what_is_sent_in_vain_is_given_up_after_an_hour_and_not_before() -> None:
    flights = Flights()
    now_s = 0.0
    given_up: list[int] = []
    while not given_up:
        flights.sent(7, now_s)
        flights.acknowledged(100, 1)
        now_s += 61
        _, given_up = flights.overdue(now_s)
    assert given_up == [7]
    assert 3600 <= now_s < 3800


@pytest.mark.parametrize("count", [1, 1023, 1024, 5000])
def test_a_file_with_holes_is_opened_as_it_was_left(tmp_path: Path, count: int) -> None:
    spool = HandSpool(tmp_path / "f.d.db")
    for _ in range(count):
        put(spool)
        if spool.next_number % 500 == 0:
            spool.publish(1.0)
    spool.publish(1.0)
    spool.acknowledge((7, 9), (1500, 1600), (4000, 4000), now_s=1.0)
    left = [item.number for item in spool.kept()]
    spool.write(100.0)
    spool.close()
    again = HandSpool(tmp_path / "f.d.db")
    found = [n for first, last in again.opened.pending for n in range(first, last + 1)]
    assert found == [n for n in left if n not in {*range(7, 10), *range(1500, 1601), 4000}]
    again.close()


def test_a_batch_that_the_link_did_not_survive_makes_the_next_one_smaller() -> None:
    pace = Pace(rate=200_000, window_bytes=1 << 20)
    sizes = []
    for at_s in range(10):
        sizes.append(pace.allows(float(at_s), 0))
        pace.sent(sizes[-1], float(at_s))
        pace.disconnected()
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 2048


class Broker:
    """Takes everything; nothing is stored."""

    has_room = True

    def __init__(self, spool: HandSpool) -> None:
        self.spool = spool.spool
        self.live: list[tuple[int, int]] = []
        self.history: set[tuple[int, int]] = set()
        self.epochs = 0

    def send_due(self, now_s: float) -> None:
        """See `Sender`."""
        while (item := self.spool.next_live(now_s)) is not None:
            self.spool.sent_live(item, now_s)
            self.live.append((self.spool.epoch, item.number))

    def send_history(self, batch: Resend, now_s: float) -> bool:
        """See `Sender`."""
        self.spool.history.sent(batch.numbers, len(batch.payload), now_s)
        self.history.update((self.spool.epoch, number) for number in batch.numbers)
        return True

    def begin_epoch(self, now_s: float) -> None:
        """See `Sender`."""
        self.epochs += 1


async def test_a_disk_that_refuses_is_borne_and_used_again_when_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = HandSpool(tmp_path / "f.d.db", epoch=7)
    spool.spool.connected = True
    spool.told(0)
    broker = Broker(spool)
    said: list[str] = []
    keeper = SpoolKeeper(
        spool=spool.spool,
        file=spool.file,
        pace=Pace(rate=10_000_000, window_bytes=1 << 20),
        sender=broker,
        disk=InlineDisk(),
        renumber=renumbered,
        lost=said.append,
        log=bound_log(drone="f/d"),
    )
    put(spool)
    await keeper.step(1.0, None)
    assert broker.live == [(7, 0)]

    def refuse(*_: object) -> None:
        raise SpoolFailed("no disk")

    with monkeypatch.context() as failing:
        failing.setattr(spool.file, "apply", refuse)
        failing.setattr(
            SpoolFile, "open", lambda self, epoch: refuse() if self.path else OPEN(self, epoch)
        )
        put(spool, 2 * SECOND_US)
        for second in range(2, 14):
            await keeper.step(float(second), None)
        assert said == [IN_MEMORY]
        put(spool, 15 * SECOND_US)
        await keeper.step(15.0, None)
        memory = spool.spool.epoch
        assert memory != 7
        assert [epoch for epoch, _ in broker.live] == [7, memory]
        await keeper.step(80.0, None)
        assert said == [IN_MEMORY]
    for second in range(150, 160):
        await keeper.step(float(second), None)
    assert said == [IN_MEMORY, ON_DISK]
    assert (spool.spool.epoch, broker.epochs) == (7, 2)
    # The first one never left the disk; the other two have new numbers there.
    assert {number for epoch, number in broker.history if epoch == 7} >= {0, 1001, 1002}
    assert spool.spool.acknowledge(7, [(0, 5000)], 170.0) == 3
    assert len(spool.spool) == 0
    keeper.close()
