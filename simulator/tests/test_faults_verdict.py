"""The comparison: every sample that was sent is stored, excused, reported, or lost."""

from collections.abc import Sequence

import pytest
from aerostream_sim.faults.ledger import Kind, Sent, attitude_of, sequence_of
from aerostream_sim.faults.stored import Content, Drop, Stored
from aerostream_sim.faults.verdict import Death, Verdict, judge
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
) -> Verdict:
    return judge({D1: ledger}, Content({D1: list(rows)}, list(drops)), deaths)


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
    assert judge({}, Content({D1: ROWS}, []), []).unknown == 10


def test_the_same_sequence_of_another_message_is_another_sample() -> None:
    ledger = [sent(1), sent(1, Kind.ATTITUDE)]
    assert verdict(ledger, [stored(ledger[0])]).lost == 1


def test_what_was_sent_while_no_agent_was_there_is_not_captured() -> None:
    ledger = [*LEDGER, sent(11, connected_s=None)]
    assert verdict(ledger, ROWS) == Verdict(sent=11, stored=10, not_captured=1)


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
    drop = Drop(D1, us(2), us(6), samples=3, frames=0)
    found = verdict(LEDGER, ROWS[6:], drops=[drop])
    # 1 is before its time, and of the five from 2 to 6 it explains three.
    assert (found.dropped, found.lost) == (3, 3)


def test_a_report_of_frames_explains_events_and_one_of_samples_does_not() -> None:
    ledger = [sent(1, Kind.TEXT)]
    assert verdict(ledger, [], drops=[Drop(D1, us(0), us(2), samples=5, frames=0)]).lost == 1
    assert verdict(ledger, [], drops=[Drop(D1, us(0), us(2), samples=0, frames=1)]).dropped == 1


def test_a_report_of_what_is_stored_after_all_changes_nothing() -> None:
    drop = Drop(D1, us(0), us(99), samples=10, frames=1)
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
        assert found.lost == sum(fate == "k" for _, fate in fates)


def test_verdicts_add_up() -> None:
    one = Verdict(1, 2, 3, 4, 5, 6, 7, 8)
    assert one + Verdict(10, 20, 30, 40, 50, 60, 70, 80) == Verdict(11, 22, 33, 44, 55, 66, 77, 88)


@given(st.integers(0, 500_000_000 // 1000))
def test_an_attitude_carries_a_sequence(sequence: int) -> None:
    assert sequence_of(*attitude_of(sequence)) == sequence
