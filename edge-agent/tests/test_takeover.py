"""Who notices that its name was taken, from a broker that only hangs up."""

from aerostream_edge.takeover import Contest


def kicked(contest: Contest, times: int, *, start_s: float, by_reason: bool = False) -> bool:
    """Connect and lose the connection a second later, again and again; the last verdict."""
    verdict = False
    for turn in range(times):
        contest.connected(start_s + 2 * turn, session_present=True)
        verdict = contest.disconnected(start_s + 2 * turn + 1, by_reason=by_reason)
    return verdict


def established() -> Contest:
    contest = Contest()
    contest.connected(0, session_present=False)
    assert not contest.disconnected(100, by_reason=False)
    return contest


def test_the_first_of_two_stops_after_three_short_connections() -> None:
    contest = established()
    assert not kicked(contest, 2, start_s=101)
    assert kicked(contest, 1, start_s=105)


def test_one_that_found_no_session_was_there_first_even_if_not_for_long() -> None:
    contest = Contest()
    contest.connected(0, session_present=False)
    contest.disconnected(2, by_reason=False)
    assert kicked(contest, 3, start_s=3)


def test_the_newcomer_goes_on() -> None:
    assert not kicked(Contest(), 50, start_s=0)


def test_a_newcomer_that_stayed_is_the_first_of_the_next_contest() -> None:
    contest = Contest()
    assert not kicked(contest, 3, start_s=0)
    contest.connected(10, session_present=True)
    assert not contest.disconnected(30, by_reason=False)
    assert kicked(contest, 3, start_s=31)


def test_a_lost_network_is_no_contest() -> None:
    contest = established()
    for turn in range(20):
        contest.connected(200 + 40 * turn, session_present=True)
        assert not contest.disconnected(207 + 40 * turn, by_reason=False)


def test_a_broker_that_forgets_us_each_time_is_no_contest() -> None:
    contest = established()
    for turn in range(20):
        contest.connected(200 + 2 * turn, session_present=False)
        assert not contest.disconnected(201 + 2 * turn, by_reason=False)


def test_a_broker_that_says_why_is_believed() -> None:
    assert not kicked(established(), 20, start_s=101, by_reason=True)


def test_an_end_without_a_beginning_says_nothing() -> None:
    assert not Contest().disconnected(5, by_reason=False)
