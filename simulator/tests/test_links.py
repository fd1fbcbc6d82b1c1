"""Links and addresses: who hears whom, and that nothing is left open."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
from aerostream_sim.errors import BadInput, LinkError
from aerostream_sim.links import LinkUrl, link_for
from support.patience import PATIENCE_S
from support.ports import free_port, udp_port


@pytest.mark.parametrize(
    "text",
    ["", "udp", "udp:127.0.0.1:1", "udpin:127.0.0.1", "udpin::14550", "udpin:127.0.0.1:x",
     "udpin:127.0.0.1:0", "udpin:127.0.0.1:65536", "serial:/dev/ttyS0:57600",
     "tcp:127.0.0.1:²"],
)  # fmt: skip
def test_an_unusable_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput, match="--mavlink"):
        LinkUrl.parse(text)


@pytest.mark.parametrize("scheme", ["udpin", "udpout", "tcp", "tcpin"])
def test_each_vehicle_has_the_next_port(scheme: str) -> None:
    urls = LinkUrl.parse(f"{scheme}:127.0.0.1:65533").following(3)
    assert [str(url) for url in urls] == [
        f"{scheme}:127.0.0.1:{port}" for port in (65533, 65534, 65535)
    ]
    with pytest.raises(BadInput, match="65536"):
        LinkUrl.parse(f"{scheme}:127.0.0.1:65533").following(4)


@pytest.mark.parametrize("scheme", ["udpin", "tcpin"])
async def test_an_address_in_use_is_named(scheme: str) -> None:
    port = udp_port() if scheme == "udpin" else free_port()
    url = LinkUrl.parse(f"{scheme}:127.0.0.1:{port}")
    first, second = link_for(url, ignore), link_for(url, ignore)
    await first.open()
    try:
        with pytest.raises(LinkError, match=f"{scheme}:127.0.0.1:{port}: Address already in use"):
            await second.open()
    finally:
        await second.close()
        await first.close()


async def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it never came"
        await asyncio.sleep(0.01)


def ignore(_data: bytes) -> None:
    """What comes does not matter."""


async def test_a_listening_datagram_link_sends_to_whoever_spoke() -> None:
    port = udp_port()
    heard: list[bytes] = []
    link = link_for(LinkUrl.parse(f"udpin:127.0.0.1:{port}"), heard.append)
    await link.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(60)
        assert not link.heard
        link.send(b"lost")
        peer.sendto(b"hello", ("127.0.0.1", port))
        await until(lambda: heard)
        assert link.heard
        link.send(b"answer")
        assert peer.recv(100) == b"answer"
    await link.close()
    assert heard == [b"hello"]


async def test_a_datagram_link_bears_that_nobody_listens_yet() -> None:
    port = udp_port()
    link = link_for(LinkUrl.parse(f"udpout:127.0.0.1:{port}"), ignore)
    await link.open()
    for _ in range(5):
        link.send(b"lost")
        await asyncio.sleep(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        late.bind(("127.0.0.1", port))
        late.setblocking(False)
        received: list[bytes] = []

        def try_again() -> bool:
            link.send(b"now")
            try:
                received.append(late.recv(100))
            except BlockingIOError:
                return False
            return True

        await until(try_again)
    await link.close()
    assert received == [b"now"]


async def test_several_clients_hear_a_listening_tcp_link() -> None:
    port = free_port()
    heard: list[bytes] = []
    link = link_for(LinkUrl.parse(f"tcpin:127.0.0.1:{port}"), heard.append)
    await link.open()
    clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    for _, writer in clients:
        writer.write(b"x")
    await until(lambda: b"".join(heard) == b"xxx")
    link.send(b"to all")
    for reader, _ in clients:
        assert await reader.readexactly(6) == b"to all"
    clients[0][1].close()
    await clients[0][1].wait_closed()
    await link.close()
    assert not link.heard
    for reader, writer in clients[1:]:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def test_a_tcp_link_connects_again() -> None:
    port = free_port()
    link = link_for(LinkUrl.parse(f"tcp:127.0.0.1:{port}"), ignore)
    await link.open()
    await asyncio.sleep(0)
    assert not link.heard, "nobody is there yet"
    accepted: list[asyncio.StreamWriter] = []

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    for _ in range(2):
        await until(lambda: accepted and link.heard)
        accepted.pop().close()
        await until(lambda: not link.heard)
    await link.close()
    server.close()
    await server.wait_closed()
