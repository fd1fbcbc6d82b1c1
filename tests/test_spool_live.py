"""The spool of a real agent through kills and outages, with a real broker and a real ingest."""

import random
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from aerostream_contract.frame import decode_frame, frame_numbers
from aerostream_contract.models import (
    Ack,
    Presence,
    ServiceState,
    ServiceStatus,
    Status,
    decode,
    encode,
)
from aerostream_edge.spool import Item, Kind
from support.agent import EdgeAgent, Watcher, agent_environ, edge
from support.broker import Broker
from support.cloud import Ingest, MqttClient, until
from support.spool import HandSpool
from support.vehicle import Vehicle

DRONE = "aero/1/default/d1"


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[Ingest]:
    found = Ingest(broker.url, tmp_path / "cloud")
    yield found
    found.stop()


def spool_file(folder: Path) -> Path:
    return folder / "spool" / "default.d1.db"


def has_more(folder: Path, than: int) -> bool:
    return kept(folder) > than


def kept(folder: Path) -> int:
    """Items in the spool, read as anybody with sqlite3 would."""
    file = spool_file(folder)
    if not file.exists():
        return 0
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        (count,) = connection.execute("SELECT count(*) FROM items").fetchone()
        return int(count)
    except sqlite3.OperationalError:
        return -1  # it is being made: nobody can tell yet
    finally:
        connection.close()


def test_an_agent_killed_while_the_broker_is_away_delivers_all_it_had_written(
    broker: Broker, ingest: Ingest, tmp_path: Path
) -> None:
    folder = tmp_path / "edge"
    with MqttClient(broker.port, "aero/1/_svc/#") as client:
        ingest.ready(client)
    broker.stop()
    with EdgeAgent(broker.url, folder, rate_policy="full") as agent, Vehicle(agent.port) as vehicle:
        written = set()
        for _ in range(2):
            before = kept(folder)
            until(partial(has_more, folder, before + 10), "frames in the spool")
            agent.kill()
            written |= times_in(folder)
            agent.start()
        # Its samples are written within a batch interval; the vehicle rests that long.
        until(lambda: len(agent.said("vehicle heard")) == 3, "the vehicle")
        vehicle.be_silent(True)
        until(lambda: agent.said("MAVLink link down"), "silence")
        sent = vehicle.sent["ATTITUDE"]
        broker.start()
        until(lambda: kept(folder) == 0, "an empty spool")
        stored = [time for (time,) in ingest.rows("SELECT time_us FROM v_attitude")]
        assert len(stored) == len(set(stored)) <= sent
        assert len(written) > 10
        assert written <= set(stored)
        assert agent.terminate() == 0
    assert ingest.dead_letters() == []


def test_what_was_in_the_spool_is_stored_once_whatever_dies(
    broker: Broker, ingest: Ingest, tmp_path: Path
) -> None:
    folder = tmp_path / "edge"
    with MqttClient(broker.port, "aero/1/_svc/#", f"{DRONE}/up/#") as client:
        with EdgeAgent(broker.url, folder, rate_policy="full") as agent, Vehicle(agent.port):
            until(lambda: kept(folder) > 10, "frames in the spool")  # no ingest yet
            agent.kill()
        waiting = kept(folder)
        times = times_in(folder)
        with EdgeAgent(broker.url, folder) as agent:
            ingest.ready(client)
            until(lambda: kept(folder) == 0, "an empty spool")
            stored = [time for (time,) in ingest.rows("SELECT time_us FROM v_attitude")]
            assert waiting > 10
            assert times <= set(stored)
            assert len(stored) == len(set(stored))
            assert agent.terminate() == 0


def times_in(folder: Path) -> set[int]:
    """Times of the attitudes that a dead agent's spool holds."""
    spool = HandSpool(spool_file(folder))
    payloads = [item.payload for item in spool.kept() if item.kind is Kind.TELEMETRY]
    spool.close()
    blocks = [block for payload in payloads for block in decode_frame(payload).blocks]
    return {time for block in blocks if block.channel.name == "attitude" for time in block.times}


def with_reports(folder: Path, count: int) -> tuple[int, list[int]]:
    """Put command reports into a spool, as the agent's commands will; epoch and numbers."""
    spool = HandSpool(spool_file(folder), epoch=5)
    for number in range(count):
        payload = msgspec.json.encode({"epoch": 5, "number": number, "state": "succeeded"})
        spool.put(Item(spool.reserve(), Kind.REPORT, payload))
    spool.write()
    spool.close()
    return 5, list(range(count))


def test_command_reports_go_again_until_the_command_service_has_them(
    broker: Broker, tmp_path: Path
) -> None:
    folder = tmp_path / "edge"
    epoch, numbers = with_reports(folder, 3)
    with MqttClient(broker.port, f"{DRONE}/up/cmd") as service:

        def told() -> list[int]:
            return [
                msgspec.json.decode(each)["number"] for each in service.payloads(f"{DRONE}/up/cmd")
            ]

        with EdgeAgent(broker.url, folder) as agent:
            until(lambda: sorted(set(told())) == numbers, "all reports")
            until(lambda: len(told()) > 3, "a report again")
            agent.kill()
            before = len(told())
            agent.start()
            until(lambda: set(told()[before:]) == set(numbers), "all reports again")
            service.publish(f"{DRONE}/dn/ack", encode(Ack(epoch, [(0, 2)])))
            until(lambda: kept(folder) == 0, "an empty spool")
            assert agent.terminate() == 0
        service.catch_up()
        before = len(told())
        with EdgeAgent(broker.url, folder) as agent, Watcher(broker.port) as watcher:
            watcher.wait_for_status("online down")
            assert agent.terminate() == 0
        service.catch_up()
        assert len(told()) == before


