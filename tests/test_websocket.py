"""The WebSocket over real parts: Mosquitto, the web server, a client library of another make."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from aerostream_cloud.bridge.live import service as service_module
from aerostream_contract import __version__, models
from aerostream_contract.models import Presence
from aerostream_contract.times import iso_from_us
from support.broker import Broker
from support.cloud import START_US, MqttClient, event_json
from support.live import (
    LiveServer,
    closed_with,
    eventually,
    live_server,
    page,
    position_frame,
    status_json,
)


async def test_the_server_greets_first(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        [hello] = client.messages
        assert {name: hello[name] for name in ("type", "protocol", "version")} == {
            "type": "hello",
            "protocol": 1,
            "version": __version__,
        }
        assert (hello["heartbeat_s"], hello["tick_ms"]) == (5, 50)
        assert hello["broker"] is True
        assert (await client.next("heartbeat"))["broker"] is True


async def test_who_is_connected_learns_at_once_that_the_broker_is_away(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only a change makes a heartbeat.
    monkeypatch.setattr(service_module, "HEARTBEAT_S", 3600.0)
    async with (
        live_server(broker.url, tmp_path) as bridge,
        page(bridge.url) as client,
        page(bridge.url) as other,
    ):
        await asyncio.to_thread(broker.stop)
        assert (await client.next("heartbeat"))["broker"] is False
        assert (await other.next("heartbeat"))["broker"] is False
        async with page(bridge.url) as late:
            assert late.messages[0]["broker"] is False
        await asyncio.to_thread(broker.start)
        assert (await client.next("heartbeat"))["broker"] is True


async def test_a_snapshot_comes_first_then_what_changes(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(bridge.url) as client:
        view = await client.subscribe("fleet")
        assert view.drones["eagle"]["presence"] == "online"
        assert view.value("eagle", "position", "lat") == 47.0
        mqtt.publish(f"{eagle}/up/tel", position_frame(2, 47.5, 8.0))
        delta = await client.next("delta")
        assert delta["samples"] == [
            {
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
        ]
        assert bridge.metric("websocket_delay_seconds_count", conflated="false") >= 1


async def test_events_come_from_their_topic_and_from_frames(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(bridge.url) as client:
        view = await client.subscribe("fleet")
        quiet = await client.subscribe("quiet", events=False)
        mqtt.publish(f"{eagle}/up/evt", event_json(10, text="by itself"))
        inside = event_json(11, text="in a frame")
        mqtt.publish(f"{eagle}/up/tel", position_frame(2, 47.0, 8.0, events=(inside,)))
        mqtt.publish(f"{eagle}/up/evt", event_json(11, text="in a frame"))
        mqtt.publish(f"{eagle}/up/evt", event_json(12, text="last"))
        await client.until(lambda: len(view.events) == 3)
        assert [event["text"] for event in view.events] == ["by itself", "in a frame", "last"]
        assert view.events[0] == {
            "drone": "eagle",
            "time": iso_from_us(START_US),
            "kind": "mode",
            "severity": 6,
            "component": 1,
            "text": "by itself",
            "data": {"mode": "AUTO"},
        }
        assert quiet.events == []


async def test_presence_follows_status_will_and_deletion(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(bridge.url) as client:
        view = await client.subscribe("fleet")
        mqtt.publish(f"{eagle}/up/status", status_json(Presence.LOST), retain=True)
        await client.until(lambda: view.drones["eagle"]["presence"] == "lost")
        assert view.drones["eagle"]["presence_since"] is not None
        mqtt.publish(f"{eagle}/up/status", status_json(Presence.ONLINE, 2), retain=True)
        mqtt.publish(f"{eagle}/up/status", status_json(Presence.LOST, 1), retain=True)
        mqtt.publish(f"{eagle}/up/state", models.encode(models.State(iso_from_us(START_US))))
        await client.until(lambda: view.drones["eagle"]["state_time"] is not None)
        assert view.drones["eagle"]["presence"] == "online"
        mqtt.publish(f"{eagle}/up/status", b"", retain=True)
        await client.until(lambda: not view.drones)
        assert view.samples == {}


async def test_a_reconnecting_client_is_told_what_it_missed(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(bridge.url) as client:
        cursor = (await client.subscribe("fleet")).cursor
    mqtt.publish("aero/1/south/hawk/up/tel", position_frame(1, 1.0, 1.0))
    await eventually(lambda: bridge.live.fleet.drone("hawk"), "the second drone")
    async with page(bridge.url) as client:
        view = await client.subscribe("fleet", resume=cursor)
        assert (view.snapshots, set(view.drones)) == (0, {"hawk"})
        again = await client.subscribe("fleet", resume=view.cursor)
        assert again.snapshots == 0
        assert set(client.messages[-1]) == {"type", "subscription", "cursor"}
        other = await client.subscribe("fleet", resume="0123456789ab.5")
        assert (other.snapshots, set(other.drones)) == (1, {"eagle", "hawk"})


async def test_a_box_follows_drones_over_the_antimeridian(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(bridge.url) as client:
        view = await client.subscribe("map", bbox=[170, -10, -170, 10], channels=["position"])
        assert view.drones == {}
        mqtt.publish(f"{eagle}/up/tel", position_frame(2, 0.0, 179.0))
        await client.until(lambda: view.value("eagle", "position", "lon") == 179.0)
        mqtt.publish(f"{eagle}/up/tel", position_frame(3, 0.0, -179.0))
        await client.until(lambda: view.value("eagle", "position", "lon") == -179.0)
        assert set(view.drones) == {"eagle"}
        mqtt.publish(f"{eagle}/up/tel", position_frame(9, 0.0, 0.0))
        await client.until(lambda: not view.drones)
        assert client.messages[-1]["gone"] == ["eagle"]


async def test_subscriptions_differ_are_replaced_and_ended(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    mqtt.publish("aero/1/south/hawk/up/tel", position_frame(1, 1.0, 1.0))
    await eventually(lambda: bridge.live.fleet.drone("hawk"), "the second drone")
    async with page(bridge.url) as client:
        north = await client.subscribe("north", fleets=["north"])
        hawk = await client.subscribe("hawk", drones=["hawk"], channels=["vfr"])
        assert (set(north.drones), set(hawk.drones)) == ({"eagle"}, {"hawk"})
        assert (len(north.samples), hawk.samples) == (1, {})
        await client.subscribe("north", fleets=["south"])
        assert set(north.drones) == {"hawk"}
        assert bridge.metric("websocket_subscriptions") == 2
        await client.send({"type": "unsubscribe", "subscription": "north"})
        assert (await client.next("unsubscribed"))["subscription"] == "north"
        await client.send({"type": "unsubscribe", "subscription": "north"})
        assert (await client.next("error"))["problem"]["status"] == 422
        assert bridge.metric("websocket_subscriptions") == 1
    await eventually(lambda: bridge.metric("websocket_subscriptions") == 0, "no subscription")
    assert bridge.metric("websocket_groups") == 0


async def test_a_ping_is_answered(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        await client.send({"type": "ping", "id": 7})
        assert (await client.next("pong"))["id"] == 7


async def test_a_drones_own_address_shows_all_of_it(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(f"{bridge.url}/eagle") as client:
        await client.until(lambda: "drone" in client.views)
        assert set(client.views["drone"].drones) == {"eagle"}
        assert client.views["drone"].value("eagle", "position", "lat") == 47.0
        await eventually(lambda: mqtt.payloads(f"{eagle}/dn/att"), "the drone is told")
        word = msgspec.json.decode(mqtt.payloads(f"{eagle}/dn/att")[0])
        assert word == {"channels": ["attitude", "position", "vfr"], "ttl_s": 10.0}


async def test_a_drones_own_address_takes_channels_and_can_look_from_afar(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    async with page(f"{bridge.url}/eagle?attention=false&channels=vfr,gps") as client:
        await client.until(lambda: "drone" in client.views)
        assert client.views["drone"].samples == {}
        await client.subscribe("close", drones=["eagle"], channels=["gps", "vfr"], attention=True)
        await eventually(lambda: mqtt.payloads(f"{eagle}/dn/att"), "the drone is told")
        word = msgspec.json.decode(mqtt.payloads(f"{eagle}/dn/att")[0])
        assert word["channels"] == ["gps", "vfr"]


async def test_a_stopping_server_says_goodbye(broker: Broker, tmp_path: Path) -> None:
    async with live_server(broker.url, tmp_path) as bridge, page(bridge.url) as client:
        await client.subscribe("fleet")
        await bridge.stop()
        assert await closed_with(client) == 1001


async def test_a_client_that_vanishes_is_forgotten(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        await client.subscribe("fleet")
        assert bridge.metric("websocket_connections") == 1
        client.connection.transport.abort()
        await eventually(lambda: bridge.metric("websocket_connections") == 0, "noticed")
    assert bridge.metric("websocket_closed_total", code="1006") == 1


async def test_the_bridge_says_whether_it_is_there(
    broker: Broker, tmp_path: Path, mqtt: MqttClient
) -> None:
    topic = "aero/1/_svc/bridge/test/state"

    def states() -> list[str]:
        return [json.loads(payload)["status"] for payload in mqtt.payloads(topic)]

    async with live_server(broker.url, tmp_path):
        await eventually(lambda: states() == ["online"], "online")
    await eventually(lambda: states() == ["online", "offline"], "offline")


async def test_it_goes_on_when_the_broker_comes_back(
    bridge: LiveServer, broker: Broker, eagle: str
) -> None:
    async with page(bridge.url) as client:
        view = await client.subscribe("fleet")
        broker.kill()
        await eventually(lambda: not bridge.live.connected, "the loss is noticed")
        broker.start()
        await eventually(lambda: bridge.live.connected, "connected again")
        with MqttClient(broker.port) as drone:
            drone.publish(f"{eagle}/up/tel", position_frame(5, 48.0, 8.0))
            await client.until(lambda: view.value("eagle", "position", "lat") == 48.0)
        assert view.drones["eagle"]["presence"] == "online"
        assert view.snapshots == 1
