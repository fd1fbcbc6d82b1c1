"""What one drone's messages make of its state."""

from typing import Any

import pytest
from aerostream_cloud.bridge.live.filter import EVERYTHING
from aerostream_cloud.bridge.live.fleet import MAX_SERIES, MAX_TEXT_CHARS, REFRESH_US, Fleet
from aerostream_cloud.bridge.live.shapes import Battery, DroneState, Position
from aerostream_contract import models
from aerostream_contract.channels import channel_named
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.models import Backlog, Info, LinkState, Presence, State, Status
from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us

EAGLE = DroneName("north", "eagle")
NOW_US = 1_767_225_600_000_000
SECOND_US = 1_000_000


def status(
    presence: Presence, session: int = 1, epoch: int = 1, link: LinkState | None = None
) -> Status:
    return Status(presence, epoch, session, "0.1.0", link)


def shown(fleet: Fleet, name: DroneName = EAGLE) -> DroneState:
    state = fleet.drone(name.drone)
    assert state is not None
    return state


def told(fleet: Fleet, message: Status, *, retained: bool = False, now_us: int = NOW_US) -> str:
    fleet.apply_status(EAGLE, message, retained=retained, now_us=now_us)
    return shown(fleet).presence


def block(
    channel: str, time_us: int, component: int = 1, instance: str = "0", **values: Any
) -> DecodedBlock:
    """A block of one row; fields that are not given are 0."""
    table = channel_named(channel)
    assert values.keys() <= set(table.field_names)
    columns = [[values.get(name, 0)] for name in table.field_names]
    return DecodedBlock(table, component, instance, [time_us], columns)


def frame(fleet: Fleet, *blocks: DecodedBlock, now_us: int = NOW_US) -> None:
    fleet.apply_frame(EAGLE, blocks, now_us=now_us, now_s=0.0)


def test_a_drone_is_unknown_until_it_says_otherwise() -> None:
    fleet = Fleet()
    frame(fleet, block("vfr", NOW_US))
    state = shown(fleet)
    assert (state.presence, state.presence_since, state.link) == ("unknown", None, None)


def test_presence_has_the_time_of_its_change_but_not_when_it_was_so_before_we_came() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE), retained=True)
    assert shown(fleet).presence_since is None
    told(fleet, status(Presence.LOST), now_us=NOW_US + SECOND_US)
    assert shown(fleet).presence_since == iso_from_us(NOW_US + SECOND_US)
    told(fleet, status(Presence.LOST), now_us=NOW_US + 9 * SECOND_US)
    assert shown(fleet).presence_since == iso_from_us(NOW_US + SECOND_US)


def test_the_link_and_the_agents_version_come_with_the_status() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE, link=LinkState.DOWN))
    assert (shown(fleet).link, shown(fleet).agent_version) == ("down", "0.1.0")
    told(fleet, status(Presence.LOST))
    assert shown(fleet).link is None


def test_a_late_will_of_an_earlier_session_is_ignored() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE, session=2))
    assert told(fleet, status(Presence.LOST, session=1)) == "online"
    assert told(fleet, status(Presence.LOST, session=1), retained=True) == "online"
    assert told(fleet, status(Presence.LOST, session=2)) == "lost"
    assert told(fleet, status(Presence.ONLINE, session=3)) == "online"


def test_a_late_will_of_an_earlier_epoch_is_ignored() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE, session=1, epoch=9))
    assert told(fleet, status(Presence.LOST, session=7, epoch=4)) == "online"
    # What the broker keeps is the newest of all.
    assert told(fleet, status(Presence.LOST, session=7, epoch=4), retained=True) == "lost"
    assert told(fleet, status(Presence.ONLINE, session=1, epoch=5)) == "online"


def test_a_presence_that_nobody_confirms_is_unknown_after_a_while() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE))
    fleet.expire(NOW_US + 94 * SECOND_US)
    assert shown(fleet).presence == "online"
    version = fleet.version
    fleet.expire(NOW_US + 95 * SECOND_US)
    assert shown(fleet).presence == "unknown"
    assert fleet.version > version
    assert told(fleet, status(Presence.ONLINE), now_us=NOW_US + 99 * SECOND_US) == "online"
    told(fleet, status(Presence.OFFLINE))
    fleet.expire(NOW_US + 10_000 * SECOND_US)
    assert shown(fleet).presence == "offline"


