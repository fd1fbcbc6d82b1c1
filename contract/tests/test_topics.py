"""Topics are built and read back, and nothing else is taken for one."""

import re
from urllib.parse import unquote

import pytest
from aerostream_contract import topics
from aerostream_contract.errors import InvalidName
from aerostream_contract.names import DroneName
from aerostream_contract.topics import (
    drone_topic,
    mirror_topic,
    parse_drone_topic,
    parse_service_state_topic,
    service_state_topic,
)
from hypothesis import given
from hypothesis import strategies as st

NAME = DroneName("north", "eagle")
IDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,30}", fullmatch=True)


@given(fleet=IDS, drone=IDS, leaf=st.sampled_from(["up/tel", "dn/ack", "json/gps/1-1", "up/x/y"]))
def test_a_drone_topic_is_read_back(fleet: str, drone: str, leaf: str) -> None:
    name = DroneName(fleet, drone)
    assert parse_drone_topic(drone_topic(name, leaf)) == (name, leaf)


def test_the_leaves_are_those_of_the_contract() -> None:
    assert drone_topic(NAME, topics.UP_TEL) == "aero/1/north/eagle/up/tel"
    leaves = (topics.UP_STATUS, topics.UP_INFO, topics.UP_STATE, topics.UP_BF, topics.UP_EVT)
    assert leaves == ("up/status", "up/info", "up/state", "up/bf", "up/evt")
    assert (topics.DN_ACK, topics.DN_ATT) == ("dn/ack", "dn/att")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "aero/1",
        "aero/1/a/b",
        "aero/1/a/b/",
        "aero/2/a/b/up/tel",
        "other/1/a/b/up/tel",
        "/aero/1/a/b/up/tel",
        "aero/1/_svc/ingest/main/state",
        "aero/1/a/_all/dn/cmd",
        "aero/1/A/b/up/tel",
        "aero/1//b/up/tel",
        "aero/1/a\n/b/up/tel",
        "aero/1/" + "a" * 40_000,
    ],
)
def test_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(InvalidName) as raised:
        parse_drone_topic(topic)
    assert len(str(raised.value)) < 300


def test_the_autopilots_first_instance_is_mirrored_at_the_channel_itself() -> None:
    assert mirror_topic(NAME, "gps", 1, "0") == "aero/1/north/eagle/json/gps"
    assert mirror_topic(NAME, "gps", 1, "1") == "aero/1/north/eagle/json/gps/1-1"
    assert mirror_topic(NAME, "gps", 25, "0") == "aero/1/north/eagle/json/gps/25-0"


@given(instance=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_instance_becomes_one_level_without_wildcards_and_can_be_read_back(
    instance: str,
) -> None:
    topic = mirror_topic(NAME, "event", 7, instance)
    last = topic.removeprefix("aero/1/north/eagle/json/event/7-")
    assert re.fullmatch(r"(?:[A-Za-z0-9_-]|%[0-9A-F]{2})+", last)
    assert unquote(last) == instance


def test_the_state_of_a_service_is_read_back() -> None:
    topic = service_state_topic("ingest", "main")
    assert topic == "aero/1/_svc/ingest/main/state"
    assert parse_service_state_topic(topic) == ("ingest", "main")


@pytest.mark.parametrize(
    "topic", ["", "aero/1/_svc/ingest/state", "aero/1/a/b/up/state", "aero/1/_svc/a/b/c/state"]
)
def test_other_topics_are_no_service_states(topic: str) -> None:
    with pytest.raises(InvalidName):
        parse_service_state_topic(topic)
