"""The fault laboratory at a deployment that somebody else runs, and breaks."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aerostream_contract.names import DroneName
from aerostream_sim.cli import app
from aerostream_sim.errors import LabError
from aerostream_sim.faults import lock
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.laboratory import Failure, Laboratory, Outcome, Setup
from aerostream_sim.faults.ledger import Kind
from aerostream_sim.faults.processes import Programs
from aerostream_sim.faults.report import last_line
from aerostream_sim.faults.stack import Stack as LabStack
from aerostream_sim.faults.stored import Drop, Stored
from aerostream_sim.faults.stored_api import ApiStore
from aerostream_sim.faults.stored_sqlite import SqliteStore
from aerostream_sim.faults.target import ON_DEPLOYMENT, Target
from support import broken_programs
from support.bridge import Bridge, block, fill
from support.broker import Broker
from support.cloud import Ingest, MqttClient, cloud_environ, until
from support.ports import free_port
from support.secure_broker import SecureBroker
from support.stack import Stack, running_stack
from typer.testing import CliRunner

_LAB = [sys.executable, "-m", "aerostream_sim", "faults"]
_UP = "aero/1/faultlab/+/up/#"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    folder = tmp_path / "deployment"
    folder.mkdir()
    with running_stack(folder) as running:
        yield running


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[Ingest]:
    with Ingest(broker.url, tmp_path / "cloud") as running:
        with MqttClient(broker.port, "aero/1/_svc/#") as client:
            running.ready(client)
        yield running


@contextmanager
def lab(*arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """`aerostream-sim faults`, ended with the block."""
    clean = {name: value for name, value in os.environ.items() if name[:11] != "AEROSTREAM_"}
    with subprocess.Popen(
        [*_LAB, *arguments],
        env=clean | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a laboratory."""
    with lab(*arguments, **variables) as process:
        said, complained = process.communicate(timeout=400)
        return process.returncode, said, complained


async def flown(
    target: Target,
    folder: Path,
    *,
    duration_s: float = 5.0,
    inspect: Callable[[LabStack], None] = lambda _: None,
) -> Outcome:
    """A flight of one drone, by which the laboratory itself breaks nothing."""
    outcomes: list[Outcome] = []

    def refuse(failure: Failure) -> None:
        raise AssertionError(failure.sentence)

    laboratory = Laboratory(
        setup=Setup(
            kinds=[],
            drones=1,
            duration_s=duration_s,
            settle_s=15.0,
            folder=folder / "lab",
            target=target,
        ),
        programs=Programs.installed(cloud=False),
        say=lambda _: None,
        failed=refuse,
        inspect=inspect,
    )
    laboratory.equip()
    await laboratory.run([1], 1, outcomes.append)
    return outcomes[0]


def target_of(broker: Broker, ingest: Ingest) -> Target:
    store = f"sqlite:///{ingest.store}"
    return Target.of(broker=broker.url, api=None, store=store, fleet=None, run=None)


def positions(store: Path) -> int:
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
        exists = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'position'")
        if not exists.fetchone():
            return 0
        count: int = connection.execute("SELECT count(*) FROM position").fetchone()[0]
        return count


def kept_at(broker: Broker) -> list[str]:
    """Topics of the laboratory's fleet on which the broker keeps something."""
    with MqttClient(broker.port, _UP, "test/end") as client:
        client.publish("test/end", b"x", retain=False)
        until(lambda: client.payloads("test/end"), "the end of what is kept")
        return [topic for topic, _ in client.received if topic != "test/end"]


def test_a_deployment_whose_broker_and_cloud_are_killed_in_the_middle_loses_nothing(
    stack: Stack, tmp_path: Path
) -> None:
    store = stack.folder / "cloud" / "telemetry.sqlite"
    file = tmp_path / "found.json"
    with lab(
        *("--broker", stack.broker.url, "--api", stack.url, "--drones", "2"),
        *("--duration", "25", "--faults", "kill-agent,network-cut"),
        *("--folder", str(tmp_path / "lab"), "--json", str(file)),
    ) as process:
        until(lambda: positions(store) > 20, "something is stored")
        stack.cut()
        stack.broker.kill()
        stack.broker.start()
        stack.mend()
        said, complained = process.communicate(timeout=400)
    assert process.returncode == 0, said + complained
    assert re.fullmatch(
        r"\d+ sent, \d+ stored, \d+ not captured, 0 dropped, lost 0, duplicated 0",
        said.splitlines()[-1],
    )
    (found,) = json.loads(file.read_text())["seeds"]
    assert found["sent"] > 600
    assert found["sent"] == found["stored"] + found["not_captured"]
    assert {fault["kind"] for fault in found["faults"]} == {"kill-agent", "network-cut"}
    assert all(fault["drone"] in {"d1", "d2"} for fault in found["faults"])
    # What it leaves is what it says that it leaves.
    assert kept_at(stack.broker) == []
    until(
        lambda: stack.cloud.json("/api/v1/drones")["items"] == [], "the bridge has forgotten them"
    )
    run = re.search(r"the deployment keeps drones (lab[0-9a-f]{6})-… of", complained)
    assert run is not None, complained
    with closing(sqlite3.connect(store)) as connection:
        drones = connection.execute("SELECT DISTINCT drone FROM series").fetchall()
    assert sorted(drones) == [(f"{run[1]}-1-d1",), (f"{run[1]}-1-d2",)]


