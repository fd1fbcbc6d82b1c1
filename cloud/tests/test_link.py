"""A link to the broker that is given up while it connects."""

import asyncio
from typing import Any

import structlog
from aerostream_cloud.mqtt.link import Link
from aerostream_contract.settings import MqttUrl
from support.broker import Broker

#: More turns of the event loop than a connection takes.
TURNS = 60


async def test_a_link_that_is_cancelled_at_any_moment_ends_quietly(broker: Broker) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: complaints.append(context)
    )
    for turns in range(TURNS):
        link = Link(
            client_id=f"link-{turns}",
            receive=lambda *_: None,
            will=None,
            receive_maximum=10,
            username=None,
            password=None,
            log=structlog.get_logger(),
        )
        task = asyncio.create_task(link.open(MqttUrl.parse(broker.url), None))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await link.close()
    # What fails in a callback fails in one of the next turns.
    for _ in range(TURNS):
        await asyncio.sleep(0)
    assert complaints == []
