"""What every MAVLink link does, and how one is named."""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from aerostream_contract.errors import InvalidSetting
from aerostream_contract.settings import is_host

Scheme = Literal["udpin", "udpout", "tcp", "tcpin", "serial"]
_DEFAULT_BAUD = 57600
_BAUD_RATES = range(50, 12_000_001)
"""From teletypes to the fastest USB adapters."""
#: What is taken from a link at once: bytes that are no MAVLink cost the most time, and all of the
#: agent waits meanwhile.
MAX_PIECE_BYTES = 32 * 1024
#: Some twenty seconds of a serial line of a megabaud.
_MAX_WAITING_BYTES = 2 * 1024 * 1024


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
            if not device or not baud.isdecimal():
                raise InvalidSetting(f"MAVLink link {text!r} is unusable: {expected}")
            rate = _number(baud)
            if rate not in _BAUD_RATES:
                raise InvalidSetting(
                    f"MAVLink link {text!r} has baud rate {baud}, "
                    f"expected {_BAUD_RATES.start} to {_BAUD_RATES.stop - 1}"
                )
            return cls("serial", device, rate)
        host, _, port = rest.removeprefix("//").rpartition(":")
        if scheme not in ("udpin", "udpout", "tcp", "tcpin") or not host or not port.isdecimal():
            raise InvalidSetting(f"MAVLink link {text!r} is unusable: {expected}")
        if not is_host(host):
            raise InvalidSetting(f"MAVLink link {text!r} has no usable host: {expected}")
        if not 1 <= _number(port) <= 65535:
            raise InvalidSetting(f"MAVLink link {text!r} has port {port}, expected 1 to 65535")
        return cls(scheme, host.strip("[]"), int(port))  # type: ignore[arg-type]  # checked above

    def __str__(self) -> str:
        return f"{self.scheme}:{self.host}:{self.port}"


class Link(Protocol):
    """An open link; it ends when `receive` gives nothing."""

    @property
    def overflowed(self) -> int:
        """What came faster than it was read and is lost: bytes of a serial line, datagrams of UDP.

        None of TCP, whose other side waits instead.
        """
        ...

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
    """Bytes that came by callback, for a reader that waits.

    It holds so much and no more: what comes then is lost and counted. Who can let the other side
    wait waits for `room` before it takes more.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = False
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self.overflowed = 0
        """Bytes that were lost."""

    def put(self, data: bytes) -> None:
        """Add bytes."""
        if self._full:
            self.overflowed += len(data)
        elif not self._ended:
            self._data += data
            self._filled.set()

    def end(self) -> None:
        """End the link: what is there can be read still."""
        self._ended = True
        self._filled.set()
        self._emptied.set()

    async def room(self) -> None:
        """Wait until more is taken, or the link has ended."""
        while self._full and not self._ended:
            self._emptied.clear()
            await self._emptied.wait()

    async def get(self) -> bytes:
        """The next bytes; empty at the end."""
        if self._data:
            # Where there is always more, everybody else has a turn all the same.
            await asyncio.sleep(0)
        elif not self._ended:
            self._filled.clear()
            await self._filled.wait()
        data = bytes(self._data[:MAX_PIECE_BYTES])
        del self._data[:MAX_PIECE_BYTES]
        self._emptied.set()
        return data

    @property
    def _full(self) -> bool:
        return len(self._data) >= _MAX_WAITING_BYTES


def _number(digits: str) -> int:
    """A port or a rate; Python refuses to read thousands of digits, and none has more than ten."""
    return int(digits.lstrip("0")[:10] or 0)
