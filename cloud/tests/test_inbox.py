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


def inbox(messages: int = 4, size: int = 100, wait_s: float = 60, unpromised: int = 6) -> Inbox:
    return Inbox(
        most_messages=messages, most_bytes=size, longest_wait_s=wait_s, most_unpromised=unpromised
    )


def put(box: Inbox, link: Acknowledged, packet_id: int | None, payload: bytes = b"x") -> None:
    box.receive(f"t{packet_id}", payload, packet_id, {}, cast("Link", link))


async def test_a_full_batch_does_not_wait() -> None:
    box, link = inbox(), Acknowledged()
    for packet_id in range(1, 7):
        put(box, link, packet_id)
    async with asyncio.timeout(5):
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
    async with asyncio.timeout(5):
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
