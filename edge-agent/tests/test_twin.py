"""The drone at a glance, and the events that its changes are."""

from typing import Any

import pytest
from aerostream_contract.vehicles import Heartbeat
from aerostream_edge.mavlink.frames import FrameParser
from aerostream_edge.twin import Twin
from support.packets import message, pack

GUIDED, RTL = 4, 6
ARMED = 128
STANDBY, ACTIVE, CRITICAL, EMERGENCY = 3, 4, 5, 6
SECOND = 1_000_000


def beat(mode: int = GUIDED, *, armed: bool = False, status: int = ACTIVE) -> Heartbeat:
    return Heartbeat(2, 3, 81 | ARMED * armed, mode, status)


def take(twin: Twin, sent: Any) -> None:
    (frame,) = FrameParser().feed(pack(sent))
    twin.take(frame)


def kinds(twin: Twin, heartbeat: Heartbeat) -> list[str]:
    return [happening.kind for happening in twin.take_heartbeat(heartbeat)]


def test_the_first_heartbeat_is_no_event() -> None:
    assert kinds(Twin(), beat(RTL, armed=True, status=CRITICAL)) == []


def test_changes_are_events_once() -> None:
    twin = Twin()
    kinds(twin, beat())
    assert kinds(twin, beat()) == []
    assert kinds(twin, beat(armed=True)) == ["armed"]
    assert kinds(twin, beat(RTL, armed=True)) == ["mode"]
    assert kinds(twin, beat(RTL)) == ["disarmed"]
    assert kinds(twin, beat(RTL)) == []


@pytest.mark.parametrize("status", [CRITICAL, EMERGENCY])
def test_a_failsafe_is_an_event_when_it_begins(status: int) -> None:
    twin = Twin()
    kinds(twin, beat())
    (happening,) = twin.take_heartbeat(beat(status=status))
    assert (happening.kind, happening.severity) == ("failsafe", 2)
    assert kinds(twin, beat(status=status)) == []
    assert kinds(twin, beat()) == []


def test_the_snapshot_has_the_units_of_the_contract() -> None:
    twin = Twin()
    twin.take_heartbeat(beat())
    position = {"lat": -353_632_620, "lon": 1_491_652_370, "alt": 584_070, "relative_alt": -50}
    take(twin, message("GLOBAL_POSITION_INT", hdg=35_999, **position))
    take(twin, message("SYS_STATUS", voltage_battery=12_600, battery_remaining=87))
    take(twin, message("EXTENDED_SYS_STATE", landed_state=2))
    take(twin, message("MISSION_CURRENT", seq=3))
    state = twin.snapshot(0, 1_767_225_600 * SECOND)
    assert (state.mode, state.armed, state.landed, state.mission_item) == (
        "GUIDED",
        False,
        "in_air",
        3,
    )
    assert state.battery is not None
    assert (state.battery.voltage, state.battery.percent) == (12.6, 87)
    where = state.position
    assert where is not None
    assert (where.lat, where.lon, where.alt) == (-35.363262, 149.165237, 584.07)
    assert (where.relative_alt, where.heading) == (-0.05, 359.99)
    assert state.time.startswith("2026-01-01T00:00:00")


def test_what_mavlink_calls_unknown_is_null() -> None:
    twin = Twin()
    take(twin, message("GLOBAL_POSITION_INT", hdg=65535))
    take(twin, message("SYS_STATUS", voltage_battery=65535, battery_remaining=-1))
    take(twin, message("EXTENDED_SYS_STATE", landed_state=0))
    state = twin.snapshot(0, 0)
    assert state.position is not None
    assert state.position.heading is None
    assert state.battery is not None
    assert (state.battery.voltage, state.battery.percent, state.landed) == (None, None, None)


def test_a_state_is_due_on_a_change_at_most_once_a_second_and_else_every_thirty() -> None:
    twin = Twin()
    assert twin.due(0)
    twin.take_heartbeat(beat())
    twin.snapshot(0, 0)
    assert not twin.due(29 * SECOND)
    assert twin.due(30 * SECOND)
    twin.take_heartbeat(beat(RTL))
    assert not twin.due(SECOND - 1)
    assert twin.due(SECOND)


def test_moving_is_no_reason_for_a_state() -> None:
    twin = Twin()
    twin.snapshot(0, 0)
    take(twin, message("GLOBAL_POSITION_INT", lat=1))
    assert not twin.due(5 * SECOND)


@pytest.mark.parametrize(
    "sent",
    [
        message("MISSION_CURRENT", seq=1),
        message("SYS_STATUS", battery_remaining=5),
        message("EXTENDED_SYS_STATE", landed_state=1),
    ],
)
def test_mission_battery_and_landing_are_reasons_for_a_state(sent: Any) -> None:
    twin = Twin()
    twin.snapshot(0, 0)
    take(twin, sent)
    assert twin.due(SECOND)
