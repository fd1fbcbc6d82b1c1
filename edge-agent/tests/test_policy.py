"""Policy `standard`: rate, deadband, longest silence."""

import random
from typing import Any

import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.channels.types import ATTENDED_HZ, ATTENDED_SILENCE_S
from aerostream_edge.mapping import Sample, mapping_of
from aerostream_edge.mavlink.frames import FrameParser
from aerostream_edge.policy import StandardPolicy
from hypothesis import given
from hypothesis import strategies as st
from support.packets import heartbeat, message, pack

SECOND = 1_000_000


def sample(sent: Any) -> Sample:
    (frame,) = FrameParser().feed(pack(sent))
    mapping = mapping_of(frame.message_id)
    assert mapping is not None
    return mapping.sample(frame.payload)


def attitude(roll: float) -> Sample:
    return sample(message("ATTITUDE", roll=roll))


def kept(rolls: list[tuple[int, float]]) -> list[int]:
    policy = StandardPolicy()
    return [now for now, roll in rolls if policy.keeps(1, attitude(roll), now)]


def test_a_series_that_moves_goes_out_at_its_rate() -> None:
    rate_hz = CHANNELS["attitude"].rate.rate_hz
    moving = [(n * SECOND // 50, n * 0.1) for n in range(50 * 10)]
    assert len(kept(moving)) == pytest.approx(rate_hz * 10, abs=2)


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_of_just_the_rate_is_kept_whole_though_it_jitters(seed: int) -> None:
    rnd = random.Random(seed)
    interval = SECOND / CHANNELS["attitude"].rate.rate_hz
    moving = [(round((n + rnd.uniform(-0.04, 0.04)) * interval), float(n)) for n in range(50)]
    assert len(kept(moving)) == 50


def test_what_does_not_move_goes_out_after_the_longest_silence_only() -> None:
    silence_s = CHANNELS["attitude"].rate.silence_s
    still = [(n * SECOND // 10, 0.0) for n in range(round(silence_s * 10 * 5))]
    assert len(kept(still)) == pytest.approx(5, abs=1)


def test_a_change_within_the_deadband_is_none_and_creeping_is_seen_in_the_end() -> None:
    field = CHANNELS["attitude"].field_by_name["roll"]
    assert kept([(0, 0.0), (SECOND, field.deadband * 0.9)]) == [0]
    assert kept([(0, 0.0), (SECOND, field.deadband * 1.2)]) == [0, SECOND]
    creeping = [(0, 0.0), (SECOND, field.deadband * 0.9), (SECOND + 1, field.deadband * 1.8)]
    assert kept(creeping) == [0, SECOND + 1]


def test_arming_and_modes_never_wait() -> None:
    policy = StandardPolicy()
    assert policy.keeps(1, sample(heartbeat()), 0)
    assert not policy.keeps(1, sample(heartbeat()), 1000)
    assert policy.keeps(1, sample(heartbeat(base_mode=209)), 2000)
    assert policy.keeps(1, sample(heartbeat(base_mode=209, custom_mode=6)), 3000)


def test_series_do_not_hold_each_other_up() -> None:
    policy = StandardPolicy()
    first, second = (
        sample(message("BATTERY_STATUS", id=number, battery_remaining=50)) for number in (0, 1)
    )
    assert policy.keeps(1, first, 0)
    assert policy.keeps(1, second, 0)
    assert policy.keeps(2, first, 0)
    assert not policy.keeps(1, first, 1)


def test_channels_that_nobody_needs_are_left_out() -> None:
    quaternion = sample(message("ATTITUDE_QUATERNION", q1=1))
    assert not StandardPolicy().keeps(1, quaternion, 0)


def test_a_clock_that_goes_back_never_silences_a_series() -> None:
    policy = StandardPolicy()
    assert policy.keeps(1, attitude(0.0), 10**15)
    assert policy.keeps(1, attitude(0.0), 5)
    assert not policy.keeps(1, attitude(0.0), 6)


def test_a_value_that_becomes_null_or_known_again_has_moved() -> None:
    policy = StandardPolicy()
    known, unknown = (
        sample(message("BATTERY_STATUS", battery_remaining=percent)) for percent in (50, -1)
    )
    for n, each in enumerate((known, unknown, known)):
        assert policy.keeps(1, each, n * 9 * SECOND)


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), st.floats(-3, 3)), max_size=80))
def test_gaps_are_never_shorter_than_the_rate_nor_longer_than_the_silence(
    steps: list[tuple[int, float]],
) -> None:
    rate = CHANNELS["attitude"].rate
    policy = StandardPolicy()
    now = 0
    last: int | None = None
    for step, roll in steps:
        now += step
        keeps = policy.keeps(1, attitude(roll), now)
        if last is None:
            assert keeps
        elif keeps:
            assert (now - last) / SECOND >= 0.9 / rate.rate_hz
        else:
            assert (now - last) / SECOND < rate.silence_s
        if keeps:
            last = now


def attended() -> StandardPolicy:
    policy = StandardPolicy()
    policy.attended = {"attitude", "attitude_quaternion"}
    return policy


def test_what_somebody_looks_at_goes_out_at_the_rate_of_a_page() -> None:
    policy = attended()
    tiny = CHANNELS["attitude"].field_by_name["roll"].deadband / 20
    creeping = [(n * SECOND // 20, n * tiny) for n in range(20 * 10)]
    kept = [now for now, roll in creeping if policy.keeps(1, attitude(roll), now)]
    assert len(kept) == pytest.approx(ATTENDED_HZ * 10, abs=2)


def test_what_somebody_looks_at_and_does_not_change_is_said_once_a_second() -> None:
    policy = attended()
    kept = [n for n in range(500) if policy.keeps(1, attitude(0.5), n * SECOND // 50)]
    assert len(kept) == pytest.approx(ATTENDED_SILENCE_S * 10, abs=2)


def test_attention_changes_no_other_channel_and_brings_none_that_is_left_out() -> None:
    policy = attended()
    position = sample(message("GLOBAL_POSITION_INT", alt=1000))
    assert policy.keeps(1, position, 0)
    assert not policy.keeps(1, position, SECOND)
    assert not policy.keeps(1, sample(message("ATTITUDE_QUATERNION", q1=1)), 0)


def test_after_attention_the_policy_holds_again() -> None:
    policy = attended()
    assert policy.keeps(1, attitude(0.0), 0)
    assert policy.keeps(1, attitude(0.5), SECOND // 5)
    policy.attended = ()
    assert not policy.keeps(1, attitude(1.0), 2 * SECOND // 5)
    assert policy.keeps(1, attitude(1.0), SECOND + SECOND // 5)
