"""History keeps to its rate, leaves live data alone, and probes while the cloud is paused."""

import pytest
from aerostream_edge.spool.pace import Pace


def flown(
    pace: Pace, seconds: float, *, start_s: float = 1000, puback_s: float = 0.0
) -> list[tuple[float, int]]:
    """Send whatever is allowed for a time, in steps of 10 ms; when, and how many bytes."""
    sent: list[tuple[float, int]] = []
    taken_s = -1.0
    for step in range(round(seconds * 100)):
        now_s = start_s + step / 100
        if 0 < taken_s <= now_s:
            pace.taken(now_s)
            taken_s = -1.0
        size = pace.allows(now_s, 0)
        if size:
            pace.sent(size, now_s)
            sent.append((now_s, size))
            taken_s = now_s + puback_s
    return sent


@pytest.mark.parametrize("rate", [1000, 5000, 50_000, 1_000_000])
def test_the_rate_is_held_and_used(rate: int) -> None:
    total = sum(size for _, size in flown(Pace(rate=rate, window_bytes=1 << 40), 120))
    # What it may save up is one batch.
    assert rate * 120 * 0.9 <= total <= rate * 120 + 2 * 64 * 1024


def test_one_batch_at_a_time_is_on_its_way() -> None:
    pace = Pace(rate=1 << 30, window_bytes=1 << 40)
    assert pace.allows(0.0, 0) > 0
    pace.sent(10, 0.0)
    assert pace.allows(100.0, 0) == 0
    pace.taken(100.0)
    assert pace.allows(100.0, 0) > 0
    pace.sent(10, 100.0)
    pace.disconnected()
    assert pace.allows(100.0, 0) > 0


def test_batches_shrink_on_a_thin_link_and_grow_again_on_a_fat_one() -> None:
    pace = Pace(rate=1 << 20, window_bytes=1 << 40)
    thin = flown(pace, 60, puback_s=1.0)
    assert thin[-1][1] == 2048
    pace.disconnected()
    assert flown(pace, 20, start_s=2000)[-1][1] == 64 * 1024


def test_nothing_goes_while_the_window_is_full() -> None:
    pace = Pace(rate=50_000, window_bytes=1000)
    assert pace.allows(0.0, 999) > 0
    assert pace.allows(0.0, 1000) == 0


def test_while_the_cloud_is_paused_one_batch_goes_every_thirty_seconds() -> None:
    pace = Pace(rate=50_000, window_bytes=1 << 40)
    pace.paused = True
    times = [when for when, _ in flown(pace, 100)]
    assert times == pytest.approx([1000, 1030, 1060, 1090], abs=0.05)
    pace.paused = False
    assert len(flown(pace, 5, start_s=2000)) > 5
