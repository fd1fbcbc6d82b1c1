"""Which messages are sent by themselves, and when the next one is due."""

import math

_OFF = math.inf
_SLOWEST_US = 2**31 - 1


class Streams:
    """Messages in intervals.

    Args:
        intervals_us: what is sent unasked, by message id.
        offset: 0 to 1: vehicles that start together do not send together.
    """

    def __init__(self, intervals_us: dict[int, int], offset: float = 0.0) -> None:
        self._default_us = dict(intervals_us)
        self._offset = offset
        self.intervals_us: dict[int, int] = {}
        """What is sent now."""
        self.shortest_s = _OFF
        """The shortest of them; infinity: nothing is sent."""
        self._due: dict[int, float] = {}
        self._next = _OFF

    def restart(self, now_s: float) -> None:
        """Begin anew with what is sent unasked."""
        self.intervals_us.clear()
        self._due.clear()
        self._next = self.shortest_s = _OFF
        for message_id, interval_us in self._default_us.items():
            self.set(message_id, interval_us, now_s)

    def set(self, message_id: int, interval_us: int, now_s: float) -> None:
        """Send a message in this interval; -1 stops it, 0 is the interval of the start."""
        if interval_us == 0:
            interval_us = self._default_us.get(message_id, -1)
        if interval_us < 0:
            self.intervals_us.pop(message_id, None)
            self._due.pop(message_id, None)
        else:
            # Faster than 1 kHz nothing here can be, slower than MESSAGE_INTERVAL can tell neither.
            interval_us = min(max(interval_us, 1000), _SLOWEST_US)
            self.intervals_us[message_id] = interval_us
            self._due[message_id] = now_s + self._offset * min(interval_us * 1e-6, 0.2)
        self._next = min(self._due.values(), default=_OFF)
        self.shortest_s = min(self.intervals_us.values(), default=_OFF) * 1e-6

    def due(self, now_s: float) -> list[tuple[int, float]]:
        """Messages that are due by now, each with its moment; in order of their moments."""
        if now_s < self._next:
            return []
        found = []
        for message_id, due_s in self._due.items():
            while due_s <= now_s:
                found.append((message_id, due_s))
                due_s += self.intervals_us[message_id] * 1e-6
            self._due[message_id] = due_s
        self._next = min(self._due.values(), default=_OFF)
        found.sort(key=lambda each: each[1])
        return found

    def skip(self, now_s: float) -> None:
        """Let pass what is due: nobody listens."""
        if now_s >= self._next:
            self.due(now_s)
