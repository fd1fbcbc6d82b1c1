"""Ingest while what it writes to is locked, full, gone, replaced or does not answer."""

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from aerostream_cloud.ingest.app import IngestService
from aerostream_cloud.ingest.metrics import IngestMetrics
from aerostream_cloud.ingest.opening import open_pipeline
from aerostream_cloud.ingest.pipeline import Pipeline
from aerostream_cloud.ingest.worker import Worker
from aerostream_cloud.settings import CloudSettings
from aerostream_cloud.store import SeriesBlock, Written
from aerostream_cloud.store.sqlite import SqliteStore
from support.broker import Broker
from support.cloud import Ingest, MqttClient, attitude_frame, until
from support.ports import free_port

TEL, BF = "aero/1/north/d1/up/tel", "aero/1/north/d1/up/bf"
STATE = "aero/1/_svc/ingest/test/state"


@pytest.fixture
def client(broker: Broker) -> Iterator[MqttClient]:
    with MqttClient(broker.port, "aero/1/+/+/dn/ack", "aero/1/_svc/#") as it:
        yield it


@pytest.fixture
def ingest(broker: Broker, client: MqttClient, tmp_path: Path) -> Iterator[Ingest]:
    with Ingest(broker.url, tmp_path / "data", metrics_port=str(free_port())) as service:
        service.ready(client)
        yield service


def acknowledged(client: MqttClient, numbers: set[int], drone: str = "d1") -> None:
    until(lambda: client.acknowledged("north", drone) >= numbers, f"dn/ack of {numbers}")


def state(client: MqttClient) -> dict[str, Any]:
    """What ingest last said of itself."""
    said: dict[str, Any] = msgspec.json.decode(client.payloads(STATE)[-1])
    return said


def paused(client: MqttClient, *words: str) -> None:
    """Wait until it says that it is paused, for a reason with these words."""

    def is_paused() -> bool:
        said = state(client)
        return said["status"] == "paused" and all(word in said["reason"] for word in words)

    until(is_paused, f"paused: {words}, said {state(client)}")


def online(client: MqttClient) -> None:
    until(lambda: state(client)["status"] == "online", f"online, said {state(client)}")
    assert state(client)["reason"] == ""


