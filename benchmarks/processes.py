"""The real parts as processes: Mosquitto, ingest, agents, MAVProxy; each ends with its block."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from aerostream_sim.ports import free_port, is_listening

from benchmarks.measure import MeasureError, wait_until

ROOT = Path(__file__).resolve().parents[1]
_BROKER_CONFIG = ROOT / "broker/mosquitto.conf"
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 15.0
_LAST_LINES = 5
#: Below the ports that the system gives to whoever asks for any.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000


@dataclass(frozen=True, slots=True)
class Running:
    """A process and where it writes."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def check(self) -> None:
        """See that it still runs.

        Raises:
            MeasureError: it has ended.
        """
        code = self.process.poll()
        if code is not None:
            raise MeasureError(f"{self.name} ended with {code}: {self._last_words()}")

    def terminate(self) -> None:
        """SIGTERM, and wait for a clean end.

        Raises:
            MeasureError: it does not end, or not with 0.
        """
        self.process.terminate()
        try:
            code = self.process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise MeasureError(f"{self.name} does not end") from error
        if code:
            raise MeasureError(f"{self.name} ended with {code}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(lines[-_LAST_LINES:])


def free_udp_ports(count: int) -> int:
    """The first of so many UDP ports in a row that were free a moment ago.

    Raises:
        MeasureError: there is no such row.
    """
    for first in range(_FIRST_PORT, _LAST_PORT - count, count):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    stack.enter_context(probe).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise MeasureError(f"there are no {count} free UDP ports in a row")


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    folder: Path,
    settings: dict[str, str] | None = None,
    *,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """A process, its output in a log in `folder`, with these `AEROSTREAM_` settings only.

    `variables` of the environment come on top.
    """
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AEROSTREAM_", "MAVLINK"))
    }
    # The benchmarks' own programs are found from any folder.
    environ["PYTHONPATH"] = str(ROOT)
    for setting, value in (settings or {}).items():
        environ[f"AEROSTREAM_{setting.upper()}"] = value
    environ.update(variables or {})
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield Running(name, process, log)
    finally:
        process.terminate()
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Mosquitto with the project's configuration; its port."""
    binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if binary is None:
        raise MeasureError("Mosquitto is not installed: `make mosquitto` installs it")
    port = free_port()
    config = _BROKER_CONFIG.read_text(encoding="utf-8")
    file = folder / "mosquitto.conf"
    file.write_text(config.replace("listener 1883 ", f"listener {port} "), encoding="utf-8")
    with running("mosquitto", [binary, "-c", str(file)], folder) as process:
        wait_until(lambda: _listens(process, port), "Mosquitto listens", _START_TIMEOUT_S)
        yield port


@contextmanager
def ingest(folder: Path, broker_port: int, **settings: str) -> Iterator[Running]:
    """`aerostream-cloud ingest`, connected; its store is `telemetry.sqlite` in `folder`."""
    own = {
        "mqtt_url": f"mqtt://127.0.0.1:{broker_port}",
        "data_dir": str(folder),
        "instance": "bench",
    }
    command = [sys.executable, "-m", "aerostream_cloud", "ingest"]
    with running("ingest", command, folder, own | settings) as process:
        wait_until(lambda: _has_connected(process), "ingest connects", _START_TIMEOUT_S)
        yield process


@contextmanager
def bridge(
    folder: Path, broker_port: int, http_port: int, *, logs: Path | None = None
) -> Iterator[Running]:
    """`aerostream-cloud bridge` over the store and the registry in `folder`, ready to answer.

    Its log goes to `logs` where that is given, for a folder that outlives the benchmark.
    """
    settings = {
        "mqtt_url": f"mqtt://127.0.0.1:{broker_port}",
        "data_dir": str(folder),
        "instance": "bench",
        "http_port": str(http_port),
    }
    command = [sys.executable, "-m", "aerostream_cloud", "bridge"]
    with running("bridge", command, logs or folder, settings) as process:
        wait_until(lambda: _is_ready(process, http_port), "the bridge is ready", _START_TIMEOUT_S)
        yield process


@contextmanager
def fleet_frames(folder: Path, broker_port: int, drones: int) -> Iterator[Running]:
    """A fleet that is only its frames, see `benchmarks.fleet_frames`."""
    command = [sys.executable, "-m", "benchmarks.fleet_frames", str(broker_port), str(drones)]
    with running("fleet", command, folder) as process:
        yield process


@contextmanager
def agent(
    folder: Path,
    *,
    drone: str,
    fleet: str,
    mavlink: str,
    broker_port: int,
    policy: str,
    variables: Mapping[str, str] | None = None,
    **more: str,
) -> Iterator[Running]:
    """`aerostream-edge run`, which asks the autopilot for nothing; `more` are settings."""
    data = folder / f"{fleet}-{drone}"
    data.mkdir(exist_ok=True)
    settings = {
        "drone": drone,
        "fleet": fleet,
        "mavlink_url": mavlink,
        "mqtt_url": f"mqtt://127.0.0.1:{broker_port}",
        "data_dir": str(data),
        "rate_policy": policy,
        "mavlink_rates": "listen",
    }
    command = [sys.executable, "-m", "aerostream_edge", "run"]
    name = f"agent-{fleet}-{drone}"
    with running(name, command, folder, settings | more, variables=variables) as process:
        yield process


def mavproxy_command(master_port: int, out_port: int) -> list[str]:
    """MAVProxy without a screen, its default modules loaded, nothing written to disk."""
    program = Path(sys.executable).parent / "mavproxy.py"
    if not program.exists():
        raise MeasureError(
            "MAVProxy is not installed: `uv sync --all-packages --group bench` installs it"
        )
    return [
        str(program),
        f"--master=udpin:127.0.0.1:{master_port}",
        f"--out=udpout:127.0.0.1:{out_port}",
        "--daemon",
        "--non-interactive",
        "--no-state",
    ]


def _listens(process: Running, port: int) -> bool:
    process.check()
    return is_listening(port)


def _is_ready(process: Running, port: int) -> bool:
    process.check()
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _has_connected(process: Running) -> bool:
    process.check()
    return "connected to the broker" in process.log.read_text(encoding="utf-8")
