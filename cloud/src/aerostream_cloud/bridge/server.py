"""The web server inside the services' event loop: sockets of ours, no signal handlers."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn
from starlette.types import ASGIApp

from aerostream_cloud.bridge.live.protocol import LiveProtocol
from aerostream_cloud.errors import CloudError

WEBSOCKET_MESSAGE_BYTES = 64 * 1024
_STOP_TIMEOUT_S = 1
_KEEP_ALIVE_S = 30
_BACKLOG = 2048


class Server(uvicorn.Server):
    """uvicorn, started and stopped by its owner."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program, which stops all its services."""
        yield


def new_server(app: ASGIApp) -> Server:
    """A server for the app; `await server.serve(sockets)`, and `should_exit` to stop it."""
    return Server(
        uvicorn.Config(
            app,
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
            timeout_keep_alive=_KEEP_ALIVE_S,
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
    with ExitStack() as opened:
        sockets = []
        for family, _, _, _, address in dict.fromkeys(found):
            # With the protocol spelled out asyncio sets TCP_NODELAY on what it accepts; without
            # it, an answer's body waits 40 ms for the client's word about its head.
            tcp = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            bound = opened.enter_context(tcp)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                bound.bind((address[0], port, *address[2:]))
                bound.listen(_BACKLOG)
            except OSError as error:
                raise CloudError(_refusal(host, port, error)) from error
            port = port or bound.getsockname()[1]
            sockets.append(bound)
        opened.pop_all()
    return sockets


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
