"""Vehicles, ground stations, cameras and radios on one link are told apart."""

from typing import Any

import pytest
from aerostream_edge.mavlink.frames import Frame, FrameParser
from aerostream_edge.roster import Roster
from support.packets import heartbeat, message, pack

COPTER, PLANE, GCS, ONBOARD, CAMERA, GIMBAL, ADSB = 2, 1, 6, 18, 30, 26, 27
ARDUPILOT, NO_AUTOPILOT, PX4 = 3, 8, 12


def frame(sent: Any, system: int = 1, component: int = 1) -> Frame:
    (found,) = FrameParser().feed(pack(sent, system=system, component=component))
    return found


def beat(
    system: int = 1, component: int = 1, type_: int = COPTER, autopilot: int = ARDUPILOT
) -> Frame:
    return frame(heartbeat(type_=type_, autopilot=autopilot), system, component)


def roster_of(*frames: Frame) -> Roster:
    roster = Roster()
    for each in frames:
        roster.observe(each)
    return roster


def test_an_autopilots_heartbeat_makes_a_vehicle() -> None:
    roster = roster_of(beat(7))
    assert roster.vehicles == [7]
    component, heard = roster.autopilots[7]
    assert (component, heard.vehicle, heard.autopilot_name) == (1, "copter", "ardupilot")


def test_other_messages_make_none() -> None:
    assert roster_of(frame(message("ATTITUDE"))).vehicles == []


def test_a_ground_station_is_no_vehicle_and_its_messages_are_known() -> None:
    roster = roster_of(beat(255, 190, GCS, NO_AUTOPILOT))
    assert roster.vehicles == []
    assert roster.is_ground_station(frame(message("SYSTEM_TIME"), 255, 190))
    assert not roster.is_ground_station(frame(message("SYSTEM_TIME"), 1, 1))


def test_a_ground_station_inside_the_vehicles_system_is_told_by_its_component() -> None:
    roster = roster_of(beat(1, 1), beat(1, 190, GCS, NO_AUTOPILOT))
    assert roster.vehicles == [1]
    assert roster.is_ground_station(frame(message("SYSTEM_TIME"), 1, 190))
    assert not roster.is_ground_station(frame(message("SYSTEM_TIME"), 1, 1))


@pytest.mark.parametrize("type_", [ONBOARD, CAMERA, GIMBAL, ADSB])
@pytest.mark.parametrize("component", [1, 100])
def test_cameras_gimbals_and_computers_make_no_vehicle(type_: int, component: int) -> None:
    roster = roster_of(beat(1, component, type_, NO_AUTOPILOT), beat(2, component, type_, PX4))
    assert roster.vehicles == []


def test_a_component_of_a_vehicle_is_not_its_autopilot() -> None:
    roster = roster_of(beat(), beat(1, 100, CAMERA, NO_AUTOPILOT), beat(1, 191, ONBOARD))
    assert roster.autopilots[1][0] == 1
    assert roster.heartbeats == {1: 1}


def test_of_several_that_look_like_autopilots_the_lowest_component_is_it() -> None:
    roster = Roster()
    assert roster.observe(beat(1, 5)) is not None
    assert roster.observe(beat(1, 1, PLANE)) is not None
    assert roster.observe(beat(1, 5)) is None
    component, heard = roster.autopilots[1]
    assert (component, heard.vehicle) == (1, "plane")


def test_two_vehicles_are_two_and_the_one_that_is_heard_most_comes_first() -> None:
    roster = roster_of(beat(3), beat(9, 1, PLANE, PX4), beat(9, 1, PLANE, PX4))
    assert roster.vehicles == [9, 3]
    assert roster.is_vehicle(3)
    assert not roster.is_vehicle(4)


def test_of_two_that_are_heard_as_often_the_lower_system_comes_first() -> None:
    assert roster_of(beat(9), beat(3)).vehicles == [3, 9]


def test_system_zero_is_nobody() -> None:
    assert roster_of(beat(0)).vehicles == []


@pytest.mark.parametrize(
    "sent",
    [
        frame(message("RADIO_STATUS"), 51, 68),
        frame(message("RADIO"), 51, 68),
        frame(message("RADIO_STATUS"), 99, 7),
        frame(message("RADIO_STATUS"), 0, 0),
    ],
)
def test_a_radio_is_known_by_its_messages_and_component(sent: Frame) -> None:
    assert roster_of(beat()).is_radio(sent)


def test_a_radio_inside_the_vehicle_or_a_ground_station_belongs_to_it() -> None:
    roster = roster_of(beat(), beat(255, 68, GCS, NO_AUTOPILOT))
    assert not roster.is_radio(frame(message("RADIO_STATUS"), 1, 68))
    assert not roster.is_radio(frame(message("RADIO_STATUS"), 255, 68))
    assert not roster.is_radio(frame(message("ATTITUDE"), 2, 1))


def test_who_stops_being_a_ground_station_is_heard_again() -> None:
    roster = roster_of(beat(4, 1, GCS, NO_AUTOPILOT), beat(4, 1))
    assert roster.vehicles == [4]
    assert not roster.is_ground_station(frame(message("ATTITUDE"), 4, 1))
