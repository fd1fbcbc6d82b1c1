"""A line between programs that speak TCP on this host, which can be cut and be bad.

The kernel's own emulation (netem) needs privileges and a module that is often missing, and would
strike everything on the loopback interface. This stands in the middle and treats the bytes as a bad
link would make TCP treat them: nothing is ever missing within a connection, out of order or twice.
"""

import asyncio
import contextlib
import errno
import random
import select
import socket
import struct
from collections import deque
from typing import NamedTuple

#: What is lost at once, as on Ethernet.
_SEGMENT_BYTES = 1448
#: Taken at once while the line is good.
_CHUNK_BYTES = 65_536
#: On the way in one direction of a connection; with more, the sender has to wait.
_WINDOW_BYTES = 262_144
#: Linux waits this long for an acknowledgement, on top of the round trip, and at most a minute.
_LEAST_TIMEOUT_S = 0.2
_LONGEST_TIMEOUT_S = 60.0
#: Of the connections stalled by a cut, how many end by a reset once it is over.
_RESETS = 0.5


class _Line:
    """What all connections share: whether the line is whole, how bad it is, and its counters."""

    def __init__(self, seed: int) -> None:
        self.whole = asyncio.Event()
        self.whole.set()
        self.loss = 0.0
        self.delay_s = 0.0
        self.random = random.Random(seed)

    @property
    def good(self) -> bool:
        return self.loss == 0.0 and self.delay_s == 0.0

    def journey_s(self) -> float:
        """How long the next segment is on its way, with what is sent again."""
        timeout_s = _LEAST_TIMEOUT_S + self.delay_s
        waited_s = 0.0
        while self.random.random() < self.loss and waited_s < _LONGEST_TIMEOUT_S:
            waited_s += timeout_s
            timeout_s *= 2
        return self.delay_s / 2 + waited_s


class _Item(NamedTuple):
    """What travels: bytes, none at the end of the stream, or a reset."""

    due: float
    data: bytes | None


class _Reset(Exception):
    """One end reset the connection, or can no longer be written to."""


class _Way:
    """One direction of a connection."""

    def __init__(self, *, line: _Line, source: socket.socket, sink: socket.socket) -> None:
        self._line = line
        self._source = source
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._on_the_way: deque[_Item] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.delivered = 0

    async def take(self) -> None:
        """Take what the source sends, until it ends."""
        due = 0.0
        data: bytes | None = b"-"
        while data:
            await self._room.wait()
            await self._line.whole.wait()
            most = _CHUNK_BYTES if self._line.good else _SEGMENT_BYTES
            try:
                data = await self._loop.sock_recv(self._source, most)
            except OSError:
                data = None
            # In order: one that is sent again holds up all behind it.
            due = max(due, self._loop.time() + self._line.journey_s())
            self._on_the_way.append(_Item(due, data))
            self._count(len(data or b""))
            self._arrived.set()

    async def give(self) -> None:
        """Deliver it to the sink when it is due and the line is whole, until it ends."""
        while True:
            await self._arrived.wait()
            item = self._on_the_way[0]
            # No deadline of asyncio's own: it would be rounded up for the many that are due.
            if (wait_s := item.due - self._loop.time()) > 0:
                await asyncio.sleep(wait_s)
            await self._line.whole.wait()
            if item.data is None:
                raise _Reset
            if not item.data:
                with contextlib.suppress(OSError):
                    self._sink.shutdown(socket.SHUT_WR)
                return
            await self._deliver(item.data)
            self._on_the_way.popleft()
            self._count(-len(item.data))
            if not self._on_the_way:
                self._arrived.clear()

    async def _deliver(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            # A cut in the middle of this stops it there: asyncio's sendall would go on.
            await self._line.whole.wait()
            try:
                sent = self._sink.send(rest)
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                raise _Reset from error
            else:
                self.delivered += sent
                rest = rest[sent:]

    async def _writable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._sink, _settle, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._sink)

    def _count(self, added: int) -> None:
        self._bytes += added
        if self._bytes < _WINDOW_BYTES:
            self._room.set()
        else:
            self._room.clear()


