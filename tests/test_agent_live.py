"""The agent as a process between a live vehicle and a real broker: what the world sees of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aerostream_contract.models import Presence
from support.agent import EdgeAgent, Watcher
from support.broker import Broker
from support.cloud import Ingest, MqttClient, until
from support.vehicle import Vehicle

DAY_US = 86_400_000_000
RATES = (511, 512)
"""SET_MESSAGE_INTERVAL and REQUEST_MESSAGE."""


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Watcher]:
    with Watcher(broker.port) as found:
        yield found


def test_a_live_vehicle_is_announced_and_its_samples_decode(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent:
        watcher.wait_for_status("online down")
        assert watcher.statuses()[0].session == 1_000_001
        with Vehicle(agent.port) as vehicle:
            watcher.wait_for_status("online up")
            until(lambda: len(watcher.times("attitude")) >= 3, "attitudes")
            until(lambda: watcher.states() and watcher.states()[-1].position, "a state")
            until(lambda: any(info.firmware for info in watcher.infos()), "the firmware")
            until(lambda: vehicle.asked("HEARTBEAT"), "a heartbeat of the agent")
            until(lambda: commands(vehicle) >= set(RATES), "both kinds of question")

        (info, *_) = watcher.infos()
        assert (info.system_id, info.component_id, info.autopilot, info.vehicle) == (
            1,
            1,
            "ardupilot",
            "copter",
        )
        assert watcher.infos()[-1].firmware == "4.7.0"
        state = watcher.states()[-1]
        assert (state.mode, state.armed) == ("GUIDED", False)
        assert state.position is not None
        assert (state.position.lat, state.position.heading) == (47.397742, 90.0)
        assert abs(watcher.times("attitude")[-1] - time.time_ns() // 1000) < DAY_US
        (block, *_) = watcher.blocks("position")
        assert block.columns[0][0] == 47.397742
        assert block.source == "GLOBAL_POSITION_INT"

        assert commands(vehicle) == set(RATES)
        (beat, *_) = vehicle.asked("HEARTBEAT")
        assert (beat.get_srcComponent(), beat.type, beat.autopilot) == (191, 18, 8)

        assert agent.terminate() == 0
        watcher.wait_for_status("offline")
        assert agent.said('"level": "error"') == []


def commands(vehicle: Vehicle) -> set[int]:
    """Commands that the autopilot was given."""
    return {each.command for each in vehicle.asked("COMMAND_LONG")}


def times_asked(vehicle: Vehicle) -> int:
    """How often a rate of ATTITUDE was asked for; a busy machine is slow to answer, and is asked
    again.
    """
    return sum(
        each.param1 == 30 and not each.confirmation for each in vehicle.asked("COMMAND_LONG")
    )


def test_what_happens_to_the_vehicle_is_told_as_events(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    def kinds() -> list[str]:
        return [event.kind for event in watcher.events()]

    with EdgeAgent(broker.url, tmp_path / "edge") as agent, Vehicle(agent.port) as vehicle:
        watcher.wait_for_status("online up")
        vehicle.armed = True
        until(lambda: "armed" in kinds(), "an event of arming")
        vehicle.mode = 6
        until(lambda: "mode" in kinds(), "an event of the mode")
        vehicle.say("STATUSTEXT", severity=4, text=b"PreArm: check mag field")
        until(lambda: "statustext" in kinds(), "the text")
        until(lambda: [state.mode for state in watcher.states()][-1:] == ["RTL"], "the state")
        until(lambda: times_asked(vehicle) == 1, "rates asked")
        vehicle.reboot()
        until(lambda: "boot" in kinds(), "an event of the reboot")
        until(lambda: times_asked(vehicle) == 2, "rates asked again")
        events = {event.kind: event for event in watcher.events()}
        assert events["mode"].data == {"from": "GUIDED", "to": "RTL"}
        assert events["statustext"].text == "PreArm: check mag field"
        assert events["statustext"].severity == 4
        numbers = [event.number for event in watcher.events()]
        assert len(set(numbers)) == len(numbers)


def test_a_vehicle_that_falls_silent_is_down_after_five_seconds_and_up_when_it_returns(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent, Vehicle(agent.port) as vehicle:
        watcher.wait_for_status("online up")
        vehicle.be_silent(True)
        silent_s = time.monotonic()
        watcher.wait_for_status("online down")
        assert 4 < time.monotonic() - silent_s < 15
        vehicle.be_silent(False)
        watcher.wait_for_status("online up")
        until(
            lambda: (
                [e.data["link"] for e in watcher.events() if e.kind == "link"]
                == ["up", "down", "up"]
            ),
            "events of the link",
        )


def test_a_killed_agent_is_lost_within_fifteen_seconds(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent:
        watcher.wait_for_status("online down")
        online = watcher.statuses()[-1]
        agent.kill()
        watcher.wait_for_status("lost", timeout_s=15)
        lost = watcher.statuses()[-1]
        assert (lost.status, lost.link) == (Presence.LOST, None)
        assert (lost.epoch, lost.session) == (online.epoch, online.session)


def test_an_agent_that_only_listens_sends_nothing_but_its_heartbeat(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", mavlink_rates="listen")
    with agent, Vehicle(agent.port) as vehicle:
        watcher.wait_for_status("online up")
        # An agent that asks does so after two seconds; each of its heartbeats is a second.
        until(lambda: len(vehicle.asked("HEARTBEAT")) >= 5, "five seconds of listening")
        assert {each.get_type() for each in vehicle.received} == {"HEARTBEAT"}


def test_an_autopilot_without_message_intervals_is_asked_for_streams(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge")
    with agent, Vehicle(agent.port, knows_intervals=False) as vehicle:
        until(lambda: len(vehicle.asked("REQUEST_DATA_STREAM")) >= 7, "streams")
        assert all(each.target_system == 1 for each in vehicle.asked("REQUEST_DATA_STREAM"))


def test_every_live_sample_is_stored_and_the_broker_may_restart_meanwhile(
    broker: Broker, tmp_path: Path
) -> None:
    ingest = Ingest(broker.url, tmp_path / "cloud")
    agent = EdgeAgent(broker.url, tmp_path / "edge", rate_policy="full", batch_interval="0.1")
    try:
        with MqttClient(broker.port, "aero/1/_svc/#") as client:
            ingest.ready(client)
        with agent:
            until(lambda: agent.said("link open"), "the agent listens")
            with Vehicle(agent.port) as vehicle:
                until(lambda: ingest.store.exists() and ingest.attitudes(), "stored samples")
                broker.kill()
                before = vehicle.sent["ATTITUDE"]
                until(lambda: vehicle.sent["ATTITUDE"] > before + 20, "two seconds without broker")
                broker.start()
                before = vehicle.sent["ATTITUDE"]
                until(lambda: vehicle.sent["ATTITUDE"] > before + 5, "a while with it")
            until(
                lambda: len(ingest.attitudes()) == vehicle.sent["ATTITUDE"],
                "all stored",
            )
            assert agent.terminate() == 0
        assert ingest.dead_letters() == []
    finally:
        ingest.stop()
