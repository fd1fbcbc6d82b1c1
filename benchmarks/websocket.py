"""Bare WebSocket clients: they cost so little that many of them fit beside what they measure."""

import base64
import selectors
import socket
import time
from collections.abc import Callable, Sequence

import msgspec

from benchmarks.measure import MeasureError

_TIMEOUT_S = 10.0
_RECEIVE_BYTES = 1 << 18
_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A
_KEY = base64.b64encode(bytes(16)).decode()
_HEAD_END = b"\r\n\r\n"


class Reader:
    """One connection to the bridge's `/ws`.

    Args:
        port: the bridge's, on this machine.
        receive_buffer_bytes: what the kernel may keep for us unread; none: its own choice.

    Raises:
        MeasureError: the bridge does not take it.
    """

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        self._incoming = bytearray()
        self.is_open = True
        self.socket = socket.socket()
        self.socket.settimeout(_TIMEOUT_S)
        if receive_buffer_bytes is not None:
            # Before the connection is made: the window is agreed on then.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        try:
            self.socket.connect(("127.0.0.1", port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands(port)
        except OSError as error:
            self.close()
            raise MeasureError(f"the bridge takes no WebSocket: {error}") from error

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.is_open = False
        self.socket.close()

    def send(self, **message: object) -> None:
        """Send a message of the protocol."""
        self._send_frame(_TEXT, msgspec.json.encode(message))

    def take(self) -> list[bytes]:
        """Read what is there, and give the messages that are complete by now."""
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except ConnectionResetError:
            data = b""
        if not data:
            self.close()
        self._incoming += data
        return self._texts()

    def _texts(self) -> list[bytes]:
        texts = []
        buffer, place = self._incoming, 0
        while len(buffer) >= place + 2:
            kind, length, start = buffer[place], buffer[place + 1], place + 2
            if length >= 126:
                start += 2 if length == 126 else 8
                if len(buffer) < start:
                    break
                length = int.from_bytes(buffer[place + 2 : start], "big")
            if len(buffer) < start + length:
                break
            place = start + length
            payload = bytes(buffer[start:place])
            if kind == _TEXT:
                texts.append(payload)
            elif kind == _PING:
                self._send_frame(_PONG, payload)
        del buffer[:place]
        return texts

    def _shake_hands(self, port: int) -> None:
        request = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        while _HEAD_END not in self._incoming:
            data = self.socket.recv(_RECEIVE_BYTES)
            if not data:
                raise MeasureError("the bridge closed a WebSocket while it began")
            self._incoming += data
        head, _, rest = bytes(self._incoming).partition(_HEAD_END)
        if b" 101 " not in head.splitlines()[0]:
            raise MeasureError(f"the bridge refuses a WebSocket: {head.splitlines()[0]!r}")
        self._incoming = bytearray(rest)

    def _send_frame(self, kind: int, payload: bytes) -> None:
        length = len(payload)
        # Clients must mask; a mask of zeros changes nothing.
        head = bytes((kind, 0x80 | length)) if length < 126 else bytes((kind, 0x80 | 126))
        if length >= 126:
            head += length.to_bytes(2, "big")
        self.socket.sendall(head + bytes(4) + payload)


def read(
    readers: Sequence[Reader],
    take: Callable[[Reader, bytes, int], None],
    *,
    until: Callable[[], bool],
) -> None:
    """Read from all of them: `take` gets each message and the UTC in µs at which it was there.

    Raises:
        MeasureError: the bridge closes a connection.
    """
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        while not until():
            for key, _ in selector.select(timeout=0.05):
                reader = key.data
                texts = reader.take()
                now_us = time.time_ns() // 1000
                if not reader.is_open:
                    raise MeasureError("the bridge closed a WebSocket that was read")
                for text in texts:
                    take(reader, text, now_us)


def for_seconds(seconds: float) -> Callable[[], bool]:
    """True once so many seconds are over."""
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() >= end_s
