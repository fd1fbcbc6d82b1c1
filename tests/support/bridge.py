"""The bridge under test: as a process of its own, over a store and a registry that tests fill."""

import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from aerostream_cloud.database import open_database
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.store import SeriesBlock, Value, open_store
from aerostream_contract.channels import channel_named
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName

from support.cloud import cloud_environ, until
from support.patience import PATIENCE_S


class Bridge:
    """`aerostream-cloud bridge`, or `serve`, on a free port, with its data in a folder."""

    def __init__(
        self, mqtt_url: str, folder: Path, command: str = "bridge", **settings: str
    ) -> None:
        self.folder = folder
        self.log = folder / f"{command}.log"
        self._command = command
        self._environ = cloud_environ(mqtt_url, folder, **settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.Client | None = None

    def launch(self) -> None:
        """Start it, and do not wait."""
        self.folder.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aerostream_cloud", self._command],
                env=self._environ,
                stdout=log,
                stderr=log,
            )

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.launch()
        self.connect()
        until(lambda: self.get("/readyz").status_code == 200, "the bridge ready", PATIENCE_S)

    def connect(self) -> None:
        """Wait until it listens."""
        until(lambda: self.said("listening"), "the bridge listening", PATIENCE_S)
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    @property
    def pid(self) -> int:
        """Its process id, for signals."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        url: str = self.said("listening")[-1]["url"]
        return url

    def said(self, event: str) -> list[dict[str, Any]]:
        """The log lines of an event."""
        # What follows the last newline is still being written.
        lines = self.log.read_text().split("\n")[:-1] if self.log.exists() else []
        found = [msgspec.json.decode(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """GET, with query parameters."""
        assert self._client is not None
        return self._client.get(path, params=parameters or None)

    def send(self, method: str, path: str, **headers: str) -> httpx.Response:
        """A request with any method and headers."""
        assert self._client is not None
        return self._client.request(method, path, headers=headers)

    def stream(self, path: str) -> AbstractContextManager[httpx.Response]:
        """GET whose body is read bit by bit."""
        assert self._client is not None
        return self._client.stream("GET", path)

    def json(self, path: str, **parameters: Any) -> Any:
        """The answer of a GET that must succeed."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content)

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for it to end by itself; the exit code."""
        assert self._process is not None
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code

    def stop(self) -> None:
        """End it where it still runs."""
        if self._client is not None:
            self._client.close()
        if self._process is not None:
            self._process.kill()
            self.wait()


def block(
    drone: DroneName,
    channel: str,
    rows: Mapping[int, Mapping[str, Value]],
    *,
    component: int = 1,
    instance: str = "0",
) -> SeriesBlock:
    """Samples by time, of which only some fields matter."""
    found = channel_named(channel)
    columns: list[list[Value]] = [
        [row.get(name) for row in rows.values()] for name in found.field_names
    ]
    return SeriesBlock(drone, DecodedBlock(found, component, instance, list(rows), columns))


def fill(folder: Path, drones: Iterable[DroneName], blocks: Sequence[SeriesBlock]) -> None:
    """Register drones and store samples, as ingest would."""
    folder.mkdir(exist_ok=True)
    registry = DroneRegistry(engine=open_database(f"sqlite:///{folder / 'registry.sqlite'}"))
    store = open_store(f"sqlite:///{folder / 'telemetry.sqlite'}")
    try:
        for drone in drones:
            registry.admit(drone, 1_767_225_600_000_000)
        store.write(blocks)
    finally:
        store.close()
        registry.close()
