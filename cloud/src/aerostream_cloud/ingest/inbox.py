"""Received messages, gathered into batches."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aerostream_cloud.mqtt import Link

Message = tuple[str, bytes]
"""Topic and payload."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch, and how to acknowledge it to the broker."""

    messages: list[Message]
    packet_ids: list[int | None]
    link: Link | None

    def acknowledge(self) -> None:
        """PUBACK the messages of the batch that came with QoS 1."""
        if self.link is not None:
            self.link.acknowledge([each for each in self.packet_ids if each is not None])


class Inbox:
    """Gathers messages until a batch is full or its first message has waited long enough.

    Args:
        most_messages: of a batch.
        most_bytes: payload of a batch; one message may be larger.
        longest_wait_s: of a message for others.
        most_waiting: QoS 0 messages are dropped while so many messages wait. With QoS 1 the
            receive maximum bounds what the broker sends on one connection.
        most_waiting_bytes: payload of all that waits; what comes beyond is dropped. It is
            acknowledged only when there is room again, so that the broker keeps the rest.
    """

    def __init__(
        self,
        *,
        most_messages: int,
        most_bytes: int,
        longest_wait_s: float,
        most_waiting: int,
        most_waiting_bytes: int,
    ) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._longest_wait_s = longest_wait_s
        self._most_waiting = most_waiting
        self._most_waiting_bytes = most_waiting_bytes
        self._messages: list[Message] = []
        self._packet_ids: list[int | None] = []
        self._dropped_ids: list[int | None] = []
        self._bytes = 0
        self._link: Link | None = None
        self._first_at_s = 0.0
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._closed = False
        self.dropped = 0
        """Messages that were dropped; the sender of a numbered one gets no `dn/ack`."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._messages)

    @property
    def waiting_bytes(self) -> int:
        """Payload of those that wait."""
        return self._bytes

    def receive(
        self,
        topic: str,
        payload: bytes,
        packet_id: int | None,
        _properties: Mapping[str, Any],
        link: Link,
    ) -> None:
        """Take a message from the broker."""
        if self._closed:
            return
        if link is not self._link:
            if len(self._messages) >= self._most_waiting:
                # Each connection may bring as many again: the senders repeat what is not
                # confirmed, so what an older one left makes room.
                self.dropped += len(self._messages)
                self._messages = []
                self._bytes = 0
            # Ids of an older connection mean nothing on this one.
            self._packet_ids = [None] * len(self._messages)
            self._dropped_ids = []
            self._link = link
        messages = self._messages
        if not messages:
            self._first_at_s = asyncio.get_running_loop().time()
            self._some.set()
        elif (packet_id is None and len(messages) >= self._most_waiting) or self._bytes + len(
            payload
        ) > self._most_waiting_bytes:
            self.dropped += 1
            if packet_id is not None:
                self._dropped_ids.append(packet_id)
            return
        messages.append((topic, payload))
        self._packet_ids.append(packet_id)
        self._bytes += len(payload)
        if len(messages) == self._most_messages or self._bytes >= self._most_bytes:
            self._full.set()

    def close(self) -> None:
        """Take no more messages; `take` gives the rest, then an empty batch."""
        self._closed = True
        self._some.set()
        self._full.set()

    async def take(self) -> Taken:
        """Wait for the next batch; empty once closed and drained."""
        await self._some.wait()
        if not self._full.is_set():
            waited_s = asyncio.get_running_loop().time() - self._first_at_s
            try:
                async with asyncio.timeout(max(0.0, self._longest_wait_s - waited_s)):
                    await self._full.wait()
            except TimeoutError:
                pass
        count = self._batch_size()
        ids = self._packet_ids[:count] + self._dropped_ids
        taken = Taken(self._messages[:count], ids, self._link)
        self._dropped_ids = []
        self._messages = self._messages[count:]
        self._packet_ids = self._packet_ids[count:]
        self._bytes -= sum(len(payload) for _, payload in taken.messages)
        if not self._closed:
            if not self._messages:
                self._some.clear()
            if len(self._messages) < self._most_messages and self._bytes < self._most_bytes:
                self._full.clear()
        return taken

    def _batch_size(self) -> int:
        count = min(len(self._messages), self._most_messages)
        if self._bytes <= self._most_bytes:
            return count
        size = 0
        for index in range(count):
            size += len(self._messages[index][1])
            if size > self._most_bytes:
                return max(1, index)
        return count
