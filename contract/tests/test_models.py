"""JSON messages: what is valid passes unchanged, all else is InvalidPayload and nothing more."""

import json
import random
from typing import Any

import pytest
from aerostream_contract import models
from aerostream_contract.errors import InvalidPayload
from aerostream_contract.models import (
    Ack,
    Attention,
    Backlog,
    Battery,
    Event,
    Info,
    LinkState,
    Position,
    Presence,
    ServiceState,
    ServiceStatus,
    State,
    Status,
    decode,
    encode,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

EXAMPLES: list[Struct] = [
    Status(Presence.ONLINE, 1, 2, "0.1.0", LinkState.UP),
    Status(Presence.LOST, (1 << 53) - 1, 0, "0.1.0"),
    Info(
        schema=1,
        system_id=1,
        component_id=1,
        autopilot="ardupilot",
        vehicle="copter",
        mav_autopilot=3,
        mav_type=2,
        agent_version="0.1.0",
        epoch=7,
        rate_policy="full",
        capabilities=(1 << 64) - 1,
        firmware="4.7.0",
    ),
    State(time="2026-01-01T00:00:00.000000Z"),
    State(
        time="2026-01-01T00:00:00.000000Z",
        mode="LOITER",
        armed=True,
        landed="in_air",
        mission_item=3,
        battery=Battery(12.6, 80),
        position=Position(47.1, 8.5, 500.0, 20.0, 270.0),
        backlog=[Backlog(1, 2, 3)],
    ),
    Event(
        7, 8, "1969-12-31T23:59:59.999999Z", "statustext", 6, 1, "Ω ready", {"a": [1, {"b": None}]}
    ),
    Ack(7, [(0, 0), (2, 9)]),
    ServiceState(ServiceStatus.PAUSED, "0.1.0", "2026-01-01T00:00:00.000000Z", ["*"], "disk full"),
    Attention(["position", "*", "Ω" * 64], 0.5),
    Attention([], 300),
]
MODELS = sorted({type(example) for example in EXAMPLES}, key=lambda model: model.__name__)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: type(e).__name__)
def test_a_message_is_read_back(example: Struct) -> None:
    assert decode(encode(example), type(example)) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: type(e).__name__)
def test_a_member_of_a_newer_sender_is_ignored(example: Struct) -> None:
    known = json.loads(encode(example))
    payload = json.dumps({**known, "newer": {"deep": [1]}}).encode()
    assert decode(payload, type(example)) == example


def test_the_members_have_the_names_of_the_contract() -> None:
    assert json.loads(encode(EXAMPLES[4]))["backlog"] == [{"from": 1, "to": 2, "frames": 3}]
    assert json.loads(encode(EXAMPLES[1])) == {
        "status": "lost",
        "epoch": (1 << 53) - 1,
        "session": 0,
        "agent_version": "0.1.0",
    }
    assert json.loads(encode(EXAMPLES[6])) == {"epoch": 7, "ranges": [[0, 0], [2, 9]]}


HOSTILE = [
    b"",
    b"\0",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"epoch":NaN}',
    b'{"epoch":' + b"9" * 5000 + b"}",
    b'{"data":{"x":1e999}}',
    b'{"text":"\xff"}',
    b'{"data":{"\xff":1}}',
    b'{"text":"\\ud800"}',
    b'{"data":' + b"[" * 100_000,
    b'{"data":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    b'{"ignored":' + b'{"a":' * 100_000,
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_json_is_an_invalid_payload(model: type[Struct], payload: bytes) -> None:
    with pytest.raises(InvalidPayload, match=f"not a valid {model.__name__}: ") as raised:
        decode(payload, model)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("example", "member", "value"),
    [
        (0, "status", "up"),
        (0, "status", "x" * 10_000),
        (0, "epoch", 0),
        (0, "epoch", 1 << 53),
        (0, "epoch", 10**400),
        (0, "epoch", "7"),
        (0, "epoch", 7.5),
        (0, "epoch", True),
        (0, "session", -1),
        (0, "agent_version", None),
        (2, "system_id", 0),
        (2, "system_id", 256),
        (2, "mav_type", 256),
        (2, "schema", 0),
        (2, "capabilities", 1 << 64),
        (2, "capabilities", -1),
        (3, "time", 5),
        (3, "time", "0001-01-01T00:00:00.000000+14:00"),
        (3, "time", "soon"),
        (4, "mission_item", 65_536),
        (4, "battery", {"percent": 200}),
        (4, "position", {"lat": 1, "lon": 2}),
        (4, "backlog", [{"from": 1, "to": 2, "frames": -1}]),
        (5, "time", 1_767_225_600_000_000),
        (5, "time", "soon"),
        (5, "time", "x" * 10_000),
        (5, "time", "2026-13-01T00:00:00.000000Z"),
        (5, "time", "10000-01-01T00:00:00.000000Z"),
        (5, "time", "9999-12-31T23:59:59.999999-01:00"),
        (5, "time", "0001-01-01T00:00:00.000000+01:00"),
        (5, "kind", "Mode"),
        (5, "kind", ""),
        (5, "kind", "mode\n"),
        (5, "kind", "m" * 33),
        (5, "severity", 8),
        (5, "component", 256),
        (5, "data", []),
        (6, "ranges", [[3, 2]]),
        (6, "ranges", [[3]]),
        (6, "ranges", [[-1, 2]]),
        (6, "ranges", [[0, 1 << 53]]),
        (7, "status", "busy"),
        (7, "fleets", "*"),
        (8, "channels", "position"),
        (8, "channels", ["x" * 65]),
        (8, "channels", ["x"] * 65),
        (8, "channels", [1]),
        (8, "ttl_s", 0),
        (8, "ttl_s", -1),
        (8, "ttl_s", 300.001),
        (8, "ttl_s", "10"),
    ],
)
def test_a_value_outside_its_range_is_refused_and_the_text_says_where(
    example: int, member: str, value: Any
) -> None:
    content = {**json.loads(encode(EXAMPLES[example])), member: value}
    with pytest.raises(InvalidPayload) as raised:
        decode(json.dumps(content).encode(), type(EXAMPLES[example]))
    assert len(str(raised.value)) < 200


@given(payload=st.binary(max_size=80), model=st.sampled_from(MODELS))
def test_random_bytes_are_never_a_message(payload: bytes, model: type[Struct]) -> None:
    with pytest.raises(InvalidPayload):
        decode(payload, model)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: type(e).__name__)
def test_a_mutated_message_is_read_or_refused(example: Struct) -> None:
    rnd = random.Random(1)
    payload = encode(example)
    refused = 0
    for _ in range(10_000):
        mutated = bytearray(payload)
        for _ in range(rnd.randrange(1, 3)):
            mutated[rnd.randrange(len(mutated))] = rnd.randrange(256)
        try:
            encode(decode(bytes(mutated), type(example)))
        except InvalidPayload:
            refused += 1
    assert refused > 1000


def test_the_kind_of_an_event_is_a_pattern_that_javascript_reads_in_the_same_way() -> None:
    assert "\\Z" not in models._KIND
