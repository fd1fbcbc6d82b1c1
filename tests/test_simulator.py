"""The simulator's commands as processes, with a real agent and a real broker."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymavlink.dialects.v20 import all as dialect
from support.agent import EdgeAgent, Watcher
from support.broker import Broker
from support.cloud import until
from support.patience import PATIENCE_S
from support.ports import free_port, udp_port

FLIGHT = Path(__file__).parent / "data/copter.tlog"


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Watcher]:
    with Watcher(broker.port) as found:
        yield found


@contextlib.contextmanager
def simulator(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """`aerostream-sim` as a process; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aerostream_sim", *arguments],
        env={key: value for key, value in os.environ.items() if key[:11] != "AEROSTREAM_"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def ended(*arguments: str) -> "subprocess.CompletedProcess[str]":
    with simulator(*arguments) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.mark.parametrize("autopilot", ["ardupilot", "px4"])
def test_an_agent_hears_a_flying_copter_over_udp(
    broker: Broker, watcher: Watcher, tmp_path: Path, autopilot: str
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent:
        until(lambda: agent.said("link open"), "the agent listens")
        link = f"udpout:127.0.0.1:{agent.port}"
        with simulator("fly", "--autopilot", autopilot, "--mavlink", link):
            watcher.wait_for_status("online up")
            until(lambda: any(state.armed for state in watcher.states()), "armed")
            until(lambda: highest(watcher) > 3, "it climbs")
            until(lambda: len(watcher.times("attitude")) > 5, "attitudes")
            until(lambda: len(watcher.times("battery")) > 1, "batteries")
            (info, *_) = watcher.infos()
            assert (info.autopilot, info.vehicle) == (autopilot, "copter")


def highest(watcher: Watcher) -> float:
    places = [state.position for state in watcher.states()]
    return max((place.relative_alt or 0.0 for place in places if place), default=0.0)


@pytest.mark.parametrize("agents_side", ["tcp", "tcpin"])
def test_an_agent_hears_vehicles_over_tcp(
    broker: Broker, watcher: Watcher, tmp_path: Path, agents_side: str
) -> None:
    port = free_port()
    link = f"{agents_side}:127.0.0.1:{port}"
    other = "tcpin" if agents_side == "tcp" else "tcp"
    with (
        simulator("fly", "--type", "rover", "--mavlink", f"{other}:127.0.0.1:{port}"),
        EdgeAgent(broker.url, tmp_path / "edge", mavlink_url=link),
    ):
        watcher.wait_for_status("online up")
        until(lambda: len(watcher.times("position")) > 3, "positions")
        (info, *_) = watcher.infos()
        assert (info.autopilot, info.vehicle) == ("ardupilot", "rover")


def test_an_agent_hears_a_recorded_flight(broker: Broker, watcher: Watcher, tmp_path: Path) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge", rate_policy="full") as agent:
        until(lambda: agent.said("link open"), "the agent listens")
        link = f"udpout:127.0.0.1:{agent.port}"
        with simulator("replay", str(FLIGHT), "--speed", "10", "--mavlink", link) as process:
            _, err = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, err
            assert "playing 6925 frames, 6 s" in err
            assert "played 6925 frames" in err
        until(lambda: len(watcher.times("attitude")) > 100, "its attitudes")
        until(lambda: any(event.kind == "armed" for event in watcher.events()), "it armed")


def test_a_swarm_is_many_drones(broker: Broker, watcher: Watcher, tmp_path: Path) -> None:
    arguments = ["--vehicles", "6", "--type", "copter,plane,boat", "--autopilot", "ardupilot,px4"]
    folder = ["--data-dir", str(tmp_path / "swarm")]
    with simulator("swarm", "--mqtt", broker.url, *arguments, *folder) as process:
        names = {
            f"{kind}-{number:02d}" for kind in ("copter", "plane", "boat") for number in (1, 2)
        }
        until(lambda: watcher.drones() == names, "all drones")
        for name in names:
            watcher.wait_for_status("online up", name)
            until(partial(watcher.times, "position", name), f"position of {name}")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
    for name in names:
        watcher.wait_for_status("offline", name)


def test_a_swarm_without_a_broker_says_so() -> None:
    result = ended("swarm", "--mqtt", f"mqtt://127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert "Connection refused" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_leaves_no_port(number: signal.Signals) -> None:
    port = free_port(3)
    with simulator("fly", "--vehicles", "3", "--mavlink", f"tcpin:127.0.0.1:{port}") as process:
        clients = [connected(port + index) for index in range(3)]
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        assert "Traceback" not in err
        for client in clients:
            client.close()
    for index in range(3):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port + index))


def connected(port: int) -> socket.socket:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError(f"nobody listens on {port}")


def test_a_bounded_flight_ends_by_itself() -> None:
    started_s = time.monotonic()
    result = ended("fly", "--duration", "2", "--mavlink", f"udpout:127.0.0.1:{udp_port()}")
    assert result.returncode == 0
    assert time.monotonic() - started_s >= 2
    assert "flying 1 vehicle" in result.stderr


def test_an_answer_over_a_real_link_takes_milliseconds() -> None:
    port = udp_port()
    with (
        simulator("fly", "--idle", "--mavlink", f"udpin:127.0.0.1:{port}"),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(0.2)
        hello = dialect.MAVLink_heartbeat_message(18, 8, 0, 0, 4, 3)
        sender = dialect.MAVLink(None, 1, 191)
        parser = dialect.MAVLink(None)
        parser.robust_parsing = True

        def heard() -> list[Any]:
            client.sendto(hello.pack(sender), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                return parser.parse_buffer(bytearray(client.recv(65535))) or []
            return []

        until(heard, "it is there")
        delays = []
        for _ in range(10):
            request = dialect.MAVLink_command_long_message(1, 1, 512, 0, 148, 0, 0, 0, 0, 0, 0)
            asked_s = time.monotonic()
            client.sendto(request.pack(sender), ("127.0.0.1", port))
            while True:
                with contextlib.suppress(TimeoutError):
                    found = parser.parse_buffer(bytearray(client.recv(65535))) or []
                    if any(each.get_type() == "COMMAND_ACK" for each in found):
                        break
                assert time.monotonic() - asked_s < 60, "no answer"
            delays.append(time.monotonic() - asked_s)
        assert sorted(delays)[5] < 0.05, delays


BAD = [
    (["fly", "--vehicles", "0"], "--vehicles 0"),
    (["fly", "--vehicles", "99999"], "--vehicles 99999"),
    (["fly", "--type", "submarine"], "submarine"),
    (["fly", "--autopilot", "ardupilot,inav"], "inav"),
    (["fly", "--mavlink", "udp:127.0.0.1:14550"], "udp:127.0.0.1:14550"),
    (["fly", "--vehicles", "10", "--mavlink", "udpout:127.0.0.1:65530"], "65539"),
    (["fly", "--home", "north"], "--home"),
    (["fly", "--home", "91,0"], "--home"),
    (["fly", "--home", "nan,0"], "--home"),
    (["fly", "--wind", "-3"], "--wind"),
    (["fly", "--wind", "99"], "--wind"),
    (["fly", "--battery", "101"], "--battery"),
    (["fly", "--spacing", "-1"], "--spacing"),
    (["fly", "--duration", "0"], "--duration"),
    (["fly", "--pattern", "loop"], "loop"),
    (["replay", "no-such-file.tlog"], "no-such-file.tlog"),
    (["replay", str(Path(__file__))], "not a telemetry log"),
    (["replay", str(FLIGHT), "--speed", "0"], "--speed"),
    (["replay", str(FLIGHT), "--start", "9999"], "62.8 s"),
    (["swarm", "--fleet", "A B"], "A B"),
    (["swarm", "--mqtt", "http://127.0.0.1"], "--mqtt"),
]


@pytest.mark.parametrize(("arguments", "word"), BAD, ids=lambda each: " ".join(each)[:40])
def test_bad_input_is_one_sentence_and_exit_code_two(arguments: list[str], word: str) -> None:
    result = ended(*arguments)
    assert result.returncode == 2, result.stderr
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_in_use_is_named_with_exit_code_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        result = ended("fly", "--mavlink", f"udpin:127.0.0.1:{port}")
    assert result.returncode == 1
    assert f"udpin:127.0.0.1:{port}: Address already in use" in result.stderr


@pytest.mark.parametrize("command", ["fly", "replay", "swarm", "faults"])
def test_help_teaches_with_examples(command: str) -> None:
    result = ended(command, "--help")
    assert result.returncode == 0
    assert f"aerostream-sim {command}" in result.stdout
