"""`sub`, `serve` and the metrics, as processes against a real broker."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import msgspec
from support.broker import Broker
from support.cloud import (
    Ingest,
    MqttClient,
    attitude_frame,
    attitude_values,
    cloud_environ,
    event_json,
    until,
)
from support.patience import PATIENCE_S
from support.ports import free_port


def test_sub_prints_frames_json_text_and_bytes_as_json(broker: Broker, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "aerostream_cloud", "sub", "--count", "6"],
        env=cloud_environ(broker.url, tmp_path),
        stdout=subprocess.PIPE,
    )
    until(lambda: "SUBACK to sub-" in broker.log.read_text(), "subscription")
    with MqttClient(broker.port) as client:
        client.publish("aero/1/n/d/up/state", b'{"mode":"AUTO"}', retain=True)
        frame = attitude_frame(3, rows=1, events=[event_json(3)])
        client.publish("aero/1/n/d/up/tel", frame)
        client.publish("aero/1/n/d/up/evt", event_json(4))
        client.publish("aero/1/n/d/up/bf", b"\xff\xff")
        client.publish("aero/1/n/d/up/x", b"hello")
        client.publish("aero/1/n/d/up/x", b"\xff")
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    state, tel, evt, bad, text, binary = [msgspec.json.decode(line) for line in out.splitlines()]
    assert state == {"topic": "aero/1/n/d/up/state", "json": {"mode": "AUTO"}}
    assert tel["topic"] == "aero/1/n/d/up/tel"
    assert (tel["frame"]["epoch"], tel["frame"]["number"]) == (1, 3)
    assert tel["frame"]["samples"] == [
        {
            "channel": "attitude",
            "component": 1,
            "instance": "0",
            "time": "2026-01-01T00:00:00.600000Z",
            "values": attitude_values(3, 0),
        }
    ]
    assert tel["frame"]["events"][0]["json"]["kind"] == "mode"
    assert evt["json"]["number"] == 4
    assert "is not a frame" in bad["error"]
    assert text["text"] == "hello"
    assert binary["base64"] == "/w=="

    late = subprocess.run(
        [sys.executable, "-m", "aerostream_cloud", "sub", "--count", "1"],
        env=cloud_environ(broker.url, tmp_path, ingest_fleet="typo"),
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert msgspec.json.decode(late.stdout) == state | {"retained": True}
    warning = b"aerostream-cloud: unknown variable AEROSTREAM_INGEST_FLEET is ignored\n"
    assert late.stderr == warning


def test_sub_stops_cleanly(broker: Broker, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "aerostream_cloud", "sub", "aero/#"],
        env=cloud_environ(broker.url, tmp_path),
        stderr=subprocess.PIPE,
    )
    until(lambda: "SUBACK to sub-" in broker.log.read_text(), "subscription")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert errors == b""


def test_metrics_tell_what_was_stored(broker: Broker, tmp_path: Path) -> None:
    port = free_port()
    with (
        MqttClient(broker.port, "aero/1/+/+/dn/ack", "aero/1/_svc/#") as client,
        Ingest(broker.url, tmp_path / "data", metrics_port=str(port)) as service,
    ):
        service.ready(client)
        for payload in (attitude_frame(1), attitude_frame(1), b"junk"):
            client.publish("aero/1/n/d/up/tel", payload)
        client.publish("aero/1/n/d/up/evt", event_json(2))
        until(lambda: client.acknowledged("n", "d") >= {1, 2}, "dn/ack")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as page:
            text = page.read().decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["aerostream_ingest_frames_total"]) == 2
    assert float(values["aerostream_ingest_events_total"]) == 1
    assert float(values["aerostream_ingest_samples_total"]) == 6
    assert float(values["aerostream_ingest_duplicates_total"]) == 5
    assert float(values['aerostream_ingest_dead_letters_total{kind="frame"}']) == 1
    assert float(values["aerostream_ingest_messages_total"]) == 4
    assert float(values["aerostream_ingest_paused"]) == 0


def test_a_taken_metrics_port_ends_with_one_sentence(broker: Broker, tmp_path: Path) -> None:
    with Ingest(broker.url, tmp_path / "data", metrics_port=str(broker.port)) as service:
        service.start()
        assert service.wait() == 1
    [line] = service.log.read_text().splitlines()
    assert f"AEROSTREAM_METRICS_PORT {broker.port}" in line


def test_serve_stores_too_and_unknown_variables_are_warned_about(
    broker: Broker, tmp_path: Path
) -> None:
    environ = cloud_environ(broker.url, tmp_path, drone="d1", ingest_fleet="typo")
    log = tmp_path / "log"
    with log.open("wb") as file, MqttClient(broker.port, "aero/1/+/+/dn/ack") as client:
        process = subprocess.Popen(
            [sys.executable, "-m", "aerostream_cloud", "serve"], env=environ, stderr=file
        )
        until(lambda: "SUBACK to ingest-test" in broker.log.read_text(), "subscription")
        client.publish("aero/1/n/d/up/tel", attitude_frame(1))
        until(lambda: client.acknowledged("n", "d") == {1}, "dn/ack")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    warnings = [line for line in log.read_text().splitlines() if "unknown variable" in line]
    assert len(warnings) == 1
    assert "AEROSTREAM_INGEST_FLEET" in warnings[0]
