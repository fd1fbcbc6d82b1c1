"""Serial links: a port that may be unplugged and come back."""

import asyncio
import contextlib
import os

import serial

from aerostream_edge.errors import LinkError
from aerostream_edge.links.base import Inbox, LinkUrl

_READ_BYTES = 4096


class SerialLink:
    """An open serial port; it ends when the port disappears."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._inbox = Inbox()
        self._loop = asyncio.get_running_loop()
        self._file = port.fileno()
        self._loop.add_reader(self._file, self._readable)

    @classmethod
    def opened(cls, url: LinkUrl) -> "SerialLink":
        """Open the port.

        Raises:
            LinkError: there is no such port, or it may not be opened.
        """
        try:
            port = serial.Serial(url.host, url.port, timeout=0, write_timeout=0)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            reason = getattr(error, "strerror", None) or str(error)
            raise LinkError(f"MAVLink link {url}: {reason}") from error
        return cls(port)

    @property
    def overflowed(self) -> int:
        """Bytes that came faster than they were read and are lost."""
        return self._inbox.overflowed

    async def receive(self) -> bytes:
        """The next bytes; empty when the port is gone."""
        return await self._inbox.get()

    def send(self, data: bytes) -> None:
        """Write as much as the port takes at once."""
        # Not through pyserial, which tries for ever where the port takes nothing. What a full
        # or vanished port does not take is lost, as a radio would lose it.
        with contextlib.suppress(OSError):
            os.write(self._file, data)

    def close(self) -> None:
        """Close the port."""
        self._end()
        self._port.close()

    def _readable(self) -> None:
        try:
            data = self._port.read(_READ_BYTES)
        except OSError:
            data = b""
        # Readable and yet nothing to read: the port was unplugged.
        if data:
            self._inbox.put(data)
        else:
            self._end()

    def _end(self) -> None:
        self._loop.remove_reader(self._file)
        self._inbox.end()
