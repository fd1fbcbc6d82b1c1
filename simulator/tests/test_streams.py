"""What is streamed, and how often, is what the recordings show."""

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from aerostream_sim.autopilots.ardupilot.stream_table import PLANE_STREAMS
from aerostream_sim.autopilots.px4.stream_table import STREAMS_HZ
from aerostream_sim.tlog import read_flight
from pymavlink.dialects.v20 import all as dialect
from support.recorded import SHARED
from support.simulated import Bench

AUTOPILOTS = SHARED.parent / "autopilots"
AUTOPILOT = (1, 1)
#: Sent when there is something to say, not in intervals.
ON_OCCASION = {"EVENT", "PARAM_VALUE", "GPS_GLOBAL_ORIGIN", "STATUSTEXT", "COMMAND_ACK"}
LACKING = {
    8: "LINK_NODE_STATUS",
    380: "TIME_ESTIMATE_TO_TARGET",
    410: "EVENT",
    411: "CURRENT_EVENT_SEQUENCE",
}


def name_of(message_id: int) -> str:
    known = dialect.mavlink_map.get(message_id)
    return known.msgname if known else LACKING[message_id]


def recorded_hertz(path: Path, first_s: float, last_s: float) -> dict[str, float]:
    """Rates in a part of a log."""
    if not path.exists():
        pytest.skip(f"needs the recording {path.name}, beside the project")
    times: dict[str, list[float]] = defaultdict(list)
    start_us = None
    for record in read_flight(path).records:
        start_us = start_us or record.time_us
        at_s = (record.time_us - start_us) / 1e6
        if record.sender == AUTOPILOT and first_s <= at_s <= last_s:
            times[name_of(record.message_id)].append(at_s)
    return {
        name: (len(at) - 1) / (at[-1] - at[0])
        for name, at in times.items()
        if name not in ON_OCCASION and len(at) > 1 and at[-1] > at[0]
    }


def simulated_hertz(kind: str, autopilot: str, seconds: float = 20.0) -> dict[str, float]:
    bench = Bench(kind, autopilot, idle=True)
    bench.run(1.0)
    counts: Counter[str] = Counter()
    for heard in bench.run(seconds):
        name = heard.name
        if name.startswith("UNKNOWN_"):
            name = LACKING[int(name.removeprefix("UNKNOWN_"))]
        counts[name] += 1
    return {name: count / seconds for name, count in counts.items() if name not in ON_OCCASION}


def test_px4_streams_unasked_what_it_did_on_the_companions_link() -> None:
    # Before 4.9 s the recorder had asked for nothing.
    recorded = recorded_hertz(AUTOPILOTS / "PX4.tlog", 2.0, 4.85)
    simulated = simulated_hertz("copter", "px4")
    # Twice in 2.85 s tells little of a rate below 1 Hz; and one is too rare to be in there.
    assert set(recorded) <= set(simulated)
    assert set(simulated) - set(recorded) <= {
        "CURRENT_EVENT_SEQUENCE",
        "BATTERY_STATUS",
        "CURRENT_MODE",
        "HOME_POSITION",
        "VIBRATION",
        "TIME_ESTIMATE_TO_TARGET",
    }
    for name, hertz in recorded.items():
        # GPS_RAW_INT had a receiver at 8 Hz there, and 5 Hz in the flights.
        assert simulated[name] == pytest.approx(hertz, rel=0.06), name


def test_planes_of_ardupilot_stream_unasked_what_the_recorded_one_did() -> None:
    recorded = recorded_hertz(AUTOPILOTS / "ArduPlane.tlog", 0.9, 3.7)
    simulated = simulated_hertz("plane", "ardupilot")
    recorded.pop("TERRAIN_REQUEST")
    recorded.pop("HEARTBEAT")
    simulated.pop("HEARTBEAT")
    simulated.pop("TIMESYNC")
    # One sample is no rate: this one came late.
    assert set(simulated) - set(recorded) == {"EKF_STATUS_REPORT"}
    assert set(recorded) <= set(simulated)
    # Three seconds of a boot are not quite even.
    for name, hertz in recorded.items():
        assert simulated[name] == pytest.approx(hertz, rel=0.12), name


@pytest.mark.parametrize("kind", ["copter", "rover", "boat"])
def test_the_other_vehicles_of_ardupilot_stream_nothing_until_they_are_asked(kind: str) -> None:
    assert set(simulated_hertz(kind, "ardupilot")) == {"HEARTBEAT", "TIMESYNC"}


@pytest.mark.parametrize("autopilot", ["ardupilot", "px4"])
def test_a_heartbeat_comes_once_a_second(autopilot: str) -> None:
    bench = Bench("copter", autopilot, idle=True)
    beats = [heard.at_s for heard in bench.run(15) if heard.name == "HEARTBEAT"]
    gaps = [later - before for before, later in pairwise(beats)]
    assert median(gaps) == pytest.approx(1.0, abs=0.05)
    assert max(gaps) < 1.1


@pytest.mark.parametrize(("kind", "autopilot"), [("copter", "ardupilot"), ("plane", "px4")])
def test_a_message_comes_in_the_interval_that_was_asked_for(kind: str, autopilot: str) -> None:
    bench = Bench(kind, autopilot, idle=True)
    attitude = dialect.MAVLINK_MSG_ID_ATTITUDE
    for interval_us, expected in ((200_000, 20), (20_000, 200), (-1, 0)):
        bench.command(511, attitude, interval_us)
        bench.run(0.3)
        found = [each for each in bench.run(4) if each.name == "ATTITUDE"]
        assert len(found) == pytest.approx(expected, abs=2)


def test_a_data_stream_is_started_and_stopped_as_recorded() -> None:
    """8 messages in 2.2 s at 4 Hz, then none: a trial of the recordings."""
    bench = Bench("copter", "ardupilot", idle=True)
    bench.send(dialect.MAVLink_request_data_stream_message(1, 1, 10, 4, 1))
    assert 8 <= sum(each.name == "ATTITUDE" for each in bench.run(2.2)) <= 9
    bench.send(dialect.MAVLink_request_data_stream_message(1, 1, 10, 4, 0))
    assert not [each for each in bench.run(2.2) if each.name == "ATTITUDE"]


def test_the_tables_name_only_messages_that_can_be_built() -> None:
    for kind in ("copter", "plane", "rover", "boat"):
        px4 = Bench(kind, "px4", idle=True).vehicle.autopilot
        assert set(px4.builders) >= set(px4.streams.intervals_us)
    assert set(STREAMS_HZ) <= set(Bench("copter", "px4").vehicle.autopilot.builders)
    assert set(PLANE_STREAMS) <= set(Bench("plane", "ardupilot").vehicle.autopilot.builders)


def test_nothing_is_sent_where_nobody_listens() -> None:
    vehicle = Bench("copter", "px4").vehicle
    assert vehicle.advance(30.0, heard=False) == []
    assert vehicle.advance(30.1) != [], "and it goes on at once, without what was missed"
    assert vehicle.platform.now_s == pytest.approx(30.1)


def test_every_builder_makes_a_message_that_can_be_packed() -> None:
    sender = dialect.MAVLink(None, 1, 1)
    for kind in ("copter", "plane", "rover", "boat"):
        for autopilot in ("ardupilot", "px4"):
            bench = Bench(kind, autopilot)
            bench.now_s = 40.0
            bench.vehicle.advance(bench.now_s, heard=False)
            for message_id, build in bench.vehicle.autopilot.builders.items():
                message = build(bench.now_s)
                assert message is None or message.pack(sender), message_id