def test_a_broker_with_accounts_needs_some_of_its_own_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = SecureBroker(tmp_path / "broker")
    url = f"mqtt://127.0.0.1:{broker.services_port}"
    broker.provision("--role", "cloud", "--url", url)
    broker.provision("--role", "person", "--name", "faultlab", "--url", url)
    broker.start()
    accounts = {
        name: (broker.credentials / f"{name}.env").read_text().strip().partition("=")[2]
        for name in ("cloud", "faultlab")
    }
    cloud = Bridge(
        accounts["cloud"], tmp_path / "cloud", command="serve", http_port=str(free_port())
    )
    flight = ["--broker", broker.url, "--drones", "1", "--duration", "10", "--faults", "none"]
    own = {"AEROSTREAM_MQTT_URL": accounts["faultlab"]}
    try:
        cloud.start()
        flight += ["--api", cloud.url, "--run", "r1", "--folder", str(tmp_path / "lab")]
        code, _, complained = ended(*flight)
        assert code == 1
        assert "--role person --name faultlab`" in complained.splitlines()[-1]
        assert "Not authorized" in complained

        code, _, complained = ended(*flight, **own)
        assert code == 1
        assert "provision` for each of faultlab/r1-1-d1; then" in complained.splitlines()[-1]

        own["AEROSTREAM_MQTT_CREDENTIALS"] = str(broker.credentials / "faultlab")
        code, _, complained = ended(*flight, **own)
        assert code == 1
        assert "r1-1-d1.password: No such file or directory" in complained.splitlines()[-1]

        broker.provision("faultlab/r1-1-d1", "--url", broker.url, "--broker-pid", str(broker.pid))
        code, said, complained = ended(*flight, **own)
        assert code == 0, said + complained
        assert re.search(r"^\d{3} sent, .*, lost 0, duplicated 0$", said, re.MULTILINE)

        # The same drones cannot fly again, although the bridge has been told to forget them.
        code, said, complained = ended(*flight, **own)
        assert code == 1
        assert "the deployment has r1-1-d1 already" in complained + said
    finally:
        cloud.stop()
        broker.stop()


async def test_a_row_that_somebody_deletes_is_a_lost_sample(
    broker: Broker, ingest: Ingest, tmp_path: Path
) -> None:
    def delete(_: LabStack) -> None:
        with closing(sqlite3.connect(ingest.store)) as connection, connection:
            chosen = "SELECT series, time_us FROM position LIMIT 3 OFFSET 3"
            deleted = f"DELETE FROM position WHERE (series, time_us) IN ({chosen})"
            assert connection.execute(deleted).rowcount == 3

    outcome = await flown(target_of(broker, ingest), tmp_path, inspect=delete)
    assert (outcome.verdict.lost, outcome.verdict.duplicated) == (3, 0)
    assert last_line([outcome]).endswith(", lost 3, duplicated 0")
    assert {found.sent.kind for found in outcome.verdict.missing} == {Kind.POSITION}


