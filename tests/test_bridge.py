"""The bridge as a service: starting, telling the truth about its health, stopping."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from aerostream_contract.names import DroneName
from support.bridge import Bridge, block, fill
from support.broker import Broker
from support.cloud import Ingest, MqttClient, attitude_frame, event_json, until
from websockets.asyncio.client import connect

DRONE = DroneName("n", "d")
SERVICES = "aero/1/_svc/#"


@pytest.fixture
def bridge(broker: Broker, tmp_path: Path) -> Iterator[Bridge]:
    bridge = Bridge(broker.url, tmp_path / "data")
    fill(bridge.folder, [DRONE], [block(DRONE, "attitude", {1: {"roll": 0.5}})])
    yield bridge
    bridge.stop()


def failing(bridge: Bridge) -> dict[str, str]:
    """The parts that `/readyz` complains of."""
    answer = bridge.get("/readyz")
    assert answer.status_code in (200, 503)
    if answer.status_code == 200:
        assert answer.json()["status"] == "ready"
        return {}
    assert answer.headers["content-type"] == "application/problem+json"
    return {part["name"]: part["detail"] for part in answer.json()["errors"]}


def test_it_says_where_to_look_and_stops_soon(bridge: Bridge) -> None:
    bridge.start()
    assert bridge.url.startswith("http://127.0.0.1:")
    assert bridge.json("/healthz") == {"status": "alive", "version": "0.1.0"}
    started = time.monotonic()
    assert bridge.terminate() == 0
    assert time.monotonic() - started < 10
    assert not bridge.said("a request failed")


async def test_clients_on_websockets_are_told_that_the_server_stops(bridge: Bridge) -> None:
    await asyncio.to_thread(bridge.start)
    async with connect(bridge.url.replace("http", "ws") + "/ws") as client:
        assert json.loads(await client.recv())["type"] == "hello"
        started = time.monotonic()
        code = asyncio.create_task(asyncio.to_thread(bridge.terminate))
        async for _ in client:
            pass
        assert client.close_code == 1001
        assert await code == 0
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("command", ["bridge", "serve"])
def test_a_port_in_use_ends_with_one_sentence(broker: Broker, tmp_path: Path, command: str) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        bridge = Bridge(broker.url, tmp_path / "data", command, http_port=str(port))
        bridge.launch()
        assert bridge.wait() == 1
    assert bridge.log.read_text().splitlines() == [
        f"aerostream-cloud: AEROSTREAM_HTTP_PORT {port} is in use on 127.0.0.1"
    ]


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"http_host": "no.such.host.invalid"}, 1, "AEROSTREAM_HTTP_HOST no.such.host.invalid"),
        ({"http_host": "192.0.2.1"}, 1, "AEROSTREAM_HTTP_HOST 192.0.2.1"),
        ({"http_host": "a..b"}, 2, "AEROSTREAM_HTTP_HOST is 'a..b'"),
        ({"http_port": "65536"}, 2, "AEROSTREAM_HTTP_PORT is '65536'"),
        ({"http_origins": "https://x/y"}, 2, "AEROSTREAM_HTTP_ORIGINS names 'https://x/y'"),
        ({"map_style": "https://x/s; script-src *"}, 2, "AEROSTREAM_MAP_STYLE"),
        ({"map_origins": "https://*; script-src *"}, 2, "AEROSTREAM_MAP_ORIGINS names"),
    ],
)
def test_unusable_settings_end_with_one_sentence(
    broker: Broker, tmp_path: Path, settings: dict[str, str], code: int, words: str
) -> None:
    bridge = Bridge(broker.url, tmp_path / "data", **settings)
    bridge.launch()
    assert bridge.wait() == code
    [line] = bridge.log.read_text().splitlines()
    assert words in line


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", 1), ("localhost", 0)])
def test_an_address_that_others_reach_is_warned_about(
    broker: Broker, tmp_path: Path, host: str, warned: int
) -> None:
    bridge = Bridge(broker.url, tmp_path / "data", http_host=host)
    fill(bridge.folder, [], [])
    try:
        bridge.start()
        warning = "there are no accounts yet: whoever reaches this address reads everything"
        assert len(bridge.said(warning)) == warned
    finally:
        bridge.stop()


def test_readiness_follows_the_broker(broker: Broker, bridge: Bridge) -> None:
    bridge.start()
    broker.kill()
    until(lambda: failing(bridge) == {"broker": "the broker is not connected"}, "503")
    assert bridge.json("/healthz")["status"] == "alive"
    assert bridge.json("/api/v1/drones")["total"] == 1
    broker.start()
    until(lambda: not failing(bridge), "ready again")


def test_readiness_tells_that_the_store_is_missing_and_reading_is_a_503(
    broker: Broker, tmp_path: Path
) -> None:
    bridge = Bridge(broker.url, tmp_path / "data")
    fill(bridge.folder, [DRONE], [])
    store = bridge.folder / "telemetry.sqlite"
    for file in bridge.folder.glob("telemetry.sqlite*"):
        file.unlink()
    bridge.launch()
    try:
        bridge.connect()
        until(lambda: failing(bridge).keys() == {"store"}, "503")
        answer = bridge.get("/api/v1/drones/d/telemetry", channel="attitude")
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:aerostream:problem:unavailable"
        assert str(tmp_path) not in answer.text
        fill(bridge.folder, [], [block(DRONE, "attitude", {1: {"roll": 0.5}})])
        assert store.exists()
        until(lambda: not failing(bridge), "ready")
        assert bridge.json("/api/v1/drones/d/channels")[0]["channel"] == "attitude"
    finally:
        bridge.stop()


def test_a_store_that_is_no_store_is_a_503(broker: Broker, tmp_path: Path) -> None:
    bridge = Bridge(broker.url, tmp_path / "data")
    fill(bridge.folder, [DRONE], [])
    for file in bridge.folder.glob("telemetry.sqlite*"):
        file.unlink()
    (bridge.folder / "telemetry.sqlite").write_text("something else" * 100)
    bridge.launch()
    try:
        bridge.connect()
        until(lambda: failing(bridge).keys() == {"store"}, "503")
    finally:
        bridge.stop()


def test_readiness_tells_that_the_database_is_broken(bridge: Bridge) -> None:
    bridge.start()
    with closing(sqlite3.connect(bridge.folder / "registry.sqlite")) as database:
        database.execute("DROP TABLE drones")
    until(lambda: failing(bridge).keys() == {"database"}, "503")
    assert "no such table" in failing(bridge)["database"]


def test_a_store_that_is_replaced_is_read_from_then_on(bridge: Bridge, tmp_path: Path) -> None:
    other = DroneName("n", "other")
    fill(tmp_path / "new", [], [block(DRONE, "vfr", {1: {"alt": 1.0}})])
    bridge.start()
    assert [each["channel"] for each in bridge.json("/api/v1/drones/d/channels")] == ["attitude"]
    take_away(bridge, "telemetry")
    until(lambda: failing(bridge).keys() == {"store"}, "503")
    (tmp_path / "new/telemetry.sqlite").rename(bridge.folder / "telemetry.sqlite")
    until(lambda: not failing(bridge), "ready again")
    for _ in range(10):  # whichever thread answers
        assert [each["channel"] for each in bridge.json("/api/v1/drones/d/channels")] == ["vfr"]
    # And one that is put in its place at once.
    fill(tmp_path / "newer", [other], [block(DRONE, "wind", {1: {"speed": 1.0}})])
    (tmp_path / "newer/telemetry.sqlite").replace(bridge.folder / "telemetry.sqlite")
    for _ in range(10):
        assert [each["channel"] for each in bridge.json("/api/v1/drones/d/channels")] == ["wind"]


def test_a_registry_that_is_deleted_is_missed_and_another_one_is_read(
    bridge: Bridge, tmp_path: Path
) -> None:
    fill(tmp_path / "new", [DroneName("n", "other")], [])
    bridge.start()
    assert bridge.get("/api/v1/drones/d").status_code == 200
    take_away(bridge, "registry")
    until(lambda: failing(bridge).keys() == {"database"}, "503")
    assert not (bridge.folder / "registry.sqlite").exists()
    (tmp_path / "new/registry.sqlite").rename(bridge.folder / "registry.sqlite")
    until(lambda: not failing(bridge), "ready again")
    until(lambda: bridge.get("/api/v1/drones/other").status_code == 200, "the drone of the new one")
    assert bridge.get("/api/v1/drones/d").status_code == 404


def take_away(bridge: Bridge, name: str) -> None:
    """Delete a database of the bridge, with its logs."""
    for file in bridge.folder.glob(f"{name}.sqlite*"):
        file.unlink()


def test_reading_goes_on_while_another_process_writes(bridge: Bridge) -> None:
    bridge.start()
    with closing(sqlite3.connect(bridge.folder / "telemetry.sqlite")) as writer:
        writer.isolation_level = None
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("DELETE FROM attitude")
        assert len(bridge.json("/api/v1/drones/d/channels")) == 1
        writer.execute("ROLLBACK")


def test_serve_stores_what_comes_and_shows_it(broker: Broker, tmp_path: Path) -> None:
    bridge = Bridge(broker.url, tmp_path / "data", command="serve")
    try:
        with MqttClient(broker.port, "aero/1/+/+/dn/ack") as client:
            bridge.start()
            until(lambda: "SUBACK to ingest-test" in broker.log.read_text(), "ingest")
            client.publish("aero/1/n/d/up/tel", attitude_frame(1))
            client.publish("aero/1/n/d/up/evt", event_json(2))
            until(lambda: client.acknowledged("n", "d") == {1, 2}, "dn/ack")
            until(lambda: bridge.get("/api/v1/drones/d").status_code == 200, "the drone")
            found = bridge.json(
                "/api/v1/drones/d/telemetry", channel="attitude", start="2026-01-01"
            )
            assert len(found["series"][0]["times"]) == 5
            assert bridge.json("/api/v1/drones/d/events", start="2026-01-01")["items"]
        assert bridge.terminate() == 0
    finally:
        bridge.stop()


def test_a_drone_that_is_registered_while_it_runs_appears(broker: Broker, bridge: Bridge) -> None:
    bridge.start()
    assert bridge.get("/api/v1/drones/late").status_code == 404
    late = DroneName("n", "late")
    fill(bridge.folder, [late], [block(late, "attitude", {1: {"roll": 0.5}})])
    until(lambda: bridge.get("/api/v1/drones/late").status_code == 200, "the drone")


def test_only_named_origins_may_read_from_other_pages(broker: Broker, tmp_path: Path) -> None:
    ours, other = "https://fleet.example.com", "https://evil.example"
    bridge = Bridge(broker.url, tmp_path / "data", http_origins=ours)
    fill(bridge.folder, [], [])
    try:
        bridge.start()
        for origin, allowed in ((ours, True), (other, False)):
            answer = bridge.send("GET", "/api/v1/drones", origin=origin)
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
    finally:
        bridge.stop()


def test_interrupting_an_export_leaves_the_service_well(bridge: Bridge) -> None:
    rows = {n * 1000: {"roll": n / 1000} for n in range(60_000)}
    fill(bridge.folder, [], [block(DRONE, "attitude", rows)])
    bridge.start()
    for _ in range(5):
        with bridge.stream("/api/v1/drones/d/export?channel=attitude&start=1970-01-01") as answer:
            assert answer.status_code == 200
            next(answer.iter_bytes())
    assert bridge.json("/healthz")["status"] == "alive"
    text = bridge.get("/api/v1/drones/d/export", channel="attitude", start="1970-01-01").text
    assert text.count("\n") == 1 + 60_001
    assert bridge.terminate() == 0
    assert not bridge.said("a request failed")


def test_the_head_of_an_export_comes_without_the_export(bridge: Bridge) -> None:
    bridge.start()
    path = "/api/v1/drones/d/export?channel=attitude&start=1970-01-01&format="
    whole = {kind: bridge.get(path + kind) for kind in ("csv", "parquet")}
    # Nothing of it is read: there is nothing to read.
    take_away(bridge, "telemetry")
    for kind, answer in whole.items():
        head = bridge.send("HEAD", path + kind)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-disposition", "transfer-encoding"):
            assert head.headers[name] == answer.headers[name]
    assert bridge.send("HEAD", f"{path}pdf").status_code == 422


def test_the_log_has_no_lines_of_other_programs(bridge: Bridge) -> None:
    bridge.start()
    with closing(
        socket.create_connection(("127.0.0.1", int(bridge.url.rpartition(":")[2])))
    ) as raw:
        raw.sendall(b"\x00\xffnonsense\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")
    bridge.terminate()
    for line in bridge.log.read_text().splitlines():
        assert msgspec.json.decode(line)["service"] == "bridge"


def test_an_interrupt_at_the_terminal_stops_it_too(bridge: Bridge) -> None:
    bridge.start()
    os.kill(bridge.pid, signal.SIGINT)
    assert bridge.wait() == 0


def say(client: MqttClient, instance: str, status: str, *fleets: str) -> None:
    """What an instance of ingest, or its will, says."""
    state = {"status": status, "version": "1", "fleets": fleets or ["*"], "reason": "disk full"}
    client.publish(f"aero/1/_svc/ingest/{instance}/state", msgspec.json.encode(state), retain=True)


def ingest_of(bridge: Bridge) -> str:
    """What `/readyz` says of ingest."""
    answer = bridge.get("/readyz").json()
    if answer["status"] == "ready":
        said: str = answer["parts"]["ingest"]
        return said
    return failing(bridge).get("ingest", "")


def test_readiness_names_an_ingest_that_says_that_it_is_paused(
    broker: Broker, bridge: Bridge
) -> None:
    bridge.start()
    assert ingest_of(bridge) == "unknown"
    with MqttClient(broker.port) as client:
        client.publish("aero/1/_svc/ingest/east/state", b"nonsense", retain=True)
        say(client, "east", "paused")
        say(client, "west", "paused")
        until(lambda: ingest_of(bridge) == "ingest cannot store now: east, west", "paused")
        say(client, "west", "online")
        until(lambda: ingest_of(bridge) == "ingest cannot store now: east", "one is back")
        # Cleared by somebody who took that instance down for good.
        client.publish("aero/1/_svc/ingest/east/state", b"", retain=True)
        until(lambda: ingest_of(bridge) == "ok", "ready")
        say(client, "east", "paused")
        until(lambda: failing(bridge), "paused again")
    broker.kill()
    until(lambda: failing(bridge) == {"broker": "the broker is not connected"}, "nothing is known")
    broker.start()
    # The broker has forgotten it, and it is not there to say it again.
    until(lambda: ingest_of(bridge) == "unknown", "ready")


def test_readiness_misses_an_ingest_that_was_lost_until_another_takes_its_place(
    broker: Broker, bridge: Bridge
) -> None:
    bridge.start()
    with MqttClient(broker.port) as client:
        say(client, "vm", "paused")
        until(lambda: ingest_of(bridge) == "ingest cannot store now: vm", "paused")
        # It dies while it fails.
        say(client, "vm", "lost")
        until(lambda: ingest_of(bridge) == "ingest vm was lost", "lost")
        # Nobody stores the other fleets yet.
        say(client, "north", "paused", "north")
        both = "ingest cannot store now: north; ingest vm was lost"
        until(lambda: ingest_of(bridge) == both, "one fleet")
        say(client, "north", "online", "north")
        until(lambda: ingest_of(bridge) == "ingest vm was lost", "one fleet")
        say(client, "new", "online")
        until(lambda: ingest_of(bridge) == "ok", "replaced")
        say(client, "new", "offline")
        until(lambda: ingest_of(bridge) == "ingest vm was lost", "missed again")
        # Its last word may name a fleet that is stored.
        say(client, "vm", "lost", "north")
        until(lambda: ingest_of(bridge) == "ok", "stored")


def test_readiness_says_that_the_last_ingest_was_stopped(broker: Broker, bridge: Bridge) -> None:
    bridge.start()
    with MqttClient(broker.port) as client:
        say(client, "east", "online", "east")
        until(lambda: ingest_of(bridge) == "ok", "ready")
        say(client, "west", "offline", "west")
        say(client, "east", "offline", "east")
        until(lambda: ingest_of(bridge) == "no ingest is running", "stopped")


def test_an_ingest_that_is_killed_is_missed(broker: Broker, bridge: Bridge, tmp_path: Path) -> None:
    bridge.start()
    with (
        Ingest(broker.url, tmp_path / "data") as ingest,
        MqttClient(broker.port, SERVICES) as client,
    ):
        ingest.ready(client)
        until(lambda: ingest_of(bridge) == "ok", "ready")
        ingest.kill()
        until(lambda: ingest_of(bridge) == "ingest test was lost", "lost")
