"""What the WebSocket refuses, and how; nothing else stops working."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aerostream_cloud.bridge.live import hub as hub_module
from aerostream_cloud.bridge.live import websocket as websocket_module
from support.broker import Broker
from support.cloud import MqttClient, event_json
from support.live import (
    LiveServer,
    closed_with,
    eventually,
    live_server,
    page,
    position_frame,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin


@pytest.mark.parametrize(
    ("message", "kind", "detail"),
    [
        ("{", "other", "not JSON"),
        (b"{}", "other", "binary"),
        ('{"type": "dance"}', "invalid-parameter", "'dance'"),
        ({"channels": ["vrf"]}, "unknown-channel", "'vrf'"),
        ({"drones": ["ghost"]}, "unknown-drone", "'ghost'"),
        ({"drones": ["g"] * 1001}, "invalid-parameter", "1000"),
        ({"bbox": [0, 9, 1, 8]}, "invalid-parameter", "latitude"),
        ({"attention": True}, "invalid-parameter", "attention"),
    ],
)
async def test_a_bad_message_is_answered_and_harms_nothing(
    bridge: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    eagle: str,
    message: Any,
    kind: str,
    detail: str,
) -> None:
    async with page(bridge.url) as client:
        await client.subscribe("fleet")
        # The registry has been read: nobody waits for it.
        if isinstance(message, dict):
            message = json.dumps({"type": "subscribe", "subscription": "s", **message})
        await client.connection.send(message)
        error = await client.next("error")
        assert error["problem"]["type"] == f"urn:aerostream:problem:{kind}"
        assert detail in error["problem"]["detail"]
        assert error["subscription"] == ("s" if "subscribe" in str(message) else None)
        await client.send({"type": "ping", "id": "still there"})
        await client.next("pong")


async def test_a_client_that_makes_only_mistakes_is_sent_away(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        for _ in range(websocket_module.MAX_ERRORS):
            await client.connection.send("?")
        assert await closed_with(client) == 1008
        kinds = [message["type"] for message in client.messages]
        assert kinds.count("error") == websocket_module.MAX_ERRORS


async def test_a_client_that_asks_too_often_is_refused_and_then_sent_away(
    bridge: LiveServer,
) -> None:
    async with page(bridge.url) as client:
        with suppress(ConnectionClosed):
            for number in range(500):
                await client.connection.send(json.dumps({"type": "ping", "id": number}))
        assert await closed_with(client) == 1008
        kinds = [message["type"] for message in client.messages]
        assert 50 <= kinds.count("pong") < 500
        [*_, error] = (message for message in client.messages if message["type"] == "error")
        assert error["problem"]["status"] == 429
        assert kinds.count("error") == websocket_module.MAX_ERRORS


async def test_a_message_that_is_too_large_ends_the_connection(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        await client.connection.send("x" * 65_537)
        assert await closed_with(client) == 1009
    await eventually(lambda: bridge.metric("websocket_closed_total", code="1009"), "counted")


async def test_a_client_cannot_fill_the_metrics_with_close_codes(bridge: LiveServer) -> None:
    for code in (3000, 4004, 4999):
        async with page(bridge.url) as client:
            await client.connection.close(code)
    await eventually(
        lambda: (
            [bridge.metric("websocket_closed_total", code=code) for code in ("other", "4004")]
            == [2, 1]
        ),
        "counted",
    )


async def test_a_connection_has_so_many_subscriptions(bridge: LiveServer) -> None:
    async with page(bridge.url) as client:
        for number in range(hub_module.MAX_SUBSCRIPTIONS):
            await client.subscribe(f"s{number}")
        await client.send({"type": "subscribe", "subscription": "one more"})
        assert "32" in (await client.next("error"))["problem"]["detail"]
        await client.subscribe("s0", channels=["vfr"])


async def test_pages_of_other_sites_are_refused(bridge: LiveServer) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(bridge.url, origin=Origin("http://evil.example")):
            pass
    response = caught.value.response
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert problem["type"] == "urn:aerostream:problem:wrong-origin"
    assert "evil.example" in problem["detail"]
    async with page(bridge.url, origin=Origin(f"http://127.0.0.1:{bridge.port}")):
        pass


async def test_further_origins_come_from_the_settings(broker: Broker, tmp_path: Path) -> None:
    origin = Origin("https://ops.example.org")
    async with (
        live_server(broker.url, tmp_path, http_origins=origin) as bridge,
        page(bridge.url, origin=origin),
    ):
        pass


async def test_too_many_connections_are_sent_away(broker: Broker, tmp_path: Path) -> None:
    async with (
        live_server(broker.url, tmp_path, max_connections=2) as bridge,
        page(bridge.url),
        page(bridge.url),
    ):
        async with connect(bridge.url) as third:
            with pytest.raises(ConnectionClosed) as caught:
                await third.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1013
        assert bridge.metric("websocket_connections") == 2


async def test_what_cannot_be_used_is_counted_and_the_rest_goes_on(
    bridge: LiveServer, mqtt: MqttClient, eagle: str
) -> None:
    mqtt.publish(f"{eagle}/up/tel", b"no frame")
    mqtt.publish(f"{eagle}/up/status", b'{"status": "tired"}')
    mqtt.publish(f"{eagle}/up/state", b'{"time": "yesterday"}')
    mqtt.publish(f"{eagle}/up/evt", b"\xff")
    mqtt.publish("aero/1/north/UPPER/up/tel", b"")
    mqtt.publish(f"{eagle}/up/tel", position_frame(2, 1.0, 2.0, events=(b"{}",)))
    mqtt.publish("aero/1/south/eagle/up/tel", position_frame(9, 3.0, 4.0))
    fat = event_json(7, text="x" * 70_000)
    mqtt.publish(f"{eagle}/up/evt", fat)
    mqtt.publish(f"{eagle}/up/tel", position_frame(3, 1.0, 2.0, events=(fat,)))
    counts = {"frame": 1, "payload": 4, "topic": 1, "event": 2, "fleet": 1}
    await eventually(
        lambda: all(
            bridge.metric("refused_total", kind=kind) == count for kind, count in counts.items()
        ),
        "all are counted",
    )
    [sample] = bridge.live.fleet.samples("eagle")
    assert sample.values["lat"] == 1.0


@pytest.mark.parametrize("drone", ["ghost", "Not-An-Id", "%F0%9F%9A%81", "a" * 200])
async def test_an_unknown_drone_has_no_address(bridge: LiveServer, drone: str) -> None:
    async with page(f"{bridge.url}/{drone}") as client:
        assert await closed_with(client) == 4004


@pytest.mark.parametrize(
    ("address", "subscription", "detail"),
    [
        (
            "/eagle?chanels=position",
            "drone",
            "there is no parameter 'chanels' here; did you mean channels?",
        ),
        ("/eagle?channels=position,vrf", "drone", "'vrf'"),
        ("/eagle?attention=perhaps", "drone", "attention is 'perhaps', expected true or false"),
        ("?channels=position", None, "there is no parameter 'channels' here"),
    ],
)
async def test_an_address_that_cannot_be_served_is_refused_with_the_reason(
    bridge: LiveServer, eagle: str, address: str, subscription: str | None, detail: str
) -> None:
    async with page(bridge.url + address) as client:
        error = await client.next("error")
        assert error["subscription"] == subscription
        assert detail in error["problem"]["detail"]
        assert await closed_with(client) == websocket_module.BAD_ADDRESS
    await eventually(lambda: bridge.metric("websocket_closed_total", code="4022"), "counted")
