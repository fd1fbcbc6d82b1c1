"""UDP links: one that sends to an address, one that answers whoever speaks to it."""

import asyncio
import contextlib
import math
import socket
import time
from typing import Any

from aerostream_sim.errors import LinkError, reason
from aerostream_sim.links.base import Receive
from aerostream_sim.links.url import LinkUrl

_DATAGRAM_BYTES = 65535
_MOST_PEERS = 16
_PEER_LEAVES_AFTER_S = 30.0
#: A vehicle sends a heartbeat each second; each of them is refused anew.
_REFUSAL_LASTS_S = 3.0


class UdpLink:
    """A datagram socket.

    Args:
        url: `udpout` sends there at once; `udpin` listens there, and sends to each that spoke
            within the last 30 s.
        receive: takes what comes.
    """

    def __init__(self, *, url: LinkUrl, receive: Receive) -> None:
        self._url = url
        self._receive = receive
        self._socket: socket.socket | None = None
        self._peers: dict[Any, float] = {}
        self._refused_s = -math.inf

    @property
    def heard(self) -> bool:
        """Whether there is anybody to send to."""
        return self._url.scheme == "udpout" or bool(self._peers)

    @property
    def refused(self) -> bool:
        """Whether the other machine said lately that nobody listens there."""
        return time.monotonic() - self._refused_s < _REFUSAL_LASTS_S

    async def open(self) -> None:
        """Bind, or connect to the other end.

        Raises:
            LinkError: the address is taken, or no address.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._url.host, self._url.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = found[0]
            sock = socket.socket(family, kind, protocol)
            self._socket = sock
            sock.setblocking(False)
            sock.connect(address) if self._url.scheme == "udpout" else sock.bind(address)
        except OSError as error:
            await self.close()
            raise LinkError(f"{self._url}: {reason(error)}") from error
        loop.add_reader(sock, self._readable)

    def send(self, data: bytes) -> None:
        """Send a datagram; lost where nobody listens (yet)."""
        if self._socket is None:
            return
        if self._url.scheme == "udpout":
            try:
                self._socket.send(data)
            except OSError as error:
                self._note(error)
            return
        for peer in list(self._peers):
            with contextlib.suppress(OSError):
                self._socket.sendto(data, peer)
        self._forget_the_silent()

    async def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data, peer = self._socket.recvfrom(_DATAGRAM_BYTES)
        except OSError as error:
            self._note(error)
            return
        if self._url.scheme == "udpin" and (peer in self._peers or len(self._peers) < _MOST_PEERS):
            self._peers[peer] = asyncio.get_running_loop().time()
        self._receive(data)

    def _note(self, error: OSError) -> None:
        """Nobody listens at the other end (yet): no end of a datagram link, but worth telling."""
        if isinstance(error, ConnectionRefusedError):
            self._refused_s = time.monotonic()

    def _forget_the_silent(self) -> None:
        limit_s = asyncio.get_running_loop().time() - _PEER_LEAVES_AFTER_S
        for peer in [peer for peer, spoke_s in self._peers.items() if spoke_s < limit_s]:
            del self._peers[peer]
