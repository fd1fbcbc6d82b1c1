"""The comparison: every sample that was sent is stored, excused, reported, or lost."""

from collections.abc import Sequence

import pytest
from aerostream_sim.faults.harm import Death, Harm, Window
from aerostream_sim.faults.ledger import Kind, Sent, attitude_of, sequence_of
from aerostream_sim.faults.stored import Content, Drop, Stored
from aerostream_sim.faults.verdict import Verdict, judge
from hypothesis import given
from hypothesis import strategies as st

T0_US = 1_800_000_000_000_000
D1 = "d1"


def sent(
    sequence: int,
    kind: Kind = Kind.POSITION,
    *,
    at_s: float | None = None,
    connected_s: float | None = 0.0,
    boot: int = 0,
    exact: bool = True,
) -> Sent:
    """A sample that was sent `at_s` seconds into the flight, by default its sequence."""
    at_s = float(sequence) if at_s is None else at_s
    return Sent(kind, sequence, us(at_s), at_s, connected_s, boot, exact)


def us(at_s: float) -> int:
    return T0_US + round(at_s * 1e6)


def stored(sample: Sent, *, off_us: int = 0) -> Stored:
    return Stored(sample.kind, sample.sequence, sample.true_us + off_us)


def verdict(
    ledger: Sequence[Sent],
    rows: Sequence[Stored],
    deaths: Sequence[Death] = (),
    drops: Sequence[Drop] = (),
    harm: Harm | None = None,
) -> Verdict:
    """What is found where the drone's disk was full at some time, unless another harm is given."""
    harm = harm or Harm(deaths=list(deaths), full={D1})
    return judge({D1: ledger}, Content({D1: list(rows)}, list(drops)), harm)


def dropped(from_s: float, to_s: float, *, samples: int = 0, events: int = 0) -> Drop:
    return Drop(D1, us(from_s), us(to_s), samples, events, "full")


LEDGER = [sent(sequence) for sequence in range(1, 11)]
ROWS = [stored(each) for each in LEDGER]


def test_what_is_stored_once_under_its_time_is_good() -> None:
    found = verdict(LEDGER, ROWS)
    assert found == Verdict(sent=10, stored=10)
    assert found.good


def test_what_is_missing_without_a_reason_is_lost() -> None:
    found = verdict(LEDGER, ROWS[:4] + ROWS[5:])
    assert (found.stored, found.lost, found.good) == (9, 1, False)
    assert [missing.sent.sequence for missing in found.missing] == [5]


def test_what_is_stored_twice_is_duplicated_under_whatever_time() -> None:
    found = verdict(LEDGER, [*ROWS, stored(LEDGER[3], off_us=17), stored(LEDGER[3], off_us=18)])
    assert (found.stored, found.duplicated, found.good) == (10, 2, False)


def test_what_was_never_sent_is_unknown() -> None:
    found = verdict(LEDGER, [*ROWS, Stored(Kind.POSITION, 99, T0_US)])
    assert (found.stored, found.unknown, found.good) == (10, 1, False)


def test_rows_of_a_drone_without_a_ledger_are_unknown() -> None:
    assert judge({}, Content({D1: ROWS}, []), Harm()).unknown == 10


def test_the_same_sequence_of_another_message_is_another_sample() -> None:
    ledger = [sent(1), sent(1, Kind.ATTITUDE)]
    assert verdict(ledger, [stored(ledger[0])]).lost == 1


def test_what_was_sent_from_a_kill_until_the_agent_must_be_back_is_not_captured() -> None:
    away = [sent(n, connected_s=None) for n in range(11, 16)]
    death = Death(D1, at_s=11.5, samples_s=1.25, events_s=0.5, until_s=13.5)
    found = verdict([*LEDGER, *away], ROWS, [death])
    assert found.not_captured == 2
    # 11 had no agent before the kill already, and 14 and 15 have none after its time to start.
    assert [each.sent.sequence for each in found.missing] == [11, 14, 15]


def test_an_agent_that_is_away_though_nobody_killed_it_loses_what_is_sent() -> None:
    ledger = [*LEDGER, sent(11, connected_s=None)]
    assert [each.sent.sequence for each in verdict(ledger, ROWS).missing] == [11]
    elsewhere = Death("d2", at_s=10.5, samples_s=1.25, events_s=0.5)
    assert verdict(ledger, ROWS, [elsewhere]).lost == 1


