"""What stops an agent, and what it waits for: each said once, in one sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent import EdgeAgent, Watcher, agent_environ, edge
from support.broker import Broker
from support.cloud import until
from support.ports import free_port, udp_port
from support.vehicle import Vehicle


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Watcher]:
    with Watcher(broker.port) as found:
        yield found


def test_an_agent_whose_name_is_taken_over_exits_with_3(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "one") as first:
        watcher.wait_for_status("online down")
        with EdgeAgent(broker.url, tmp_path / "two") as second:
            assert first.wait() == 3
            last = first.text.splitlines()[-1]
            assert last.startswith("aerostream-edge: another agent connected as default/d1")
            until(lambda: len(watcher.statuses()) >= 2, "the second one's status")
            assert second.terminate() == 0


def test_a_further_vehicle_that_is_taken_over_stays_stopped(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with (
        EdgeAgent(broker.url, tmp_path / "one", sysid="1") as first,
        Vehicle(first.port),
        Vehicle(first.port, system=7),
    ):
        watcher.wait_for_status("online up", "d1-7")
        with EdgeAgent(broker.url, tmp_path / "two", drone="d1-7"):
            until(lambda: first.said("another agent took"), "it was taken over")
            watcher.catch_up()
            watcher.received.clear()
            until(lambda: len(watcher.times("attitude")) > 4, "the first vehicle goes on")
            assert list(watcher.blocks("attitude", "d1-7")) == []
        assert len(first.said("another agent took")) == 1


def test_a_second_agent_with_the_same_data_directory_is_refused(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge"):
        watcher.wait_for_status("online down")
        done = edge("run", env=agent_environ(broker.url, tmp_path / "edge"))
        assert done.returncode == 1
        assert done.stderr == (
            "aerostream-edge: an agent for default/d1 is running on this machine already\n"
        )
        assert watcher.statuses()[-1].session == 1_000_001, "the first one was not thrown out"


def test_an_agent_that_does_not_come_up_leaves_no_lock_behind(tmp_path: Path) -> None:
    systems = tmp_path / "edge" / "systems"
    systems.mkdir(parents=True)
    damaged = systems / "default.d1.json"
    damaged.write_text("{")
    done = edge("run", env=agent_environ("mqtt://127.0.0.1:1", tmp_path / "edge"))
    assert done.returncode == 1
    assert "default.d1.json" in done.stderr
    assert list(systems.iterdir()) == [damaged]


def test_a_broker_that_cannot_be_reached_is_said_once_and_found_later(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    with EdgeAgent(broker.url, tmp_path / "edge") as agent, Vehicle(agent.port):
        until(lambda: agent.said("the broker is unreachable; trying again"), "it is said")
        # paho tries after 1, 2 and 4 seconds.
        broker.start()
        try:
            until(lambda: agent.said('"connected"'), "it connected")
            with Watcher(broker.port) as watcher:
                until(lambda: len(watcher.times("attitude")) > 5, "attitudes")
                assert len(agent.said("unreachable")) == 1
                assert agent.terminate() == 0
        finally:
            broker.stop()


def test_a_stop_without_any_broker_is_clean_and_says_what_was_not_stored(tmp_path: Path) -> None:
    agent = EdgeAgent(f"mqtt://127.0.0.1:{free_port()}", tmp_path / "edge")
    with agent, Vehicle(agent.port) as vehicle:
        until(lambda: vehicle.asked("HEARTBEAT"), "the vehicle was found")
        assert agent.terminate() == 0
        (line,) = agent.said("not known to be stored")
        assert line["frames"] > 0


def test_a_port_in_use_is_said_once_and_taken_when_it_is_free(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "one", drone="other") as holder:
        until(lambda: holder.said("link open"), "the port is held")
        url = f"udpin:127.0.0.1:{holder.port}"
        with EdgeAgent(broker.url, tmp_path / "two", mavlink_url=url) as agent:
            until(lambda: agent.said("in use"), "it is said")
            watcher.wait_for_status("online down")
            holder.kill()
            until(lambda: agent.said("link open"), "it was taken")
            assert len(agent.said("in use")) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"drone": ""}, "AEROSTREAM_DRONE is required"),
        ({"drone": "No Name"}, "AEROSTREAM_DRONE"),
        ({"mavlink_url": "udp:1"}, "MAVLink link 'udp:1' is unusable"),
        ({"mqtt_url": "http://h"}, "AEROSTREAM_MQTT_URL is unusable"),
        ({"rate_policy": "fast"}, "AEROSTREAM_RATE_POLICY"),
        ({"sysid": "300"}, "AEROSTREAM_SYSID"),
        ({"mqtt_ca": "/nowhere/ca.crt", "mqtt_url": "mqtts://127.0.0.1"}, "/nowhere/ca.crt"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_bad_setting_is_one_sentence(
    tmp_path: Path, command: str, settings: dict[str, str], words: str
) -> None:
    env = agent_environ("mqtt://127.0.0.1:1", tmp_path / "edge")
    env |= {f"AEROSTREAM_{name.upper()}": value for name, value in settings.items()}
    done = edge(command, env=env)
    assert done.returncode in (1, 2)
    said = (done.stdout + done.stderr).splitlines()
    assert words in said[-1] or (command == "check" and any(words in line for line in said))
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [None, "drone = ", 'dorne = "d1"', "drone = 3"])
def test_a_bad_configuration_file_is_one_sentence(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "agent.toml"
    if content is not None:
        file.write_text(content)
    env = agent_environ("mqtt://127.0.0.1:1", tmp_path / "edge", drone="")
    done = edge("run", "--config", str(file), env=env)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert str(file) in sentence or "drone" in sentence


@pytest.mark.parametrize("command", [["check", "--seconds", "1"], ["import", "none.tlog"]])
def test_a_command_for_people_warns_of_a_variable_that_nobody_knows(
    tmp_path: Path, command: list[str]
) -> None:
    url = f"udpin:127.0.0.1:{udp_port()}"
    env = agent_environ("mqtt://127.0.0.1:1", tmp_path / "edge", dorne="d1", mavlink_url=url)
    done = edge(*command, env=env)
    (first, *_) = done.stderr.splitlines()
    assert first == "aerostream-edge: unknown variable AEROSTREAM_DORNE is ignored"


def test_a_variable_that_nobody_knows_is_warned_about(broker: Broker, tmp_path: Path) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge", dorne="d1") as agent:
        until(lambda: agent.said("unknown variable"), "the warning")
        (line,) = agent.said("unknown variable")
        assert (line["level"], line["variable"]) == ("warning", "AEROSTREAM_DORNE")