def asked(service: Ingest, path: str) -> tuple[int, Any]:
    """Status and content of an answer of its watch port."""
    port = service.environ["AEROSTREAM_METRICS_PORT"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, msgspec.json.decode(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, msgspec.json.decode(error.read())


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else reads or writes the SQLite file."""
    blocker = sqlite3.connect(file, timeout=60, isolation_level=None)
    try:
        blocker.execute("BEGIN EXCLUSIVE")
        yield
        blocker.execute("ROLLBACK")
    finally:
        blocker.close()


def test_a_locked_store_pauses_and_health_says_so_until_it_is_free(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    assert asked(ingest, "/healthz") == (200, {"status": "alive", "version": "0.1.0"})
    ready = {"broker": "ok", "store": "ok", "dead letters": "ok"}
    assert asked(ingest, "/readyz") == (200, {"status": "ready", "parts": ready})
    with locked(ingest.store):
        client.publish(TEL, attitude_frame(2))
        paused(client, "database is locked")
        status, said = asked(ingest, "/readyz")
        assert (status, said["status"]) == (503, "not ready")
        assert said["parts"]["broker"] == "ok"
        # Which of its sentences it is depends on the moment: it is on the point of trying again.
        until(
            lambda: asked(ingest, "/readyz")[1]["parts"]["store"] == state(client)["reason"],
            "the same sentence at both",
        )
        assert asked(ingest, "/healthz")[0] == 200
        assert client.acknowledged("north", "d1") == {1}
    acknowledged(client, {2})
    online(client)
    assert asked(ingest, "/readyz")[0] == 200
    assert len(ingest.attitudes()) == 10


def test_readiness_asks_a_store_that_nobody_writes_to(client: MqttClient, ingest: Ingest) -> None:
    with locked(ingest.store):
        status, said = asked(ingest, "/readyz")
        assert status == 503
        assert said["parts"]["store"] == "the store did not answer within 3 s"
    until(lambda: asked(ingest, "/readyz")[0] == 200, "ready again")
    assert asked(ingest, "/readyz?x=1")[0] == 200


def test_it_stops_soon_although_its_store_is_locked_and_what_waits_comes_again(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    with locked(ingest.store):
        client.publish(TEL, attitude_frame(2))
        # Long before it says that it is paused.
        begun_s = time.monotonic()
        assert ingest.terminate() == 0
        assert time.monotonic() - begun_s < 5
        assert "paused" not in Ingest.states(client)
    assert client.acknowledged("north", "d1") == {1}
    ingest.ready(client)
    client.publish(BF, attitude_frame(2))
    acknowledged(client, {2})
    assert len(ingest.attitudes()) == 10


def test_a_locked_registry_pauses_before_an_unknown_drone_is_acknowledged(
    client: MqttClient, ingest: Ingest
) -> None:
    with locked(ingest.folder / "registry.sqlite"):
        client.publish(TEL, attitude_frame(1))
        paused(client, "drone registry", "database is locked")
        assert client.acknowledged("north", "d1") == set()
        assert ingest.attitudes() == []
    acknowledged(client, {1})
    online(client)
    assert ingest.dead_letters() == []


def test_ingest_that_starts_while_the_store_is_locked_waits_for_it(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    ingest.kill()
    before = len(client.payloads(STATE))
    with locked(ingest.store):
        ingest.start()
        until(lambda: "paused" in ingest.states(client)[before:], "paused")
        # It never said that it was well.
        assert "online" not in ingest.states(client)[before:]
        assert asked(ingest, "/readyz")[0] == 503
        client.publish(TEL, attitude_frame(2))
    acknowledged(client, {2})
    online(client)


@pytest.mark.parametrize("file", ["telemetry.sqlite", "dead-letters.sqlite"])
def test_what_is_no_database_ends_ingest_with_one_sentence(
    broker: Broker, tmp_path: Path, file: str
) -> None:
    with Ingest(broker.url, tmp_path / "data") as service:
        service.folder.mkdir()
        (service.folder / file).write_text("no database " * 100)
        service.start()
        assert service.wait() == 1
    [line] = service.log.read_text().splitlines()
    assert file in line
    assert "is not an SQLite file" in line


def test_a_store_in_a_place_that_cannot_be_used_ends_ingest_with_one_sentence(
    broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'store.sqlite'}"
    with Ingest(broker.url, tmp_path / "data", store_url=url) as service:
        service.start()
        assert service.wait() == 1
    [line] = service.log.read_text().splitlines()
    assert "store.sqlite" in line


@pytest.mark.parametrize("path", ["folder", "file/registry.sqlite"])
def test_a_registry_in_a_place_that_cannot_be_used_ends_ingest_with_one_sentence(
    broker: Broker, tmp_path: Path, path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / path}"
    with Ingest(broker.url, tmp_path / "data", database_url=url) as service:
        service.start()
        assert service.wait() == 1
    [line] = service.log.read_text().splitlines()
    assert str(tmp_path / path.split("/")[0]) in line


def test_a_locked_dead_letter_file_is_no_reason_to_pause_and_readiness_says_when_it_is_free(
    client: MqttClient, ingest: Ingest
) -> None:
    before = len(ingest.states(client))
    with locked(ingest.folder / "dead-letters.sqlite"):
        for number in range(1, 21):
            client.publish("aero/1/north/d2/up/tel", b"junk %d" % number)
            client.publish(BF, attitude_frame(number))
            acknowledged(client, {number})
        assert len(ingest.attitudes()) == 100
        parts = asked(ingest, "/readyz")[1]["parts"]
        assert "database is locked" in parts["dead letters"]
    # Nothing bad has to come for it.
    until(lambda: asked(ingest, "/readyz")[0] == 200, "ready again")
    assert len(ingest.dead_letters()) == 1
    assert ingest.states(client)[before:] == []


# ---- No space left -------------------------------------------------------------------------------


def limit_files(service: Ingest, size: int) -> None:
    """Let no file of the process grow beyond a size: what a quota does."""
    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def fly_until_paused(client: MqttClient, numbers: Iterator[int], *words: str) -> set[int]:
    """Publish frames until ingest says that it is paused; their numbers."""
    sent = set()
    for number in numbers:
        client.publish(BF, attitude_frame(number, rows=200))
        sent.add(number)
        if state(client)["status"] == "paused":
            break
        assert len(sent) < 20_000, "never paused"
    paused(client, *words)
    return sent


def test_files_that_cannot_grow_pause_it_until_they_can(client: MqttClient, ingest: Ingest) -> None:
    limit_files(ingest, 256 * 1024)
    sent = fly_until_paused(client, iter(range(1, 100_000)), "telemetry.sqlite")
    before = client.acknowledged("north", "d1")
    assert before < sent
    limit_files(ingest, resource.RLIM_INFINITY)
    acknowledged(client, sent)
    online(client)
    assert len(ingest.attitudes()) == 200 * len(sent)
    assert ingest.dead_letters() == []


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A real file system of its own, as large as given."""
    folder.mkdir()
    mount = shutil.which("mount", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if mount is None or os.geteuid() != 0:
        pytest.skip("needs root, to mount a small tmpfs")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"needs to mount a small tmpfs: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_up(file: Path) -> None:
    """Make a file as large as its disk allows."""
    with file.open("wb", buffering=0) as opened:
        free = os.statvfs(file.parent).f_bavail
        while free:
            opened.write(bytes(4096) * free)
            free = os.statvfs(file.parent).f_bavail


def test_a_full_disk_pauses_it_and_room_heals_it(
    broker: Broker, client: MqttClient, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    with small_disk(folder, "48m"), ExitStack() as stack:
        (folder / "ballast").write_bytes(bytes(45 * 1024 * 1024))
        service = Ingest(broker.url, folder)
        stack.callback(service.stop)
        service.ready(client)
        sent = fly_until_paused(client, iter(range(1, 100_000)), "database or disk is full")
        assert client.acknowledged("north", "d1") < sent
        # Nothing is lost, either, when the machine goes down with its disk full.
        service.kill()
        (folder / "ballast").unlink()
        service.ready(client)
        for number in sorted(sent - client.acknowledged("north", "d1")):
            client.publish(BF, attitude_frame(number, rows=200))
        acknowledged(client, sent)
        assert len(service.attitudes()) == 200 * len(sent)
        assert service.rows("PRAGMA integrity_check") == [("ok",)]


def test_frames_whose_dead_letters_find_no_room_are_not_acknowledged_and_block_nobody(
    broker: Broker, client: MqttClient, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    with small_disk(folder, "1m"), ExitStack() as stack:
        store = tmp_path / "elsewhere.sqlite"
        registry = tmp_path / "registry.sqlite"
        service = Ingest(
            broker.url,
            folder,
            store_url=f"sqlite:///{store}",
            database_url=f"sqlite:///{registry}",
            metrics_port=str(free_port()),
        )
        stack.callback(service.stop)
        service.ready(client)
        ballast = folder / "ballast"
        fill_up(ballast)
        broken = b"\x08\x01\x10\x01\x18\x09" + b"\x2a\x0ano deflate"
        client.publish(TEL, broken)
        client.publish("aero/1/north/d2/up/tel", attitude_frame(1))
        acknowledged(client, {1}, "d2")
        until(lambda: "dead letters" in service.log.read_text(), "said in the log")
        parts = asked(service, "/readyz")[1]["parts"]
        assert parts["store"] == "ok"
        assert "dead letter store" in parts["dead letters"]
        assert client.acknowledged("north", "d1") == set()
        assert state(client)["status"] == "online"

        ballast.unlink()
        until(lambda: asked(service, "/readyz")[0] == 200, "ready again")
        client.publish(BF, broken)
        acknowledged(client, {9})
        # The first one was what it tried with; its sender could not know, and sent it again.
        assert [letter[1:] for letter in service.dead_letters()] == [(TEL, broken), (BF, broken)]


# ---- Files that go away --------------------------------------------------------------------------


def test_a_store_that_is_deleted_while_in_use_gets_nothing_until_it_is_back(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    away = ingest.store.with_name("away.sqlite")
    ingest.store.rename(away)
    client.publish(TEL, attitude_frame(2))
    paused(client, "was deleted while in use")
    assert not ingest.store.exists()
    assert client.acknowledged("north", "d1") == {1}
    away.rename(ingest.store)
    acknowledged(client, {2})
    online(client)
    assert len(ingest.attitudes()) == 10


def test_a_store_that_is_replaced_while_in_use_gets_all_that_is_acknowledged_from_then_on(
    client: MqttClient, ingest: Ingest, tmp_path: Path
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    backup = tmp_path / "backup.sqlite"
    with sqlite3.connect(ingest.store) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    source.close()
    target.close()
    client.publish(TEL, attitude_frame(2))
    acknowledged(client, {2})
    for log in ingest.folder.glob("telemetry.sqlite-*"):
        log.unlink()
    backup.rename(ingest.store)
    client.publish(TEL, attitude_frame(3))
    acknowledged(client, {3})
    online(client)
    # The backup does not have frame 2; that is the backup's doing.
    assert len(ingest.attitudes()) == 10
    assert ingest.rows("PRAGMA integrity_check") == [("ok",)]
    ingest.kill()
    assert len(ingest.attitudes()) == 10


def test_a_registry_that_is_deleted_while_in_use_pauses_ingest_until_it_is_back(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, attitude_frame(1))
    acknowledged(client, {1})
    registry = ingest.folder / "registry.sqlite"
    registry.rename(ingest.folder / "away.sqlite")
    client.publish(TEL, attitude_frame(2))
    client.publish("aero/1/north/d2/up/tel", attitude_frame(3))
    paused(client, "registry.sqlite was deleted while in use")
    assert not registry.exists()
    (ingest.folder / "away.sqlite").rename(registry)
    acknowledged(client, {2})
    acknowledged(client, {3}, "d2")
    online(client)
    with sqlite3.connect(registry) as reader:
        found = reader.execute("SELECT drone FROM drones ORDER BY drone").fetchall()
    reader.close()
    assert found == [("d1",), ("d2",)]


def test_a_dead_letter_file_that_is_deleted_is_made_anew(
    client: MqttClient, ingest: Ingest
) -> None:
    client.publish(TEL, b"one")
    until(lambda: len(ingest.dead_letters()) == 1, "the letter")
    for file in ingest.folder.glob("dead-letters.sqlite*"):
        file.unlink()
    client.publish(TEL, b"two")

    def kept() -> list[bytes]:
        try:
            return [payload for _, _, payload in ingest.dead_letters()]
        except sqlite3.OperationalError:  # not made yet
            return []

    until(lambda: kept() == [b"two"], "the second letter in a new file")


# ---- Processes that die or come in numbers -------------------------------------------------------


def committed(service: Ingest, rows: int) -> None:
    until(lambda: len(service.attitudes()) == rows, "the commit")


def test_what_was_committed_and_not_acknowledged_is_not_doubled_when_it_comes_again(
    client: MqttClient, ingest: Ingest
) -> None:
    killed_in_between: set[int] = set()
    sent: list[int] = []
    # Where the acknowledgement was as quick as the kill, it is tried again.
    while len(sent) < 3 or (not killed_in_between and len(sent) < 30):
        number = len(sent) + 1
        sent.append(number)
        client.publish(TEL, attitude_frame(number))
        committed(ingest, 5 * number)
        ingest.kill()
        if number not in client.acknowledged("north", "d1"):
            killed_in_between.add(number)
        ingest.ready(client)
    assert killed_in_between
    for number in sent:
        client.publish(BF, attitude_frame(number))
    acknowledged(client, set(sent))
    assert len(ingest.attitudes()) == 5 * len(sent)


def test_two_ingests_of_one_fleet_store_everything_once_in_one_store(
    broker: Broker, client: MqttClient, ingest: Ingest
) -> None:
    with Ingest(broker.url, ingest.folder, instance="twin") as twin:
        twin.start()
        until(lambda: "SUBACK to ingest-twin" in broker.log.read_text(), "the second one")
        for number in range(1, 101):
            client.publish(TEL if number % 2 else BF, attitude_frame(number))
            if number == 50:
                ingest.kill()
        acknowledged(client, set(range(1, 101)))
        ingest.ready(client)
        client.publish(TEL, b"junk")
        until(lambda: ingest.dead_letters(), "the letter")
        client.publish(TEL, attitude_frame(101))
        acknowledged(client, {101})
    assert len(ingest.attitudes()) == 505
    assert len(ingest.dead_letters()) == 1


def test_a_broker_that_restarts_during_a_pause_is_told_of_it_and_nothing_is_lost(
    broker: Broker, client: MqttClient, ingest: Ingest
) -> None:
    with locked(ingest.store):
        client.publish(TEL, attitude_frame(1))
        paused(client, "locked")
        broker.kill()
        broker.start()
        with MqttClient(broker.port, "aero/1/_svc/#") as again:
            until(lambda: again.payloads(STATE), "its state")
            paused(again)
            again.publish(BF, attitude_frame(2))
    with MqttClient(broker.port, "aero/1/+/+/dn/ack", "aero/1/_svc/#") as again:
        until(lambda: len(ingest.attitudes()) == 10, "both frames stored")
        again.publish(BF, attitude_frame(1))
        again.publish(BF, attitude_frame(2))
        acknowledged(again, {1, 2})
        online(again)
    assert len(ingest.attitudes()) == 10


# ---- A store that does not answer ----------------------------------------------------------------


class Hanging(SqliteStore):
    """A store on a disk that does not answer, until it is let go."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.let_go = threading.Event()

    def write(self, blocks: Sequence[SeriesBlock]) -> Written:
        assert self.let_go.wait(200)
        return super().write(blocks)


def opener(settings: CloudSettings, parts: ExitStack, store: SqliteStore) -> Callable[[], Pipeline]:
    log = structlog.get_logger()

    def opened() -> Pipeline:
        pipeline = open_pipeline(settings, parts, clock_us=lambda: 7, log=log)
        pipeline._store = store
        return pipeline

    return opened


async def test_a_write_that_does_not_return_is_announced_and_its_end_too(
    broker: Broker, client: MqttClient, tmp_path: Path
) -> None:
    settings = CloudSettings(mqtt_url=broker.url, data_dir=tmp_path / "data", instance="test")
    store = Hanging(tmp_path / "data" / "hanging.sqlite")
    worker = Worker(name="store")
    stop = asyncio.Event()
    with ExitStack() as parts:
        parts.callback(store.close)
        metrics = IngestMetrics()
        service = IngestService(
            settings=settings,
            open_pipeline=opener(settings, parts, store),
            worker=worker,
            metrics=metrics,
            patience_s=0.3,
        )
        running = asyncio.create_task(service.run(stop))
        await asyncio.to_thread(until, lambda: client.payloads(STATE), "its first state")
        # Where the disk is slow, the stores' making was announced, too.
        await asyncio.to_thread(online, client)
        pauses = metrics.registry.get_sample_value("aerostream_ingest_pauses_total") or 0
        client.publish(TEL, attitude_frame(1))
        await asyncio.to_thread(paused, client, "no answer for 0.3 s")
        assert metrics.registry.get_sample_value("aerostream_ingest_paused") == 1
        assert (await service.readiness())["store"] == state(client)["reason"]
        assert client.acknowledged("north", "d1") == set()
        store.let_go.set()
        await asyncio.to_thread(acknowledged, client, {1})
        await asyncio.to_thread(online, client)
        assert metrics.registry.get_sample_value("aerostream_ingest_pauses_total") == pauses + 1

        # One that hangs for good does not keep it from ending.
        store.let_go.clear()
        client.publish(TEL, attitude_frame(2))
        await asyncio.to_thread(paused, client)
        stop.set()
        await asyncio.wait_for(running, 60)
        await asyncio.to_thread(
            until, lambda: state(client)["status"] == "offline", "offline, said before it ended"
        )
        assert not worker.close(0.1)
        assert client.acknowledged("north", "d1") == {1}
        store.let_go.set()
        assert worker.close(60)
