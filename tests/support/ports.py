"""Ports of the loopback interface for servers that a test starts, ends and starts again.

None that the system gives out by itself: while a server is away, any outgoing connection could
get its port. And none that a test in another process was given.
"""

import secrets
import socket
from collections.abc import Iterator

_HOST = "127.0.0.1"
#: Below those that Linux (from 32768) and others (from 49152) give out, and a swarm's.
_PORTS = range(10_240, 19_968)
_BLOCK = 64
"""Ports that a process takes at once."""
_TRIES = 10_000


def free_port(count: int = 1) -> int:
    """A TCP port that nobody uses; the first of so many in a row."""
    return _free(socket.SOCK_STREAM, count)


def udp_port() -> int:
    """A UDP port that nobody uses."""
    return _free(socket.SOCK_DGRAM, 1)


def _free(kind: socket.SocketKind, count: int) -> int:
    found: list[int] = []
    for port in _own_ports:
        if not _is_free(port, kind):
            found = []
            continue
        found = [*found, port] if found and port == found[-1] + 1 else [port]
        if len(found) == count:
            break
    return found[0]


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        # What ended a moment ago is no obstacle: servers set this, too.
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True


def _take_blocks() -> Iterator[int]:
    """Ports of blocks that are this process's until it ends: it holds the first of each."""
    for _ in range(_TRIES):
        first = _PORTS[_BLOCK * secrets.randbelow(len(_PORTS) // _BLOCK)]
        lock = socket.socket()
        try:
            lock.bind((_HOST, first))
        except OSError:
            lock.close()
            continue
        lock.detach()
        yield from range(first + 1, first + _BLOCK)
    raise AssertionError(f"no free block of ports from {_PORTS.start} to {_PORTS.stop}")


_own_ports = _take_blocks()
