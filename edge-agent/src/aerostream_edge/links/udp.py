"""UDP links: one that listens and answers whoever spoke last, one that speaks first."""

import asyncio
from typing import Any, cast

from aerostream_edge.errors import LinkError
from aerostream_edge.links.base import Inbox, LinkUrl


class UdpLink(asyncio.DatagramProtocol):
    """A datagram socket. Listening, it answers the peer that spoke last."""

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: Any = None
        self._connected = False

    @classmethod
    async def listening(cls, url: LinkUrl) -> "UdpLink":
        """Bind to the address.

        Raises:
            LinkError: the address cannot be bound.
        """
        return await cls._opened(url, local=(url.host, url.port))

    @classmethod
    async def sending(cls, url: LinkUrl) -> "UdpLink":
        """Send to the address and hear its answers.

        Raises:
            LinkError: the address cannot be resolved.
        """
        link = await cls._opened(url, remote=(url.host, url.port))
        link._connected = True
        return link

    @classmethod
    async def _opened(
        cls,
        url: LinkUrl,
        *,
        local: tuple[str, int] | None = None,
        remote: tuple[str, int] | None = None,
    ) -> "UdpLink":
        loop = asyncio.get_running_loop()
        try:
            _, link = await loop.create_datagram_endpoint(cls, local, remote)
        except OSError as error:
            raise LinkError(f"MAVLink link {url}: {error.strerror or error}") from error
        return link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        # asyncio's own datagram transport is no subclass of the type that it promises.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A datagram came."""
        self._peer = addr
        if data:
            self._inbox.put(data)

    def error_received(self, _exc: Exception) -> None:
        """Nobody listens at the other end (yet): on a datagram link that is not an end."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """The socket is closed."""
        self._inbox.put(b"")

    async def receive(self) -> bytes:
        """The bytes of the next datagrams."""
        return await self._inbox.get()

    def send(self, data: bytes) -> None:
        """Send a datagram."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._connected:
            self._transport.sendto(data)
        elif self._peer is not None:
            self._transport.sendto(data, self._peer)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
