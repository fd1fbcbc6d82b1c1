"""Recorded flights, sent at the speed of their recording, over and over."""

import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.flights import Packet, Stretch

_TICK_S = 0.002


def play(
    flights: Sequence[tuple[Stretch, Callable[[bytes], None]]],
    seconds: float,
    from_s: float,
    *,
    idle: Callable[[], None] = lambda: None,
) -> None:
    """Send what flights have from some second on; a flight that is over starts again.

    Args:
        flights: each with what takes its packets.
        seconds: how long.
        from_s: where to begin, counted from the flights' first start.
        idle: called after each moment in which there was nothing to send.
    """
    due = sorted(
        (at_s, index, data)
        for index, (stretch, _) in enumerate(flights)
        for at_s, data in _repeated(stretch.packets, from_s, from_s + seconds)
    )
    start_s = time.monotonic() - from_s
    for at_s, index, data in due:
        early_s = at_s - (time.monotonic() - start_s)
        if early_s > _TICK_S:
            time.sleep(early_s)
            idle()
        flights[index][1](data)


def _repeated(
    packets: Sequence[Packet], from_s: float, until_s: float
) -> Iterator[tuple[float, bytes]]:
    length_s = packets[-1].at_s
    begin_s = 0.0
    while begin_s < until_s:
        for packet in packets:
            if from_s <= begin_s + packet.at_s < until_s:
                yield begin_s + packet.at_s, packet.data
        begin_s += length_s
