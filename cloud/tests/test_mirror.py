"""What the JSON mirror shows, and how often."""

import msgspec
import pytest
from aerostream_cloud.ingest.mirror import Mirror
from aerostream_cloud.store import SeriesBlock
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName
from hypothesis import given
from hypothesis import strategies as st

ATTITUDE = CHANNELS["attitude"]


def sample(*times_s: float, drone: str = "d1", component: int = 1) -> SeriesBlock:
    """A block with samples at these times, whose roll is the time."""
    times = [round(time_s * 1_000_000) for time_s in times_s]
    columns: list[list[int | float | str | None]] = [list(times_s)]
    columns += [[None] * len(times) for _ in range(5)]
    return SeriesBlock(
        DroneName("f", drone), DecodedBlock(ATTITUDE, component, "0", times, columns)
    )


def shown(published: list[tuple[str, bytes]]) -> list[tuple[str, float]]:
    return [
        (topic.removeprefix("aero/1/f/"), msgspec.json.decode(payload)["values"]["roll"])
        for topic, payload in published
    ]


def ready(rate: float = 100) -> Mirror:
    """A mirror that has run for a second, so that it may publish a second's worth."""
    mirror = Mirror(rate=rate)
    mirror.due(-1)
    mirror.due(0)
    return mirror


def test_the_newest_sample_is_shown_with_time_and_units() -> None:
    mirror = ready()
    mirror.offer([sample(1, 3, 2)])
    [(topic, payload)] = mirror.due(0)
    assert topic == "aero/1/f/d1/json/attitude"
    assert payload == (
        b'{"time":"1970-01-01T00:00:03.000000Z","values":{"roll":3,"pitch":null,"yaw":null,'
        b'"rollspeed":null,"pitchspeed":null,"yawspeed":null},"units":{"roll":"rad","pitch":"rad",'
        b'"yaw":"rad","rollspeed":"rad/s","pitchspeed":"rad/s","yawspeed":"rad/s"}}'
    )
    assert mirror.due(10) == []


def test_a_series_is_shown_once_a_second_at_most() -> None:
    mirror = ready()
    mirror.offer([sample(1)])
    assert shown(mirror.due(0)) == [("d1/json/attitude", 1)]
    mirror.offer([sample(2)])
    assert mirror.due(0.9) == []
    mirror.offer([sample(3)])
    assert shown(mirror.due(1.0)) == [("d1/json/attitude", 3)]


def test_an_older_sample_never_follows_a_newer_one() -> None:
    mirror = ready()
    mirror.offer([sample(5)])
    mirror.offer([sample(4)])
    assert shown(mirror.due(0)) == [("d1/json/attitude", 5)]
    mirror.offer([sample(5)])
    mirror.offer([sample(4.5)])
    assert mirror.due(9) == []


def test_a_clock_that_was_ahead_does_not_stop_the_series() -> None:
    mirror = ready()
    mirror.offer([sample(100_000_000)])
    mirror.due(0)
    mirror.offer([sample(1000)])
    assert shown(mirror.due(1)) == [("d1/json/attitude", 1000)]
    mirror.offer([sample(1001)])
    assert shown(mirror.due(2)) == [("d1/json/attitude", 1001)]


def test_a_clock_corrected_before_the_sample_was_shown_counts_at_once() -> None:
    mirror = ready()
    mirror.offer([sample(100_000_000)])
    mirror.offer([sample(1000)])
    assert shown(mirror.due(0)) == [("d1/json/attitude", 1000)]


def test_a_clock_corrected_within_a_block_counts_too() -> None:
    mirror = ready()
    mirror.offer([sample(100_000_000, 1000, 1002, 1001)])
    assert shown(mirror.due(0)) == [("d1/json/attitude", 1002)]


@pytest.mark.parametrize(("time_s", "newest"), [(90, 100), (89.999, 89.999)])
def test_a_clock_counts_as_corrected_beyond_ten_seconds(time_s: float, newest: float) -> None:
    mirror = ready()
    mirror.offer([sample(100), sample(time_s)])
    assert shown(mirror.due(0)) == [("d1/json/attitude", newest)]


def test_under_the_cap_every_series_has_its_turn() -> None:
    mirror = ready(rate=2)
    order: list[str] = []
    for second in range(6):
        mirror.offer(sample(second + 1, drone=f"d{number}") for number in range(4))
        order += [topic for topic, _ in shown(mirror.due(second))]
    assert order == [f"d{number}/json/attitude" for number in (0, 1, 2, 3) * 3]


def test_a_rate_of_zero_turns_it_off() -> None:
    mirror = ready(rate=0)
    mirror.offer([sample(1)])
    assert mirror.due(100) == []


@given(
    st.floats(0.5, 50),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100), st.floats(0.01, 2))),
)
def test_neither_cap_nor_interval_nor_order_is_ever_broken(
    rate: float, steps: list[tuple[int, int, float]]
) -> None:
    mirror = Mirror(rate=rate)
    mirror.due(0)
    now_s, count = 0.0, 0
    last: dict[str, tuple[float, float]] = {}
    for drone, time_s, pause_s in steps:
        now_s += pause_s
        mirror.offer([sample(time_s, drone=f"d{drone}")])
        for topic, value in shown(mirror.due(now_s)):
            count += 1
            if topic in last:
                at_s, before = last[topic]
                assert now_s - at_s >= 1
                assert value > before or value < before - 10
            last[topic] = (now_s, value)
    assert count <= rate * now_s + 1e-6


def test_invented_series_neither_pile_up_nor_shut_the_others_out() -> None:
    mirror = Mirror(rate=10, most=20)
    for n in range(100):
        mirror.offer([sample(n, component=n % 250)])
    assert len(mirror._waiting) == 20
    shown_of_all: set[str] = set()
    for now_s in range(30):
        mirror.offer([sample(100 + now_s, drone="d2"), sample(now_s, component=200)])
        shown_of_all.update(topic for topic, _ in mirror.due(now_s))
    assert "aero/1/f/d2/json/attitude" in shown_of_all
    assert len(mirror._mirrored) == 20
