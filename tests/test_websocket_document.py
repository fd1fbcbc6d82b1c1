"""docs/websocket.md says what the code does: examples, members, limits, codes, metrics."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aerostream_cloud.bridge.live import (
    attention,
    batch,
    changes,
    fleet,
    hub,
    messages,
    metrics,
    rate,
    record,
    uplink,
    websocket,
)
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.bridge.live.shapes import DroneState, Event, Sample
from aerostream_cloud.bridge.problems import Problem
from aerostream_cloud.bridge.server import WEBSOCKET_MESSAGE_BYTES
from aerostream_contract.channels import channel_named
from prometheus_client import CollectorRegistry

PAGE = (Path(__file__).resolve().parents[1] / "docs/websocket.md").read_text()
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
]
SHAPES: dict[str, Any] = {"drones": DroneState, "samples": Sample, "events": Event, "gone": str}
#: What the code makes of each small message.
MADE: dict[str, bytes] = {
    "hello": messages.hello("023254a6551d", "2026-05-01T12:00:00.000000Z", broker=True),
    "heartbeat": messages.heartbeat("2026-05-01T12:00:05.000000Z", broker=True),
    "pong": messages.pong(messages.Ping(7), "2026-05-01T12:00:01.000000Z"),
    "unsubscribed": messages.unsubscribed("fleet"),
    "snapshot": messages.snapshot_start("fleet", "023254a6551d.9f02c4e1.42", 0, more=False) + b"}",
    "delta": messages.delta_start("fleet", "023254a6551d.9f02c4e1.47", 2) + b"}",
}


def example(kind: str) -> dict[str, Any]:
    [found] = [each for each in EXAMPLES if each["type"] == kind]
    return found


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_every_type_of_message_has_one_example() -> None:
    clients = {"subscribe", "unsubscribe", "ping"}
    assert sorted(each["type"] for each in EXAMPLES) == sorted(MADE.keys() | clients | {"error"})


@pytest.mark.parametrize("kind", sorted(MADE))
def test_the_servers_examples_are_what_the_code_makes(kind: str) -> None:
    given = example(kind)
    lists = {name: given.pop(name) for name in SHAPES if name in given}
    assert given == json.loads(MADE[kind])
    for name, items in lists.items():
        for item in items:
            # All members are there, none is new, and each has its type.
            made = msgspec.convert(item, SHAPES[name], strict=True)
            assert json.loads(msgspec.json.encode(made)) == item
        if name == "samples":
            assert all(
                set(item["values"]) == set(channel_named(item["channel"]).field_names)
                for item in items
            )


def test_the_error_example_is_a_problem_document() -> None:
    given = example("error")
    problem = msgspec.convert(given["problem"], Problem, strict=True)
    assert json.loads(messages.error("fleet", problem)) == given


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe", "ping"])
def test_the_clients_examples_can_be_sent(kind: str) -> None:
    parsed = messages.parse(json.dumps(example(kind)))
    if isinstance(parsed, messages.Subscribe):
        messages.filter_of(parsed)


def test_every_member_of_a_subscription_is_explained() -> None:
    table = re.findall(r"^\| `(\w+)` \|", section("What a client may send"), re.MULTILINE)
    members = [field.name for field in msgspec.structs.fields(messages.Subscribe)]
    assert table == members
    assert set(example("subscribe")) == {"type", *members}


def test_the_limits_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section("Limits"), re.MULTILINE))
    assert rows["size of a message from a client"] == f"{WEBSOCKET_MESSAGE_BYTES // 1024} KB"
    assert rows["subscriptions of a connection"] == str(hub.MAX_SUBSCRIPTIONS)
    assert rows["`drones` in a subscription"] == str(messages.MAX_DRONES)
    assert rows["`fleets` in a subscription"] == str(messages.MAX_FLEETS)
    assert rows["`channels` in a subscription"] == str(messages.MAX_CHANNELS)
    assert rows["different subscriptions of all connections"] == str(hub.MAX_GROUPS)
    per_s, burst = rate.MESSAGES_PER_S, rate.BURST
    assert rows["messages of a connection"] == f"{per_s:g} a second, {burst} at once"
    assert rows["errors of a connection"] == str(websocket.MAX_ERRORS)
    assert rows["connections of a bridge"] == str(websocket.MAX_CONNECTIONS)
    assert rows["time without reading while something waits"] == f"{hub.STALL_S:g} s"
    megabytes = changes.MAX_EVENT_BYTES // 1024**2
    assert rows["events that the bridge keeps"] == f"{changes.MAX_EVENTS}, and {megabytes} MB"
    assert rows["series of a drone"] == str(fleet.MAX_SERIES)
    kilobytes = fleet.MAX_TEXT_CHARS // 1024
    assert rows["text in the newest samples of a drone"] == f"{kilobytes} KB"
    kilobytes = uplink.MAX_JSON_BYTES // 1024
    assert rows["status, info, state or event of a drone"] == f"{kilobytes} KB"
    assert rows["events in a snapshot"] == str(batch.SNAPSHOT_EVENTS)
    assert rows["events in a delta"] == str(batch.DELTA_EVENTS)
    assert f"it has said nothing for {record.STATUS_LIFE_US // 1_000_000} s" in PAGE
    assert ", ".join(f"`{name}`" for name in messages.DEFAULT_CHANNELS) in PAGE


def test_every_close_code_is_listed() -> None:
    listed = re.findall(r"^\| (\d{4}) \|", section("Close codes"), re.MULTILINE)
    ours = {
        1001,
        1008,
        1009,
        1011,
        1013,
        websocket.UNKNOWN_DRONE,
        hub.STALLED,
        websocket.BAD_ADDRESS,
    }
    assert listed == [str(code) for code in sorted(ours)]
    assert ours | {1000, 1005, 1006} == metrics.CLOSE_CODES


def test_every_metric_is_listed_and_no_other() -> None:
    registry = CollectorRegistry()
    LiveMetrics(registry)
    ours = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in registry.collect()
    }
    table = "\n".join(re.findall(r"^\| (`[^|]+) \|", section("Metrics"), re.MULTILINE))
    listed = {f"aerostream_bridge_{name}" for name in re.findall(r"`(\w+)`", table)}
    assert listed == ours


def test_what_is_said_of_attention_is_so() -> None:
    assert f"at once, then every {attention.REPEAT_S:g} s." in PAGE
    assert f"It holds for {attention.TTL_S:g} s." in PAGE
    assert ("at most twice a second" in PAGE, attention.MORE_S) == (True, 0.5)
