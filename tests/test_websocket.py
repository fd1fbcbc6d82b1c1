"""The WebSocket over real parts: Mosquitto, the web server, a client library of another make."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aerostream_contract import models
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from aerostream_contract.models import Presence, Status
from aerostream_contract.times import iso_from_us
from support.broker import Broker
from support.cloud import START_US, MqttClient
from support.live import LiveServer, eventually, live_server, page

E7 = 10_000_000
POSITION = CHANNELS["position"]


def position_frame(number: int, lat: float, lon: float, *, time_us: int | None = None) -> bytes:
    """A frame with one position."""
    row = [round(lat * E7), round(lon * E7), 500_000, number * 1000, 0, 0, 0, 9000]
    at_us = START_US + number * 200_000 if time_us is None else time_us
    section = Section(1, 1, Clock.UTC, 0, [SeriesRows(POSITION, "0", [(at_us, row)])])
    return encode_frame(1, number, [section])


def status(presence: Presence, session: int = 1) -> bytes:
    return models.encode(Status(presence, 1, session, "0.1.0", models.LinkState.UP))


@pytest.fixture
async def bridge(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveServer]:
    async with live_server(broker.url, tmp_path) as running:
        yield running


@pytest.fixture
def drones(broker: Broker) -> Iterator[MqttClient]:
    with MqttClient(broker.port, "aero/1/+/+/dn/att") as client:
        yield client


async def test_a_snapshot_comes_first_then_what_changes(
    bridge: LiveServer, drones: MqttClient
) -> None:
    drones.publish("aero/1/north/eagle/up/status", status(Presence.ONLINE), retain=True)
    drones.publish("aero/1/north/eagle/up/tel", position_frame(1, 47.0, 8.0))
    await eventually(lambda: bridge.live.fleet.samples("eagle"), "the sample is there")
    async with page(bridge.url) as client:
        view = await client.subscribe("fleet")
        assert view.drones["eagle"]["presence"] == "online"
        assert view.value("eagle", "position", "lat") == 47.0
        drones.publish("aero/1/north/eagle/up/tel", position_frame(2, 47.5, 8.0))
        delta = await client.next("delta")
        [sample] = delta["samples"]
        assert sample == {
            "drone": "eagle",
            "channel": "position",
            "component": 1,
            "instance": "0",
            "time": iso_from_us(START_US + 400_000),
            "values": {
                "lat": 47.5,
                "lon": 8.0,
                "alt": 500.0,
                "relative_alt": 2.0,
                "vx": 0.0,
                "vy": 0.0,
                "vz": 0.0,
                "hdg": 90.0,
            },
        }
