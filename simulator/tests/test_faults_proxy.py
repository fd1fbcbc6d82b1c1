"""The line that can be cut and be bad: what TCP promises holds, whatever happens to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import pytest
from aerostream_sim.faults.proxy import Proxy
from support.ports import free_port

SOON = 60.0
#: How long nothing must be heard before we believe that nothing comes.
SILENCE = 0.15

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Target:
    """A server on loopback that keeps its connections for the test to use."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._arrived: asyncio.Queue[Stream] = asyncio.Queue()
        self._all: list[asyncio.StreamWriter] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._keep, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._all:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _keep(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._all.append(writer)
        await self._arrived.put((reader, writer))

    async def next(self) -> Stream:
        async with asyncio.timeout(SOON):
            return await self._arrived.get()

    @property
    def waiting(self) -> int:
        return self._arrived.qsize()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with Target() as made:
        yield made


@contextlib.asynccontextmanager
async def proxied(port: int, seed: int = 1) -> AsyncIterator[Proxy]:
    proxy = Proxy(target_port=port, seed=seed)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()


@contextlib.asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def heard(reader: asyncio.StreamReader, count: int) -> bytes:
    async with asyncio.timeout(SOON):
        return await reader.readexactly(count)


async def everything(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """All until the end, and whether the end was a reset."""
    got = bytearray()
    async with asyncio.timeout(SOON):
        while True:
            try:
                data = await reader.read(65_536)
            except ConnectionResetError:
                return bytes(got), True
            if not data:
                return bytes(got), False
            got += data


async def silent(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(SILENCE):
            await reader.read(1)
    except TimeoutError:
        return True
    return False


def _passed(proxy: Proxy, least: int) -> Callable[[], bool]:
    return lambda: proxy.bytes_up >= least


def _passed_or_done(
    proxy: Proxy, least: int, tasks: Sequence[asyncio.Task[Any]]
) -> Callable[[], bool]:
    return lambda: proxy.bytes_up >= least or all(task.done() for task in tasks)


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + SOON
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


def numbers(start: int, end: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in range(start, end))


async def test_bytes_pass_both_ways_and_are_counted_and_an_end_stays_an_end(
    target: Target,
) -> None:
    async with proxied(target.port) as proxy, connected(proxy) as (reader, writer):
        writer.write(b"question")
        there, back = await target.next()
        assert await heard(there, 8) == b"question"
        writer.write_eof()
        assert await everything(there) == (b"", False)
        back.write(b"answers")
        assert await heard(reader, 7) == b"answers"
        assert (proxy.bytes_up, proxy.bytes_down) == (8, 7)
        back.close()
        assert await everything(reader) == (b"", False)
        assert (proxy.bytes_up, proxy.bytes_down) == (8, 7)


async def test_a_cut_line_is_silent_for_both_ends_and_some_connections_survive_it(
    target: Target,
) -> None:
    survived = 0
    for seed in range(8):
        async with proxied(target.port, seed) as proxy, connected(proxy) as (reader, writer):
            writer.write(numbers(0, 100))
            there, back = await target.next()
            assert await heard(there, 400) == numbers(0, 100)
            proxy.cut()
            writer.write(numbers(100, 200))
            back.write(numbers(0, 50))
            assert await silent(there)
            assert await silent(reader)
            proxy.mend()
            writer.write(numbers(200, 300))
            with contextlib.suppress(OSError):
                writer.write_eof()
            got, reset = await everything(there)
            if reset:
                assert got == b""
                assert (await everything(reader))[1]
            else:
                survived += 1
                assert got == numbers(100, 300)
                assert await heard(reader, 200) == numbers(0, 50)
    assert 0 < survived < 8


async def test_an_end_that_closes_during_a_cut_is_not_heard_of_before_it_is_over(
    target: Target,
) -> None:
    async with proxied(target.port) as proxy, connected(proxy) as (_, writer):
        writer.write(b"x")
        there, _ = await target.next()
        await heard(there, 1)
        proxy.cut()
        writer.close()
        assert await silent(there)
        proxy.mend()
        await everything(there)


async def test_what_gave_up_connecting_during_a_cut_never_reaches_the_target(
    target: Target,
) -> None:
    for seed in range(4):
        async with proxied(target.port, seed) as proxy:
            proxy.cut()
            async with connected(proxy) as (reader, writer):
                writer.write(b"from the past")
                assert await silent(reader)
                writer.close()
                await writer.wait_closed()
            proxy.mend()
            async with connected(proxy) as (_, writer):
                writer.write(b"now")
                there, _ = await target.next()
                assert await heard(there, 3) == b"now"
            assert target.waiting == 0


async def test_a_bad_line_takes_its_time_and_loses_changes_and_repeats_nothing(
    target: Target,
) -> None:
    loop = asyncio.get_running_loop()
    async with proxied(target.port) as proxy, connected(proxy) as (reader, writer):
        writer.write(b"x")
        there, back = await target.next()
        await heard(there, 1)
        proxy.worsen(loss=0.0, delay_s=0.3)
        took = []
        for _ in range(3):
            began = loop.time()
            writer.write(b"ping")
            await heard(there, 4)
            back.write(b"pong")
            await heard(reader, 4)
            took.append(loop.time() - began)
        # A machine that is busy elsewhere takes longer, but not every time.
        assert 0.29 <= min(took) < 3.0

        proxy.worsen(loss=0.2, delay_s=0.02)
        sent = numbers(0, 20_000)
        began = loop.time()
        writer.write(sent)
        assert await heard(there, len(sent)) == sent
        assert loop.time() - began >= 0.2

        proxy.worsen(loss=0.0, delay_s=0.0)
        writer.write(b"end")
        assert await heard(there, 3) == b"end"


@pytest.mark.parametrize(("loss", "delay_s"), [(1.0, 0.0), (-0.1, 0.0), (0.0, -1.0)])
async def test_a_line_that_cannot_be_is_refused(loss: float, delay_s: float) -> None:
    async with proxied(1) as proxy:
        with pytest.raises(ValueError, match="loss from 0"):
            proxy.worsen(loss=loss, delay_s=delay_s)


async def test_over_cuts_of_a_bad_line_each_connection_delivers_a_beginning_of_what_was_sent(
    target: Target,
) -> None:
    sent = numbers(0, 30_000)
    endings = set()
    # Which connections survive depends on their order, too: a few lines until both were seen.
    for seed in range(20):
        for got, reset in await over_cuts(target, sent, seed):
            assert sent.startswith(got)
            assert reset or got == sent
            endings.add("whole" if got == sent else "cut short")
        if len(endings) == 2:
            break
    assert endings == {"whole", "cut short"}


async def over_cuts(target: Target, sent: bytes, seed: int) -> list[tuple[bytes, bool]]:
    """What arrives of it on each of six connections while a bad line is cut twice."""

    async def send(writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            for start in range(0, len(sent), 3_000):
                writer.write(sent[start : start + 3_000])
                await writer.drain()
                await asyncio.sleep(0)
            writer.write_eof()

    async with proxied(target.port, seed=seed) as proxy, contextlib.AsyncExitStack() as stack:
        proxy.worsen(loss=0.05, delay_s=0.01)
        streams = [await stack.enter_async_context(connected(proxy)) for _ in range(6)]
        async with asyncio.TaskGroup() as tasks:
            for _, writer in streams:
                tasks.create_task(send(writer))
            reading = [tasks.create_task(everything((await target.next())[0])) for _ in range(6)]
            for _ in range(2):
                await until(_passed_or_done(proxy, proxy.bytes_up + 20_000, reading))
                proxy.cut()
                passed = proxy.bytes_up
                await asyncio.sleep(SILENCE)
                assert proxy.bytes_up == passed
                proxy.mend()
    return [task.result() for task in reading]


async def test_one_that_does_not_read_holds_up_the_sender_instead_of_filling_memory(
    target: Target,
) -> None:
    async with proxied(target.port) as proxy, connected(proxy) as (_, writer):
        writer.transport.set_write_buffer_limits(high=0)
        there, back = await target.next()
        back.transport.pause_reading()  # type: ignore[attr-defined]  # typed as WriteTransport
        taken = 0
        chunk = bytes(65_536)
        with contextlib.suppress(TimeoutError):
            while taken < 64_000_000:
                writer.write(chunk)
                async with asyncio.timeout(1.0):
                    await writer.drain()
                taken += len(chunk)
        # The kernel's buffers of both connections, and ours.
        assert taken < 32_000_000
        back.transport.resume_reading()  # type: ignore[attr-defined]
        writer.write_eof()
        got, reset = await everything(there)
        assert not reset
        assert len(got) == taken + len(chunk)


async def test_a_target_that_is_away_resets_and_is_found_again_on_the_same_port(
    target: Target,
) -> None:
    async with proxied(target.port) as proxy:
        port = proxy.port
    away = free_port()
    async with proxied(away) as proxy:
        async with connected(proxy) as (reader, _):
            assert (await everything(reader))[1]
        back_again = Target()
        back_again.port = away
        async with back_again, connected(proxy) as (_, writer):
            writer.write(b"hello")
            there, _ = await back_again.next()
            assert await heard(there, 5) == b"hello"
    assert port != 0


async def test_a_target_that_dies_resets_who_is_connected(target: Target) -> None:
    async with proxied(target.port) as proxy, connected(proxy) as (reader, writer):
        writer.write(b"x")
        there, back = await target.next()
        await heard(there, 1)
        back.transport.abort()
        await everything(reader)
        assert reader.at_eof() or reader.exception() is not None


async def test_closing_resets_all_connections_and_frees_the_port(target: Target) -> None:
    async with proxied(target.port) as proxy:
        port = proxy.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        await heard((await target.next())[0], 1)
    assert (await everything(reader))[1]
    writer.transport.abort()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
