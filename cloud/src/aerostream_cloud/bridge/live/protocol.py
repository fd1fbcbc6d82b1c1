"""The server's side of a WebSocket connection, with control over what waits to be sent.

uvicorn's own protocol lets asyncio keep 64 KB and the kernel some megabytes per connection, and
can only close a connection by a frame that waits behind all of it. Here little waits, a frame
that is the same for many clients is made once, and who does not read is cut off.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

EXTENSION = "aerostream.live"
"""The ASGI extension under which an endpoint finds its connection."""
KERNEL_BUFFER_BYTES = 128 * 1024
"""What the kernel may keep for a client; Linux takes twice as much for its own needs."""
HIGH_WATER_BYTES, LOW_WATER_BYTES = 64 * 1024, 16 * 1024
"""Above the first nothing more is written to a client, until the second is reached."""
CLOSE_TIMEOUT_S = 1.0
"""How long a client may take to answer a goodbye."""
ABNORMAL = int(CloseCode.ABNORMAL_CLOSURE)


class LiveProtocol(WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # Compressed, no frame would be the same for two clients.
        self.conn.available_extensions = None
        self.on_writable: Callable[[], None] = _nothing
        """Called when the client has read what made it unwritable."""
        self._written = 0
        self._given_up: int | None = None

    @property
    def can_write(self) -> bool:
        """Whether a message may be written now: the connection is open and little waits."""
        return self.writable.is_set() and self.is_open

    @property
    def is_open(self) -> bool:
        """Whether messages still go out at all."""
        return (
            self.conn.state is State.OPEN
            and not self.close_sent
            and not self.disconnected
            and not self.transport.is_closing()
        )

    @property
    def waiting_bytes(self) -> int:
        """Bytes that this process keeps until the client reads."""
        return self.transport.get_write_buffer_size()

    @property
    def taken_bytes(self) -> int:
        """Bytes written that do not wait any more; when it grows, the client reads."""
        return self._written - self.waiting_bytes

    @property
    def close_code(self) -> int:
        """The code that the connection ended with; 1006 without one."""
        if self._given_up is not None:
            return self._given_up
        close = self.conn.close_rcvd or self.conn.close_sent
        return ABNORMAL if close is None else int(close.code)

    def write(self, frame: bytes) -> None:
        """Write a whole frame; without effect once the connection is closing."""
        if self.is_open:
            self._written += len(frame)
            self.transport.write(frame)

    def end(self, code: int, reason: str) -> None:
        """Say goodbye; a client that does not answer is cut off soon, one that lags at once."""
        if not self.is_open:
            return
        if not self.writable.is_set():
            self.give_up(code)
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Set, it also keeps uvicorn from closing as soon as the endpoint returns.
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    def give_up(self, code: int) -> None:
        """End the connection now, and what waits with it: a close frame would wait as well."""
        self._given_up = code
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the connection from the HTTP protocol."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES, LOW_WATER_BYTES)
        connected = cast("socket.socket", transport.get_extra_info("socket"))
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()
        self.on_writable()

    def handle_ping(self) -> None:
        """Answer; one who does not read the answers is not listened to."""
        super().handle_ping()
        if not self.writable.is_set():
            self.transport.pause_reading()

    def handle_close(self, event: Frame) -> None:
        """The client says goodbye or answers ours."""
        super().handle_close(event)
        self._abort_soon()

    def handle_parser_exception(self) -> None:
        """The client breaks the protocol, or sends too much at once."""
        super().handle_parser_exception()
        self._abort_soon()

    def keepalive_timeout(self) -> None:
        """The client has vanished."""
        super().keepalive_timeout()
        self._abort_soon()

    def shutdown(self) -> None:
        """The server stops."""
        if self.is_open:
            self.end(CloseCode.GOING_AWAY, "the server stops")
        else:
            super().shutdown()
            self._abort_soon()

    async def run_asgi(self) -> None:
        """Run the endpoint, with this connection at hand."""
        self.scope["extensions"][EXTENSION] = {"connection": self}
        await super().run_asgi()

    def _abort_soon(self) -> None:
        """A transport that closes waits for its last byte to be read, which may be never."""
        self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)


def _nothing() -> None:
    """For connections that nobody watches."""
