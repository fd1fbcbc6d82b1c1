"""TCP links: one that connects, one that is connected to."""

import asyncio

from aerostream_edge.errors import LinkError
from aerostream_edge.links.base import MAX_PIECE_BYTES, Inbox, LinkUrl

_CONNECT_TIMEOUT_S = 10.0
#: An autopilot that does not read must not make us buffer without end.
_MAX_UNSENT_BYTES = 65536


class TcpClientLink:
    """A connection to an address; it ends when the other side closes it."""

    overflowed = 0

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connected(cls, url: LinkUrl) -> "TcpClientLink":
        """Connect.

        Raises:
            LinkError: nobody answers there.
        """
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                return cls(*await asyncio.open_connection(url.host, url.port))
        except TimeoutError as error:
            raise LinkError(
                f"MAVLink link {url}: no answer within {_CONNECT_TIMEOUT_S:.0f} s"
            ) from error
        except OSError as error:
            raise LinkError(f"MAVLink link {url}: {error.strerror or error}") from error

    async def receive(self) -> bytes:
        """The next bytes; empty when the connection has ended."""
        try:
            return await self._reader.read(MAX_PIECE_BYTES)
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """Send, unless the other side has stopped reading."""
        transport = self._writer.transport
        if not transport.is_closing() and transport.get_write_buffer_size() < _MAX_UNSENT_BYTES:
            self._writer.write(data)

    def close(self) -> None:
        """Close the connection."""
        _close(self._writer)


class TcpServerLink:
    """A listening socket; all that connect are one link, and each hears what is sent."""

    overflowed = 0

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    async def listening(cls, url: LinkUrl) -> "TcpServerLink":
        """Listen at the address.

        Raises:
            LinkError: the address cannot be bound.
        """
        link = cls()
        try:
            link._server = await asyncio.start_server(link._serve, url.host, url.port)
        except OSError as error:
            raise LinkError(f"MAVLink link {url}: {error.strerror or error}") from error
        return link

    async def receive(self) -> bytes:
        """The next bytes of any connection."""
        return await self._inbox.get()

    def send(self, data: bytes) -> None:
        """Send to everybody who is connected."""
        for writer in self._writers:
            if writer.transport.get_write_buffer_size() < _MAX_UNSENT_BYTES:
                writer.write(data)

    def close(self) -> None:
        """Stop listening and close all connections."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            _close(writer)
        self._inbox.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(MAX_PIECE_BYTES):
                # While the agent is behind nothing is read, and so TCP holds the other side back.
                await self._inbox.room()
                self._inbox.put(data)
        except OSError:
            pass  # the connection broke; another may come
        finally:
            self._writers.discard(writer)
            writer.close()


def _close(writer: asyncio.StreamWriter) -> None:
    """Close now: the rest that a side does not read would keep the connection open for ever."""
    if writer.transport.get_write_buffer_size():
        writer.transport.abort()
    else:
        writer.close()
