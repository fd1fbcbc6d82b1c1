"""What a simulated vehicle costs: processor time of `aerostream-sim fly` at the standard rates."""

import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from aerostream_edge.policy import RatePolicyName
from aerostream_edge.rates import SET_MESSAGE_INTERVAL, intervals
from pymavlink.dialects.v20 import common as dialect

from benchmarks.measure import MeasureError, Report, Result, cpu_s
from benchmarks.processes import free_udp_ports, running

COMMAND = "uv run python -m benchmarks simulator"
_FLEETS = (("ardupilot", 200), ("px4", 50))
_MEASURE_S = 15.0
_SETTLE_S = 6.0
_START_S = 4.0
#: Between requests, so that no vehicle's socket overflows.
_PAUSE_S = 0.05
_DATAGRAM_BYTES = 65_535


def run() -> Report:
    """Measure fleets of both autopilots.

    Raises:
        MeasureError: a fleet does not send.
    """
    results, rows = [], []
    for autopilot, vehicles in _FLEETS:
        each_ms, datagrams = _measure(autopilot, vehicles)
        results.append(
            Result(
                f"simulator_{autopilot}_ms_per_vehicle_s",
                f"Simulator: CPU per second and vehicle, {vehicles} with {autopilot}",
                round(each_ms, 2),
                "ms",
                "<=",
                None,
                COMMAND,
            )
        )
        rows.append((autopilot, f"{vehicles}", f"{each_ms:.2f}", f"{datagrams:.1f}"))
    header = ("Autopilot", "Vehicles", "CPU ms/s and vehicle", "Datagrams/s and vehicle")
    return Report(results, header, rows)


def _measure(autopilot: str, vehicles: int) -> tuple[float, float]:
    """Processor ms a second and vehicle, datagrams a second and vehicle."""
    port = free_udp_ports(vehicles)
    arguments = ["--vehicles", str(vehicles), "--type", "copter,plane,rover,boat"]
    arguments += ["--autopilot", autopilot, "--mavlink", f"udpin:127.0.0.1:{port}"]
    command = [sys.executable, "-m", "aerostream_sim", "fly", *arguments]
    with (
        tempfile.TemporaryDirectory() as folder,
        running("fly", command, Path(folder)) as fly,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
    ):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        listener.bind(("127.0.0.1", 0))
        _receive(listener, _START_S)
        _ask(listener, port, vehicles)
        _receive(listener, _SETTLE_S)
        fly.check()
        before_s, start_s = cpu_s(fly.pid), time.monotonic()
        datagrams = _receive(listener, _MEASURE_S)
        took_s = time.monotonic() - start_s
        used_s = cpu_s(fly.pid) - before_s
    if datagrams < vehicles * took_s:
        raise MeasureError(f"{vehicles} vehicles sent {datagrams} datagrams in {took_s:.0f} s")
    return used_s / took_s / vehicles * 1000, datagrams / took_s / vehicles


def _ask(listener: socket.socket, port: int, vehicles: int) -> None:
    """Say who listens, and ask each vehicle for the standard rates."""
    pack = dialect.MAVLink(None, srcSystem=255, srcComponent=191)
    heartbeat = dialect.MAVLink_heartbeat_message(18, 8, 0, 0, 4, 3).pack(pack)
    for place in range(vehicles):
        listener.sendto(heartbeat, ("127.0.0.1", port + place))
    for message_id, interval_us in intervals(RatePolicyName.STANDARD).items():
        for place in range(vehicles):
            question = dialect.MAVLink_command_long_message(
                place + 1, 1, SET_MESSAGE_INTERVAL, 0, message_id, interval_us, 0, 0, 0, 0, 0
            )
            listener.sendto(question.pack(pack), ("127.0.0.1", port + place))
        _receive(listener, _PAUSE_S)


def _receive(listener: socket.socket, seconds: float) -> int:
    """Take what comes for so long; how many datagrams that were."""
    end_s, count = time.monotonic() + seconds, 0
    while (left_s := end_s - time.monotonic()) > 0:
        listener.settimeout(left_s)
        with suppress(TimeoutError):
            listener.recv(_DATAGRAM_BYTES)
            count += 1
    return count
