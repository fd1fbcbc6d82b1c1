"""The services' MQTT module against a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from aerostream_cloud.errors import BrokerRefused
from aerostream_cloud.mqtt import Broker, Link, Will
from aerostream_contract.settings import MqttUrl
from support.broker import Broker as Mosquitto
from support.cloud import MqttClient, until
from support.patience import PATIENCE_S

Received = list[tuple[str, bytes, int | None, Mapping[str, Any], Link]]


async def eventually(condition: Callable[[], object], what: str) -> None:
    """Poll on the event loop until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(
    mosquitto: Mosquitto, *filters: str, will: Will | None = None, receive_maximum: int = 100
) -> AsyncIterator[tuple[Broker, Received]]:
    received: Received = []
    broker = Broker(
        url=MqttUrl.parse(mosquitto.url),
        tls=None,
        client_id="under-test",
        subscriptions=filters,
        receive=lambda *message: received.append(message),
        log=structlog.get_logger(),
        will=will,
        receive_maximum=receive_maximum,
    )
    task = asyncio.create_task(broker.run())
    try:
        await eventually(lambda: broker.is_connected, "connection")
        yield broker, received
    finally:
        await broker.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def acks_seen(mosquitto: Mosquitto) -> int:
    return mosquitto.log.read_text().count("Received PUBACK from under-test")


async def test_nothing_is_acknowledged_before_the_receiver_says_so(broker: Mosquitto) -> None:
    async with connected(broker, "a/#", receive_maximum=3) as (_, received):
        with MqttClient(broker.port) as client:
            for number in range(5):
                await asyncio.to_thread(client.publish, f"a/{number}", b"x" * number)
        await eventually(lambda: len(received) == 3, "as many as the receive maximum allows")
        assert acks_seen(broker) == 0
        link = received[0][4]
        link.acknowledge([each[2] for each in received[:3] if each[2] is not None])
        await eventually(lambda: len(received) == 5, "the rest")
        # What the third one makes room for is not waited for: the broker may read it last.
        await eventually(lambda: acks_seen(broker) == 3, "three acknowledgements")
        assert [(topic, payload) for topic, payload, *_ in received] == [
            (f"a/{number}", b"x" * number) for number in range(5)
        ]


async def test_an_acknowledgement_never_goes_out_on_another_connection(broker: Mosquitto) -> None:
    async with connected(broker, "a") as (client, received):
        with MqttClient(broker.port) as publisher:
            await asyncio.to_thread(publisher.publish, "a", b"before")
            await eventually(lambda: received, "the message")
        _, _, packet_id, _, old = received[0]
        assert packet_id is not None
        broker.kill()
        await eventually(lambda: not client.is_connected, "loss")
        broker.log.write_text("")
        broker.start()
        await eventually(lambda: client.is_connected, "reconnection")
        with MqttClient(broker.port) as publisher:
            await asyncio.to_thread(publisher.publish, "a", b"after")
        await eventually(lambda: len(received) == 2, "a message after the reconnection")
        new = received[1][4]
        assert new is not old
        assert received[1][2] == packet_id  # the broker counts from 1 again: the danger is real
        old.acknowledge([packet_id])
        with MqttClient(broker.port) as publisher:
            await asyncio.to_thread(publisher.publish, "a", b"last")
        await eventually(lambda: len(received) == 3, "a later message")
        assert acks_seen(broker) == 0
        new.acknowledge([packet_id])
        await eventually(lambda: acks_seen(broker) == 1, "the right acknowledgement")


async def test_more_may_be_published_than_the_broker_takes_at_once(broker: Mosquitto) -> None:
    with MqttClient(broker.port, "a") as client:
        async with connected(broker) as (ours, _):
            for number in range(200):
                assert ours.publish("a", str(number).encode(), qos=1)
        await asyncio.to_thread(until, lambda: len(client.received) == 200, "all of them")
        assert [int(payload) for _, payload in client.received] == list(range(200))


async def test_a_clean_end_leaves_no_will_and_a_broken_one_does(broker: Mosquitto) -> None:
    will = Will("state", b"lost")
    with MqttClient(broker.port, "state") as client:
        async with connected(broker, will=will) as (ours, _):
            ours.publish("state", b"bye", qos=1, retain=True)
        await asyncio.to_thread(until, lambda: client.received, "goodbye")
        async with connected(broker, will=will) as (ours, _):
            assert ours._link is not None
            ours._link._connection._transport.abort()
            await asyncio.to_thread(until, lambda: len(client.received) == 2, "the will")
        assert [payload for _, payload in client.received] == [b"bye", b"lost"]


async def test_retained_flag_and_properties_are_handed_over(broker: Mosquitto) -> None:
    async with connected(broker) as (ours, _):
        ours.publish("a", b"kept", qos=1, retain=True, expiry_s=1000)
    async with connected(broker, "a") as (_, received):
        await eventually(lambda: received, "the retained message")
        _, payload, _, properties, _ = received[0]
        assert (payload, properties["retain"]) == (b"kept", 1)
        [expiry_s] = properties["message_expiry_interval"]
        assert 900 < expiry_s <= 1000


async def test_large_messages_come_through_in_one_piece(broker: Mosquitto) -> None:
    payload = bytes(range(256)) * 900
    async with connected(broker, "a") as (ours, received):
        for _ in range(3):
            ours.publish("a", payload, qos=1)
        await eventually(lambda: len(received) == 3, "the messages")
        assert all(each[1] == payload for each in received)


async def test_a_refused_first_connection_is_an_error(tmp_path: Path) -> None:
    closed = Mosquitto(tmp_path, config="allow_anonymous false\n")
    closed.start()
    broker = Broker(
        url=MqttUrl.parse(closed.url),
        tls=None,
        client_id="under-test",
        subscriptions=[],
        receive=lambda *_: None,
        log=structlog.get_logger(),
    )
    try:
        with pytest.raises(BrokerRefused, match="Not authorized"):
            await asyncio.wait_for(broker.run(), 60)
    finally:
        closed.stop()
