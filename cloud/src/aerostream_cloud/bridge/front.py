"""In front of the app: headers for every answer, metrics, and the end of what nobody caught."""

import time
from collections.abc import Collection, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from aerostream_contract.errors import shown
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.api.answers import HEAD_ONLY
from aerostream_cloud.bridge.metrics import RestMetrics
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind, problem_response

_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Any word can be a method, and each would be counted, and kept, for ever.
_OTHER_METHOD = "other"
_NO_ANSWER = 0


class Front:
    """Wraps the whole app.

    Args:
        app: what answers.
        metrics: where requests are counted.
        map_sources: other origins that the page's map may load from.
        names: hosts that we answer for, besides addresses and localhost; None: any.
        log: for mistakes of ours.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: RestMetrics,
        map_sources: Sequence[str],
        names: Collection[str] | None,
        log: FilteringBoundLogger,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._names = names
        self._log = log
        self._headers = security_headers(map_sources)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] != "http":
            await self._guarded(scope, receive, send)
            return
        status = _NO_ANSWER
        # A HEAD is a GET whose body the server does not send.
        method = scope["method"]
        is_head = method == "HEAD"
        inner = {**scope, "method": "GET" if is_head else method, HEAD_ONLY: is_head}

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers:
                    headers.setdefault(name, value)
            await send(message)

        started_s = time.perf_counter()
        await self._guarded(inner, receive, send_on)
        route = getattr(inner.get("route"), "path", _NO_ROUTE)
        counted = method if method in _METHODS else _OTHER_METHOD
        self._metrics.requests.labels(counted, route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(time.perf_counter() - started_s)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "")
        try:
            if self._names is None or is_our_name(host, self._names):
                await self._app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close"})
            else:
                refusal = ApiProblem(
                    ProblemKind.WRONG_HOST, f"this server does not answer for {shown(host)}"
                )
                await problem_response(refusal.problem)(scope, receive, send)
        except Exception as error:  # noqa: BLE001  # a request must not end the service
            # The app has answered with a problem document where it still could.
            self._log.error("a request failed", path=scope.get("path"), exc_info=error)


def is_our_name(host: str, names: Collection[str]) -> bool:
    """Whether a Host header is one that a person who means us would send.

    A page from anywhere can make its own name lead to this machine, and would then read with
    the browser's blessing what only this machine may read. It cannot do so with an address.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if not host or name == "localhost" or name.endswith(".localhost") or name in names:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def security_headers(map_sources: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Headers of every answer, so that a page runs our scripts and nobody frames it."""
    elsewhere = "".join(f" {origin}" for origin in map_sources)
    policy = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        # MapLibre makes its images and its worker from blobs.
        "img-src": f"'self' data: blob:{elsewhere}",
        "worker-src": "'self' blob:",
        "font-src": f"'self' data:{elsewhere}",
        # Older browsers do not count a WebSocket to the same host as 'self'.
        "connect-src": f"'self' ws: wss:{elsewhere}",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return [
        ("content-security-policy", "; ".join(f"{name} {value}" for name, value in policy.items())),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ]
