"""The way from a port of this host to a broker anywhere, with TLS where the broker has it.

The proxies, which break the network, know ports of this host only, and agents check that a
certificate is of the host that they connect to. So the agents speak plainly on this host, and TLS
begins here.
"""

import asyncio
import contextlib
import ssl

_CONNECT_S = 10.0
_CHUNK_BYTES = 65_536


class Tunnel:
    """A listening port of this host whose connections go to a broker.

    Args:
        host: the broker's.
        port: the broker's.
        tls: how to check it; None: it does not speak TLS.
    """

    def __init__(self, *, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that listens, from `start` on."""
        assert self._server is not None, "the tunnel was not started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def close(self) -> None:
        """Stop, and end all connections. It may be called at any stage."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        await self._server.wait_closed()

    def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(near, back), name="tunnel connection")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry a connection until one end is done with it, and end the other one then."""
        writers = [back]
        # A broker that is away or resets is what agents have to live with.
        with contextlib.suppress(OSError, TimeoutError):
            try:
                async with asyncio.timeout(_CONNECT_S):
                    far, forth = await asyncio.open_connection(
                        self._host, self._port, ssl=self._tls
                    )
                writers.append(forth)
                pumps = [
                    asyncio.create_task(_pump(near, forth), name="tunnel up"),
                    asyncio.create_task(_pump(far, back), name="tunnel down"),
                ]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
            finally:
                for writer in writers:
                    writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
