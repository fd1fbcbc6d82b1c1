"""Whatever breaks while a flight is imported: in the end all of it is stored, once."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.broker import Broker
from support.cloud import Ingest, MqttClient, until
from support.recorded import DATA, import_process, imported, read_flight

COPTER, PX4 = DATA / "copter.tlog", DATA / "px4.tlog"
ACKS, STATES = "aero/1/+/+/dn/ack", "aero/1/_svc/#"


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[Ingest]:
    with Ingest(broker.url, tmp_path / "data") as service:
        with MqttClient(broker.port, STATES) as client:
            service.ready(client)
        yield service


def stored(ingest: Ingest) -> Counter[tuple[str, int, str]]:
    """Samples in the store by drone, component and message."""
    counts: Counter[tuple[str, int, str]] = Counter()
    names = ingest.rows("SELECT DISTINCT channel FROM series WHERE channel != 'event'")
    for (channel,) in names:
        for drone, component, source, count in ingest.rows(
            f'SELECT drone, component, source, count(*) FROM "{channel}" c '
            "JOIN series s ON s.id = c.series GROUP BY s.id"
        ):
            counts[drone, component, source] += count
    return counts


def recorded(**flights: Path) -> Counter[tuple[str, int, str]]:
    """What should be stored of the flight of each drone."""
    counts: Counter[tuple[str, int, str]] = Counter()
    for drone, path in flights.items():
        for (component, source), count in read_flight(path).counts.items():
            counts[drone, component, source] += count
    return counts


def some_acknowledged(client: MqttClient, least: int) -> bool:
    return len(client.acknowledgements()) >= least


def test_a_broker_that_comes_back_without_memory_loses_nothing(
    broker: Broker, ingest: Ingest
) -> None:
    with MqttClient(broker.port, ACKS) as client:
        process = import_process(broker.url, COPTER, frame_values="40")
        until(lambda: some_acknowledged(client, 3), "the first acknowledgements")
    broker.kill()
    broker.start()
    imported(process)
    assert stored(ingest) == recorded(d1=COPTER)


def test_an_ingest_that_is_killed_and_started_again_loses_nothing(
    broker: Broker, ingest: Ingest
) -> None:
    with MqttClient(broker.port, ACKS, STATES) as client:
        process = import_process(broker.url, COPTER, frame_values="40")
        until(lambda: some_acknowledged(client, 3), "the first acknowledgements")
        ingest.kill()
        ingest.ready(client)
        imported(process)
    assert stored(ingest) == recorded(d1=COPTER)


def test_frames_that_the_broker_acknowledges_and_drops_are_stored_all_the_same(
    broker: Broker, ingest: Ingest
) -> None:
    """More frames than a default broker queues for an ingest that does not read."""
    os.kill(ingest.pid, signal.SIGSTOP)
    try:
        process = import_process(broker.url, COPTER, PX4, frame_values="20", drone="d1")
        until(lambda: b"messages are being dropped" in broker.log.read_bytes(), "drops")
    finally:
        os.kill(ingest.pid, signal.SIGCONT)
    imported(process)
    both = recorded(d1=COPTER) + recorded(d1=PX4)
    assert stored(ingest) == both


def test_an_import_that_is_killed_is_completed_by_the_next(broker: Broker, ingest: Ingest) -> None:
    with MqttClient(broker.port, ACKS) as client:
        process = import_process(broker.url, COPTER, frame_values="40")
        until(lambda: some_acknowledged(client, 3), "the first acknowledgements")
        process.kill()
        process.communicate()
    imported(import_process(broker.url, COPTER))
    assert stored(ingest) == recorded(d1=COPTER)


def test_an_import_waits_for_a_broker_that_is_not_there_yet(broker: Broker, ingest: Ingest) -> None:
    broker.kill()
    process = import_process(broker.url, COPTER)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert "unreachable" in said
    assert broker.url in said
    broker.start()
    imported(process)
    assert stored(ingest) == recorded(d1=COPTER)


def test_an_import_through_a_small_window_waits_instead_of_dropping(
    broker: Broker, ingest: Ingest
) -> None:
    (report,) = imported(import_process(broker.url, PX4, window_bytes="65536"))
    assert report["vehicles"][0]["dropped_samples"] == 0
    assert stored(ingest) == recorded(d1=PX4)