def test_until_the_next_agent_is_started_a_kill_excuses_without_end() -> None:
    ledger = [*LEDGER, sent(11, at_s=1e6, connected_s=None)]
    assert verdict(ledger, ROWS, [Death(D1, 10.5, 0.0, 0.0)]).not_captured == 1


def test_what_was_sent_just_before_a_kill_may_be_missing_and_nothing_before_it() -> None:
    death = Death(D1, at_s=8.5, samples_s=1.25, events_s=0.25)
    found = verdict(LEDGER, ROWS[:5], [death])
    # 6 and 7 were sent too early to be excused; 8, and what still went to the dead, are.
    assert [each.sent.sequence for each in found.missing] == [6, 7]
    assert found.not_captured == 3


def test_a_death_excuses_nothing_that_went_to_the_next_agent() -> None:
    death = Death(D1, at_s=3.5, samples_s=1.25, events_s=0.25)
    ledger = [sent(n, connected_s=0.0 if n < 4 else 4.0) for n in range(1, 7)]
    found = verdict(ledger, [], [death])
    assert [each.sent.sequence for each in found.missing] == [1, 2, 4, 5, 6]


def test_a_death_of_another_drone_excuses_nothing() -> None:
    assert verdict(LEDGER, [], [Death("d2", 10.0, 100.0, 100.0)]).lost == 10


def test_events_are_excused_for_a_shorter_time_than_samples() -> None:
    ledger = [sent(1, at_s=8.0), sent(1, Kind.TEXT, at_s=8.0)]
    found = verdict(ledger, [], [Death(D1, 8.5, samples_s=1.25, events_s=0.25)])
    assert [each.sent.kind for each in found.missing] == [Kind.TEXT]


def test_what_is_stored_in_spite_of_a_kill_counts_as_stored() -> None:
    assert verdict(LEDGER, ROWS, [Death(D1, 10.0, 100.0, 100.0)]).not_captured == 0


def test_a_report_explains_as_many_as_it_says_within_its_time() -> None:
    drop = dropped(2, 6, samples=3)
    found = verdict(LEDGER, ROWS[6:], drops=[drop])
    # 1 is before its time, and of the five from 2 to 6 it explains three.
    assert (found.dropped, found.lost) == (3, 3)


def test_a_report_of_events_explains_texts_and_one_of_samples_does_not() -> None:
    ledger = [sent(1, Kind.TEXT), sent(2, Kind.TEXT)]
    assert verdict(ledger, [], drops=[dropped(0, 3, samples=5)]).lost == 2
    assert verdict(ledger, [], drops=[dropped(0, 3, events=1)]).dropped == 1


@pytest.mark.parametrize("reason", ["age", "refused", "damaged", ""])
def test_a_report_of_anything_but_a_full_disk_explains_nothing(reason: str) -> None:
    drop = dropped(0, 99, samples=10)._replace(reason=reason)
    assert verdict(LEDGER, [], drops=[drop]).lost == 10


def test_a_report_of_a_disk_that_nobody_filled_explains_nothing() -> None:
    drops = [dropped(0, 99, samples=10)]
    assert verdict(LEDGER, [], drops=drops, harm=Harm(full={"d2"})).lost == 10
    assert verdict(LEDGER, [], drops=drops, harm=Harm(full={D1})).dropped == 10


def test_a_report_of_what_is_stored_after_all_changes_nothing() -> None:
    drop = dropped(0, 99, samples=10, events=1)
    assert verdict(LEDGER, ROWS, drops=[drop]) == Verdict(sent=10, stored=10)


@pytest.mark.parametrize("off_us", [1, -1, 3_600_000_000])
def test_a_time_that_the_agent_was_told_is_exact(off_us: int) -> None:
    found = verdict(LEDGER, [*ROWS[1:], stored(LEDGER[0], off_us=off_us)])
    assert (found.out_of_order, found.good) == (1, False)
    assert [each.sent.sequence for each in found.misplaced] == [1]


@pytest.mark.parametrize("kind", [Kind.HEARTBEAT, Kind.TEXT])
def test_a_message_without_a_time_of_its_own_is_stored_soon_after_it_was_sent(kind: Kind) -> None:
    ledger = [sent(1, kind)]
    assert verdict(ledger, [stored(ledger[0], off_us=800_000)]).good
    assert verdict(ledger, [stored(ledger[0], off_us=3_600_000_000)]).out_of_order == 1


