"""Clients that read slowly or not at all: they hold up nobody, and little waits for them."""

import asyncio
import socket
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from support.broker import Broker
from support.cloud import MqttClient, event_json
from support.live import (
    LiveServer,
    Page,
    View,
    closed_with,
    eventually,
    live_server,
    page,
    position_frame,
)
from support.live_fixtures import EAGLE

FAT = "x" * 20_000


async def test_one_who_does_not_read_is_cut_off_and_harms_nobody(
    broker: Broker, tmp_path: Path, mqtt: MqttClient
) -> None:
    # Long enough that a good reader on a busy machine is not taken for one that stalls.
    async with live_server(broker.url, tmp_path, stall_s=6.0) as bridge, AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(page(bridge.url)) for _ in range(19)]
        stalled = await stack.enter_async_context(page(bridge.url, sock=narrow(bridge.port)))
        mqtt.publish(f"{EAGLE}/up/tel", position_frame(1, 1.0, 1.0))
        await eventually(lambda: bridge.live.fleet.samples("eagle"), "the first sample")
        views = [await client.subscribe("fleet") for client in (*readers, stalled)]
        stalled.connection.transport.pause_reading()

        async def read(client: Page, view: View) -> None:
            await client.until(lambda: view.value("eagle", "position", "lat") == 9.0)

        reading = [
            asyncio.create_task(read(client, view))
            for client, view in zip(readers, views, strict=False)
        ]
        number = 2
        # Much more than what may wait for one, and then no more: the others come to an end.
        while number * len(FAT) < 1_500_000 or not bridge.metric("websocket_waiting_bytes"):
            mqtt.publish(f"{EAGLE}/up/evt", event_json(number, text=FAT))
            mqtt.publish(f"{EAGLE}/up/tel", position_frame(number, 1.0 + number / 1000, 1.0))
            number += 1
            await asyncio.sleep(0.01)  # the others need the processor too
        mqtt.publish(f"{EAGLE}/up/tel", position_frame(number, 9.0, 1.0))
        await asyncio.gather(*reading)
        await eventually(
            lambda: bridge.metric("websocket_closed_total", code="4008"), "it is cut off", 60.0
        )
        assert bridge.metric("websocket_connections") == 19
        assert bridge.metric("websocket_longest_queue_bytes") < 1_000_000
        for view in views[:19]:
            assert len(view.events) == number - 2
        stalled.connection.transport.resume_reading()
        assert await closed_with(stalled) == 1006


async def test_one_who_reads_slowly_is_told_what_is_newest(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(bridge.url, sock=narrow(bridge.port)) as client:
        view = await client.subscribe("fleet", events=False)
        await client.subscribe("events", channels=[])
        client.connection.transport.pause_reading()
        number = 2
        # Events fill what the kernel keeps; then only positions change.
        while bridge.metric("websocket_waiting_bytes") < 64 * 1024:
            mqtt.publish(f"{eagle}/up/evt", event_json(number, text=FAT))
            number += 1
            await asyncio.sleep(0.01)
        before = len(client.messages)
        for _ in range(100):
            number += 1
            mqtt.publish(f"{eagle}/up/tel", position_frame(number, number / 1000, 1.0))
        await eventually(
            lambda: bridge.live.fleet.samples("eagle")[0].values["lat"] == number / 1000,
            "all positions have come",
        )
        client.connection.transport.resume_reading()
        await client.until(lambda: view.value("eagle", "position", "lat") == number / 1000)
        deltas = [
            message
            for message in client.messages[before:]
            if message["subscription"] == "fleet" and message.get("samples")
        ]
        assert len(deltas) < 20
        assert view.snapshots == 1
        await eventually(lambda: bridge.metric("websocket_conflated_total") >= 1, "counted")


async def test_a_large_snapshot_comes_in_parts_as_fast_as_it_is_read(
    broker: Broker, tmp_path: Path, mqtt: MqttClient
) -> None:
    async with live_server(broker.url, tmp_path) as bridge:
        for number in range(150):
            mqtt.publish(f"{EAGLE}/up/evt", event_json(number, text=FAT))
        async with page(bridge.url, sock=narrow(bridge.port)) as client:
            view = await client.subscribe("fleet")
            parts = [message for message in client.messages if message["type"] == "snapshot"]
            assert [part["part"] for part in parts] == list(range(len(parts)))
            assert len(parts) > 5
            assert len(view.events) == 150
            assert bridge.metric("websocket_longest_queue_bytes") < 512 * 1024


async def test_who_does_not_read_answers_is_not_listened_to(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        client.connection.transport.pause_reading()

        async def flood() -> None:
            for number in count():
                await client.connection.ping(f"{number:0125}")

        flooding = asyncio.create_task(flood())
        try:
            await eventually(lambda: bridge.metric("websocket_waiting_bytes"), "answers pile up")
            done, _ = await asyncio.wait([flooding], timeout=1.0)
            assert not done
            assert bridge.metric("websocket_longest_queue_bytes") < 256 * 1024
        finally:
            flooding.cancel()
            client.connection.transport.abort()


def narrow(port: int) -> socket.socket:
    """A connection for which the kernel keeps little on our side."""
    connected = socket.socket()
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connected.connect(("127.0.0.1", port))
    connected.setblocking(False)
    return connected
