"""Tells that another client took our name, from brokers that do not say so.

MQTT 5 has the reason 0x8E for it, but Mosquitto 2.0.11 just hangs up. Two agents with one name
then throw each other out for ever. What gives it away: right after each CONNACK, with our session
present, the connection is closed without a word, again and again. No lost network looks so.
The one that was there first is the one to stop: it had been connected for a while, or it found no
session under its name when it came, while a newcomer finds the other's.
"""

_LONG_S = 10.0
"""A connection that lasted so long was established before any contest."""
_SHORT_S = 5.0
"""A contested connection ends earlier than this."""
_KICKS = 3


class Contest:
    """Follows the connections of one client; times are of a monotonic clock."""

    def __init__(self) -> None:
        self._connected_s: float | None = None
        self._session_present = False
        self._established = False
        self._kicks = 0

    def connected(self, now_s: float, *, session_present: bool) -> None:
        """The broker accepted a connection."""
        if not session_present:
            self._established = True
        self._connected_s = now_s
        self._session_present = session_present

    def disconnected(self, now_s: float, *, by_reason: bool) -> bool:
        """A connection ended; True where that proves that a newcomer took our name.

        Args:
            now_s: when.
            by_reason: the broker said why.
        """
        if self._connected_s is None:
            return False
        lasted_s = now_s - self._connected_s
        self._connected_s = None
        if lasted_s >= _LONG_S:
            self._established, self._kicks = True, 0
        elif lasted_s < _SHORT_S and self._session_present and not by_reason:
            self._kicks += 1
        else:
            self._kicks = 0
        return self._established and self._kicks >= _KICKS
