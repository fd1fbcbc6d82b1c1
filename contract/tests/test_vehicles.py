"""What a heartbeat's numbers mean agrees with pymavlink's tables."""

import pytest
from aerostream_contract.vehicles import (
    ARDUPILOT,
    GCS,
    LANDED_STATES,
    NO_AUTOPILOT,
    PX4,
    SEVERITIES,
    VEHICLES,
    Heartbeat,
)
from pymavlink import mavutil
from pymavlink.dialects.v20 import all as dialect

CUSTOM = 1
#: Modes that ArduPilot has taken back, or spells in its own way today.
GONE = {"POSITION", "OF_LOITER", "RATE_ACRO", "LEARNING", "LOITERALTQLAND"}


def heartbeat(mav_type: int, autopilot: int, custom_mode: int = 0, base_mode: int = 0) -> Heartbeat:
    return Heartbeat(mav_type, autopilot, base_mode, custom_mode, 3)


@pytest.mark.parametrize(
    ("mav_type", "theirs"),
    [
        (2, mavutil.mode_mapping_acm),
        (4, mavutil.mode_mapping_acm),
        (1, mavutil.mode_mapping_apm),
        (20, mavutil.mode_mapping_apm),
        (10, mavutil.mode_mapping_rover),
        (11, mavutil.mode_mapping_rover),
        (12, mavutil.mode_mapping_sub),
        (5, mavutil.mode_mapping_tracker),
    ],
)
def test_ardupilots_modes_have_its_names(mav_type: int, theirs: dict[int, str]) -> None:
    for number, name in theirs.items():
        if name not in GONE:
            assert heartbeat(mav_type, ARDUPILOT, number, CUSTOM).mode == name


@pytest.mark.parametrize(
    ("main", "sub", "name"),
    [
        (1, 0, "MANUAL"),
        (3, 0, "POSCTL"),
        (3, 1, "ORBIT"),
        (4, 3, "AUTO.LOITER"),
        (6, 0, "OFFBOARD"),
    ],
)
def test_px4s_modes_are_a_main_and_a_sub_mode(main: int, sub: int, name: str) -> None:
    assert heartbeat(2, PX4, main << 16 | sub << 24, CUSTOM).mode == name


def test_an_unknown_mode_or_kind_is_shown_as_its_number() -> None:
    assert heartbeat(2, ARDUPILOT, 999, CUSTOM).mode == "mode-999"
    assert heartbeat(2, ARDUPILOT, 8, CUSTOM).mode == "mode-8"
    assert heartbeat(2, ARDUPILOT, 5, 0).mode == "mode-5"
    assert heartbeat(2, PX4, 99 << 16, CUSTOM).mode == f"mode-{99 << 16}"
    assert heartbeat(2, 77, 5, CUSTOM).mode == "mode-5"
    assert heartbeat(200, 77).vehicle == "vehicle-200"
    assert heartbeat(200, 77).autopilot_name == "autopilot-77"


def test_every_type_of_mavlink_is_a_vehicle_by_name_or_none() -> None:
    for number, entry in dialect.enums["MAV_TYPE"].items():
        if entry.name.endswith("_ENUM_END"):
            continue
        beat = heartbeat(number, ARDUPILOT)
        assert beat.is_vehicle(1) == (number in VEHICLES), entry.name


def test_a_thing_on_board_without_an_autopilot_makes_no_vehicle() -> None:
    assert not heartbeat(2, NO_AUTOPILOT).is_vehicle(100)
    assert heartbeat(2, NO_AUTOPILOT).is_vehicle(1)
    assert heartbeat(2, ARDUPILOT).is_vehicle(100)
    assert heartbeat(GCS, NO_AUTOPILOT).is_ground_station()
    assert not heartbeat(GCS, NO_AUTOPILOT).is_vehicle(1)


def test_arming_is_a_bit_of_the_base_mode() -> None:
    assert heartbeat(2, ARDUPILOT, base_mode=0x81).armed
    assert not heartbeat(2, ARDUPILOT, base_mode=0x7F).armed


def test_states_and_severities_have_mavlinks_numbers() -> None:
    landed = dialect.enums["MAV_LANDED_STATE"]
    for number, name in LANDED_STATES.items():
        assert landed[number].name == f"MAV_LANDED_STATE_{name.upper()}"
    severities = dialect.enums["MAV_SEVERITY"]
    assert [severities[n].name for n in range(8)] == [
        f"MAV_SEVERITY_{name.upper()}" for name in SEVERITIES
    ]
