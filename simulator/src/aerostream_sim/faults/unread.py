"""What a program has not yet read of a connection, as the kernel tells."""

import contextlib
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def unread_bytes(server_port: int, client_port: int) -> int:
    """Bytes between a server that wrote and a client that has not read them, both on this host.

    0 where the system does not tell.
    """
    total = 0
    for table in _TABLES:
        lines: list[str] = []
        with contextlib.suppress(OSError):
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        for line in lines:
            _, local, remote, _, queues, *_ = line.split()
            sending, receiving = (int(queue, 16) for queue in queues.split(":"))
            ends = int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16)
            if ends == (server_port, client_port):
                total += sending
            elif ends == (client_port, server_port):
                total += receiving
    return total
