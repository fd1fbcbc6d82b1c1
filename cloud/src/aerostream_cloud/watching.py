"""`/metrics`, `/healthz` and `/readyz` of a service that has no web server of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import msgspec
from aerostream_contract import __version__
from prometheus_client import CollectorRegistry, exposition

Parts = Mapping[str, str]
"""What a service needs, by name, and why it does not work; empty where it does."""

_TIMEOUT_S = 5.0
"""For the service's event loop to answer; a part is given less."""
_JSON = "application/json"


class _Answer(NamedTuple):
    status: HTTPStatus
    media_type: str
    body: bytes


class WatchServer:
    """Serves a service's metrics and health on the loopback interface, in threads of its own.

    Must be made on the service's event loop, which it asks whether it still runs.

    Args:
        port: on 127.0.0.1.
        registry: the metrics.
        ask: finds out how the service's parts are.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, *, port: int, registry: CollectorRegistry, ask: Callable[[], Awaitable[Parts]]
    ) -> None:
        self._registry = registry
        self._ask = ask
        self._loop = asyncio.get_running_loop()
        watch = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _TIMEOUT_S

            def do_GET(self) -> None:
                watch._serve(self)

            def log_message(self, *_: object) -> None:
                """Say nothing of each request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="watch server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; requests that still wait for the service end with it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        if path == "/metrics":
            metrics = exposition.generate_latest(self._registry)
            answer = _Answer(HTTPStatus.OK, exposition.CONTENT_TYPE_PLAIN_0_0_4, metrics)
        elif path == "/healthz":
            answer = self._health()
        elif path == "/readyz":
            answer = self._readiness()
        else:
            status = HTTPStatus.NOT_FOUND
            answer = _Answer(status, "text/plain", b"/metrics, /healthz and /readyz are here\n")
        request.send_response(answer.status)
        request.send_header("Content-Type", answer.media_type)
        request.send_header("Content-Length", str(len(answer.body)))
        request.end_headers()
        request.wfile.write(answer.body)

    def _health(self) -> _Answer:
        async def nothing() -> Parts:
            return {}

        if self._from_loop(nothing) is None:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "stuck"})
        return _json(HTTPStatus.OK, {"status": "alive", "version": __version__})

    def _readiness(self) -> _Answer:
        parts = self._from_loop(self._ask)
        if parts is None:
            parts = {"service": f"it did not answer within {_TIMEOUT_S:g} s"}
        ready = not any(parts.values())
        return _json(
            HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
            {
                "status": "ready" if ready else "not ready",
                "parts": {part: why or "ok" for part, why in parts.items()},
            },
        )

    def _from_loop(self, ask: Callable[[], Awaitable[Parts]]) -> Parts | None:
        async def answer() -> Parts:
            return await ask()

        try:
            asked: Future[Parts] = asyncio.run_coroutine_threadsafe(answer(), self._loop)
            return asked.result(_TIMEOUT_S)
        except (TimeoutError, RuntimeError):
            return None


def _json(status: HTTPStatus, content: object) -> _Answer:
    return _Answer(status, _JSON, msgspec.json.encode(content))
