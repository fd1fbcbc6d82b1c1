"""Asking the autopilot for rates: one question at a time, and what follows each answer."""

import pytest
from aerostream_contract.channels import AGENT_SOURCE, CHANNELS
from aerostream_contract.mavlink import MESSAGES
from aerostream_edge.policy import RatePolicyName
from aerostream_edge.rates import Question, RateRequests, intervals

FULL, STANDARD = RatePolicyName.FULL, RatePolicyName.STANDARD
SET_MESSAGE_INTERVAL, REQUEST_MESSAGE = 511, 512
ACCEPTED, DENIED, UNSUPPORTED, FAILED = 0, 2, 3, 4


def asking(policy: RatePolicyName = STANDARD, arriving: list[int] | None = None) -> RateRequests:
    requests = RateRequests(policy)
    requests.begin(arriving or [])
    return requests


def name_asked(question: Question) -> str:
    message = MESSAGES.get(int(question.fields["param1"]))
    assert message is not None
    return message.name


def conversation(requests: RateRequests, result: int = ACCEPTED) -> list[Question]:
    """All questions of an autopilot that answers each at once."""
    questions = []
    now_s = 0.0
    while (question := requests.next(now_s)) is not None:
        questions.append(question)
        if question.message == "COMMAND_LONG":
            requests.answered(question.fields["command"], result)
        now_s += 0.1
    return questions


def test_nothing_is_asked_before_it_begins() -> None:
    assert RateRequests(STANDARD).next(0.0) is None


def test_every_message_of_the_policy_is_asked_for_once() -> None:
    questions = conversation(asking())
    asked = {name_asked(q): q.fields for q in questions if q.fields["command"] == 511}
    assert {name: fields["param2"] for name, fields in asked.items()} == {
        name_of(message_id): interval for message_id, interval in intervals(STANDARD).items()
    }
    assert len(questions) == len(asked) + 2
    once = [name_asked(q) for q in questions if q.fields["command"] == REQUEST_MESSAGE]
    assert once == ["AUTOPILOT_VERSION", "HOME_POSITION"]


def name_of(message_id: int) -> str:
    message = MESSAGES.get(message_id)
    assert message is not None
    return message.name


@pytest.mark.parametrize("policy", [FULL, STANDARD])
def test_intervals_are_those_of_the_channel_table(policy: RatePolicyName) -> None:
    wanted = intervals(policy)
    for channel in CHANNELS.values():
        for source in channel.sources:
            if source.message in (AGENT_SOURCE, "HEARTBEAT", "RADIO_STATUS", "STATUSTEXT"):
                continue
            interval = wanted.get(MESSAGES.named(source.message).id)
            if policy is FULL:
                assert interval is not None
                assert interval <= 250_000
            elif channel.rate.rate_hz:
                assert interval == round(1e6 / channel.rate.rate_hz)
            else:
                assert interval is None
    assert MESSAGES.named("HEARTBEAT").id not in wanted


def test_the_next_question_waits_for_the_answer_to_the_last() -> None:
    requests = asking()
    first = requests.next(0.0)
    assert first is not None
    assert requests.next(0.5) is None
    requests.answered(SET_MESSAGE_INTERVAL, ACCEPTED)
    second = requests.next(0.6)
    assert second is not None
    assert name_asked(second) != name_asked(first)


def test_answers_to_other_commands_are_not_ours() -> None:
    requests = asking()
    requests.next(0.0)
    for command in (400, REQUEST_MESSAGE):
        requests.answered(command, ACCEPTED)
    assert requests.next(0.5) is None


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    requests = asking()
    requests.answered(SET_MESSAGE_INTERVAL, ACCEPTED)
    assert len(conversation(requests)) == len(intervals(STANDARD)) + 2


def test_an_autopilot_without_message_intervals_is_asked_for_streams() -> None:
    questions = conversation(asking(), UNSUPPORTED)
    assert questions[0].message == "COMMAND_LONG"
    assert {q.message for q in questions[1:]} == {"REQUEST_DATA_STREAM"}
    assert [q.fields["req_stream_id"] for q in questions[1:]] == [1, 2, 3, 6, 10, 11, 12]
    assert all(q.fields["start_stop"] == 1 for q in questions[1:])
    assert all(q.fields["req_message_rate"] == 2 for q in questions[1:])


def test_an_autopilot_that_never_answers_is_asked_three_times_and_then_for_streams() -> None:
    requests = asking(FULL)
    asked = []
    for tenth in range(100):
        question = requests.next(tenth / 10)
        if question is not None:
            asked.append(question)
    commands = [q for q in asked if q.message == "COMMAND_LONG"]
    assert [q.fields["confirmation"] for q in commands] == [0, 1, 2]
    assert len({name_asked(q) for q in commands}) == 1
    assert [q.message for q in asked[3:]] == ["REQUEST_DATA_STREAM"] * 7
    assert all(q.fields["req_message_rate"] == 4 for q in asked[3:])


