"""TCP and UDP ports of the loopback interface."""

import secrets
import socket

from aerostream_sim.errors import LinkError

#: Below those that Linux (from 32768) and others (from 49152) give out by themselves: while a
#: server is away, any outgoing connection could get its port, even one that looks for it.
GIVEN_TO_NOBODY = range(20_000, 32_000)
_HOST = "127.0.0.1"
_TRIES = 1000


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago, and that the system gives to nobody by itself.

    Raises:
        LinkError: none was found.
    """
    for _ in range(_TRIES):
        port = secrets.choice(GIVEN_TO_NOBODY)
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return port
    raise LinkError(f"no free port was found on {_HOST}")


def is_listening(port: int) -> bool:
    """Whether somebody accepts TCP connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0
