"""Every kind of link over real sockets and a real pseudo-terminal: both ways, and its end."""

import asyncio
import contextlib
import os
import socket
import sys
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aerostream_edge.errors import LinkError
from aerostream_edge.links import Link, LinkUrl, open_link
from aerostream_edge.links.base import MAX_PIECE_BYTES, Inbox
from support.packets import heartbeat, pack
from support.patience import PATIENCE_S
from support.ports import free_port, udp_port

PACKET = pack(heartbeat())
LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def udp_socket() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind((LOOPBACK, 0))
        found.settimeout(PATIENCE_S)
        yield found


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """The autopilot's end of a serial line, and the device at ours."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        with contextlib.suppress(OSError):
            os.close(master)


@contextlib.asynccontextmanager
async def opened(text: str) -> AsyncIterator[Link]:
    link = await open_link(LinkUrl.parse(text))
    try:
        yield link
    finally:
        link.close()
        await ended(link)


async def heard(link: Link, size: int) -> bytes:
    """The next bytes of a link."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) < size:
            more = await link.receive()
            assert more, "the link ended"
            data += more
    return data


async def ended(link: Link) -> None:
    """Wait for the end of a link."""
    async with asyncio.timeout(PATIENCE_S):
        while await link.receive():
            pass


async def read_terminal(master: int, size: int) -> bytes:
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) < size:
            with contextlib.suppress(BlockingIOError):
                data += os.read(master, size)
            await asyncio.sleep(0.01)
    return data