def test_a_single_lost_answer_costs_that_message_only() -> None:
    requests = asking()
    first = requests.next(0.0)
    assert first is not None
    requests.answered(SET_MESSAGE_INTERVAL, ACCEPTED)
    silent = [requests.next(now_s) for now_s in (1.0, 2.0, 3.0)]
    assert len({name_asked(q) for q in silent if q is not None}) == 1
    assert None not in silent
    following = requests.next(4.0)
    assert following is not None
    assert following.message == "COMMAND_LONG"
    assert name_asked(following) != name_asked(silent[0] or following)


@pytest.mark.parametrize("result", [DENIED, FAILED])
def test_a_message_that_is_refused_is_noted_and_the_next_one_asked(result: int) -> None:
    requests = asking()
    first = requests.next(0.0)
    assert first is not None
    requests.answered(SET_MESSAGE_INTERVAL, result)
    assert requests.refused == [name_asked(first)]
    assert requests.next(0.1) is not None


def test_policy_full_leaves_what_arrives_alone() -> None:
    arriving = [MESSAGES.named(name).id for name in ("ATTITUDE", "RAW_IMU")]
    asked = {name_asked(q) for q in conversation(asking(FULL, arriving))}
    assert not asked & {"ATTITUDE", "RAW_IMU"}
    assert "VFR_HUD" in asked


def test_policy_standard_sets_the_rate_of_what_arrives_too() -> None:
    arriving = [MESSAGES.named("ATTITUDE").id]
    assert "ATTITUDE" in {name_asked(q) for q in conversation(asking(STANDARD, arriving))}


def test_beginning_again_asks_for_everything_again() -> None:
    requests = asking()
    before = conversation(requests, UNSUPPORTED)
    requests.begin([])
    assert conversation(requests, UNSUPPORTED) == before


def set_intervals(questions: list[Question]) -> list[tuple[str, float]]:
    """What was asked for, and at which interval in µs."""
    return [
        (name_asked(q), q.fields["param2"])
        for q in questions
        if q.fields.get("command") == SET_MESSAGE_INTERVAL
    ]


def test_what_somebody_looks_at_is_asked_for_faster_once_and_put_back() -> None:
    requests = asking()
    conversation(requests)
    requests.attend({"position", "gps"})
    faster = [("GLOBAL_POSITION_INT", 2e5), ("GPS_RAW_INT", 2e5), ("GPS2_RAW", 2e5)]
    assert set_intervals(conversation(requests)) == faster
    requests.attend({"gps", "position"})
    assert conversation(requests) == []
    requests.attend({"position"})
    assert set_intervals(conversation(requests)) == [("GPS_RAW_INT", 5e6), ("GPS2_RAW", 5e6)]
    requests.attend(())
    assert set_intervals(conversation(requests)) == [("GLOBAL_POSITION_INT", 1e6)]


def test_attention_that_lapses_before_it_was_asked_for_asks_nothing() -> None:
    requests = asking()
    conversation(requests)
    requests.attend({"position", "gps"})
    first = requests.next(50.0)
    assert first is not None
    requests.attend(())
    requests.answered(SET_MESSAGE_INTERVAL, ACCEPTED)
    assert set_intervals([first]) == [("GLOBAL_POSITION_INT", 2e5)]
    assert set_intervals(conversation(requests)) == [("GLOBAL_POSITION_INT", 1e6)]


def test_attention_before_the_beginning_counts_in_it() -> None:
    requests = RateRequests(STANDARD)
    requests.attend({"position"})
    assert conversation(requests) == []
    requests.begin([])
    asked = set_intervals(conversation(requests))
    assert ("GLOBAL_POSITION_INT", 2e5) in asked
    assert len(asked) == len(intervals(STANDARD))


def test_an_autopilot_that_boots_while_somebody_looks_is_asked_for_the_faster_rate() -> None:
    requests = asking()
    conversation(requests)
    requests.attend({"position"})
    conversation(requests)
    requests.begin([])
    assert ("GLOBAL_POSITION_INT", 2e5) in set_intervals(conversation(requests))


def test_an_autopilot_without_message_intervals_is_asked_nothing_for_attention() -> None:
    requests = asking()
    conversation(requests, UNSUPPORTED)
    requests.attend({"position"})
    assert conversation(requests) == []


def test_a_message_that_the_autopilot_does_not_have_is_not_asked_for_again() -> None:
    requests = asking()
    conversation(requests, DENIED)
    requests.attend({"position"})
    assert conversation(requests) == []


def test_policy_full_asks_nothing_for_attention() -> None:
    requests = asking(FULL)
    conversation(requests)
    requests.attend(set(CHANNELS))
    assert conversation(requests) == []


def test_attention_asks_for_no_channel_that_the_policy_leaves_out() -> None:
    requests = asking()
    conversation(requests)
    requests.attend(set(CHANNELS))
    asked = dict(set_intervals(conversation(requests)))
    assert "ATTITUDE_QUATERNION" not in asked
    assert set(asked.values()) == {2e5}
