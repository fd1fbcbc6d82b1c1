"""Which of two samples of a series is the newer one, by the time that each carries. Pure."""

CORRECTION_US = 10_000_000
"""Live samples come nearly in order, so one that is older by more is of a corrected clock."""


def newest(times: list[int]) -> int:
    """Row of the newest sample of a block, whose times may step back."""
    if times[-1] == max(times):  # nearly always, and much quicker
        return len(times) - 1
    row = 0
    for candidate in range(1, len(times)):
        if follows(times[candidate], times[row]):
            row = candidate
    return row


def follows(time_us: int, before_us: int) -> bool:
    """Whether a sample that came later is also the newer one.

    Until the autopilot tells the time, samples carry the host's clock, which may be ahead by
    years: the first ones after the correction must not wait until it is overtaken.
    """
    return time_us > before_us or time_us < before_us - CORRECTION_US
