"""`make demo`: two recorded flights through the real pipeline, and what is stored of them.

Starts a broker and the cloud on free ports of the loopback interface, imports the flights that
are in the repository, prints the store's statistics, and stops what it started. The data stays
in `var/demo` to look at.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
from aerostream_contract.models import ServiceState, ServiceStatus, decode
from aerostream_contract.topics import service_state_topic
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "var/demo"
FLIGHTS = {"copter": ROOT / "tests/data/copter.tlog", "px4": ROOT / "tests/data/px4.tlog"}
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_QUERY = "SELECT drone, time, lat, lon, relative_alt FROM v_position LIMIT 5"
_START_TIMEOUT_S = 15.0


def main() -> int:
    """Run the demonstration; 0 where everything was stored."""
    DATA.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AEROSTREAM_")}
    environ["AEROSTREAM_MQTT_URL"] = f"mqtt://127.0.0.1:{port}"
    environ["AEROSTREAM_DATA_DIR"] = str(DATA)
    with ExitStack() as processes:
        _say(f"Starting Mosquitto on 127.0.0.1:{port} and the cloud; data in {_shown(DATA)}")
        processes.enter_context(_broker(port))
        _wait_for_port(port)
        processes.enter_context(_process("cloud", [*_python("aerostream_cloud"), "serve"], environ))
        _wait_for_ingest(port)
        for drone, flight in FLIGHTS.items():
            command = [*_python("aerostream_edge"), "import", str(flight)]
            _say(f"\n$ aerostream-edge import {_shown(flight)} --drone {drone} --policy full")
            subprocess.run(
                [*command, "--drone", drone, "--policy", "full"], env=environ, check=True
            )
        _say("\n$ aerostream-cloud stats")
        subprocess.run([*_python("aerostream_cloud"), "stats"], env=environ, check=True)
    _say("\nStopped again. The store is an ordinary SQLite file; try:")
    _say(f"  sqlite3 -header -column {_shown(DATA)}/telemetry.sqlite \\")
    _say(f'    "{_QUERY}"')
    _say("README.md shows how to run the parts yourself, with a live vehicle and mosquitto_sub.")
    return 0


@contextmanager
def _broker(port: int) -> Iterator[None]:
    binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if binary is None:
        sys.exit("demo: Mosquitto is not installed: `make mosquitto` installs it")
    config = DATA / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with _process("mosquitto", [binary, "-c", str(config)], dict(os.environ)):
        yield


@contextmanager
def _process(name: str, command: list[str], environ: dict[str, str]) -> Iterator[None]:
    """A process that ends with the block, its output in a log beside the data."""
    with (DATA / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"demo: Mosquitto did not start; see {_shown(DATA)}/mosquitto.log")


def _wait_for_ingest(port: int) -> None:
    """Until ingest listens: an import before that would have to wait, and say so."""
    online = threading.Event()

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if decode(bytes(message.payload), ServiceState).status is ServiceStatus.ONLINE:
            online.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.subscribe(service_state_topic("ingest", "+"))
    client.loop_start()
    came = online.wait(_START_TIMEOUT_S)
    client.disconnect()
    client.loop_stop()
    if not came:
        sys.exit(f"demo: the cloud did not start; see {_shown(DATA)}/cloud.log")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `{' '.join(error.cmd[1:4])} …` failed; see the logs in {_shown(DATA)}")