def test_a_cleared_topic_means_that_the_drone_is_gone() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE))
    frame(fleet, block("vfr", NOW_US))
    version = fleet.version
    fleet.clear(EAGLE)
    fleet.clear(EAGLE)
    assert fleet.drone("eagle") is None
    [gone] = fleet.since(version, EVERYTHING)
    assert gone.json() == b'"eagle"'


def test_a_drone_under_a_second_fleet_is_ignored() -> None:
    fleet = Fleet()
    told(fleet, status(Presence.ONLINE))
    south = DroneName("south", "eagle")
    fleet.apply_status(south, status(Presence.LOST), retained=False, now_us=NOW_US)
    fleet.apply_frame(south, [block("vfr", NOW_US)], now_us=NOW_US, now_s=0.0)
    fleet.clear(south)
    assert (shown(fleet).fleet, shown(fleet).presence) == ("north", "online")
    assert fleet.samples("eagle") == []
    assert fleet.foreign == 2


def test_the_newest_sample_of_a_series_is_kept() -> None:
    fleet = Fleet()
    table = channel_named("wind")
    rows = [[float(row)] * 3 for row in range(3)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    times = [NOW_US, NOW_US + 2, NOW_US + 1]
    frame(fleet, DecodedBlock(table, 1, "0", times, columns))
    frame(fleet, block("wind", NOW_US + 1, speed=99.0))
    [sample] = fleet.samples("eagle")
    assert (sample.time, sample.values["speed"]) == (iso_from_us(NOW_US + 2), 1.0)
    assert fleet.since(0, EVERYTHING)[-1].json().startswith(b'{"drone":"eagle"')


def test_after_a_clock_correction_older_times_are_the_newer_samples() -> None:
    fleet = Fleet()
    year_us = 365 * 86400 * SECOND_US
    frame(fleet, block("heartbeat", NOW_US + year_us, custom_mode=4, autopilot=3, type=2))
    frame(fleet, block("heartbeat", NOW_US, custom_mode=5, autopilot=3, type=2, base_mode=1))
    assert shown(fleet).mode == "LOITER"
    assert shown(fleet).last_sample == iso_from_us(NOW_US)


def test_heartbeats_tell_mode_arming_failsafe_and_kind() -> None:
    fleet = Fleet()
    values: dict[str, Any] = {"type": 2, "autopilot": 3, "base_mode": 129, "custom_mode": 4}
    frame(fleet, block("heartbeat", NOW_US, **values, system_status=5))
    state = shown(fleet)
    assert (state.mode, state.armed, state.failsafe) == ("GUIDED", True, "critical")
    assert (state.vehicle, state.autopilot) == ("copter", "ardupilot")
    version = fleet.version
    frame(fleet, block("heartbeat", NOW_US + 1, **values, system_status=6))
    assert shown(fleet).failsafe == "emergency"
    assert [each.member for each in fleet.since(version, EVERYTHING)] == ["samples", "drones"]
    frame(fleet, block("heartbeat", NOW_US + 2, **values, system_status=4))
    assert shown(fleet).failsafe is None


def test_other_components_and_instances_do_not_speak_for_the_drone() -> None:
    fleet = Fleet()
    frame(
        fleet,
        block("heartbeat", NOW_US, component=100, type=30),
        block("position", NOW_US, component=2, lat=1.0, lon=2.0),
    )
    assert (shown(fleet).mode, shown(fleet).position) == (None, None)


def test_samples_tell_position_battery_landed_and_mission_item() -> None:
    fleet = Fleet()
    frame(
        fleet,
        block("position", NOW_US, lat=1.5, lon=2.5, alt=500.0, relative_alt=20.0, hdg=None),
        block("system", NOW_US, voltage_battery=15.9, battery_remaining=84),
        block("landed", NOW_US, landed_state=3),
        block("mission", NOW_US, seq=7),
    )
    state = shown(fleet)
    assert state.position == Position(1.5, 2.5, 500.0, 20.0, None)
    assert state.battery == Battery(84, 15.9)
    assert (state.landed, state.mission_item) == ("takeoff", 7)
    frame(fleet, block("position", NOW_US + 1, lat=None), block("landed", NOW_US + 1))
    assert shown(fleet).position == state.position
    assert shown(fleet).landed is None


def test_the_twin_and_the_samples_give_way_to_whichever_is_newer() -> None:
    fleet = Fleet()
    at = models.Position(1.0, 2.0, 3.0, 4.0, 5.0)
    twin = State(
        iso_from_us(NOW_US),
        mode="AUTO",
        armed=False,
        landed="in_air",
        mission_item=2,
        battery=models.Battery(12.0, 50),
        position=at,
        backlog=[Backlog(NOW_US, NOW_US + SECOND_US, 12)],
    )
    frame(fleet, block("position", NOW_US - 1, lat=9.0, lon=9.0))
    frame(fleet, block("heartbeat", NOW_US + 1, type=2, autopilot=3, base_mode=1, custom_mode=5))
    fleet.apply_state(EAGLE, twin, now_us=NOW_US)
    state = shown(fleet)
    assert state.position == Position(1.0, 2.0, 3.0, 4.0, 5.0)
    assert (state.mode, state.landed, state.mission_item) == ("LOITER", "in_air", 2)
    assert state.battery == Battery(50, 12.0)
    assert state.state_time == iso_from_us(NOW_US)
    [stretch] = state.backlog
    assert stretch == {
        "from": iso_from_us(NOW_US),
        "to": iso_from_us(NOW_US + SECOND_US),
        "frames": 12,
    }
    fleet.apply_state(EAGLE, State(iso_from_us(NOW_US + 2)), now_us=NOW_US)
    # An agent that has just started knows nothing yet; what was last known is not taken away.
    assert shown(fleet).position == state.position


def test_a_twin_whose_time_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        Fleet().apply_state(EAGLE, State("yesterday"), now_us=NOW_US)


def test_the_birth_certificate_names_vehicle_and_firmware() -> None:
    fleet = Fleet()
    info = Info(1, 7, 1, "px4", "vtol", 12, 22, "0.1.0", 1, "standard", firmware="1.15.4")
    fleet.apply_info(EAGLE, info, now_us=NOW_US)
    state = shown(fleet)
    assert (state.vehicle, state.autopilot, state.firmware) == ("vtol", "px4", "1.15.4")
    assert (state.system_id, state.rate_policy) == (7, "standard")
    version = fleet.version
    fleet.apply_info(EAGLE, info, now_us=NOW_US)
    assert fleet.version == version


@pytest.mark.parametrize(("off_s", "shown_s"), [(0, None), (30, None), (-31, -31.0), (400, 400.0)])
def test_a_clock_that_is_wrong_is_told(off_s: int, shown_s: float | None) -> None:
    fleet = Fleet()
    frame(fleet, block("vfr", NOW_US - off_s * SECOND_US))
    assert shown(fleet).clock_error_s == shown_s


def test_quick_values_alone_count_as_a_change_only_now_and_then() -> None:
    fleet = Fleet()

    def changed(after_us: int) -> bool:
        version = fleet.version
        at_us = NOW_US + after_us
        frame(fleet, block("position", at_us, lat=after_us / 1e6, lon=1.0), now_us=at_us)
        return "drones" in [entry.member for entry in fleet.since(version, EVERYTHING)]

    assert changed(0)
    assert not changed(1)
    assert not changed(REFRESH_US - 1)
    assert changed(REFRESH_US)
    assert not changed(REFRESH_US + 1)
    # Who asks now gets it as it is now.
    assert shown(fleet).last_sample == iso_from_us(NOW_US + REFRESH_US + 1)


def test_an_event_that_comes_twice_happened_once() -> None:
    fleet = Fleet()
    event = models.Event(1, 5, iso_from_us(NOW_US), "mode", 6, 1, "Mode AUTO", {"to": "AUTO"})
    fleet.apply_event(EAGLE, event)
    fleet.apply_event(EAGLE, event)
    members = [entry.member for entry in fleet.since(0, EVERYTHING)]
    assert members == ["drones", "events"]


def test_a_drone_that_invents_series_fills_no_memory() -> None:
    fleet = Fleet()
    for number in range(MAX_SERIES + 10):
        frame(fleet, block("vfr", NOW_US, instance=str(number)))
    assert len(fleet.samples("eagle")) == MAX_SERIES
    assert fleet.not_shown == 10
    assert list(fleet.take_left_out()) == ["eagle"]


def test_a_drone_that_sends_long_texts_fills_no_memory() -> None:
    fleet = Fleet()
    long = "x" * (MAX_TEXT_CHARS // 2)
    for number in range(5):
        frame(fleet, block("mav_statustext", NOW_US, instance=str(number), text=long))
    assert (len(fleet.samples("eagle")), fleet.not_shown) == (2, 3)
    # A sample that replaces one needs no further room.
    frame(fleet, block("mav_statustext", NOW_US + 1, text=long))
    assert fleet.not_shown == 3


def test_the_registry_tells_drones_their_fleet_and_their_first_day() -> None:
    fleet = Fleet()
    hawk = DroneName("south", "hawk")
    fleet.apply_status(EAGLE, status(Presence.ONLINE), retained=False, now_us=NOW_US)
    fleet.apply_status(
        DroneName("impostor", "hawk"), status(Presence.ONLINE), retained=True, now_us=NOW_US
    )
    assert fleet.register([(EAGLE, NOW_US), (hawk, NOW_US)], now_us=NOW_US) == ["hawk"]
    assert shown(fleet).first_seen == iso_from_us(NOW_US)
    assert (shown(fleet, hawk).fleet, shown(fleet, hawk).presence) == ("south", "unknown")
    version = fleet.version
    assert fleet.register([(EAGLE, NOW_US), (hawk, NOW_US)], now_us=NOW_US) == []
    assert fleet.version == version
    fleet.register([(EAGLE, NOW_US)], now_us=NOW_US)
    assert fleet.drone("hawk") is None


def test_a_deleted_drone_does_not_come_back_from_the_registry_but_by_itself() -> None:
    fleet = Fleet()
    fleet.register([(EAGLE, NOW_US)], now_us=NOW_US)
    fleet.clear(EAGLE)
    fleet.register([(EAGLE, NOW_US)], now_us=NOW_US)
    assert fleet.drone("eagle") is None
    frame(fleet, block("vfr", NOW_US))
    assert fleet.drone("eagle") is not None
    fleet.clear(EAGLE)
    fleet.register([], now_us=NOW_US)
    fleet.register([(EAGLE, NOW_US)], now_us=NOW_US)
    assert fleet.drone("eagle") is not None


def seed(fleet: Fleet, channel: str, time_us: int, **values: Any) -> bool:
    given = block(channel, time_us, **values)
    return fleet.seed(
        "eagle", given.channel, 1, "0", time_us, [column[0] for column in given.columns]
    )


def test_stored_samples_show_where_a_drone_was_last() -> None:
    fleet = Fleet()
    assert not seed(fleet, "position", NOW_US)
    fleet.register([(EAGLE, NOW_US)], now_us=NOW_US)
    assert seed(fleet, "position", NOW_US, lat=1.0, lon=2.0)
    assert not seed(fleet, "position", NOW_US, lat=1.0, lon=2.0)
    assert seed(fleet, "position", NOW_US + 1, lat=3.0, lon=4.0)
    seed(fleet, "heartbeat", NOW_US, type=2, autopilot=3, base_mode=1, custom_mode=5)
    state = shown(fleet)
    assert state.position == Position(3.0, 4.0, 0.0, 0.0, 0.0)
    assert (state.mode, state.presence) == ("LOITER", "unknown")
    assert (state.last_sample, state.clock_error_s) == (iso_from_us(NOW_US + 1), None)


def test_what_came_live_stands_against_what_is_stored() -> None:
    fleet = Fleet()
    fleet.register([(EAGLE, NOW_US)], now_us=NOW_US)
    frame(fleet, block("position", NOW_US, lat=1.0, lon=2.0))
    assert not seed(fleet, "position", NOW_US + SECOND_US, lat=9.0, lon=9.0)
    fleet.apply_state(EAGLE, State(iso_from_us(NOW_US), mode="AUTO", armed=True), now_us=NOW_US)
    # Newer by a clock that was wrong, or older by more than a correction: neither matters.
    seed(fleet, "heartbeat", NOW_US - 60 * SECOND_US, custom_mode=5)
    state = shown(fleet)
    assert (state.position, state.mode) == (Position(1.0, 2.0, 0.0, 0.0, 0.0), "AUTO")
    assert state.last_sample == iso_from_us(NOW_US)
