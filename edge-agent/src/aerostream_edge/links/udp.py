"""UDP links: one that listens and answers whoever spoke last, one that speaks first."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

from aerostream_edge.errors import LinkError
from aerostream_edge.links.base import MAX_PIECE_BYTES, LinkUrl

#: Autopilots send each message as a datagram of its own. Waking up for every single one costs more
#: than all that is done with it, so those of so many seconds are taken together.
GATHER_S = 0.02
_DATAGRAM_BYTES = 65535
#: Linux's SO_MEMINFO: nine numbers of a socket, the last counts the datagrams that it dropped.
_SO_MEMINFO, _MEMINFO = 55, struct.Struct("=9I")


class UdpLink:
    """A datagram socket. Listening, it answers the peer that spoke last.

    Args:
        sock: bound, or connected to the other end; not blocking.
        connected: whether it is connected.
    """

    def __init__(self, sock: socket.socket, *, connected: bool) -> None:
        self._socket = sock
        self._connected = connected
        self._peer: Any = None
        self._loop = asyncio.get_running_loop()
        self._readable = asyncio.Event()
        self._more = False
        """Datagrams wait that were too many for one piece."""

    @classmethod
    async def listening(cls, url: LinkUrl) -> "UdpLink":
        """Bind to the address.

        Raises:
            LinkError: the address cannot be bound.
        """
        return await cls._opened(url, connected=False)

    @classmethod
    async def sending(cls, url: LinkUrl) -> "UdpLink":
        """Send to the address and hear its answers.

        Raises:
            LinkError: the address cannot be resolved.
        """
        return await cls._opened(url, connected=True)

    @classmethod
    async def _opened(cls, url: LinkUrl, *, connected: bool) -> "UdpLink":
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = found[0]
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                sock.connect(address) if connected else sock.bind(address)
            except OSError:
                sock.close()
                raise
        except OSError as error:
            raise LinkError(f"MAVLink link {url}: {error.strerror or error}") from error
        return cls(sock, connected=connected)

    @property
    def overflowed(self) -> int:
        """Datagrams that the system dropped, since nobody read them; 0 where it does not tell."""
        try:
            found = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:
            return 0
        return _dropped(found)

    async def receive(self) -> bytes:
        """The bytes of the datagrams that came; empty when the link was closed."""
        # While they keep coming a timer does; the loop watches the socket only in silence.
        await asyncio.sleep(0 if self._more else GATHER_S)
        while self._socket.fileno() >= 0:
            if data := self._drained():
                return data
            await self._wait()
        return b""

    def send(self, data: bytes) -> None:
        """Send a datagram; lost where nobody listens (yet), or where the network is away."""
        with contextlib.suppress(OSError):
            if self._connected:
                self._socket.send(data)
            elif self._peer is not None:
                self._socket.sendto(data, self._peer)

    def close(self) -> None:
        """Close the socket."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        self._readable.set()

    async def _wait(self) -> None:
        """Wait for the next datagram, and a little longer for those that follow it."""
        self._readable.clear()
        self._loop.add_reader(self._socket, self._readable.set)
        try:
            await self._readable.wait()
        finally:
            if self._socket.fileno() >= 0:
                self._loop.remove_reader(self._socket)
        await asyncio.sleep(GATHER_S)

    def _drained(self) -> bytes:
        datagrams = []
        room = MAX_PIECE_BYTES
        while room > 0:
            try:
                data, self._peer = self._socket.recvfrom(_DATAGRAM_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""  # nobody listens at the other end (yet): no end of a datagram link
            # An empty one costs time, too.
            room -= len(data) or 16
            datagrams.append(data)
        self._more = room <= 0
        return b"".join(datagrams)


def _dropped(meminfo: bytes) -> int:
    """The last number of a socket's SO_MEMINFO; older systems give fewer."""
    return int(_MEMINFO.unpack(meminfo)[-1]) if len(meminfo) == _MEMINFO.size else 0
