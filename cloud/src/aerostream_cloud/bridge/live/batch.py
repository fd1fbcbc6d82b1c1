"""What a group of subscriptions is told in one step: cut into parts, each encoded once. Pure."""

from collections.abc import Callable, Iterator, Sequence

from websockets.frames import Frame, Opcode

from aerostream_cloud.bridge.live import messages
from aerostream_cloud.bridge.live.changes import (
    UNENCODABLE,
    Change,
    Entry,
    EventEntry,
    GoneEntry,
    SampleEntry,
)

PART_BYTES = 256 * 1024
"""Where a message is cut; a single thing may be larger."""
SNAPSHOT_EVENTS = 200
"""Recent events in a snapshot."""
DELTA_EVENTS = 500
"""Events in a delta; the oldest of more are counted as missed."""


def text_frame(payload: bytes) -> bytes:
    """A WebSocket message as it goes over the wire, the same for every client."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


class Part:
    """A piece of a batch: one message, the same for all who are told it under one name."""

    def __init__(
        self, *, cursor: int, is_last: bool, missed_events: int, changes: Sequence[Change]
    ) -> None:
        self.cursor = cursor
        """The version up to which everything is known after it."""
        self.is_last = is_last
        self.oldest_s = min(
            (
                entry.arrived_s
                for _, entry in changes
                if isinstance(entry, SampleEntry) and entry.arrived_s is not None
            ),
            default=None,
        )
        """When the oldest of its samples arrived; None: it has none that came live."""
        self.was_sent = False
        """Whether some client has been told it."""
        self._missed_events = missed_events
        self._content = _content(changes)
        self._frames: dict[tuple[str, int | None], bytes] = {}

    def frame(self, subscription: str, origin: str, part: int | None) -> bytes:
        """The message for subscriptions of a name.

        Args:
            subscription: the name.
            origin: what the cursor begins with, so that it continues nothing else.
            part: counts in a snapshot; None: a delta.
        """
        key = (subscription, part)
        frame = self._frames.get(key)
        if frame is None:
            cursor = f"{origin}.{self.cursor}"
            if part is None:
                start = messages.delta_start(subscription, cursor, self._missed_events)
            else:
                more = not self.is_last
                start = messages.snapshot_start(subscription, cursor, part, more=more)
            frame = self._frames[key] = text_frame(b"%b%b}" % (start, self._content))
        return frame


class Batch:
    """The parts of one step, made when they are asked for.

    To be used up before the fleet changes again: entries are encoded as they are then.

    Args:
        changes: what is to be told, oldest change first.
        end: the version that is reached with the last part.
        is_snapshot: whether it begins or goes on with a snapshot.
        is_awaited: whether there is a part even where there is nothing to tell.
        leave_out: takes what cannot be encoded, and why.
        part_bytes: see `PART_BYTES`.
    """

    def __init__(
        self,
        changes: list[Change],
        *,
        end: int,
        is_snapshot: bool,
        is_awaited: bool,
        leave_out: Callable[[Entry, Exception], None],
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.end = end
        self.encoded = 0
        """Parts that were made."""
        if is_snapshot:
            changes = [change for change in changes if not isinstance(change[1], GoneEntry)]
        most = SNAPSHOT_EVENTS if is_snapshot else DELTA_EVENTS
        self._changes, self._missed = _newest_events(changes, most)
        self._is_awaited = is_awaited
        self._leave_out = leave_out
        self._part_bytes = part_bytes
        self._parts: list[Part] = []
        self._next = 0

    def parts(self) -> Iterator[Part]:
        """The parts, in order."""
        index = 0
        while index < len(self._parts) or self._make():
            yield self._parts[index]
            index += 1

    def _make(self) -> bool:
        """Make one more part; False: there is none."""
        changes, first = self._changes, self._next
        if first == len(changes) and (self._parts or not self._is_awaited):
            return False
        size, last = 0, first
        shown: list[Change] = []
        while last < len(changes) and (
            # What has one version goes into one part: the cursor could not tell it apart.
            size < self._part_bytes or changes[last][0] == changes[last - 1][0]
        ):
            entry = changes[last][1]
            try:
                size += len(entry.json()) + 1
            except UNENCODABLE as error:
                self._leave_out(entry, error)
            else:
                shown.append(changes[last])
            last += 1
        is_last = last == len(changes)
        self._next = last
        self._parts.append(
            Part(
                cursor=self.end if is_last else changes[last - 1][0],
                is_last=is_last,
                missed_events=self._missed if not self._parts else 0,
                changes=shown,
            )
        )
        self.encoded += 1
        return True


def _newest_events(changes: list[Change], most: int) -> tuple[list[Change], int]:
    """The changes without the oldest of too many events, and how many those were.

    Those that came late go first: an outage that ends must not push aside what happens now.
    """
    events = [entry for _, entry in changes if isinstance(entry, EventEntry)]
    missed = max(0, len(events) - most)
    if not missed:
        return changes, 0
    events.sort(key=lambda entry: not entry.is_late)
    left_out = set(events[:missed])
    return [change for change in changes if change[1] not in left_out], missed


def _content(changes: Sequence[Change]) -> bytes:
    """The members of a message, each a comma, a name and a list."""
    members: dict[str, list[bytes]] = {"gone": [], "drones": [], "samples": [], "events": []}
    for _, entry in changes:
        members[entry.member].append(entry.json())
    return b"".join(
        b',"%b":[%b]' % (name.encode(), b",".join(items))
        for name, items in members.items()
        if items
    )
