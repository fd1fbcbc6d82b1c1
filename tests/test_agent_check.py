"""`aerostream-edge check`: what it says of link and broker."""

from pathlib import Path

from support.agent import EdgeAgent, agent_environ, edge
from support.broker import Broker
from support.cloud import until
from support.ports import free_port, udp_port
from support.vehicle import Vehicle


def test_check_says_who_is_on_the_link_and_that_the_broker_lets_it_in(
    broker: Broker, tmp_path: Path
) -> None:
    port = udp_port()
    env = agent_environ(broker.url, tmp_path / "edge", mavlink_url=f"udpin:127.0.0.1:{port}")
    with (
        Vehicle(port),
        Vehicle(port, component=100, type_=30, autopilot=8, streams=False),
        Vehicle(port, system=255, component=190, type_=6, autopilot=8, streams=False),
    ):
        done = edge("check", "--seconds", "2", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert f"broker {broker.url}: lets default/d1 in" in lines
    assert f"link udpin:127.0.0.1:{port}, 2 s:" in lines
    assert any(
        " 0 with a bad checksum, 0 of unknown messages, 0 bytes of noise" in n for n in lines
    )
    (vehicle,) = [line for line in lines if line.startswith("  1/1 ")]
    assert "1/1 ardupilot copter, GUIDED, disarmed: " in vehicle
    assert "GLOBAL_POSITION_INT" in vehicle
    assert any(line.startswith("  1/100 a component of that vehicle: ") for line in lines)
    assert any(line.startswith("  255/190 no vehicle (ground station") for line in lines)


def test_check_says_that_nothing_came_and_that_nobody_answers(tmp_path: Path) -> None:
    port, broker_port = udp_port(), free_port()
    env = agent_environ(
        f"mqtt://127.0.0.1:{broker_port}",
        tmp_path / "edge",
        mavlink_url=f"udpin:127.0.0.1:{port}",
    )
    done = edge("check", "--seconds", "1", env=env)
    assert (done.returncode, done.stderr) == (1, "")
    assert sorted(done.stdout.splitlines()) == [
        f"broker mqtt://127.0.0.1:{broker_port}: unreachable",
        f"link udpin:127.0.0.1:{port}: nothing came within 1 s",
    ]


def test_check_with_no_vehicle_on_the_link_says_what_it_expected(
    broker: Broker, tmp_path: Path
) -> None:
    port = udp_port()
    env = agent_environ(broker.url, tmp_path / "edge", mavlink_url=f"udpin:127.0.0.1:{port}")
    with Vehicle(port, system=255, component=190, type_=6, autopilot=8, streams=False):
        done = edge("check", "--seconds", "2", env=env)
    assert done.returncode == 1
    assert "  no vehicle: expected HEARTBEAT of an autopilot at least once a second" in done.stdout


def test_check_of_a_serial_port_that_does_not_exist_is_one_sentence(
    broker: Broker, tmp_path: Path
) -> None:
    env = agent_environ(broker.url, tmp_path / "edge", mavlink_url="serial:/dev/ttyNOWHERE:57600")
    done = edge("check", env=env)
    assert done.returncode == 1
    (link,) = [line for line in done.stdout.splitlines() if line.startswith("link: ")]
    assert "/dev/ttyNOWHERE" in link
    assert done.stderr == ""


def test_check_does_not_throw_the_running_agent_out(broker: Broker, tmp_path: Path) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent:
        until(lambda: agent.said('"connected"'), "it connected")
        url = f"udpin:127.0.0.1:{udp_port()}"
        env = agent_environ(broker.url, tmp_path / "edge", mavlink_url=url)
        done = edge("check", "--seconds", "1", env=env)
        assert "not tried, it would throw the running agent out" in done.stdout
        assert agent.terminate() == 0


def test_check_of_the_running_agents_port_says_who_has_it(broker: Broker, tmp_path: Path) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent:
        until(lambda: agent.said("link open"), "the port is held")
        url = f"udpin:127.0.0.1:{agent.port}"
        env = agent_environ(broker.url, tmp_path / "edge", mavlink_url=url)
        done = edge("check", "--seconds", "1", env=env)
        assert (done.returncode, done.stderr) == (1, "")
        assert (
            f"link: MAVLink link {url}: Address already in use. Another program has this port, "
            "probably the agent: stop it to check the link"
        ) in done.stdout.splitlines()
        assert agent.terminate() == 0


def test_check_refuses_an_impossible_time(tmp_path: Path) -> None:
    done = edge("check", "--seconds", "0", env=agent_environ("mqtt://h", tmp_path / "edge"))
    assert done.returncode == 2
    assert "'0' is not a number of seconds from 1 to 600" in done.stderr
