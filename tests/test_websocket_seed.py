"""What the bridge shows of drones that are not there: from the registry and the store."""

import asyncio
import json
from pathlib import Path

from aerostream_cloud.store import SeriesBlock
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from support.bridge import Bridge, block, fill
from support.broker import Broker
from support.cloud import START_US, MqttClient, until
from support.live import eventually, live_server, page, position_frame
from support.patience import PATIENCE_S

HAWK = DroneName("south", "hawk")
MINUTE_US = 60_000_000


def position(drone: DroneName, time_us: int, lat: float) -> SeriesBlock:
    row = {"lat": lat, "lon": 8.0, "alt": 500.0, "relative_alt": 1.0}
    return block(drone, "position", {time_us - MINUTE_US: {**row, "lat": 0.0}, time_us: row})


async def test_a_drone_that_is_away_is_shown_where_it_was_last(
    broker: Broker, tmp_path: Path
) -> None:
    heartbeat = {"type": 2, "autopilot": 3, "base_mode": 1, "custom_mode": 5, "system_status": 3}
    blocks = [position(HAWK, START_US, 47.0), block(HAWK, "heartbeat", {START_US: heartbeat})]
    fill(tmp_path, [HAWK], blocks)
    async with live_server(broker.url, tmp_path) as bridge, page(f"{bridge.url}/hawk") as client:
        await client.until(
            lambda: "drone" in client.views and len(client.views["drone"].samples) == 2
        )
        view = client.views["drone"]
        state = view.drones["hawk"]
        assert (state["presence"], state["fleet"], state["mode"]) == ("unknown", "south", "LOITER")
        assert state["last_sample"] == iso_from_us(START_US)
        assert state["first_seen"] is not None
        assert view.value("hawk", "position", "lat") == 47.0
        # What comes live stands above what is stored, whatever its time.
        with MqttClient(broker.port) as mqtt:
            mqtt.publish("aero/1/south/hawk/up/tel", position_frame(0, 48.0, 8.0))
            await client.until(lambda: view.value("hawk", "position", "lat") == 48.0)


async def test_a_drone_that_is_imported_appears_and_moves_on_by_itself(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        live_server(broker.url, tmp_path, seed_interval_s=0.2) as bridge,
        page(bridge.url) as client,
    ):
        view = await client.subscribe("fleet")
        for minute in range(3):
            row = position(HAWK, START_US + minute * MINUTE_US, 40.0 + minute)
            await asyncio.to_thread(fill, tmp_path, [HAWK], [row])
            while view.value("hawk", "position", "lat") != 40.0 + minute:
                await client.receive()
        assert view.snapshots == 1


async def test_a_fleet_of_hundreds_is_read_at_the_start(broker: Broker, tmp_path: Path) -> None:
    drones = [DroneName("north", f"d{number}") for number in range(300)]
    fill(tmp_path, drones, [position(drone, START_US, 47.0) for drone in drones])
    async with live_server(broker.url, tmp_path) as bridge, page(bridge.url) as client:
        view = await client.subscribe("fleet")
        await client.until(lambda: len(view.samples) == 300)
        assert {state["position"]["lat"] for state in view.drones.values()} == {47.0}


async def test_a_store_that_is_not_there_yet_hinders_nobody(broker: Broker, tmp_path: Path) -> None:
    fill(tmp_path, [HAWK], [])
    (tmp_path / "telemetry.sqlite").unlink()
    async with live_server(broker.url, tmp_path, seed_interval_s=0.2) as bridge:
        await eventually(lambda: bridge.live.fleet.drone("hawk"), "the registry's drone")
        await asyncio.to_thread(fill, tmp_path, [HAWK], [position(HAWK, START_US, 47.0)])
        await eventually(lambda: bridge.live.fleet.samples("hawk"), "its newest sample")


def test_a_bridge_that_is_killed_is_lost(broker: Broker, tmp_path: Path) -> None:
    topic = "aero/1/_svc/bridge/test/state"
    bridge = Bridge(broker.url, tmp_path)
    with MqttClient(broker.port, "aero/1/_svc/#") as mqtt:

        def newest() -> str | None:
            states = mqtt.payloads(topic)
            return json.loads(states[-1])["status"] if states else None

        try:
            bridge.launch()
            until(lambda: newest() == "online", "online", PATIENCE_S)
            bridge.kill()
            until(lambda: newest() == "lost", "lost", PATIENCE_S)
        finally:
            bridge.stop()