def test_a_paused_ingest_is_probed_and_live_data_goes_on(broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    with Watcher(broker.port, stores=False) as watcher, MqttClient(broker.port) as cloud:
        paused = ServiceState(
            status=ServiceStatus.PAUSED,
            version="1",
            started="2026-01-01T00:00:00Z",
            fleets=["*"],
        )
        cloud.publish("aero/1/_svc/ingest/i/state", encode(paused), retain=True)
        with EdgeAgent(broker.url, folder) as agent, Vehicle(agent.port):
            until(lambda: len(watcher.payloads("up/bf")) >= 1, "a probe")
            live = len(watcher.payloads("up/tel"))
            until(lambda: len(watcher.payloads("up/tel")) > live + 30, "live data")
            # Frames became due many times meanwhile; one batch went to see.
            assert len(watcher.payloads("up/bf")) <= 2
            assert agent.terminate() == 0


def test_a_broker_that_forgot_the_session_gets_everything_again(
    broker: Broker, tmp_path: Path
) -> None:
    folder = tmp_path / "edge"
    with EdgeAgent(broker.url, folder) as agent, Vehicle(agent.port) as vehicle:
        with Watcher(broker.port, stores=False) as watcher:
            until(lambda: len(watcher.payloads("up/tel")) >= 5, "frames")
            vehicle.be_silent(True)
            first = {frame_numbers(each)[1][0] for each in watcher.payloads("up/tel")}
        broker.kill()
        broker.start()
        with Watcher(broker.port) as watcher:
            until(lambda: first <= resent(watcher), "all frames again")
        assert agent.terminate() == 0


def resent(watcher: Watcher) -> set[tuple[int, int]]:
    """Numbers that came as history, each as a range of its own."""
    ranges = [each for payload in watcher.payloads("up/bf") for each in frame_numbers(payload)[1]]
    return {(n, n) for first, last in ranges for n in range(first, last + 1)}


def test_a_spool_that_cannot_be_made_is_one_sentence(broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    folder.mkdir()
    (folder / "spool").write_text("in the way")
    done = edge("run", env=agent_environ(broker.url, folder))
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if "spool" in line]
    assert len(said) == 1
    assert "Traceback" not in done.stderr


def test_a_disk_that_fails_hides_no_aircraft(broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    spool_file(folder).mkdir(parents=True)  # nothing that SQLite could open
    with (
        Watcher(broker.port) as watcher,
        EdgeAgent(broker.url, folder) as agent,
        Vehicle(agent.port),
    ):
        until(lambda: len(watcher.times("attitude")) >= 3, "attitudes")
        until(lambda: [e for e in watcher.events() if e.kind == "spool"], "an event")
        assert agent.said("the spool goes on in memory")
        assert agent.terminate() == 0


def test_a_damaged_spool_is_told_and_the_flight_goes_on(broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    spool_file(folder).parent.mkdir(parents=True)
    spool_file(folder).write_bytes(random.Random(1).randbytes(9000))
    with (
        Watcher(broker.port) as watcher,
        EdgeAgent(broker.url, folder) as agent,
        Vehicle(agent.port),
    ):
        until(lambda: len(watcher.times("attitude")) >= 3, "attitudes")
        until(lambda: [e for e in watcher.events() if e.kind == "spool"], "an event")
        assert agent.said("set aside")
        assert list(spool_file(folder).parent.glob("*.damaged-*"))
        assert agent.terminate() == 0


def test_after_a_kill_in_an_outage_the_agent_is_known_to_be_there(
    broker: Broker, tmp_path: Path
) -> None:
    """Its epoch lasts; so its sessions must grow, or it would be taken for a late will."""
    with EdgeAgent(broker.url, tmp_path / "edge") as agent, Vehicle(agent.port):
        until(lambda: kept(tmp_path / "edge") > 3, "frames in the spool")
        for times in (1, 2, 3):
            broker.kill()
            until(
                partial(has_said, agent, "the connection to the broker is lost", times), "the end"
            )
            broker.start()
            until(partial(has_said, agent, '"connected"', times + 1), "connected again")
        with MqttClient(broker.port, "aero/1/+/+/up/status") as client:
            until(lambda: statuses(client), "a status")
            before = statuses(client)[-1]
            agent.kill()
            agent.start()
            until(lambda: statuses(client)[-1].session > before.session, "a later session")
            after = statuses(client)[-1]
    assert (after.epoch, after.status) == (before.epoch, Presence.ONLINE)


def has_said(agent: EdgeAgent, words: str, times: int) -> bool:
    return len(agent.said(words)) >= times


def statuses(client: MqttClient) -> list[Status]:
    return [decode(payload, Status) for _, payload in list(client.received) if payload]
