"""How messages become batches."""

import asyncio
from typing import cast

from aerostream_cloud.ingest.inbox import Inbox
from aerostream_cloud.mqtt import Link


class Acknowledged:
    """Stands for a connection; only its identity and what is acknowledged on it matter."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def acknowledge(self, ids: list[int]) -> None:
        self.ids += ids


def inbox(
    messages: int = 4, size: int = 100, wait_s: float = 60, waiting: int = 6, most: int = 1000
) -> Inbox:
    return Inbox(
        most_messages=messages,
        most_bytes=size,
        longest_wait_s=wait_s,
        most_waiting=waiting,
        most_waiting_bytes=most,
    )


def put(box: Inbox, link: Acknowledged, packet_id: int | None, payload: bytes = b"x") -> None:
    box.receive(f"t{packet_id}", payload, packet_id, {}, cast("Link", link))


async def test_a_full_batch_does_not_wait() -> None:
    box, link = inbox(), Acknowledged()
    for packet_id in range(1, 7):
        put(box, link, packet_id)
    async with asyncio.timeout(60):
        first = await box.take()
    assert [topic for topic, _ in first.messages] == ["t1", "t2", "t3", "t4"]
    first.acknowledge()
    assert link.ids == [1, 2, 3, 4]
    box.close()
    assert [topic for topic, _ in (await box.take()).messages] == ["t5", "t6"]
    assert (await box.take()).messages == []


async def test_a_lonely_message_waits_only_so_long() -> None:
    box = inbox(wait_s=0.05)
    put(box, Acknowledged(), 1)
    before_s = asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        assert len((await box.take()).messages) == 1
    assert asyncio.get_running_loop().time() - before_s >= 0.04


async def test_a_batch_is_bounded_by_bytes_but_takes_one_message_of_any_size() -> None:
    box, link = inbox(messages=100), Acknowledged()
    for packet_id, size in enumerate((60, 60, 500, 10), start=1):
        put(box, link, packet_id, b"x" * size)
    box.close()
    sizes = []
    while taken := (await box.take()).messages:
        sizes.append([len(payload) for _, payload in taken])
    assert sizes == [[60], [60], [500], [10]]


async def test_ids_of_an_older_connection_are_not_acknowledged_on_a_newer_one() -> None:
    box, old, new = inbox(), Acknowledged(), Acknowledged()
    put(box, old, 1)
    put(box, old, 2)
    put(box, new, 1)
    box.close()
    taken = await box.take()
    assert len(taken.messages) == 3
    taken.acknowledge()
    assert (old.ids, new.ids) == ([], [1])


async def test_messages_without_a_promise_are_dropped_when_too_many_wait() -> None:
    box, link = inbox(messages=100), Acknowledged()
    for _ in range(10):
        put(box, link, None)
    put(box, link, 1)
    box.close()
    taken = await box.take()
    assert len(taken.messages) == 7
    assert box.dropped == 4
    taken.acknowledge()
    assert link.ids == [1]


async def test_however_often_the_broker_comes_back_only_so_many_messages_wait() -> None:
    box = inbox(messages=100, waiting=6)
    most = 0
    for _ in range(50):
        link = Acknowledged()
        for packet_id in range(1, 7):
            put(box, link, packet_id)
            most = max(most, box.waiting)
    # What one connection may bring, and less than that from before.
    assert most < 12
    assert box.waiting + box.dropped == 300
    assert box.waiting_bytes == box.waiting
    box.close()
    taken = await box.take()
    taken.acknowledge()
    assert link.ids == [1, 2, 3, 4, 5, 6]


async def test_what_waits_is_bounded_in_bytes_and_the_rest_is_acknowledged_later() -> None:
    box, link = inbox(messages=100, size=10_000, most=250), Acknowledged()
    for packet_id in range(1, 6):
        put(box, link, packet_id, b"x" * 100)
    assert (box.waiting, box.waiting_bytes, box.dropped) == (2, 200, 3)
    assert link.ids == []
    box.close()
    taken = await box.take()
    assert len(taken.messages) == 2
    taken.acknowledge()
    assert link.ids == [1, 2, 3, 4, 5]


async def test_one_message_larger_than_all_that_may_wait_is_taken_when_nothing_else_waits() -> None:
    box, link = inbox(size=10_000, most=250), Acknowledged()
    put(box, link, 1, b"x" * 300)
    box.close()
    assert len((await box.take()).messages) == 1
