"""Who is told what, and when: clients, groups of equal subscriptions, and the tick.

A client has no queue. A subscription has a version, up to which its client knows everything; each
tick tells what is newer, as long as the connection takes it. Who reads slowly is told less often,
and then what is newest.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple, Protocol

from aerostream_cloud.bridge.live import messages
from aerostream_cloud.bridge.live.area import Area
from aerostream_cloud.bridge.live.attention import AttentionBook
from aerostream_cloud.bridge.live.batch import PART_BYTES, Batch, text_frame
from aerostream_cloud.bridge.live.changes import Change
from aerostream_cloud.bridge.live.filter import Filter
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind

BUILD_S = 0.01
"""In one tick, boxes are filled for so long; the rest have to wait for the next."""
MAX_GROUPS = 2000
"""Different subscriptions of all clients together: each costs something in every tick."""
MAX_SUBSCRIPTIONS = 32
"""Subscriptions of one client."""
STALL_S = 10.0
"""Who reads nothing for so long is cut off."""
STALLED = 4008
"""The close code for it, in the metrics: the client itself sees none."""

_KINDS = ("hello", "snapshot", "delta", "heartbeat", "pong", "unsubscribed", "error")
_CURSOR = re.compile(r"(.+)\.([0-9]{1,16})\Z")


class Connection(Protocol):
    """What the hub needs of a connection."""

    on_writable: Callable[[], None]

    @property
    def can_write(self) -> bool:
        """Whether a message may be written now: the connection is open and little waits."""
        ...

    @property
    def waiting_bytes(self) -> int:
        """Bytes that this process keeps until the client reads."""
        ...

    @property
    def taken_bytes(self) -> int:
        """Bytes written that do not wait any more; when it grows, the client reads."""
        ...

    @property
    def close_code(self) -> int:
        """The code that the connection ended with; 1006 without one."""
        ...

    def write(self, frame: bytes) -> None:
        """Write a whole frame; without effect once the connection is closing."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Say goodbye; a client that does not answer is cut off soon, one that lags at once."""
        ...

    def give_up(self, code: int) -> None:
        """End the connection now, and what waits with it."""
        ...


class Viewer(NamedTuple):
    """A subscription, for the attention book."""

    client: int
    subscription: str


class Group:
    """Subscriptions that want the same; what one of them is told is made for all."""

    def __init__(self, fleet: Fleet, wanted: Filter, *, boot: str, part_bytes: int) -> None:
        self.wanted = wanted
        self.origin = f"{boot}.{hash(wanted) & 0xFFFFFFFF:08x}"
        """What its cursors begin with: who wants something else knows something else."""
        self.members: set[Subscription] = set()
        self._fleet = fleet
        self._area = None if wanted.box is None else Area(fleet, wanted, wanted.box)
        self._part_bytes = part_bytes
        self._batches: dict[tuple[int, int | None, bool], Batch] = {}

    @property
    def is_built(self) -> bool:
        """Whether it can be told anything yet."""
        return self._area is None or self._area.is_built

    def build(self) -> None:
        """Look who is inside the box."""
        if self._area is not None:
            self._area.build()

    def update(self) -> None:
        """Look who entered or left the box."""
        if self._area is not None:
            self._area.update()

    def reaches(self, version: int) -> bool:
        """Whether it can be told what happened since a version."""
        floor = 1 if self._area is None else self._area.floor
        changes = self._fleet.changes
        return version >= floor and changes.reaches(version, events=self.wanted.events)

    def batch(self, version: int, target: int | None, *, is_awaited: bool) -> Batch:
        """What is to be told after a version; up to `target` where a snapshot is under way.

        One that is awaited says so where there is nothing.
        """
        key = (version, target, is_awaited)
        batch = self._batches.get(key)
        if batch is None:
            changes = self._since(version)
            if target is not None:
                changes = [change for change in changes if change[0] <= target]
            batch = self._batches[key] = Batch(
                changes,
                end=self._fleet.version if target is None else target,
                is_snapshot=target is not None,
                is_awaited=is_awaited,
                leave_out=self._fleet.leave_out,
                part_bytes=self._part_bytes,
            )
        return batch

    def forget_batches(self) -> int:
        """The fleet will change; how many messages were encoded."""
        encoded = sum(batch.encoded for batch in self._batches.values())
        self._batches.clear()
        return encoded

    def _since(self, version: int) -> list[Change]:
        if self._area is not None:
            return self._area.since(version)
        return [(entry.version, entry) for entry in self._fleet.since(version, self.wanted)]