class _Connection:
    """Both directions of one connection, from the accepted socket to the target."""

    def __init__(self, *, line: _Line, client: socket.socket, target_port: int) -> None:
        self._line = line
        self._client = client
        self._target_port = target_port
        self._ways: tuple[_Way, _Way] | None = None

    @property
    def bytes_up(self) -> int:
        return self._ways[0].delivered if self._ways else 0

    @property
    def bytes_down(self) -> int:
        return self._ways[1].delivered if self._ways else 0

    async def run(self) -> None:
        """Carry the connection until both ends are done, or one resets it, or it is cancelled.

        Where it does not end by itself, both ends see a reset.
        """
        target = _socket()
        clean = False
        try:
            clean = await self._carry(target)
        except* _Reset:
            pass
        finally:
            for end in (self._client, target):
                if not clean:
                    _reset_when_closed(end)
                end.close()

    def abandon(self) -> None:
        """Reset it, where it was cancelled before it ever ran."""
        if self._client.fileno() >= 0:
            _reset_when_closed(self._client)
            self._client.close()

    async def _carry(self, target: socket.socket) -> bool:
        if not self._line.whole.is_set():
            await self._line.whole.wait()
            if _hung_up(self._client):
                # Its first packet never got through: to deliver what it said before it gave up
                # would be a connection from the past.
                return False
        await asyncio.sleep(self._line.delay_s)
        await self._line.whole.wait()
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(target, ("127.0.0.1", self._target_port))
        except OSError:
            return False
        up = _Way(line=self._line, source=self._client, sink=target)
        down = _Way(line=self._line, source=target, sink=self._client)
        self._ways = up, down
        async with asyncio.TaskGroup() as tasks:
            for way, name in ((up, "up"), (down, "down")):
                tasks.create_task(way.take(), name=f"proxy-take-{name}")
                tasks.create_task(way.give(), name=f"proxy-give-{name}")
        return True


class Proxy:
    """A listening port whose connections go to another port of this host.

    Args:
        target_port: where the connections go, on 127.0.0.1; it need not be open yet.
        seed: decides which segments are lost and which connections survive a cut.
    """

    def __init__(self, *, target_port: int, seed: int) -> None:
        self._target_port = target_port
        self._line = _Line(seed)
        self._listener: socket.socket | None = None
        self._running: asyncio.Task[None] | None = None
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._up_before = 0
        self._down_before = 0

    @property
    def port(self) -> int:
        """The port that listens; the same from `start` to `close`."""
        if self._listener is None:
            raise RuntimeError("the proxy was not started")
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def bytes_up(self) -> int:
        """Bytes delivered to the target so far."""
        return self._up_before + sum(each.bytes_up for each in self._connections.values())

    @property
    def bytes_down(self) -> int:
        """Bytes delivered to those who connected, so far."""
        return self._down_before + sum(each.bytes_down for each in self._connections.values())

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._listener = _socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self._running = asyncio.create_task(self._accept(), name="proxy")

    async def close(self) -> None:
        """Stop; connections are reset."""
        if self._running is None or self._listener is None:
            return
        running, self._running = self._running, None
        running.cancel()
        await asyncio.wait([running])
        self._listener.close()
        if not running.cancelled():
            running.result()

    def cut(self) -> None:
        """Let no byte pass from now on, without telling anybody.

        Connections stall. New ones seem to succeed, since the kernel accepts them, and hear
        nothing.
        """
        self._line.whole.clear()

    def mend(self) -> None:
        """Let bytes pass again.

        Of the connections that stalled or came meanwhile, some go on where they were, without
        having lost a byte; the others are reset, and what was on its way is lost with them.
        """
        if self._line.whole.is_set():
            return
        for task in list(self._connections):
            if self._line.random.random() < _RESETS:
                task.cancel()
        self._line.whole.set()

    def worsen(self, *, loss: float, delay_s: float) -> None:
        """Make the line worse, or good again by zeros.

        Args:
            loss: with this probability (0 to below 1) a segment is lost and waits for being sent
                again, after a timeout that doubles each time; what is behind it waits with it.
            delay_s: the round trip, seconds; half of it each way.

        Raises:
            ValueError: a value that no line can have.
        """
        if not 0.0 <= loss < 1.0 or delay_s < 0.0:
            raise ValueError(f"loss from 0 to below 1, a delay of 0 or more: {loss}, {delay_s}")
        self._line.loss = loss
        self._line.delay_s = delay_s

    async def _accept(self) -> None:
        assert self._listener is not None
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    client, _ = await loop.sock_accept(self._listener)
                except ConnectionError:
                    continue
                except OSError as error:
                    if error.errno not in (errno.EMFILE, errno.ENFILE):
                        raise
                    await asyncio.sleep(0.1)
                    continue
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = _Connection(
                    line=self._line, client=client, target_port=self._target_port
                )
                task = tasks.create_task(connection.run(), name="proxy-connection")
                self._connections[task] = connection
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        connection = self._connections.pop(task)
        connection.abandon()
        self._up_before += connection.bytes_up
        self._down_before += connection.bytes_down


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    # Small, and given on to what is accepted: what the kernel holds for us is on the way as well.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CHUNK_BYTES)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK_BYTES)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _reset_when_closed(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hung_up(end: socket.socket) -> bool:
    """Whether the other side has closed it, whatever there is to read before."""
    poll = select.poll()
    poll.register(end, select.POLLRDHUP)
    return bool(poll.poll(0))
