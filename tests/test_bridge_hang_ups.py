"""Clients that hang up in the middle do not end the cloud."""

import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.bridge import Bridge
from support.broker import Broker
from support.cloud import until
from support.patience import PATIENCE_S

_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_GET = "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"


@pytest.fixture
def bridge(broker: Broker, tmp_path: Path) -> Iterator[Bridge]:
    bridge = Bridge(broker.url, tmp_path / "data", "serve")
    try:
        bridge.start()
        yield bridge
    finally:
        bridge.stop()


@pytest.mark.parametrize(
    "request_text",
    [_UPGRADE.replace("{path}", "/ws/%00"), _GET.replace("{path}", "/openapi.json") * 30],
    ids=["a WebSocket that is refused", "many requests in one go"],
)
def test_a_client_that_hangs_up_ends_nothing(bridge: Bridge, request_text: str) -> None:
    host = bridge.url.removeprefix("http://")
    address, _, port = host.partition(":")
    for _ in range(40):
        with socket.create_connection((address, int(port)), timeout=PATIENCE_S) as client:
            client.sendall(request_text.format(host=host).encode())
            # What it has not read makes the operating system answer further bytes with a reset.
            client.recv(1)
    assert bridge.get("/healthz").status_code == 200
    assert "Traceback" not in bridge.log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' /proc to ask for signals")
def test_writing_to_a_client_that_is_gone_is_an_error_and_no_signal(bridge: Bridge) -> None:
    status = Path(f"/proc/{bridge.pid}/status").read_text()
    [ignored] = [line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:")]
    assert int(ignored, 16) >> (signal.SIGPIPE - 1) & 1, "SIGPIPE would end the service"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' prlimit")
def test_files_that_run_out_are_said_once_and_others_are_served_afterwards(bridge: Bridge) -> None:
    open_files = len(list(Path(f"/proc/{bridge.pid}/fd").iterdir()))
    former = resource.prlimit(bridge.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(bridge.pid, resource.RLIMIT_NOFILE, (open_files + 3, former[1]))
    port = int(bridge.url.rpartition(":")[2])
    complaint = "socket.accept() out of system resource: [Errno 24] Too many open files"
    with ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        until(lambda: bridge.said(complaint), "it is said")
        resource.prlimit(bridge.pid, resource.RLIMIT_NOFILE, former)
        until(lambda: bridge.get("/healthz").status_code == 200, "others are served")
    assert len(bridge.said(complaint)) <= 2
    assert "Traceback" not in bridge.log.read_text()
