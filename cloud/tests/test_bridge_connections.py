"""Connections on which nothing happens, and answers that nobody takes, cost the bridge little."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aerostream_cloud.bridge.connections import (
    HEAD_S,
    MAX_CONNECTIONS,
    OTHER_FILES,
    REFUSED,
    STALL_S,
    WANTED_FILES,
    HttpLimits,
    limits_for,
)
from aerostream_cloud.bridge.large_answers import LARGE_BYTES, MOST_BYTES, LargeAnswers
from aerostream_cloud.bridge.live.websocket import MAX_CONNECTIONS as MAX_WEBSOCKETS
from aerostream_cloud.bridge.reading import LONGEST_QUERY_S
from aerostream_cloud.bridge.server import KEEP_ALIVE_S, listen, new_server
from aerostream_cloud.errors import CloudError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

KB, MB = 1024, 1024 * 1024
#: On a machine that is busy with other tests everything takes its time.
PATIENCE_S = 60.0


class Answers:
    """Answers of any size: `/SIZE`, `/stream/SIZE` in parts of that size for ever, `/wait`."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.parts = 0
        self.streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path
        if path == "/wait":
            await self.go_on.wait()
            await Response("done")(scope, receive, send)
        elif path.startswith("/stream/"):
            self.streams += 1
            try:
                parts = self._parts(int(path.removeprefix("/stream/")))
                await StreamingResponse(parts)(scope, receive, send)
            finally:
                self.streams -= 1
        else:
            await Response(b"x" * int(path[1:]))(scope, receive, send)

    async def _parts(self, size: int) -> AsyncIterator[bytes]:
        while True:
            self.parts += 1
            yield b"x" * size


@asynccontextmanager
async def serving(app: ASGIApp, **limits: float) -> AsyncIterator[int]:
    """A server for the app; its port."""
    [listening] = await listen("127.0.0.1", 0)
    given = {"connections": 100, "head_s": PATIENCE_S, "stall_s": PATIENCE_S} | limits
    server = new_server(app, limits=HttpLimits(**given))  # type: ignore[arg-type]  # by name
    with closing(listening):
        running = asyncio.create_task(server.serve([listening]))
        try:
            await until(lambda: server.started, "started")
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator["Client"]:
    connection = socket.socket()
    # Little in the kernel, so that who does not read is noticed soon.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * KB)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    with closing(connection):
        yield Client(connection)


class Client:
    """A connection whose user reads what and when it likes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        await asyncio.get_running_loop().sock_sendall(self._connection, text.encode())

    async def get(self, path: str) -> bytes:
        """Ask; the first bytes of the answer."""
        await self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
        return await self.read(12)

    async def read(self, size: int = 64 * KB) -> bytes:
        """Some bytes; none where the connection has ended."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await asyncio.get_running_loop().sock_recv(self._connection, size)
            except ConnectionResetError:
                return b""

    async def read_all(self) -> bytes:
        """All until the connection ends."""
        found = b""
        while part := await self.read():
            found += part
        return found


