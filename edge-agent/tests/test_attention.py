"""Who looks at a drone: the union of all requests that have not lapsed."""

from typing import NamedTuple

from aerostream_contract.channels import CHANNELS
from aerostream_contract.models import EVERY_CHANNEL, Attention
from aerostream_edge.attention import AttendedChannels
from hypothesis import given
from hypothesis import strategies as st

SOME = ["position", "attitude", "battery", "mav_esc_telemetry_1_to_4"]


class Asked(NamedTuple):
    after_s: float
    channels: list[str]
    ttl_s: float


REQUESTS = st.lists(
    st.builds(
        Asked,
        st.floats(0, 20),
        st.lists(st.sampled_from([*SOME, "no_such_channel"]), max_size=4),
        st.floats(0.1, 30),
    ),
    max_size=20,
)


@given(REQUESTS, st.floats(0, 40))
def test_a_channel_is_attended_while_any_request_for_it_is_in_force(
    requests: list[Asked], later_s: float
) -> None:
    attended = AttendedChannels()
    now_s = 1000.0
    in_force: list[tuple[str, float]] = []
    for request in requests:
        now_s += request.after_s
        attended.ask(Attention(request.channels, request.ttl_s), now_s)
        in_force += [(name, now_s + request.ttl_s) for name in request.channels if name in SOME]
        assert attended.at(now_s) == {name for name, until_s in in_force if now_s < until_s}
    now_s += later_s
    assert attended.at(now_s) == {name for name, until_s in in_force if now_s < until_s}


def test_a_shorter_request_does_not_end_a_longer_one() -> None:
    attended = AttendedChannels()
    attended.ask(Attention(["position"], 10), 0)
    attended.ask(Attention(["position"], 1), 1)
    assert attended.at(9.9) == {"position"}
    assert attended.at(10) == set()


def test_a_star_is_every_channel_of_the_table() -> None:
    attended = AttendedChannels()
    assert attended.ask(Attention([EVERY_CHANNEL], 5), 0) == []
    assert attended.at(4) == set(CHANNELS)
    assert attended.at(5) == set()


def test_a_name_that_is_no_channel_is_told_once_and_attends_nothing() -> None:
    attended = AttendedChannels()
    names = ["poistion", "mav_nothing", "mav_heartbeat/x", "", "position"]
    assert attended.ask(Attention(names, 5), 0) == names[:4]
    assert attended.ask(Attention([*names, "another"], 5), 1) == ["another"]
    assert attended.at(2) == {"position"}


def test_somebody_who_invents_names_fills_no_memory() -> None:
    attended = AttendedChannels()
    told = [
        name
        for n in range(100)
        for name in attended.ask(Attention([f"x{n}-{k}" for k in range(64)], 300), 0)
    ]
    assert len(told) == 64
    assert attended.at(1) == set()
