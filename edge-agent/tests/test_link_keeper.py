"""A link that vanishes comes back, and each trouble is said once."""

import asyncio
import contextlib
import logging
import os
import socket
import tty
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from aerostream_edge.links import LinkUrl
from aerostream_edge.links.keeper import LinkKeeper
from aerostream_edge.logs import BoundLog
from support.patience import PATIENCE_S
from support.ports import free_port, udp_port


class Kept:
    """What a keeper handed out."""

    def __init__(self, log_lines: "Lines") -> None:
        self.data = b""
        self.ends = 0
        self.lines = log_lines.lines

    def receive(self, data: bytes) -> None:
        self.data += data

    def ended(self) -> None:
        self.ends += 1


class Lines(logging.Handler):
    """Log lines as text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {getattr(record, 'fields', '')}")


@contextlib.asynccontextmanager
async def keeping(text: str) -> AsyncIterator[tuple[Kept, LinkKeeper]]:
    handler = Lines()
    logger = logging.Logger("links of a test")
    logger.addHandler(handler)
    kept = Kept(handler)
    keeper = LinkKeeper(
        url=LinkUrl.parse(text),
        receive=kept.receive,
        ended=kept.ended,
        log=BoundLog(logger, {}),
    )
    task = asyncio.create_task(keeper.run())
    try:
        yield kept, keeper
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object], what: str) -> None:
    for _ in range(round(PATIENCE_S) * 50):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"did not happen within {PATIENCE_S} s: {what}")


def says(master: int, text: bytes, kept: Kept) -> bool:
    os.write(master, text)
    return kept.data.endswith(text)


@contextlib.asynccontextmanager
async def serving(port: int, greeting: bytes) -> AsyncIterator[None]:
    """A TCP server that says something to everybody."""
    writers = []

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(greeting)

    server = await asyncio.start_server(greet, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def test_a_tcp_server_that_restarts_is_found_again() -> None:
    port = free_port()
    async with keeping(f"tcp:127.0.0.1:{port}") as (kept, keeper):
        await until(lambda: kept.lines, "it says that the link does not open")
        keeper.send(b"lost")
        async with serving(port, b"one"):
            await until(lambda: kept.data == b"one", "first connection")
        await until(lambda: kept.ends == 1, "it ended")
        async with serving(port, b"two"):
            await until(lambda: kept.data == b"onetwo", "second connection")
    said = [line for line in kept.lines if "does not open" in line]
    assert len(said) == len(set(said)) <= 2
    assert str(port) in said[0]


async def test_a_serial_port_that_is_unplugged_and_plugged_in_again_is_opened_again(
    tmp_path: Path,
) -> None:
    device = tmp_path / "ttyACM0"
    async with keeping(f"serial:{device}:57600") as (kept, _):
        await until(lambda: kept.lines, "it says that there is no such port")
        for text in (b"one", b"two"):
            master, slave = os.openpty()
            tty.setraw(slave)
            device.symlink_to(os.ttyname(slave))
            before = kept.data
            # Opening flushes what came before: a vehicle says everything again.
            await until(partial(says, master, text, kept), f"it was opened: {text!r}")
            assert not before.endswith(text)
            device.unlink()
            os.close(master)
            os.close(slave)
        await until(lambda: kept.ends == 2, "it ended")
    assert kept.data.count(b"one") >= 1
    assert len([line for line in kept.lines if "No such file" in line]) <= 3


async def test_a_trouble_that_lasts_is_said_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        async with keeping(f"udpin:127.0.0.1:{port}") as (kept, _):
            await until(lambda: kept.lines, "it says that the port is in use")
            # The next try comes after a second.
            await asyncio.sleep(1.2)
    assert len(kept.lines) == 1
    assert "in use" in kept.lines[0]


async def test_what_came_too_fast_is_counted_and_said_once() -> None:
    port = udp_port()
    sent = 0
    async with keeping(f"udpin:127.0.0.1:{port}") as (kept, keeper):
        await until(lambda: kept.lines, "it is open")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as vehicle:
            for _ in range(2):
                before = keeper.overflowed
                for _ in range(5000):
                    sent += vehicle.sendto(bytes(50), ("127.0.0.1", port))
                await until(partial(missed_more, keeper, before), "datagrams are missed")
        await until(
            lambda: len(kept.data) + 50 * keeper.overflowed == sent, "each one came or is counted"
        )
    said = [line for line in kept.lines if "is lost" in line]
    assert len(said) == 1
    assert "datagrams" in said[0]


def missed_more(keeper: LinkKeeper, before: int) -> bool:
    return keeper.overflowed > before