@pytest.mark.parametrize("begun", ["", "GET /1 HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_connection_without_a_request_is_closed(begun: str) -> None:
    async with serving(Answers(), head_s=0.3) as port, connected(port) as client:
        await client.send(begun)
        assert await client.read() == b""


async def test_a_second_request_that_drips_in_is_not_waited_for() -> None:
    async with serving(Answers(), head_s=1.0) as port, connected(port) as client:
        assert await client.get("/1") == b"HTTP/1.1 200"

        async def drip() -> None:
            for letter in "GET /1 HTTP/1.1\r\nX-Slow: " + "x" * 10_000:
                await client.send(letter)
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        while await client.read():
            pass
        dripping.cancel()
        await asyncio.wait([dripping])


async def test_an_answer_may_take_longer_than_a_head() -> None:
    answers = Answers()
    async with (
        serving(answers, head_s=1.0) as port,
        connected(port) as asking,
        connected(port) as idle,
    ):
        await asking.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await idle.read() == b""
        answers.go_on.set()
        assert (await asking.read(12)) == b"HTTP/1.1 200"


async def test_idle_connections_up_to_the_limit_keep_others_out_only_for_a_while() -> None:
    async with serving(Answers(), connections=3, head_s=3.0) as port:
        idle = [connected(port) for _ in range(3)]
        clients = [await each.__aenter__() for each in idle]
        async with connected(port) as refused:
            answer = await refused.read_all()
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"application/problem+json" in answer
            assert b"as many connections as it takes" in answer
        for client in clients:
            assert await client.read() == b""
        async with connected(port) as served:
            assert await served.get("/1") == b"HTTP/1.1 200"
        for each in idle:
            await each.__aexit__(None, None, None)


async def test_who_does_not_take_an_answer_is_cut_off() -> None:
    answers = LargeAnswers(Answers(), large_bytes=MB)
    async with serving(answers, stall_s=1.0) as port, connected(port) as client:
        assert await client.get(f"/{30 * MB}") == b"HTTP/1.1 200"
        assert answers.sending_bytes == 30 * MB
        await until(lambda: not answers.sending_bytes, "cut off")
        assert len(await client.read_all()) < 30 * MB


async def test_who_does_not_take_a_stream_holds_up_only_its_own_and_is_cut_off() -> None:
    answers = Answers()
    async with serving(LargeAnswers(answers), stall_s=1.0) as port, connected(port) as client:
        assert await client.get(f"/stream/{512 * KB}") == b"HTTP/1.1 200"
        await until(lambda: not answers.streams, "cut off")
        # What fills the kernel's buffers, and no more.
        assert answers.parts < 30


async def test_who_takes_an_answer_slowly_gets_all_of_it() -> None:
    async with serving(LargeAnswers(Answers()), stall_s=1.0) as port, connected(port) as client:
        began = time.monotonic()
        found = len(await client.get(f"/{8 * MB}"))
        while found < 8 * MB:
            part = await client.read()
            assert part
            found += len(part)
            # Slowly only as long as that proves something.
            if time.monotonic() - began < 3:
                await asyncio.sleep(0.05)


async def test_only_so_many_bytes_of_large_answers_are_on_their_way() -> None:
    app = Answers()
    answers = LargeAnswers(app, large_bytes=MB, most_bytes=50 * MB)
    async with (
        serving(answers) as port,
        connected(port) as first,
        connected(port) as second,
        connected(port) as third,
        connected(port) as small,
    ):
        assert await first.get(f"/{40 * MB}") == b"HTTP/1.1 200"
        assert await second.get(f"/{20 * MB}") == b"HTTP/1.1 429"
        assert b"many large answers" in await second.read()
        assert await third.get(f"/stream/{20 * MB}") == b"HTTP/1.1 429"
        await until(lambda: not app.streams, "its stream ended")
        assert await small.get("/1000") == b"HTTP/1.1 200"
        left = 40 * MB
        while left > 0:
            left -= len(await first.read(MB))
        await until(lambda: not answers.sending_bytes, "taken")
        assert await second.get(f"/{20 * MB}") == b"HTTP/1.1 200"


def test_limits_fit_the_files_that_may_be_open() -> None:
    assert limits_for(WANTED_FILES + 1000).connections == MAX_CONNECTIONS
    assert limits_for(WANTED_FILES).websockets == MAX_WEBSOCKETS
    fewer = limits_for(1024)
    assert fewer.connections == 1024 - REFUSED - OTHER_FILES
    assert fewer.websockets < fewer.connections < MAX_WEBSOCKETS
    with pytest.raises(CloudError, match=r"may have 256 files open .*, expected at least 464"):
        limits_for(256)


def test_the_documented_limits_are_those_of_the_code() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/rest.md").read_text()
    limits = page.split("\n## Limits\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (\d+)[^|]* \|", limits, re.MULTILINE)
    assert [int(row) for row in rows] == [
        MAX_CONNECTIONS,
        HEAD_S,
        KEEP_ALIVE_S,
        STALL_S,
        MOST_BYTES // MB,
        LONGEST_QUERY_S,
    ]
    assert f"answers over {LARGE_BYTES // MB} MB" in limits
    assert f"to\n{WANTED_FILES} where" in limits
