"""The way to a broker anywhere: bytes pass both ways, with TLS, and an end is told on."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aerostream_contract.settings import MqttUrl
from aerostream_sim.errors import BadInput
from aerostream_sim.faults.door import Door
from aerostream_sim.faults.tunnel import Tunnel
from aerostream_sim.ports import free_port

_MUCH = bytes(range(256)) * 4096


@asynccontextmanager
async def echo(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says everything again, until who speaks says `end`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (data := await reader.read(1 << 16)) and not data.endswith(b"end"):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def tunnel(
    port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through a tunnel."""
    way = Tunnel(host=host, port=port, tls=tls)
    await way.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
        try:
            yield reader, writer
        finally:
            writer.close()
    finally:
        await way.close()


async def ends(reader: asyncio.StreamReader) -> bool:
    """Whether the other side ends the connection, cleanly or not."""
    try:
        async with asyncio.timeout(20):
            return await reader.read() == b""
    except ConnectionError:
        return True


async def test_bytes_pass_both_ways_and_the_end_is_told_on() -> None:
    async with echo() as port, tunnel(port) as (reader, writer):
        writer.write(_MUCH)
        assert await reader.readexactly(len(_MUCH)) == _MUCH
        writer.write(b"end")
        assert await ends(reader)


async def test_a_broker_that_is_away_ends_the_connection() -> None:
    async with tunnel(free_port()) as (reader, _):
        assert await ends(reader)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of `localhost`, signed by itself, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl, to make certificates")
    cert, key = tmp_path / "server.crt", tmp_path / "server.key"
    subject = "/CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec"),
            *f"-pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj {subject}".split(),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


async def test_tls_begins_in_the_tunnel_and_a_wrong_certificate_lets_nothing_pass(
    certificate: tuple[Path, Path],
) -> None:
    cert, key = certificate
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    trusting = Door.of(MqttUrl.parse("mqtts://localhost:1"), ca=cert, cert=None, key=None).tls
    wary = Door.of(MqttUrl.parse("mqtts://localhost:1"), ca=None, cert=None, key=None).tls
    async with echo(server) as port:
        async with tunnel(port, "localhost", trusting) as (reader, writer):
            writer.write(_MUCH)
            assert await reader.readexactly(len(_MUCH)) == _MUCH
        for host, tls in (("localhost", wary), ("127.0.0.1", trusting)):
            async with tunnel(port, host, tls) as (reader, _):
                assert await ends(reader)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    url = MqttUrl.parse("mqtts://broker")
    with pytest.raises(BadInput, match=r"certificates for mqtts://broker:8883 \(.*no\.crt\)"):
        Door.of(url, ca=tmp_path / "no.crt", cert=None, key=None)
    assert Door.of(MqttUrl.parse("mqtt://broker"), ca=tmp_path, cert=None, key=None).tls is None
