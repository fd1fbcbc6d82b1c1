"""What every MAVLink link does, and how one is named."""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from aerostream_contract.errors import InvalidSetting
from aerostream_contract.settings import is_host

Scheme = Literal["udpin", "udpout", "tcp", "tcpin", "serial"]
_DEFAULT_BAUD = 57600
_MAX_QUEUE = 10_000


@dataclass(frozen=True, slots=True)
class LinkUrl:
    """A link's address: `udpin:host:port`, `udpout:`, `tcp:`, `tcpin:`, `serial:/dev/…:baud`."""

    scheme: Scheme
    host: str
    """Host, or the device of a serial link."""
    port: int
    """Port, or the baud rate of a serial link."""

    @classmethod
    def parse(cls, text: str) -> "LinkUrl":
        """Read a link's address.

        Raises:
            InvalidSetting: it has another shape.
        """
        scheme, _, rest = text.partition(":")
        expected = "expected udpin:host:port, udpout:, tcp:, tcpin: or serial:/dev/…:baud"
        if scheme == "serial":
            device, colon, baud = rest.rpartition(":")
            if not colon:
                device, baud = rest, str(_DEFAULT_BAUD)
            if not device or not baud.isdecimal() or not int(baud):
                raise InvalidSetting(f"MAVLink link {text!r} is unusable: {expected}")
            return cls("serial", device, int(baud))
        host, _, port = rest.removeprefix("//").rpartition(":")
        if scheme not in ("udpin", "udpout", "tcp", "tcpin") or not host or not port.isdecimal():
            raise InvalidSetting(f"MAVLink link {text!r} is unusable: {expected}")
        if not is_host(host):
            raise InvalidSetting(f"MAVLink link {text!r} has no usable host: {expected}")
        if not 1 <= int(port) <= 65535:
            raise InvalidSetting(f"MAVLink link {text!r} has port {port}, expected 1 to 65535")
        return cls(scheme, host.strip("[]"), int(port))  # type: ignore[arg-type]  # checked above

    def __str__(self) -> str:
        return f"{self.scheme}:{self.host}:{self.port}"


class Link(Protocol):
    """An open link; it ends when `receive` gives nothing."""

    async def receive(self) -> bytes:
        """The next bytes; empty when the link has ended."""
        ...

    def send(self, data: bytes) -> None:
        """Send to whoever is at the other end; lost where nobody is."""
        ...

    def close(self) -> None:
        """Close; `receive` then ends."""
        ...


class Inbox:
    """Bytes that came by callback, for a reader that waits; bounded, the newest are lost first."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_MAX_QUEUE)
        self.overflowed = 0

    def put(self, data: bytes) -> None:
        """Add bytes; empty ones end the link."""
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            self.overflowed += len(data)
            if not data:
                self._queue.get_nowait()
                self._queue.put_nowait(data)

    async def get(self) -> bytes:
        """All bytes that are there, or the next that come."""
        data = await self._queue.get()
        while data and not self._queue.empty():
            more = self._queue.get_nowait()
            if not more:
                self._queue.put_nowait(more)
                break
            data += more
        return data