class Peers:
    """A TCP server that keeps who connects."""

    def __init__(self) -> None:
        self.port = 0
        self._arrived: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._arrived = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Peers":
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def next(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(self._arrived.get(), PATIENCE_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._arrived.put_nowait((reader, writer))


# --- UDP --------------------------------------------------------------------------------------


async def test_udpin_hears_a_vehicle_and_answers_where_it_spoke_from() -> None:
    port = udp_port()
    async with opened(f"udpin:{LOOPBACK}:{port}") as link:
        link.send(b"nobody spoke yet: lost")
        with udp_socket() as vehicle:
            vehicle.sendto(PACKET, (LOOPBACK, port))
            assert await heard(link, len(PACKET)) == PACKET
            link.send(b"to you")
            assert await asyncio.to_thread(vehicle.recv, 100) == b"to you"


async def test_udpin_follows_a_vehicle_that_restarts_on_another_port() -> None:
    port = udp_port()
    async with opened(f"udpin:{LOOPBACK}:{port}") as link:
        for text in (b"first", b"again"):
            with udp_socket() as vehicle:
                vehicle.sendto(text, (LOOPBACK, port))
                assert await heard(link, 5) == text
                link.send(text)
                assert await asyncio.to_thread(vehicle.recv, 100) == text


async def test_udpin_says_that_the_port_is_in_use() -> None:
    with udp_socket() as other:
        port = other.getsockname()[1]
        with pytest.raises(LinkError, match="ddress already in use") as caught:
            await open_link(LinkUrl.parse(f"udpin:{LOOPBACK}:{port}"))
    assert str(caught.value).startswith(f"MAVLink link udpin:{LOOPBACK}:{port}: ")


async def test_udpout_speaks_first_and_hears_the_answer() -> None:
    with udp_socket() as station:
        port = station.getsockname()[1]
        async with opened(f"udpout:{LOOPBACK}:{port}") as link:
            link.send(PACKET)
            data, address = await asyncio.to_thread(station.recvfrom, 100)
            assert data == PACKET
            station.sendto(b"answer", address)
            assert await heard(link, 6) == b"answer"


async def test_udpout_lives_on_while_nobody_listens_there() -> None:
    port = udp_port()
    async with opened(f"udpout:{LOOPBACK}:{port}") as link:
        for _ in range(5):
            link.send(PACKET)
            await asyncio.sleep(0.01)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as station:
            station.settimeout(PATIENCE_S)
            station.bind((LOOPBACK, port))
            link.send(b"now")
            link.send(b"now")  # the first may be lost to the error of those before
            data, address = await asyncio.to_thread(station.recvfrom, 100)
            assert data == b"now"
            station.sendto(b"here", address)
            assert await heard(link, 4) == b"here"


async def test_udpout_to_a_host_that_does_not_exist_says_so() -> None:
    with pytest.raises(LinkError, match=r"MAVLink link udpout:no\.such\.host\.invalid:14550: "):
        await open_link(LinkUrl.parse("udpout:no.such.host.invalid:14550"))


# --- TCP --------------------------------------------------------------------------------------


async def test_tcp_connects_and_carries_both_ways_and_ends_with_the_other_side() -> None:
    async with Peers() as peers, opened(f"tcp:{LOOPBACK}:{peers.port}") as link:
        reader, writer = await peers.next()
        writer.write(PACKET)
        assert await heard(link, len(PACKET)) == PACKET
        link.send(b"back")
        assert await asyncio.wait_for(reader.readexactly(4), PATIENCE_S) == b"back"
        writer.close()
        await ended(link)
        link.send(b"nobody hears this")


async def test_tcp_where_nobody_listens_says_so() -> None:
    port = free_port()
    with pytest.raises(LinkError, match=r"refused|Connect call failed") as caught:
        await open_link(LinkUrl.parse(f"tcp:{LOOPBACK}:{port}"))
    assert str(caught.value).startswith(f"MAVLink link tcp:{LOOPBACK}:{port}: ")


async def test_tcp_does_not_buffer_for_a_side_that_stopped_reading() -> None:
    async with Peers() as peers, opened(f"tcp:{LOOPBACK}:{peers.port}") as link:
        await peers.next()
        for _ in range(10_000):
            link.send(bytes(10_000))  # 100 MB, if it were kept


async def test_tcpin_hears_all_who_connect_and_speaks_to_each() -> None:
    port = free_port()
    async with opened(f"tcpin:{LOOPBACK}:{port}") as link:
        link.send(b"nobody is there: lost")
        first = await asyncio.open_connection(LOOPBACK, port)
        second = await asyncio.open_connection(LOOPBACK, port)
        for (_, writer), text in ((first, b"one"), (second, b"two")):
            writer.write(text)
            assert await heard(link, 3) == text
        link.send(b"to all")
        for reader, writer in (first, second):
            assert await asyncio.wait_for(reader.readexactly(6), PATIENCE_S) == b"to all"
            writer.close()
            await writer.wait_closed()


async def test_tcpin_outlives_who_connected() -> None:
    port = free_port()
    async with opened(f"tcpin:{LOOPBACK}:{port}") as link:
        for text in (b"one", b"two"):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(text)
            assert await heard(link, 3) == text
            writer.transport.abort()
            link.send(b"perhaps lost")


async def test_tcpin_says_that_the_port_is_in_use() -> None:
    async with Peers() as peers:
        with pytest.raises(
            LinkError, match=f"MAVLink link tcpin:{LOOPBACK}:{peers.port}: .*in use"
        ):
            await open_link(LinkUrl.parse(f"tcpin:{LOOPBACK}:{peers.port}"))


# --- serial -----------------------------------------------------------------------------------


async def test_serial_carries_both_ways() -> None:
    with terminal() as (master, device):
        async with opened(f"serial:{device}:57600") as link:
            os.write(master, PACKET)
            assert await heard(link, len(PACKET)) == PACKET
            link.send(b"down")
            assert await read_terminal(master, 4) == b"down"


async def test_serial_ends_when_the_port_is_unplugged() -> None:
    with terminal() as (master, device):
        async with opened(f"serial:{device}:57600") as link:
            os.write(master, PACKET)
            assert await heard(link, len(PACKET)) == PACKET
            os.close(master)
            await ended(link)
            link.send(b"lost")


async def test_serial_that_takes_no_more_loses_what_is_sent_and_lives() -> None:
    with terminal() as (master, device):
        async with opened(f"serial:{device}:57600") as link:
            for _ in range(100):
                link.send(bytes(4096))
            os.write(master, PACKET)
            assert await heard(link, len(PACKET)) == PACKET


@pytest.mark.parametrize("what", ["missing", "file", "folder"])
async def test_serial_port_that_is_none_is_one_sentence(tmp_path: Path, what: str) -> None:
    device = tmp_path / what
    if what == "file":
        device.write_text("no terminal")
    elif what == "folder":
        device.mkdir()
    with pytest.raises(LinkError) as caught:
        await open_link(LinkUrl.parse(f"serial:{device}:57600"))
    sentence = str(caught.value)
    assert sentence.startswith(f"MAVLink link serial:{device}:57600: ")
    assert "\n" not in sentence


# --- what callbacks leave for the reader ------------------------------------------------------


async def test_an_inbox_gives_all_that_came_and_then_the_end() -> None:
    inbox = Inbox()
    inbox.put(b"a")
    inbox.put(b"b")
    inbox.end()
    assert await inbox.get() == b"ab"
    assert await inbox.get() == b""
    assert await inbox.get() == b""


async def test_an_inbox_holds_so_many_bytes_and_counts_what_is_lost_but_never_loses_the_end() -> (
    None
):
    inbox = Inbox()
    for _ in range(1000):
        inbox.put(bytes(60_000))
    inbox.end()
    read = 0
    while data := await inbox.get():
        assert len(data) <= MAX_PIECE_BYTES
        read += len(data)
    assert read + inbox.overflowed == 60_000_000
    assert read < 4_000_000


async def test_a_reader_that_always_finds_more_lets_others_run() -> None:
    inbox = Inbox()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    inbox.put(bytes(20 * MAX_PIECE_BYTES))
    for _ in range(20):
        await inbox.get()
    task.cancel()
    assert turns >= 19


async def test_tcpin_lets_those_wait_who_send_more_than_is_read_and_loses_nothing() -> None:
    port = free_port()
    sent = bytes(range(256)) * 64 * 1024  # 16 MiB
    async with opened(f"tcpin:{LOOPBACK}:{port}") as link:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(sent)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await writer.drain()
        assert await heard(link, len(sent)) == sent
        assert link.overflowed == 0
        writer.close()
        await writer.wait_closed()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a socket dropped")
async def test_udp_counts_the_datagrams_that_were_lost_because_nobody_read() -> None:
    port = udp_port()
    async with opened(f"udpin:{LOOPBACK}:{port}") as link:
        with udp_socket() as vehicle:
            for _ in range(5000):
                vehicle.sendto(PACKET, (LOOPBACK, port))
        assert link.overflowed > 0
        expected = (5000 - link.overflowed) * len(PACKET)
        assert len(await heard(link, expected)) == expected
