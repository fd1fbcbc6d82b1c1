"""What accounts, the drones' listener and reloads keep apart, against the real broker."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aerostream_contract.frame.limits import MAX_FRAME_BYTES
from support.mqtt_probe import Probe
from support.patience import PATIENCE_S
from support.secure_broker import WITNESS, DevelopmentBroker, SecureBroker, run_provision

_NOT_AUTHORIZED, _TAKEN_OVER = 0x87, 0x8E
#: What paho makes of a connection that ends without DISCONNECT, as Mosquitto 2.0.11 ends it.
_CLOSED_WITHOUT_A_WORD = 0x80


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[SecureBroker]:
    """A running broker that knows the drones alpha/one and alpha/two, and the cloud."""
    broker = SecureBroker(tmp_path)
    for account in (["alpha/one"], ["alpha/two"], ["--role", "cloud"]):
        assert broker.provision(*account).exit_code == 0
    broker.start()
    yield broker
    broker.stop()


def drone(
    broker: SecureBroker,
    name: str,
    *,
    client_id: str = "",
    session_expiry_s: int = 0,
    will_topic: str | None = None,
) -> Probe:
    return Probe(
        broker.port,
        user=name,
        password=broker.password(name),
        client_id=client_id,
        session_expiry_s=session_expiry_s,
        will_topic=will_topic,
    )


def cloud(broker: SecureBroker) -> Probe:
    return Probe(broker.services_port, user="cloud", password=broker.password("cloud"))


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition holds before the deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lets_in(port: int, user: str, password: str) -> bool:
    with Probe(port, user=user, password=password) as probe:
        return probe.accepted


def test_both_listeners_refuse_who_has_no_account(secure: SecureBroker) -> None:
    for port in (secure.port, secure.services_port):
        with Probe(port, client_id="alpha/one") as anonymous:
            assert anonymous.connack is not None
            assert anonymous.connack.value == _NOT_AUTHORIZED


def test_a_wrong_or_another_drones_password_is_refused(secure: SecureBroker) -> None:
    assert lets_in(secure.port, "alpha/one", secure.password("alpha/one"))
    for password in ("", "alpha/one", secure.password("alpha/two")):
        assert not lets_in(secure.port, "alpha/one", password)
    assert not lets_in(secure.port, "alpha/three", secure.password("alpha/one"))


def test_a_drone_that_claims_anothers_client_id_stays_itself(secure: SecureBroker) -> None:
    two = drone(secure, "alpha/two", client_id="alpha/two")
    with two, drone(secure, "alpha/one", client_id="alpha/two") as one:
        assert one.accepted
        one.subscribe("aero/1/alpha/+/dn/#")
        two.subscribe("aero/1/alpha/+/dn/#")
        with cloud(secure) as service:
            for name in ("one", "two"):
                service.publish(f"aero/1/alpha/{name}/dn/cmd", b"for " + name.encode())
        one.wait_for_payload(b"for one")
        two.wait_for_payload(b"for two")
        assert two.disconnected is None
        assert [payload for _, payload in one.received] == [b"for one"]


def test_a_second_agent_of_a_drone_takes_over_the_first(secure: SecureBroker) -> None:
    with drone(secure, "alpha/one", client_id="a") as first:
        with drone(secure, "alpha/one", client_id="b") as second:
            first.wait(lambda: first.disconnected is not None)
            assert second.accepted
        assert first.disconnected is not None
        assert first.disconnected.value in (_TAKEN_OVER, _CLOSED_WITHOUT_A_WORD)


def test_a_will_on_another_drones_topic_does_not_arrive(secure: SecureBroker) -> None:
    with cloud(secure) as service:
        service.subscribe("aero/1/+/+/up/status")
        # The broker sees the first connection end before it sees the second one begin.
        for name, target in (("alpha/one", "beta/three"), ("alpha/two", "alpha/two")):
            with drone(secure, name, will_topic=f"aero/1/{target}/up/status") as probe:
                if probe.accepted:
                    probe.vanish()
        service.wait_for_payload(b"lost")
        assert service.received == [("aero/1/alpha/two/up/status", b"lost")]


def test_a_drones_account_has_no_more_rights_on_the_services_listener(
    secure: SecureBroker,
) -> None:
    password = secure.password("alpha/one")
    with Probe(secure.services_port, user="alpha/one", password=password) as one:
        assert one.publish("aero/1/alpha/two/up/tel", b"").value == _NOT_AUTHORIZED
        assert one.publish("aero/1/alpha/one/dn/cmd", b"").value == _NOT_AUTHORIZED


def test_a_lost_drones_will_arrives(secure: SecureBroker) -> None:
    with cloud(secure) as service:
        service.subscribe("aero/1/+/+/up/status")
        one = drone(secure, "alpha/one", will_topic="aero/1/alpha/one/up/status")
        with one:
            one.vanish()
            service.wait_for_payload(b"lost")


def test_a_command_waits_for_a_drone_that_is_away_for_a_moment(secure: SecureBroker) -> None:
    with drone(secure, "alpha/one", session_expiry_s=30) as one:
        one.subscribe("aero/1/alpha/one/dn/#")
    with cloud(secure) as service:
        assert service.publish("aero/1/alpha/one/dn/cmd", b"hold").value == 0
    with drone(secure, "alpha/one", session_expiry_s=30) as one:
        one.wait_for_payload(b"hold")


def test_the_largest_frame_passes_and_the_limit_is_announced(secure: SecureBroker) -> None:
    with cloud(secure) as service, drone(secure, "alpha/one") as one:
        service.subscribe("aero/1/+/+/up/bf")
        frame = bytes(MAX_FRAME_BYTES)
        assert one.publish("aero/1/alpha/one/up/bf", frame).value == 0
        service.wait_for_payload(frame)
        assert one.properties is not None
        assert one.properties.MaximumPacketSize > MAX_FRAME_BYTES
        assert one.properties.MaximumQoS == 1
        assert not hasattr(one.properties, "TopicAliasMaximum")


def test_a_person_called_like_a_fleet_cannot_write_as_its_drone(secure: SecureBroker) -> None:
    secure.provision("--role", "person", "--name", "alpha", "--broker-pid", str(secure.pid))
    password = secure.password("alpha")
    assert eventually(lambda: lets_in(secure.services_port, "alpha", password))
    with Probe(secure.services_port, user="alpha", password=password) as person:
        for topic in ("aero/1/alpha/up/up/tel", "aero/1/alpha/up/status"):
            assert person.publish(topic, b"").value == _NOT_AUTHORIZED


def test_a_new_account_works_after_the_reload_without_disturbing_others(
    secure: SecureBroker,
) -> None:
    with drone(secure, "alpha/one") as one:
        result = secure.provision("beta/three", "--broker-pid", str(secure.pid))
        assert result.exit_code == 0, result.output
        assert "was told to read its accounts again" in result.output
        password = secure.password("beta/three")
        assert eventually(lambda: lets_in(secure.port, "beta/three", password))
        assert one.publish("aero/1/alpha/one/up/tel", b"").value < 0x80
        assert one.disconnected is None


def test_the_broker_is_found_by_its_pid_file(secure: SecureBroker) -> None:
    pid_file = secure.folder / "mosquitto.pid"
    result = secure.provision("beta/three", "--pid-file", str(pid_file))
    assert result.exit_code == 0, result.output
    password = secure.password("beta/three")
    assert eventually(lambda: lets_in(secure.port, "beta/three", password))


def test_a_rotated_password_ends_the_old_ones_connection(secure: SecureBroker) -> None:
    old = secure.password("alpha/one")
    with drone(secure, "alpha/one") as one:
        secure.provision("alpha/one", "--rotate", "--broker-pid", str(secure.pid))
        one.wait(lambda: one.disconnected is not None)
    assert not lets_in(secure.port, "alpha/one", old)
    assert lets_in(secure.port, "alpha/one", secure.password("alpha/one"))


def test_a_revoked_drone_is_out_and_what_it_left_behind_is_not_shown(
    secure: SecureBroker,
) -> None:
    for name in ("one", "two"):
        with drone(secure, f"alpha/{name}") as probe:
            topic = f"aero/1/alpha/{name}/up/status"
            assert probe.publish(topic, name.encode(), retain=True).value < 0x80
    with drone(secure, "alpha/one") as one:
        secure.provision("alpha/one", "--revoke", "--broker-pid", str(secure.pid))
        one.wait(lambda: one.disconnected is not None)
    assert not lets_in(secure.port, "alpha/one", secure.password("alpha/one"))
    with cloud(secure) as service:
        service.subscribe("aero/1/alpha/one/up/status", "aero/1/alpha/two/up/status")
        service.wait_for_payload(b"two")
        assert [payload for _, payload in service.received] == [b"two"]


def test_an_account_without_any_right_can_do_nothing(secure: SecureBroker) -> None:
    acl = secure.accounts / "acl"
    acl.write_text(acl.read_text().split("# drone")[0])
    secure.add_witness()
    secure.reload()
    with Probe(secure.services_port, user=WITNESS, password=secure.password(WITNESS)) as witness:
        assert eventually(lambda: witness.publish("anything", b"").value < 0x80)
        with drone(secure, "alpha/two") as two:
            two.subscribe("#", "aero/1/alpha/two/dn/cmd")
            assert two.publish("aero/1/alpha/two/up/tel", b"").value == _NOT_AUTHORIZED
            witness.publish("aero/1/alpha/two/dn/cmd", b"secret")
            assert two.publish("aero/1/alpha/two/up/tel", b"").value == _NOT_AUTHORIZED
            assert two.received == []


def test_a_process_that_is_not_the_broker_is_left_alone(tmp_path: Path) -> None:
    folders = ("--broker-folder", str(tmp_path / "accounts"), "--out", str(tmp_path / "out"))
    result = run_provision("alpha/one", *folders, "--broker-pid", str(os.getpid()))
    assert result.exit_code == 1
    assert "the files are written, but the broker was not reloaded" in result.output
    assert "not mosquitto" in result.output


def test_a_reload_that_was_asked_for_and_failed_is_an_error(tmp_path: Path) -> None:
    folders = ("--broker-folder", str(tmp_path / "accounts"), "--out", str(tmp_path / "out"))
    pid_file = tmp_path / "broker.pid"
    pid_file.write_text("soon")
    result = run_provision("alpha/two", *folders, "--pid-file", str(pid_file))
    assert result.exit_code == 1
    assert "has no process id in it" in result.output


def test_a_broker_that_does_not_run_yet_reads_the_accounts_when_it_starts(tmp_path: Path) -> None:
    folders = ("--broker-folder", str(tmp_path / "accounts"), "--out", str(tmp_path / "out"))
    pid_file = tmp_path / "broker.pid"
    sentence = "the broker does not run (there is no {}): it reads the accounts when it is started"
    result = run_provision("alpha/one", *folders, "--pid-file", str(pid_file))
    assert (result.exit_code, result.stderr) == (0, sentence.format(pid_file) + "\n")
    ended = subprocess.Popen(["true"])
    ended.wait()
    pid_file.write_text(f"{ended.pid}\n")
    result = run_provision("alpha/two", *folders, "--pid-file", str(pid_file))
    process = f"process {ended.pid}"
    assert (result.exit_code, result.stderr) == (0, sentence.format(process) + "\n")
    # Who names the process itself means one that runs.
    result = run_provision("alpha/three", *folders, "--broker-pid", str(ended.pid))
    assert result.exit_code == 1
    assert f"there is no {process}" in result.stderr


def test_the_secure_configuration_starts_without_a_complaint(secure: SecureBroker) -> None:
    complaints = [line for line in secure.log.read_text().splitlines() if "as root" not in line]
    assert complaints == []


def test_the_development_configuration_is_open_and_on_loopback_only(tmp_path: Path) -> None:
    broker = DevelopmentBroker(tmp_path)
    broker.start()
    try:
        with Probe(broker.port) as anyone:
            assert anyone.publish("aero/1/alpha/one/up/tel", b"").value < 0x80
        # An address of this machine like any other, and not the one of the listener.
        assert not _connects("127.0.0.2", broker.port)
        assert "Warning" not in broker.log.read_text()
    finally:
        broker.stop()


def _connects(host: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0