@dataclass(slots=True, eq=False)
class Subscription:
    """What one client is told under one name."""

    client: "Client"
    name: str
    group: Group
    version: int
    """Everything up to it is known to the client."""
    part: int | None = None
    """The next part of a snapshot that is under way."""
    target: int | None = None
    """The version at which that snapshot ends."""
    is_awaited: bool = True
    """Whether the client waits for an answer to its subscription."""


@dataclass(slots=True, eq=False)
class Client:
    """One connection and its subscriptions."""

    connection: Connection
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    errors: int = 0
    broker: bool = False
    """Whether the broker is connected, as the client was told last."""
    taken_bytes: int = 0
    taken_s: float | None = None
    """Since when nothing more was taken; None: nothing waits."""


class Hub:
    """Tells all clients.

    Args:
        fleet: what there is to tell.
        boot: the name of this start of the server, for cursors.
        metrics: what is counted.
        clock_s: a clock that never goes back.
        stall_s: see `STALL_S`.
        part_bytes: see `PART_BYTES`.
        max_groups: see `MAX_GROUPS`.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        boot: str,
        metrics: LiveMetrics,
        clock_s: Callable[[], float],
        stall_s: float = STALL_S,
        part_bytes: int = PART_BYTES,
        max_groups: int = MAX_GROUPS,
    ) -> None:
        self.attention = AttentionBook()
        self.clients: set[Client] = set()
        self.occupied = asyncio.Event()
        """Set while there are clients."""
        self._fleet = fleet
        self._boot = boot
        self._metrics = metrics
        self._clock_s = clock_s
        self._stall_s = stall_s
        self._part_bytes = part_bytes
        self._max_groups = max_groups
        self._groups: dict[Filter, Group] = {}
        self._told = 0
        """The version that the last tick brought those in step to."""
        self._longest_queue_bytes = 0
        self._sent = {kind: metrics.sent.labels(kind) for kind in _KINDS}
        self._delay = {flag: metrics.delay.labels(str(flag).lower()) for flag in (False, True)}

    def add(self, connection: Connection) -> Client:
        """A client came."""
        client = Client(connection)
        self.clients.add(client)
        self.occupied.set()
        connection.on_writable = lambda: self._go_on(client)
        self._metrics.connections.set(len(self.clients))
        return client

    def remove(self, client: Client) -> None:
        """A client went."""
        self.clients.discard(client)
        if not self.clients:
            self.occupied.clear()
        for name in list(client.subscriptions):
            self._end(client, name)
        self._metrics.connections.set(len(self.clients))
        self._metrics.count_closed(client.connection.close_code)

    def subscribe(
        self,
        client: Client,
        name: str,
        wanted: Filter,
        *,
        attention: bool = False,
        resume: str | None = None,
    ) -> None:
        """Begin a subscription, or replace the one of that name; the next tick tells it.

        Raises:
            ApiProblem: the clients together have too many different ones.
        """
        group = self._groups.get(wanted)
        if group is None and len(self._groups) >= self._max_groups:
            raise ApiProblem(
                ProblemKind.TOO_MUCH,
                f"all clients together have {self._max_groups} different subscriptions, "
                "no more are possible now",
            )
        self._end(client, name)
        group = self._groups.get(wanted)
        if group is None:
            group = self._groups[wanted] = Group(
                self._fleet, wanted, boot=self._boot, part_bytes=self._part_bytes
            )
        version = _version_of(resume, group.origin)
        subscription = Subscription(client, name, group, version)
        group.members.add(subscription)
        client.subscriptions[name] = subscription
        if attention and wanted.drones:
            self.attention.look(Viewer(id(client), name), wanted.drones, wanted.channels)
        self._count_subscriptions(1)

    def unsubscribe(self, client: Client, name: str) -> bool:
        """End a subscription; False: there is none of that name."""
        return self._end(client, name)

    def send(self, client: Client, payload: bytes, kind: str) -> None:
        """Send a message of one client's own."""
        self._write(client, text_frame(payload), kind)

    def greet(self, client: Client, time: str, *, broker: bool) -> None:
        """Send the first message."""
        client.broker = broker
        self.send(client, messages.hello(self._boot, time, broker=broker), "hello")

    def heartbeat(self, time: str, *, broker: bool, is_due: bool) -> None:
        """Send a sign of life to all who take it; unless it is due, only where it tells something.

        Args:
            time: the time, ISO 8601.
            broker: whether the broker is connected.
            is_due: whether it is time for all to hear one.
        """
        frame: bytes | None = None
        for client in self.clients:
            if client.connection.can_write and (is_due or client.broker is not broker):
                frame = frame or text_frame(messages.heartbeat(time, broker=broker))
                client.broker = broker
                self._write(client, frame, "heartbeat")

    def tick(self) -> None:
        """Tell everybody what is new."""
        started_s, built_s = perf_counter(), 0.0
        for group in self._groups.values():
            if group.is_built:
                group.update()
            elif not built_s or built_s < BUILD_S:
                begun_s = perf_counter()
                group.build()
                built_s += perf_counter() - begun_s
        version = self._fleet.version
        busy = False
        for group in self._groups.values():
            for subscription in group.members:
                if subscription.version != version or subscription.is_awaited:
                    self._tell(subscription)
                    busy = True
            self._metrics.encoded.inc(group.forget_batches())
        self._told = version
        if busy:
            self._metrics.tick.observe(perf_counter() - started_s)

    def look_after(self) -> None:
        """Part from clients for whom bytes wait and who take none."""
        now_s, waiting_bytes = self._clock_s(), 0
        for client in self.clients:
            connection = client.connection
            waiting = connection.waiting_bytes
            waiting_bytes += waiting
            taken = connection.taken_bytes
            if not waiting:
                client.taken_s = None
            elif client.taken_s is None or taken > client.taken_bytes:
                client.taken_s, client.taken_bytes = now_s, taken
            elif now_s - client.taken_s >= self._stall_s:
                connection.give_up(STALLED)
        self._metrics.waiting_bytes.set(waiting_bytes)

    def _tell(self, subscription: Subscription) -> None:
        """Tell one subscription what its connection takes now."""
        client, group = subscription.client, subscription.group
        if not client.connection.can_write or not group.is_built:
            return
        if not group.reaches(subscription.version):
            # Also where so much has happened since that some of it is forgotten.
            subscription.version, subscription.part = 0, 0
            subscription.target = self._fleet.version
            subscription.is_awaited = True
        conflated = subscription.version < self._told and not subscription.is_awaited
        batch = group.batch(
            subscription.version, subscription.target, is_awaited=subscription.is_awaited
        )
        for part in batch.parts():
            if not client.connection.can_write:
                return
            frame = part.frame(subscription.name, group.origin, subscription.part)
            self._write(client, frame, "delta" if subscription.part is None else "snapshot")
            subscription.version = part.cursor
            if subscription.part is not None:
                subscription.part += 1
            elif part.oldest_s is not None and not part.was_sent and not subscription.is_awaited:
                self._delay[conflated].observe(self._clock_s() - part.oldest_s)
            part.was_sent = True
        if conflated:
            self._metrics.conflated.inc()
        subscription.version = batch.end
        subscription.part = subscription.target = None
        subscription.is_awaited = False

    def _go_on(self, client: Client) -> None:
        """A client has read: what waits for it only is the rest of a snapshot."""
        for subscription in client.subscriptions.values():
            if subscription.part:
                subscription.group.update()
                self._tell(subscription)
                self._metrics.encoded.inc(subscription.group.forget_batches())

    def _write(self, client: Client, frame: bytes, kind: str) -> None:
        client.connection.write(frame)
        self._sent[kind].inc()
        self._metrics.sent_bytes.inc(len(frame))
        waiting = client.connection.waiting_bytes
        if waiting > self._longest_queue_bytes:
            self._longest_queue_bytes = waiting
            self._metrics.longest_queue_bytes.set(waiting)

    def _end(self, client: Client, name: str) -> bool:
        subscription = client.subscriptions.pop(name, None)
        if subscription is None:
            return False
        group = subscription.group
        group.members.discard(subscription)
        if not group.members:
            del self._groups[group.wanted]
        self.attention.look_away(Viewer(id(client), name))
        self._count_subscriptions(-1)
        return True

    def _count_subscriptions(self, change: int) -> None:
        self._metrics.subscriptions.inc(change)
        self._metrics.groups.set(len(self._groups))


def _version_of(cursor: str | None, origin: str) -> int:
    """The version in a cursor; 0 where it comes from elsewhere."""
    match = _CURSOR.match(cursor or "")
    return int(match[2]) if match and match[1] == origin else 0
