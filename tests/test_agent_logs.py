"""What the agent says in its log, for whoever runs it."""

from pathlib import Path

from support.agent import EdgeAgent
from support.broker import Broker
from support.cloud import until
from support.vehicle import Vehicle


def test_the_vehicle_its_mode_and_its_link_are_told_once_per_change(
    broker: Broker, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent, Vehicle(agent.port) as vehicle:
        until(lambda: agent.said("link up"), "it is up")
        vehicle.mode = 6
        until(lambda: agent.said("flight mode"), "the other mode")
        vehicle.be_silent(True)
        until(lambda: agent.said("link down"), "it is down")
        vehicle.be_silent(False)
        until(lambda: len(agent.said("link up")) == 2, "it is up again")
        assert agent.terminate() == 0
    told = [
        {name: value for name, value in line.items() if name != "time"}
        for line in agent.said('"event"')
        if line["event"].startswith(("vehicle heard", "flight mode", "MAVLink link"))
    ]
    of_vehicle = {"drone": "default/d1", "level": "info"}
    assert told == [
        of_vehicle
        | {
            "event": "vehicle heard",
            "system": 1,
            "component": 1,
            "autopilot": "ardupilot",
            "vehicle": "copter",
            "mode": "GUIDED",
        },
        of_vehicle | {"event": "MAVLink link up"},
        of_vehicle | {"event": "flight mode", "mode": "RTL"},
        of_vehicle | {"event": "MAVLink link down", "level": "warning"},
        of_vehicle | {"event": "MAVLink link up"},
    ]


def test_a_broken_connection_is_said_in_plain_words(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    try:
        with EdgeAgent(broker.url, tmp_path / "edge") as agent:
            until(lambda: agent.said('"connected"'), "it connected")
            broker.kill()
            until(lambda: agent.said("is lost"), "it is said")
            (line,) = agent.said("is lost")
            assert line["event"] == "the connection to the broker is lost"
            assert line["level"] == "warning"
    finally:
        broker.stop()
