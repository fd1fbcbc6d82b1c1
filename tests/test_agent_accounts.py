"""Brokers with accounts: each vehicle connects with its own, or is not published."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent import EdgeAgent, Watcher, agent_environ, edge
from support.broker import Broker
from support.cloud import until
from support.vehicle import Vehicle

PASSWORDS = {"default/d1": "one:p@ss/word", "default/d1-7": "seven"}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """A broker whose accounts must be right; who has none may watch."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    for user, password in PASSWORDS.items():
        subprocess.run(
            ["mosquitto_passwd", "-b", str(passwords), user, password],
            check=True,
            capture_output=True,
        )
    # Root's temporary folders are closed to the user that Mosquitto would become.
    as_root = "user root\n" if os.geteuid() == 0 else ""
    broker = Broker(folder, f"allow_anonymous true\npassword_file {passwords}\n{as_root}")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def watcher(guarded: Broker) -> Iterator[Watcher]:
    with Watcher(guarded.port) as found:
        yield found


def with_account(
    broker: Broker, user: str = "default%2Fd1", password: str = "one:p%40ss%2Fword"
) -> str:
    return f"mqtt://{user}:{password}@127.0.0.1:{broker.port}"


def test_a_second_vehicle_without_account_is_reported_and_not_published(
    guarded: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with (
        EdgeAgent(with_account(guarded), tmp_path / "edge") as agent,
        Vehicle(agent.port, system=1),
        Vehicle(agent.port, system=7),
    ):
        until(lambda: agent.said("has no account"), "it is reported")
        watcher.wait_for_status("online up")
        until(lambda: len(watcher.times("attitude")) > 5, "the first one's attitudes")
        (line,) = agent.said("has no account")
        assert (line["level"], len(watcher.drones())) == ("error", 1)
        assert line["vehicle"] in ("default/d1-7", "default/d1-1")
        assert PASSWORDS["default/d1"] not in agent.text


def test_vehicles_with_files_in_the_credentials_folder_connect(
    guarded: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    for user, password in PASSWORDS.items():
        (folder / f"{user.partition('/')[2]}.password").write_text(password + "\n")
    agent = EdgeAgent(guarded.url, tmp_path / "edge", mqtt_credentials=str(folder), sysid="1")
    with agent, Vehicle(agent.port), Vehicle(agent.port, system=7):
        watcher.wait_for_status("online up")
        watcher.wait_for_status("online up", "d1-7")
        assert agent.said("has no account") == []
    log = guarded.log.read_text()
    assert "u'default/d1-7'" in log
    assert not any(password in log + agent.text for password in PASSWORDS.values())


@pytest.mark.parametrize("command", ["run", "check"])
def test_another_drones_account_is_refused_in_one_sentence(
    guarded: Broker, tmp_path: Path, command: str
) -> None:
    env = agent_environ(with_account(guarded, "default%2Fd2", "secret"), tmp_path / "edge")
    done = edge(command, env=env)
    assert done.returncode == 2
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("aerostream-edge: the broker's URL has the account")
    assert "'default/d2'" in sentence
    assert "secret" not in sentence


def test_an_agent_whose_own_account_is_missing_says_where_to_put_it(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    env = agent_environ("mqtt://127.0.0.1:1", tmp_path / "edge", mqtt_credentials=str(folder))
    done = edge("run", env=env)
    assert done.returncode == 1
    assert "default/d1 has no account" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_wrong_password_is_said_once_and_tried_again(guarded: Broker, tmp_path: Path) -> None:
    url = with_account(guarded, password="wrong")
    with EdgeAgent(url, tmp_path / "edge") as agent:
        until(lambda: guarded.log.read_text().count("not authorised") >= 2, "two refusals")
        until(lambda: agent.said("does not let us in"), "it is said")
        assert len(agent.said("does not let us in")) == 1
        assert [line["event"] for line in agent.said('"warning"')] == [
            "the broker does not let us in: Not authorized; trying again"
        ]
        assert agent.terminate() == 0