def test_where_the_agent_was_not_told_the_time_samples_may_be_off_but_stay_in_order() -> None:
    ledger = [sent(n, exact=False) for n in range(1, 5)]
    rows = [stored(each, off_us=-86_400_000_000) for each in ledger]
    assert verdict(ledger, rows).good
    turned = [*rows[:2], rows[2]._replace(time_us=rows[0].time_us - 5), rows[3]]
    assert verdict(ledger, turned).out_of_order == 1


def unstamped(told_s: float) -> list[Sent]:
    """Positions of a boot whose time the agent learns at `told_s` only."""
    told = sent(0, Kind.SYSTEM_TIME, at_s=told_s)
    return [*(sent(n, exact=False) for n in range(1, int(told_s) + 1)), told]


@pytest.mark.parametrize(
    ("harm", "misplaced"),
    [
        (Harm(broker_down=[Window(1.5, 9.0)]), [3, 4]),
        (Harm(broker_down=[Window(1.5, 5.2)]), []),
        (Harm(broker_down=[Window(1.5, 9.0)], bad_links={"d2": [Window(0.0, 9.0)]}), [3, 4]),
        (Harm(broker_down=[Window(1.5, 9.0)], bad_links={D1: [Window(0.0, 2.0)]}), []),
        (Harm(broker_down=[Window(1.5, 9.0)], deaths=[Death(D1, 7.0, 0.0, 0.0)]), []),
        (Harm(broker_down=[Window(1.5, 9.0)], deaths=[Death(D1, 8.0, 0.0, 0.0)]), [3, 4]),
        (Harm(bad_links={D1: [Window(0.0, 9.0)]}), []),
    ],
    ids=[
        "no broker from before until a second after",
        "a broker again too soon",
        "another drone's link was cut",
        "a link that was cut, into which it may have published",
        "an agent that died before it had noted the time",
        "an agent that died later",
        "only a link that was cut",
    ],
)
def test_what_an_agent_without_a_broker_holds_when_it_learns_the_time_must_be_exact(
    harm: Harm, misplaced: list[int]
) -> None:
    ledger = unstamped(told_s=4.5)
    rows = [stored(each, off_us=17 if each.kind is Kind.POSITION else 0) for each in ledger]
    found = verdict(ledger, rows, harm=harm)
    assert [each.sent.sequence for each in found.misplaced] == misplaced
    assert verdict(ledger, [stored(each) for each in ledger], harm=harm).good


def test_what_was_restamped_in_time_may_be_among_what_was_not() -> None:
    ledger = [sent(n, exact=False) for n in range(1, 5)]
    rows = [stored(each, off_us=86_400_000_000 if each.sequence < 3 else 0) for each in ledger]
    assert verdict(ledger, rows).good


def test_a_new_boot_or_agent_begins_an_order_of_its_own() -> None:
    for second in (sent(2, exact=False, boot=1), sent(2, exact=False, connected_s=1.5)):
        ledger = [sent(1, exact=False), second]
        rows = [stored(ledger[0], off_us=86_400_000_000), stored(ledger[1], off_us=-1)]
        assert verdict(ledger, rows).good


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from("skcx")), max_size=60),
    st.lists(st.floats(0, 60), max_size=4),
)
def test_every_sample_is_counted_once(fates: list[tuple[Kind, str]], killed: list[float]) -> None:
    ledger = [
        sent(n, kind, connected_s=None if fate == "x" else 0.0)
        for n, (kind, fate) in enumerate(fates)
    ]
    rows = [stored(each) for each, (_, fate) in zip(ledger, fates, strict=True) if fate in "sc"]
    rows += [stored(each, off_us=1) for each, (_, f) in zip(ledger, fates, strict=True) if f == "c"]
    found = verdict(ledger, rows, [Death(D1, at_s, 1.0, 0.5) for at_s in killed])
    assert found.sent == len(ledger)
    assert found.sent == found.stored + found.not_captured + found.dropped + found.lost
    assert found.stored + found.duplicated + found.unknown == len(rows)
    assert found.lost == len(found.missing)
    if not killed:
        assert found.lost == sum(fate in "kx" for _, fate in fates)


def test_verdicts_add_up() -> None:
    one = Verdict(1, 2, 3, 4, 5, 6, 7, 8)
    assert one + Verdict(10, 20, 30, 40, 50, 60, 70, 80) == Verdict(11, 22, 33, 44, 55, 66, 77, 88)


@given(st.integers(0, 500_000_000 // 1000))
def test_an_attitude_carries_a_sequence(sequence: int) -> None:
    assert sequence_of(*attitude_of(sequence)) == sequence
