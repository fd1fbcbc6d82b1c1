"""Ingest against a real broker and a real store, as a process that can be killed."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame_pb2 import Frame
from support.blocks import Block, add_block
from support.broker import Broker
from support.cloud import (
    START_US,
    STEP_US,
    Ingest,
    MqttClient,
    attitude_frame,
    attitude_values,
    event_json,
    until,
)
from support.ports import free_port

TEL, BF, EVT = "aero/1/north/d1/up/tel", "aero/1/north/d1/up/bf", "aero/1/north/d1/up/evt"


@pytest.fixture
def client(broker: Broker) -> Iterator[MqttClient]:
    with MqttClient(broker.port, "aero/1/+/+/dn/ack", "aero/1/_svc/#", "aero/1/+/+/json/#") as it:
        yield it


@pytest.fixture
def ingest(broker: Broker, client: MqttClient, tmp_path: Path) -> Iterator[Ingest]:
    with Ingest(broker.url, tmp_path / "data") as service:
        service.ready(client)
        yield service


def acknowledged(client: MqttClient, numbers: set[int], drone: str = "d1") -> None:
    until(lambda: client.acknowledged("north", drone) >= numbers, f"dn/ack of {numbers}")


def test_samples_arrive_in_engineering_units_and_their_frames_are_acknowledged(
    client: MqttClient, ingest: Ingest
) -> None:
    for number in (1, 2, 4):
        client.publish(TEL, attitude_frame(number))
    acknowledged(client, {1, 2, 4})
    assert client.acknowledged("north", "d1") == {1, 2, 4}
    assert ingest.attitudes() == [
        ("d1", START_US + (number * 5 + row) * STEP_US, values["roll"], values["yawspeed"])
        for number in (1, 2, 4)
        for row in range(5)
        for values in [attitude_values(number, row)]
    ]


def test_a_frame_that_comes_twice_is_stored_once_and_acknowledged_twice(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(7))
    acknowledged(client, {7})
    acks = len(client.payloads("aero/1/north/d1/dn/ack"))
    # Another number and epoch, as after the loss of an agent's spool: the samples are the same.
    client.publish(BF, attitude_frame(9, epoch=2, first_us=START_US + 7 * 5 * STEP_US))
    until(lambda: 9 in client.acknowledged("north", "d1", epoch=2), "dn/ack in the new epoch")
    assert len(client.payloads("aero/1/north/d1/dn/ack")) == acks + 1
    assert len(ingest.attitudes()) == 5


def test_events_are_stored_whether_they_come_alone_or_in_a_frame(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(EVT, event_json(1, text="alone"))
    inside = event_json(2, time_us=START_US + 1, text="in a frame")
    client.publish(BF, attitude_frame(2, rows=0, events=[inside]))
    acknowledged(client, {1, 2})
    assert ingest.rows(
        "SELECT instance, component, time, severity, text, data FROM v_event ORDER BY time_us"
    ) == [
        ("mode", 1, "2026-01-01T00:00:00.000000Z", 6, "alone", '{"mode":"AUTO"}'),
        ("mode", 1, "2026-01-01T00:00:00.000001Z", 6, "in a frame", '{"mode":"AUTO"}'),
    ]
    assert ingest.rows("SELECT source FROM series WHERE channel = 'event'") == [("agent",)]


def test_nothing_that_was_acknowledged_is_lost_when_ingest_is_killed(
    client: MqttClient, ingest: Ingest
) -> None:
    frames = {number: attitude_frame(number) for number in range(1, 601)}
    for number, payload in frames.items():
        client.publish(TEL if number % 3 else BF, payload)
        if number == 400:
            until(lambda: client.acknowledged("north", "d1"), "first dn/ack")
            ingest.kill()
            confirmed = client.acknowledged("north", "d1")
    until(lambda: "lost" in ingest.states(client), "the will")
    stored = {time_us for _, time_us, _, _ in ingest.attitudes()}
    for number in confirmed | client.acknowledged("north", "d1"):
        for row in range(5):
            assert START_US + (number * 5 + row) * STEP_US in stored

    ingest.ready(client)
    for number in sorted(set(frames) - client.acknowledged("north", "d1")):
        client.publish(BF, frames[number])
    acknowledged(client, set(frames))
    assert len(ingest.attitudes()) == 5 * len(frames)


def test_foreign_payloads_go_to_the_dead_letter_store_and_block_nothing(
    client: MqttClient, ingest: Ingest
) -> None:
    foreign = [
        (TEL, b"hello", "frame"),
        (BF, b"", "frame"),
        (EVT, b'{"temperature": 21}', "event"),
        ("aero/1/north/d1/up/status", b"\xff\x00", "presence"),
        ("aero/1/NORTH/d1/up/tel", attitude_frame(1), "topic"),
        ("aero/1/_svc/ingest/up/evt", event_json(1), "topic"),
    ]
    for topic, payload, _ in foreign:
        client.publish(topic, payload)
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    until(lambda: len(ingest.dead_letters()) == len(foreign), "dead letters")
    assert sorted(ingest.dead_letters()) == sorted(
        (kind, topic, payload) for topic, payload, kind in foreign
    )
    assert len(ingest.attitudes()) == 5


def test_broken_events_and_frames_are_acknowledged_where_their_number_can_be_read(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(EVT, b'{"epoch": 1, "number": 5, "kind": "NOT A KIND"}')
    frame = Frame.FromString(attitude_frame(6))
    frame.ClearField("body")
    frame.deflated = b"not deflated at all"
    client.publish(TEL, frame.SerializeToString())
    acknowledged(client, {5, 6})
    assert [kind for kind, _, _ in ingest.dead_letters()] == ["event", "frame"]


def test_a_bad_block_goes_to_the_dead_letter_store_and_the_good_ones_are_stored(
    client: MqttClient, ingest: Ingest
) -> None:
    frame = Frame.FromString(attitude_frame(3))
    add_block(frame.body.sections[0], Block(channel=9999, rows=1, values=[0]))
    payload = frame.SerializeToString()
    client.publish(TEL, payload)
    acknowledged(client, {3})
    assert len(ingest.attitudes()) == 5
    assert ingest.dead_letters() == [("block", TEL, payload)]


def test_a_known_drone_in_a_second_fleet_is_refused(client: MqttClient, ingest: Ingest) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    impostor = attitude_frame(2)
    client.publish("aero/1/south/d1/up/tel", impostor)
    until(lambda: 2 in client.acknowledged("south", "d1"), "dn/ack to the second fleet")
    assert ingest.dead_letters() == [("fleet", "aero/1/south/d1/up/tel", impostor)]
    assert ingest.rows("SELECT DISTINCT fleet FROM series") == [("north",)]
    registry = sqlite3.connect(ingest.folder / "registry.sqlite")
    assert registry.execute("SELECT drone, fleet FROM drones").fetchall() == [("d1", "north")]
    registry.close()


def test_ingest_returns_to_a_broker_that_was_killed(
    broker: Broker, client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    broker.kill()
    broker.start()
    with MqttClient(broker.port, "aero/1/+/+/dn/ack", "aero/1/_svc/#") as again:
        until(lambda: "online" in ingest.states(again), "ingest online again")
        again.publish(TEL, attitude_frame(2))
        acknowledged(again, {2})
    assert len(ingest.attitudes()) == 10


def test_while_the_store_is_locked_ingest_says_paused_and_acknowledges_nothing(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    blocker = sqlite3.connect(ingest.store, timeout=60, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    client.publish(TEL, attitude_frame(2))
    until(lambda: "paused" in ingest.states(client), "paused")
    assert client.acknowledged("north", "d1") == {1}
    blocker.execute("ROLLBACK")
    blocker.close()
    acknowledged(client, {2})
    until(lambda: ingest.states(client)[-1] == "online", "online again")
    assert len(ingest.attitudes()) == 10
    assert ingest.dead_letters() == []


def test_ingest_finishes_and_says_goodbye_when_it_is_asked_to_stop(
    client: MqttClient, ingest: Ingest
) -> None:
    for number in range(1, 200):
        client.publish(TEL, attitude_frame(number))
    assert ingest.terminate() == 0
    until(lambda: ingest.states(client)[-1] == "offline", "offline")
    confirmed = client.acknowledged("north", "d1")
    assert len(ingest.attitudes()) == 5 * len(confirmed)


def test_the_mirror_shows_live_samples_with_units_and_never_backfill(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(BF, attitude_frame(50))
    client.publish(TEL, attitude_frame(1))
    client.publish(TEL, attitude_frame(1, component=100))
    topic = "aero/1/north/d1/json/attitude"
    until(lambda: client.payloads(topic) and client.payloads(f"{topic}/100-0"), "the mirror")
    shown = msgspec.json.decode(client.payloads(topic)[-1])
    assert shown["time"] == "2026-01-01T00:00:01.800000Z"
    assert shown["values"] == attitude_values(1, 4)
    assert shown["units"] == CHANNELS["attitude"].units


def test_only_the_configured_fleets_are_stored(
    broker: Broker, client: MqttClient, tmp_path: Path
) -> None:
    with Ingest(broker.url, tmp_path / "data", ingest_fleets="north, east") as service:
        service.ready(client)
        client.publish("aero/1/south/d3/up/tel", attitude_frame(1))
        client.publish("aero/1/east/d2/up/tel", attitude_frame(1))
        client.publish(TEL, attitude_frame(1))
        acknowledged(client, {1})
        until(lambda: client.acknowledged("east", "d2"), "dn/ack in the second fleet")
        assert service.terminate() == 0
        assert {drone for drone, *_ in service.attitudes()} == {"d1", "d2"}
        state = msgspec.json.decode(client.payloads("aero/1/_svc/ingest/test/state")[-1])
        assert state["fleets"] == ["north", "east"]


def test_a_refused_account_ends_ingest_with_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    closed = Broker(folder, config="allow_anonymous false\n")
    closed.start()
    try:
        with Ingest(closed.url, tmp_path / "data") as service:
            service.start()
            assert service.wait() == 1
            lines = service.log.read_text().splitlines()
    finally:
        closed.stop()
    assert len(lines) == 1
    assert "refuses client 'ingest-test'" in lines[0]
    assert "Not authorized" in lines[0]


def test_an_unreachable_broker_is_reported_once_and_waited_for(tmp_path: Path) -> None:
    with Ingest(f"mqtt://127.0.0.1:{free_port()}", tmp_path / "data") as service:
        service.start()
        until(lambda: "cannot reach the broker" in service.log.read_text(), "the sentence")
        until(lambda: service.store.exists(), "the store")
        assert service.terminate() == 0
        assert service.log.read_text().count("cannot reach the broker") == 1


def test_two_ingests_of_one_name_say_what_is_wrong(
    broker: Broker, client: MqttClient, ingest: Ingest, tmp_path: Path
) -> None:
    with Ingest(broker.url, tmp_path / "other") as double:
        double.start()
        until(
            lambda: any(
                "give each instance a name of its own" in each.log.read_text()
                for each in (ingest, double)
            ),
            "the sentence",
        )
