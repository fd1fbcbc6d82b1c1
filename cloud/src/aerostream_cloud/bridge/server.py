"""The web server inside the services' event loop: sockets of ours, no signal handlers."""

import asyncio
import errno
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

import uvicorn
from starlette.types import ASGIApp

from aerostream_cloud.bridge.connections import HttpConfig, HttpLimits, HttpProtocol
from aerostream_cloud.bridge.live.protocol import LiveProtocol
from aerostream_cloud.errors import CloudError

WEBSOCKET_MESSAGE_BYTES = 64 * 1024
_STOP_TIMEOUT_S = 1
KEEP_ALIVE_S = 30
#: Also how many are accepted in one go, each of which is an error where files run out.
_BACKLOG = 128
#: uvicorn ticks ten times a second.
_TICKS_BETWEEN_LOOKS = 5
#: `localhost` is often listed as ::1 too on a machine without IPv6.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

Place: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]
"""An address and its family, as `getaddrinfo` gives them."""


class Server(uvicorn.Server):
    """uvicorn, started and stopped by its owner."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program, which stops all its services."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """End connections on which nothing happens; see uvicorn's own."""
        if counter % _TICKS_BETWEEN_LOOKS == 0:
            now_s = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.look(now_s)
        return await super().on_tick(counter)


def new_server(app: ASGIApp, *, limits: HttpLimits) -> Server:
    """A server for the app; `await server.serve(sockets)`, and `should_exit` to stop it."""
    return Server(
        HttpConfig(
            app,
            limits=limits,
            backlog=_BACKLOG,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws=LiveProtocol,
            ws_max_size=WEBSOCKET_MESSAGE_BYTES,
            # Each client would compress for itself what all of them share.
            ws_per_message_deflate=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=_STOP_TIMEOUT_S,
        )
    )


async def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of a name; port 0 is a free one, the same for all.

    Raises:
        CloudError: the name is not known, or the port cannot be had.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CloudError(f"AEROSTREAM_HTTP_HOST {host}: {error.strerror}") from error
    places = [(family, address) for family, _, _, _, address in found]
    return bind_all(host, port, places)


def bind_all(host: str, port: int, places: Iterable[Place]) -> list[socket.socket]:
    """Sockets that listen on the addresses of a name, of which this machine may lack some.

    Raises:
        CloudError: none of them is this machine's, or the port cannot be had.
    """
    missing: OSError | None = None
    with ExitStack() as opened:
        sockets = []
        for family, address in dict.fromkeys(places):
            try:
                bound = _bound(family, (address[0], port, *address[2:]))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise CloudError(_refusal(host, port, error)) from error
                missing = error
                continue
            sockets.append(opened.enter_context(bound))
            port = port or bound.getsockname()[1]
        if missing is not None and not sockets:
            raise CloudError(_refusal(host, port, missing)) from missing
        opened.pop_all()
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    # With the protocol spelled out asyncio sets TCP_NODELAY on what it accepts; without it, an
    # answer's body waits 40 ms for the client's word about its head.
    tcp = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with ExitStack() as opened:
        opened.enter_context(tcp)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        tcp.bind(address)
        tcp.listen(_BACKLOG)
        opened.pop_all()
    return tcp


def shown_url(host: str, bound: socket.socket) -> str:
    """Where a browser finds the bridge; on all addresses, this machine's own is shown."""
    port = bound.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"AEROSTREAM_HTTP_PORT {port} is in use on {host}"
    if error.errno == errno.EACCES:
        return f"AEROSTREAM_HTTP_PORT {port} on {host} needs more rights than this program has"
    return f"AEROSTREAM_HTTP_HOST {host}, port {port}: {error.strerror}"
