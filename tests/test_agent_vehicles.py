"""Several on one link: each vehicle a drone of its own, and the names never swap."""

import contextlib
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.agent import EdgeAgent, Watcher
from support.broker import Broker
from support.cloud import until
from support.vehicle import Vehicle

GCS, CAMERA, NO_AUTOPILOT, PX4 = 6, 30, 8, 12


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Watcher]:
    with Watcher(broker.port) as found:
        yield found


def connections(broker: Broker) -> set[str]:
    """Client ids that connected."""
    return set(re.findall(r"client connected from \S+ as (\S+)", broker.log.read_text()))


def test_a_second_vehicle_becomes_a_drone_with_its_own_connection(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    with EdgeAgent(broker.url, tmp_path / "edge") as agent, Vehicle(agent.port):
        watcher.wait_for_status("online up")
        with Vehicle(agent.port, system=7, autopilot=PX4, type_=1):
            watcher.wait_for_status("online up", "d1-7")
            until(lambda: watcher.times("attitude", "d1-7"), "its attitudes")
            until(lambda: watcher.infos("d1-7"), "its birth certificate")
            (info, *_) = watcher.infos("d1-7")
            assert (info.system_id, info.autopilot, info.vehicle) == (7, "px4", "plane")
            assert info.epoch != watcher.infos()[0].epoch
            assert {"default/d1", "default/d1-7"} <= connections(broker)
        watcher.wait_for_status("online down", "d1-7")
        assert agent.terminate() == 0
        watcher.wait_for_status("offline")
        watcher.wait_for_status("offline", "d1-7")


def test_ground_stations_and_cameras_are_no_drones(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", rate_policy="full")
    with contextlib.ExitStack() as link:
        link.enter_context(agent)
        until(lambda: agent.said("link open"), "the agent listens")
        for system, component, type_ in ((255, 190, GCS), (9, 100, CAMERA), (1, 190, GCS)):
            other = Vehicle(
                agent.port,
                system=system,
                component=component,
                type_=type_,
                autopilot=NO_AUTOPILOT,
            )
            link.enter_context(other)
        link.enter_context(Vehicle(agent.port, component=100, type_=CAMERA, autopilot=NO_AUTOPILOT))
        link.enter_context(Vehicle(agent.port))
        watcher.wait_for_status("online up")
        until(lambda: len(watcher.times("attitude")) > 20, "attitudes")
        found = {block.component for block in watcher.blocks("attitude")}
        assert found == {1, 100}, "the vehicle and its camera"
        assert watcher.drones() == {"d1"}


@pytest.mark.parametrize("first", [3, 7])
def test_two_restarts_never_swap_two_vehicles(
    broker: Broker, watcher: Watcher, tmp_path: Path, first: int
) -> None:
    systems = (7, 3)
    # 7 is seen first, ever; after the restarts it is the other one, or the same.
    for leading in (7, first, first):
        agent = EdgeAgent(broker.url, tmp_path / "edge")
        watcher.catch_up()
        watcher.received.clear()
        with agent, Vehicle(agent.port, system=leading):
            until(lambda: watcher.infos() or watcher.infos("d1-3"), "the first vehicle")
            following = next(system for system in systems if system != leading)
            with Vehicle(agent.port, system=following):
                until(lambda: watcher.infos() and watcher.infos("d1-3"), "both vehicles")
                assert {info.system_id for info in watcher.infos()} == {7}
                assert {info.system_id for info in watcher.infos("d1-3")} == {3}
                assert watcher.drones() == {"d1", "d1-3"}
            agent.kill()


def test_a_pinned_system_id_decides_who_is_the_drone(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", sysid="3")
    with agent, Vehicle(agent.port, system=7):
        until(lambda: watcher.infos("d1-7"), "the other vehicle")
        with Vehicle(agent.port, system=3):
            until(lambda: watcher.infos(), "the pinned vehicle")
            assert watcher.infos()[0].system_id == 3


def test_two_autopilots_with_one_system_id_are_reported_once_and_every_sample_has_a_sane_time(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", rate_policy="full")
    with agent, Vehicle(agent.port) as first, Vehicle(agent.port, up_s=5000) as second:
        until(lambda: agent.said("seem to share"), "it is noticed")
        noticed_us = time.time_ns() // 1000
        enough = len(watcher.times("attitude")) + 100
        until(lambda: len(watcher.times("attitude")) > enough, "their attitudes")
        events = watcher.events()
        until(lambda: first.received and second.received, "both are asked for rates")
    (reported,) = [event for event in events if event.kind == "ids"]
    assert "system id 1, component id 1" in reported.text
    assert (reported.data["system"], reported.data["component"]) == (1, 1)
    assert len([event for event in events if event.kind == "boot"]) <= 5
    assert len(agent.said("seem to share")) == 1
    late = [each for each in watcher.times("attitude") if each > noticed_us + 5_000_000]
    assert not [each for each in late if each > time.time_ns() // 1000], "none is of the future"


def test_more_vehicles_than_are_allowed_are_reported_once_and_not_published(
    broker: Broker, watcher: Watcher, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", max_vehicles="2")
    with agent, Vehicle(agent.port), contextlib.ExitStack() as link:
        watcher.wait_for_status("online up")
        link.enter_context(Vehicle(agent.port, system=2))
        watcher.wait_for_status("online up", "d1-2")
        for system in (3, 4):
            link.enter_context(Vehicle(agent.port, system=system))
            until(partial(agent.said, f"d1-{system}"), "it is heard")
        seen = len(watcher.times("attitude", "d1-2"))
        until(lambda: len(watcher.times("attitude", "d1-2")) > seen + 5, "the others go on")
        assert watcher.drones() == {"d1", "d1-2"}
        (line,) = agent.said("AEROSTREAM_MAX_VEHICLES")
        assert "more than 2 vehicles" in line["event"]
        assert sorted(file.name for file in (tmp_path / "edge/spool").glob("*.db")) == [
            "default.d1-2.db",
            "default.d1.db",
        ]
