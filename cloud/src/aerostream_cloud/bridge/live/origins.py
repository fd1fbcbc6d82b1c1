"""Which web pages may open a WebSocket: browsers ask nobody before they do."""

from collections.abc import Collection
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_allowed(origin: str | None, host: str | None, allowed: Collection[str]) -> bool:
    """Whether a page of `origin` may connect.

    Args:
        origin: the Origin header; None: no browser, which may do as it likes anyway.
        host: the Host header, which the page must have come from.
        allowed: further origins, such as `https://ops.example.org`.
    """
    if origin is None:
        return True
    given = _parts(origin)
    if given is None:
        return False
    if given in map(_parts, allowed):
        return True
    scheme, name, port = given
    return host is not None and _parts(f"{scheme}://{host}") == (scheme, name, port)


def _parts(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None where it is no origin."""
    try:
        parts = urlsplit(origin.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme]
