"""TCP links: one that connects and reconnects, one that any number may connect to."""

import asyncio
import contextlib

from aerostream_sim.errors import LinkError, reason
from aerostream_sim.links.base import Receive
from aerostream_sim.links.url import LinkUrl

_RECONNECT_S = 1.0
#: One that does not read must not make us buffer without end.
_MAX_UNSENT_BYTES = 262_144


class _Connection(asyncio.Protocol):
    """One connection; it is in `all_` while it is up."""

    def __init__(self, receive: Receive, all_: "set[_Connection]") -> None:
        self._receive = receive
        self._all = all_
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._all.add(self)

    def data_received(self, data: bytes) -> None:
        self._receive(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._all.discard(self)
        self.ended.set()

    def send(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() < _MAX_UNSENT_BYTES:
            transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TcpServerLink:
    """A listening socket; each that connects hears the vehicle, and may speak to it.

    Args:
        url: where to listen.
        receive: takes what comes.
    """

    def __init__(self, *, url: LinkUrl, receive: Receive) -> None:
        self._url = url
        self._receive = receive
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def refused(self) -> bool:
        """Never: nothing is sent where nobody is connected."""
        return False

    @property
    def heard(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._connections)

    async def open(self) -> None:
        """Listen.

        Raises:
            LinkError: the address is taken, or no address.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Connection(self._receive, self._connections),
                self._url.host,
                self._url.port,
            )
        except OSError as error:
            raise LinkError(f"{self._url}: {reason(error)}") from error

    def send(self, data: bytes) -> None:
        """Send to everybody who is connected and keeps up."""
        for connection in list(self._connections):
            connection.send(data)

    async def close(self) -> None:
        """Stop listening and close all connections."""
        if self._server is None:
            return
        self._server.close()
        await _end(self._connections)
        await self._server.wait_closed()
        self._server = None


class TcpClientLink:
    """A connection to an address, made again whenever it ends.

    Args:
        url: where to connect to.
        receive: takes what comes.
    """

    def __init__(self, *, url: LinkUrl, receive: Receive) -> None:
        self._url = url
        self._receive = receive
        self._connections: set[_Connection] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def refused(self) -> bool:
        """Never: nothing is sent where nobody is connected."""
        return False

    @property
    def heard(self) -> bool:
        """Whether it is connected."""
        return bool(self._connections)

    async def open(self) -> None:
        """Begin to connect; nobody needs to be there yet."""
        self._task = asyncio.create_task(self._keep_connected(), name=f"link {self._url}")

    def send(self, data: bytes) -> None:
        """Send, if it is connected and the other side keeps up."""
        for connection in list(self._connections):
            connection.send(data)

    async def close(self) -> None:
        """Disconnect, and do not connect again."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await _end(self._connections)

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._receive, self._connections),
                    self._url.host,
                    self._url.port,
                )
            except OSError:
                await asyncio.sleep(_RECONNECT_S)
                continue
            await connection.ended.wait()
            await asyncio.sleep(_RECONNECT_S)


async def _end(connections: set[_Connection]) -> None:
    open_now = list(connections)
    for connection in open_now:
        connection.abort()
    for connection in open_now:
        await connection.ended.wait()
