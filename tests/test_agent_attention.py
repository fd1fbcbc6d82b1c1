"""Somebody looks at a drone: its agent hurries, asks its autopilot for more, and calms down."""

import statistics
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from aerostream_contract.models import Attention, encode
from support.agent import EdgeAgent, Watcher
from support.broker import Broker
from support.cloud import until
from support.mqtt_probe import Probe
from support.patience import PATIENCE_S
from support.vehicle import Vehicle

TOPIC = "aero/1/default/d1/dn/att"
SET_MESSAGE_INTERVAL = 511
POSITION, ATTITUDE = 33, 30


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Watcher]:
    with Watcher(broker.port) as found:
        yield found


@pytest.fixture
def bridge(broker: Broker) -> Iterator[Probe]:
    with Probe(broker.port) as probe:
        yield probe


class Viewer:
    """Somebody who looks until the end of the block, as a bridge tells the drone."""

    def __init__(self, bridge: Probe, channels: list[str], ttl_s: float = 6) -> None:
        self._bridge = bridge
        self._payload = encode(Attention(channels, ttl_s))
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Viewer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._thread.join(PATIENCE_S)

    def _look(self) -> None:
        while not self._gone.is_set():
            self._bridge.publish(TOPIC, self._payload)
            self._gone.wait(0.4)


def asked(vehicle: Vehicle, message_id: int) -> list[float]:
    """Intervals in µs that the autopilot was asked for, each said once."""
    return [
        each.param2
        for each in vehicle.asked("COMMAND_LONG")
        if each.command == SET_MESSAGE_INTERVAL
        and each.param1 == message_id
        # A busy machine is slow to answer, and is asked again.
        and not each.confirmation
    ]


def gaps_s(watcher: Watcher, since_us: int, count: int) -> list[float]:
    """Seconds between the next samples of `position`; waits until there are so many."""

    def times() -> list[int]:
        return [each for each in watcher.times("position") if each > since_us]

    until(lambda: len(times()) > count, f"{count} more positions")
    found = times()[: count + 1]
    return [(later - earlier) / 1e6 for earlier, later in pairwise(found)]


def median_gap_s(watcher: Watcher) -> float:
    """Between the next samples of `position`; what is read late makes one gap shorter."""
    return statistics.median(gaps_s(watcher, newest_us(watcher), 5))


def newest_us(watcher: Watcher) -> int:
    return max(watcher.times("position"), default=0)


def test_rates_rise_while_somebody_looks_and_fall_when_nobody_does(
    broker: Broker, watcher: Watcher, bridge: Probe, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", batch_interval="1")
    with agent, Vehicle(agent.port) as vehicle:
        until(lambda: asked(vehicle, ATTITUDE), "rates asked")
        until(lambda: len(watcher.times("position")) > 2, "positions")
        assert median_gap_s(watcher) > 0.8

        with Viewer(bridge, ["position"]):
            until(lambda: asked(vehicle, POSITION) == [1e6, 2e5], "a faster rate asked")
            frames = len(watcher.payloads("up/tel"))
            gaps = gaps_s(watcher, newest_us(watcher), 15)
            # Ten a second come, and five go out; a busy machine may lose a place or two.
            assert sorted(gaps)[7] < 0.35
            assert len(watcher.payloads("up/tel")) - frames >= 8, "not batched by the second"

        until(lambda: asked(vehicle, POSITION) == [1e6, 2e5, 1e6], "put back")
        assert median_gap_s(watcher) > 0.8
        assert asked(vehicle, ATTITUDE) == [1e6], "nobody looked at it"
        assert agent.terminate() == 0
    assert agent.said('"level": "error"') == []
    assert agent.said("unreadable") == []


def test_a_sample_that_somebody_looks_at_does_not_wait_for_its_batch(
    broker: Broker, watcher: Watcher, bridge: Probe, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", rate_policy="full", batch_interval="60")
    with agent, Vehicle(agent.port, streams=False) as vehicle:
        watcher.wait_for_status("online up")
        with Viewer(bridge, ["vfr"]):
            until(lambda: list(watcher.blocks("heartbeat")), "heartbeats, which come in between")
            vehicle.say("VFR_HUD", throttle=50)
            # Its batch would take a minute.
            until(lambda: list(watcher.blocks("vfr")), "the sample", timeout_s=40)
        assert agent.terminate() == 0


def test_an_agent_that_only_listens_asks_nothing_for_attention(
    broker: Broker, watcher: Watcher, bridge: Probe, tmp_path: Path
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", mavlink_rates="listen")
    with agent, Vehicle(agent.port) as vehicle:
        until(lambda: watcher.times("position"), "a position")
        with Viewer(bridge, ["*"]):
            gaps_s(watcher, newest_us(watcher), 10)
        assert {each.get_type() for each in vehicle.received} <= {"HEARTBEAT"}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the payload is empty"),
        (b'{"channels": ["position"]}', "ttl_s"),
        (b'{"channels": ["position"], "ttl_s": 1e9}', "$.ttl_s"),
        (b'{"channels": "*", "ttl_s": 5}', "$.channels"),
        (b"\xff\0", "malformed"),
    ],
)
def test_attention_that_cannot_be_read_is_one_warning_with_the_reason(
    broker: Broker, watcher: Watcher, bridge: Probe, tmp_path: Path, payload: bytes, reason: str
) -> None:
    agent = EdgeAgent(broker.url, tmp_path / "edge", batch_interval="1")
    with agent, Vehicle(agent.port):
        until(lambda: watcher.times("position"), "a position")
        bridge.publish(TOPIC, payload)
        until(lambda: agent.said("unreadable message"), "a warning")
        # What comes after it is read.
        with Viewer(bridge, ["nonsense", "position"]):
            assert min(gaps_s(watcher, newest_us(watcher), 5)) < 0.5
        assert agent.terminate() == 0
    (line,) = agent.said("unreadable message")
    assert line["level"] == "warning"
    assert line["topic"] == TOPIC
    assert reason in line["reason"]
    assert agent.said("no channel") == []
