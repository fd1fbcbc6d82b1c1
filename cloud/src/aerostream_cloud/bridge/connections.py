"""HTTP connections: how many there may be, and for how long one is kept that does nothing."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from aerostream_cloud.bridge.live.protocol import KERNEL_BUFFER_BYTES
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind, problem_response
from aerostream_cloud.errors import CloudError

MAX_CONNECTIONS = 1250
"""HTTP and WebSocket together: room for requests beside all WebSockets."""
HEAD_S = 10.0
"""How long a request's head may take, from the connection or its own first byte on."""
STALL_S = 10.0
"""Who takes nothing of an answer for so long is cut off."""
REFUSED = 64
"""So many further connections are told that there are too many; any more are closed at once."""
OTHER_FILES = 384
"""Files and sockets of the process that are no connections of clients, and those just accepted."""
WANTED_FILES = MAX_CONNECTIONS + REFUSED + OTHER_FILES
_FEWEST_CONNECTIONS = 16
_REFUSAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What connections may cost."""

    connections: int = MAX_CONNECTIONS
    """HTTP and WebSocket together."""
    head_s: float = HEAD_S
    stall_s: float = STALL_S

    @property
    def websockets(self) -> int:
        """WebSocket connections that leave room for requests."""
        return self.connections * 4 // 5


def limits_for(files: int) -> HttpLimits:
    """Limits of a process that may have so many files open.

    Raises:
        CloudError: these are too few to serve anybody.
    """
    connections = min(MAX_CONNECTIONS, files - REFUSED - OTHER_FILES)
    if connections < _FEWEST_CONNECTIONS:
        needed = _FEWEST_CONNECTIONS + REFUSED + OTHER_FILES
        raise CloudError(
            f"this process may have {files} files open (ulimit -Hn), expected at least {needed}"
        )
    return HttpLimits(connections=connections)


class HttpConfig(uvicorn.Config):
    """uvicorn's configuration, with limits for `HttpProtocol`."""

    def __init__(self, app: ASGIApp, *, limits: HttpLimits, **options: Any) -> None:
        super().__init__(app, http=HttpProtocol, **options)
        self.limits = limits


class HttpProtocol(H11Protocol):
    """One connection; the server lets it `look` now and then whether anything happens on it.

    uvicorn's own waits for ever for the first byte, and for the client to read.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = cast("HttpConfig", config).limits
        self._refused = False
        self._head_since_s: float | None = None
        """Since when the head of a request is awaited; None: none is."""
        self._moved_s = 0.0
        """When the client took something, or nothing waited for it."""
        self._waiting_bytes = 0
        self._resumed = False

    def connection_made(  # type: ignore[override]  # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection, or say that there are too many."""
        super().connection_made(transport)
        # By itself Linux keeps megabytes, and takes more only when a third of them is gone: who
        # reads slowly would look like one who does not read.
        connected = cast("socket.socket", transport.get_extra_info("socket"))
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
        self._head_since_s = self._moved_s = self.loop.time()
        others = len(self.connections) - 1
        if others < self._limits.connections:
            return
        self._refused = True
        if others >= self._limits.connections + REFUSED:
            transport.abort()
            return
        transport.write(_refusal())
        transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        if self._refused:
            return  # but read: closed with unread bytes, a socket takes its answer back
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_since_s = None
        elif self._head_since_s is None:
            self._head_since_s = self.loop.time()

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._resumed = True

    def look(self, now_s: float) -> None:
        """End the connection where its client sends no request, or does not take the answer."""
        waiting_bytes = self.transport.get_write_buffer_size()
        moved = self._resumed or waiting_bytes < self._waiting_bytes
        self._waiting_bytes, self._resumed = waiting_bytes, False
        if moved or not waiting_bytes:
            self._moved_s = now_s
        elif now_s - self._moved_s > self._limits.stall_s:
            self.transport.abort()
            return
        head_s = _REFUSAL_S if self._refused else self._limits.head_s
        since_s = self._head_since_s
        if since_s is not None and now_s - since_s > head_s and not waiting_bytes:
            self.transport.abort()


def _refusal() -> bytes:
    """The whole answer to a connection that is one too many."""
    problem = ApiProblem(
        ProblemKind.UNAVAILABLE, "the bridge has as many connections as it takes; try again later"
    ).problem
    answer = problem_response(problem, {"connection": "close", "retry-after": "10"})
    head = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
    return b"HTTP/1.1 503 Service Unavailable\r\n" + head + b"\r\n" + bytes(answer.body)