async def test_an_ingest_that_acknowledges_before_it_has_stored_is_seen(
    broker: Broker, tmp_path: Path
) -> None:
    folder = tmp_path / "cloud"
    folder.mkdir()
    bug = broken_programs.acknowledge_before_commit.__name__
    command = [sys.executable, str(Path(broken_programs.__file__)), bug, "aerostream-cloud"]
    store = folder / "telemetry.sqlite"

    def start() -> "subprocess.Popen[bytes]":
        with (folder / "log").open("ab") as log:
            environ = cloud_environ(broker.url, folder)
            return subprocess.Popen([*command, "ingest"], env=environ, stdout=log, stderr=log)

    def break_it(process: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
        """What its owner does meanwhile."""
        until(lambda: positions(store) > 5, "something is stored")
        holder = subprocess.Popen([sys.executable, "-m", lock.__name__, str(store)])
        try:
            until(lambda: is_locked(store), "the store is locked")
            with MqttClient(broker.port, "aero/1/faultlab/+/dn/ack") as client:
                until(lambda: len(client.acknowledgements()) > 5, "early acknowledgements")
            process.kill()
            process.wait()
            broker.kill()
        finally:
            holder.kill()
            holder.wait()
        broker.start()
        return start()

    process = start()
    try:
        until(store.exists, "the store is there")
        target = Target.of(
            broker=broker.url, api=None, store=f"sqlite:///{store}", fleet=None, run=None
        )
        flight = asyncio.create_task(flown(target, tmp_path, duration_s=25.0))
        process = await asyncio.to_thread(break_it, process)
        outcome = await flight
    finally:
        process.kill()
        process.wait()
    assert outcome.verdict.lost > 10, outcome.verdict
    assert not outcome.good


def is_locked(store: Path) -> bool:
    with closing(sqlite3.connect(store, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


_BROKER = ("--broker", "mqtt://127.0.0.1:1")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--broker", "127.0.0.1"), "--broker is unusable, its scheme is not mqtt or mqtts"),
        (_BROKER, "expected either --api, such as"),
        ((*_BROKER, "--api", "http://a", "--store", "sqlite:///b"), "expected either --api"),
        ((*_BROKER, "--api", "ftp://a"), "--api 'ftp://a': expected http://host:port"),
        ((*_BROKER, "--store", "sqlite:///no"), "--store sqlite:///no: there is no such file"),
        ((*_BROKER, "--store", "influxdb://a/b"), "--api reads any other store"),
        ((*_BROKER, "--api", "http://a", "--run", "A b"), "--run 'A b': expected 1 to 10"),
        ((*_BROKER, "--api", "http://a", "--fleet", "A"), "--fleet 'A' is not an id"),
        (
            (*_BROKER, "--api", "http://a", "--faults", "kill-agent,kill-broker,store-locked"),
            "--faults kill-broker,store-locked: with --broker only what is the laboratory's own is "
            f"broken, {', '.join(ON_DEPLOYMENT)}, or none",
        ),
        (("--api", "http://a"), "--api, --store, --fleet and --run are of a deployment"),
        (("--faults", "none"), "--faults none: expected some"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    result = CliRunner().invoke(app, ["faults", *arguments])
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def refusal(**changes: str | None) -> str:
    """Why a target is refused."""
    said: list[str] = []
    settings: dict[str, str | None] = {"api": None, "store": None, "fleet": None, "run": "r1"}
    with pytest.raises(LabError) as refused:
        Target.of(**(settings | changes)).check(["r1-1-d1"], said.append)  # type: ignore[arg-type]
    assert len(said) == 1
    return str(refused.value)


def test_what_is_no_deployment_is_one_sentence(broker: Broker, tmp_path: Path) -> None:
    bridge = Bridge(broker.url, tmp_path / "bridge")
    fill(bridge.folder, [DroneName("faultlab", "r1-1-d1")], [])
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE notes (text)")
    closed = free_port()
    try:
        bridge.start()
        assert refusal(broker=f"mqtt://127.0.0.1:{closed}", api=bridge.url) == (
            f"the broker mqtt://127.0.0.1:{closed} cannot be reached: Connection refused"
        )
        assert "is no MQTT 5 broker" in refusal(
            broker=bridge.url.replace("http", "mqtt"), api=bridge.url
        )
        assert refusal(broker=broker.url, api=bridge.url) == (
            f"no ingest that stores the fleet faultlab is at the broker {broker.url}: start "
            "`aerostream-cloud serve` or `ingest` there"
        )
        settings = {"ingest_fleets": "north"}
        with Ingest(broker.url, tmp_path / "north", **settings) as north:
            with MqttClient(broker.port, "aero/1/_svc/#") as client:
                north.ready(client)
            assert "no ingest that stores the fleet faultlab" in refusal(
                broker=broker.url, api=bridge.url
            )
        with Ingest(broker.url, tmp_path / "all") as ingest:
            with MqttClient(broker.port, "aero/1/_svc/#") as client:
                ingest.ready(client)
            assert refusal(broker=broker.url, api=f"http://127.0.0.1:{closed}") == (
                f"the API http://127.0.0.1:{closed} cannot be read: Connection refused"
            )
            assert "does not answer as AeroStream's bridge does" in refusal(
                broker=broker.url, api=f"{bridge.url}/docs"
            )
            assert "the deployment has r1-1-d1 already" in refusal(
                broker=broker.url, api=bridge.url
            )
            assert "cannot be read: no such table: series" in refusal(
                broker=broker.url, store=f"sqlite:///{other}"
            )
    finally:
        bridge.stop()


def test_the_bridge_and_the_file_tell_the_same_of_a_store(broker: Broker, tmp_path: Path) -> None:
    ours, others = DroneName("faultlab", "r1-1-d1"), DroneName("faultlab", "r2-1-d1")
    bridge = Bridge(broker.url, tmp_path / "bridge")
    start_us = 1_767_225_600_123_456
    dropped = {"from": "2026-01-01T00:00:00.000001Z", "to": "2026-01-01T00:01:00.000000Z"}
    dropped |= {"reason": "full", "samples": 7, "events": 1}  # type: ignore[dict-item]
    blocks = [
        block(drone, channel, rows, component=component, instance=instance)
        for drone in (ours, others)
        for channel, rows, component, instance in (
            ("heartbeat", {start_us: {"custom_mode": 4_000_000_000}}, 1, "0"),
            ("heartbeat", {start_us: {"custom_mode": 5}}, 2, "0"),
            ("system_time", {start_us: {"time_unix_usec": start_us}}, 1, "0"),
            ("position", {start_us + n: {"lat": n / 1e7} for n in range(1, 400)}, 1, "0"),
            ("attitude", {start_us: {"roll": 2.9999, "pitch": 0.0003}}, 1, "0"),
            ("event", {start_us: {"text": "lab 12"}, 9: {"text": "lab x"}}, 1, "statustext"),
            ("event", {start_us: {"text": 'a, "b"\n', "data": "{}"}}, 1, "mode"),
            ("event", {start_us: {"text": "gone", "data": json.dumps(dropped)}}, 0, "dropped"),
        )
    ]
    fill(bridge.folder, [ours, others], blocks)
    file = SqliteStore(
        file=bridge.folder / "telemetry.sqlite", fleet="faultlab", drones=["r1-1-d1", "r1-1-d2"]
    )
    try:
        bridge.start()
        api = ApiStore(url=bridge.url, drones=["r1-1-d1", "r1-1-d2"])
        content = api.read()
        assert {drone: sorted(rows) for drone, rows in content.samples.items()} == {
            drone: sorted(rows) for drone, rows in file.read().samples.items()
        }
        assert content.drops == file.read().drops
        assert api.known() == file.known() == ["r1-1-d1"]
    finally:
        bridge.stop()
    assert list(content.samples) == ["r1-1-d1"]
    rows = content.samples["r1-1-d1"]
    assert len(rows) == 404
    assert Stored(Kind.HEARTBEAT, 4_000_000_000, start_us) in rows
    assert Stored(Kind.SYSTEM_TIME, start_us, start_us) in rows
    assert Stored(Kind.POSITION, 399, start_us + 399) in rows
    assert Stored(Kind.ATTITUDE, 29_999 + 3 * 30_000, start_us) in rows
    assert Stored(Kind.TEXT, 12, start_us) in rows
    assert Stored(Kind.TEXT, -1, 9) in rows
    first_us = start_us - 123_456
    assert content.drops == [Drop("r1-1-d1", first_us + 1, first_us + 60_000_000, 7, 1, "full")]


def test_what_a_run_leaves_in_a_deployment_goes_as_the_documentation_says(
    broker: Broker, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[1] / "docs/durability.md").read_text(encoding="utf-8")
    script = re.search(r"```sh\n(for table in .*?)```", page, re.DOTALL)
    assert script is not None
    if subprocess.run(["which", "sqlite3"], capture_output=True, check=False).returncode:
        pytest.skip("needs sqlite3, as the documentation says")
    bridge = Bridge(broker.url, tmp_path / "bridge")
    drones = [DroneName("faultlab", "r1-1-d1"), DroneName("north", "d1")]
    rows = {1_767_225_600_000_000: {"lat": 1.0}}
    fill(bridge.folder, drones, [block(drone, "position", rows) for drone in drones])
    subprocess.run(
        ["sh", "-ec", f"cd {bridge.folder}\n{script[1]}"], check=True, capture_output=True
    )
    for file, statement in (
        ("telemetry.sqlite", "SELECT drone, count(*) FROM v_position GROUP BY drone"),
        ("registry.sqlite", "SELECT drone, 1 FROM drones"),
        ("telemetry.sqlite", "SELECT drone, count(*) FROM series GROUP BY drone"),
    ):
        with closing(sqlite3.connect(bridge.folder / file)) as connection:
            assert connection.execute(statement).fetchall() == [("d1", 1)]


def test_on_a_deployment_only_what_strikes_an_agent_is_possible() -> None:
    assert set(ON_DEPLOYMENT) == {
        FaultKind.KILL_AGENT,
        FaultKind.POWER_CUT_AGENT,
        FaultKind.SPOOL_FULL,
        FaultKind.CLOCK_JUMP,
        FaultKind.NETWORK_CUT,
        FaultKind.NETWORK_BAD,
    }


def test_the_api_of_another_broker_is_refused_before_the_flight(
    broker: Broker, tmp_path: Path
) -> None:
    bridge = Bridge(broker.url, tmp_path / "bridge")
    fill(bridge.folder, [], [])
    try:
        bridge.start()
        with pytest.raises(LabError, match=r"does not come to know r1-1-d1.*the same broker\?$"):
            ApiStore(url=bridge.url, drones=["r1-1-d1"], patience_s=0.5).meet()
    finally:
        bridge.stop()
