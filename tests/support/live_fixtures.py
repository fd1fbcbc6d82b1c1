"""Fixtures of the WebSocket's tests: a bridge, a client of its broker, a drone."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aerostream_contract.models import Presence

from support.broker import Broker
from support.cloud import MqttClient
from support.live import LiveServer, eventually, live_server, position_frame, status_json

EAGLE = "aero/1/north/eagle"


@pytest.fixture
async def bridge(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveServer]:
    async with live_server(broker.url, tmp_path) as running:
        yield running


@pytest.fixture
def mqtt(broker: Broker) -> Iterator[MqttClient]:
    with MqttClient(broker.port, "aero/1/+/+/dn/att", "aero/1/_svc/#") as client:
        yield client


@pytest.fixture
async def eagle(bridge: LiveServer, mqtt: MqttClient) -> str:
    """A drone that is online at 47 north, 8 east; its topic."""
    mqtt.publish(f"{EAGLE}/up/status", status_json(Presence.ONLINE), retain=True)
    mqtt.publish(f"{EAGLE}/up/tel", position_frame(1, 47.0, 8.0))
    await eventually(lambda: bridge.live.fleet.samples("eagle"), "the first sample")
    return EAGLE
