"""`make demo`: broker, cloud and a simulated fleet as real processes, until Ctrl-C."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from aerostream_sim.ports import free_port, is_listening

from deploy.demo.processes import (
    ROOT,
    DemoError,
    Processes,
    mosquitto,
    python,
    shown,
)
from deploy.demo.proof import Bridge, missing

_START_TIMEOUT_S = 30.0
_FLEET_TIMEOUT_S = 60.0
_LINE_INTERVAL_S = 10.0
_MOST_DRONES = 500
#: The exit code of programs that a broken pipe ends.
_BROKEN_PIPE = 128 + signal.SIGPIPE
#: The shore of Lake Constance, so that boats swim and the others are near them.
_HOME = "47.6612,9.2080,400"
#: The round of kinds gives copters of both autopilots and one of each other kind.
_KINDS = ("--type", "copter,plane,copter,rover,copter,boat", "--autopilot", "ardupilot,px4")


def main() -> int:
    """Run the demonstration; 0 where every drone was seen, stored and served."""
    arguments = _arguments()
    if is_listening(arguments.port):
        raise DemoError(
            f"port {arguments.port} on 127.0.0.1 is in use: `make demo PORT=…` takes another one"
        )
    # The port is nobody else's, so the folder is not either.
    folder: Path = arguments.folder or ROOT / f"var/demo-{arguments.port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bridge = Bridge(arguments.port)
    with Processes(folder) as processes:
        broker_port = free_port()
        _say(f"Starting Mosquitto, the cloud and {arguments.drones} drones …")
        _start(processes, bridge, broker_port, folder, arguments)
        processes.wait_until(
            lambda: _count_online(bridge) >= arguments.drones,
            f"not all of {arguments.drones} drones came online",
            _FLEET_TIMEOUT_S + arguments.drones / 5,
        )
        _say(_where_to_look(arguments.port, broker_port, folder))
        _watch(processes, bridge, arguments.duration)
        complaints = missing(bridge, arguments.drones)
    for complaint in complaints:
        _say(f"demo: {complaint}")
    if not complaints:
        _say(f"All {arguments.drones} drones were seen, stored and served.")
    return 1 if complaints else 0


def _start(
    processes: Processes,
    bridge: Bridge,
    broker_port: int,
    folder: Path,
    arguments: argparse.Namespace,
) -> None:
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {broker_port} 127.0.0.1\nallow_anonymous true\n")
    url = f"mqtt://127.0.0.1:{broker_port}"
    processes.start("mosquitto", mosquitto(config))
    processes.wait_until(
        lambda: is_listening(broker_port), "Mosquitto did not start", _START_TIMEOUT_S
    )
    processes.start(
        "cloud",
        python("aerostream_cloud", "serve"),
        mqtt_url=url,
        data_dir=str(folder / "cloud"),
        http_port=str(arguments.port),
    )
    processes.wait_until(bridge.is_ready, "the cloud did not start", _START_TIMEOUT_S)
    fleet = ["--vehicles", str(arguments.drones), "--home", _HOME, *_KINDS]
    pipeline = ["--mqtt", url, "--fleet", "demo", "--data-dir", str(folder / "drones")]
    processes.start("drones", python("aerostream_sim", "swarm", *fleet, *pipeline))


def _watch(processes: Processes, bridge: Bridge, duration_s: float | None) -> None:
    """Wait until the time is over, or for ever, and say now and then how the fleet is."""
    start_s = time.monotonic()
    end_s = None if duration_s is None else start_s + duration_s
    next_line_s = start_s
    while end_s is None or time.monotonic() < end_s:
        processes.check()
        if duration_s is not None and time.monotonic() >= next_line_s:
            next_line_s += _LINE_INTERVAL_S
            states = bridge.drones().values()
            flying = sum(1 for state in states if state["landed"] not in (None, "on_ground"))
            left_s = start_s + duration_s - time.monotonic()
            _say(f"{len(states)} drones, {flying} in the air, {left_s:.0f} s left")
        time.sleep(0.2)


def _count_online(bridge: Bridge) -> int:
    try:
        states = bridge.drones().values()
    except OSError:  # why it does not answer, its log tells: `check` looks there
        return 0
    return sum(1 for state in states if state["presence"] == "online")


def _where_to_look(port: int, broker_port: int, folder: Path) -> str:
    url = f"http://127.0.0.1:{port}"
    program = shown(Path(sys.executable).parent / "aerostream-cloud")
    return f"""
The fleet flies. Look at it:

  {url}             the map
  {url}/docs        the REST interface

Try, in another terminal:

  mosquitto_sub -p {broker_port} -v -t 'aero/1/demo/+/json/position'
  mosquitto_sub -p {broker_port} -v -t 'aero/1/demo/+/up/evt'
  curl '{url}/api/v1/drones'
  {program} stats --config {shown(_configuration(broker_port, folder))}

Logs and data are in {shown(folder)}. Ctrl-C ends it all.
"""


def _configuration(broker_port: int, folder: Path) -> Path:
    """A configuration of this very installation, for whoever tries further commands."""
    file = folder / "cloud.toml"
    file.write_text(
        f'mqtt_url = "mqtt://127.0.0.1:{broker_port}"\ndata_dir = "{folder / "cloud"}"\n',
        encoding="utf-8",
    )
    return file


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", allow_abbrev=False)
    parser.add_argument("--drones", type=_whole_number("DRONES", 1, _MOST_DRONES), default=12)
    parser.add_argument("--duration", type=_whole_number("DURATION", 1, 86_400), default=None)
    parser.add_argument("--port", type=_whole_number("PORT", 1, 65_535), default=8000)
    parser.add_argument("--folder", type=Path, help="for logs and data; emptied at the start")
    return parser.parse_args()


class _whole_number:  # noqa: N801  # argparse shows the name of what converts
    def __init__(self, name: str, least: int, most: int) -> None:
        self._name, self._least, self._most = name, least, most

    def __call__(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and self._least <= int(text) <= self._most):
            raise DemoError(
                f"{self._name}={text} is unusable, expected a whole number "
                f"from {self._least} to {self._most}"
            )
        return int(text)


class _NobodyReads(Exception):
    """Standard output leads nowhere any more, as in `make demo | head`."""


def _say(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        # Python would complain once more when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _NobodyReads from error


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # SIGINT too: a shell's background jobs start with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(130)
    except _NobodyReads:
        sys.exit(_BROKEN_PIPE)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except OSError as error:
        sys.exit(f"demo: the bridge does not answer: {error}")
