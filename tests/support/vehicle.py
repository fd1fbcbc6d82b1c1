"""A small honest MAVLink vehicle over UDP, made with pymavlink: it streams, listens and answers."""

import math
import socket
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from support.packets import heartbeat, message, pack

_ARMED = 128
_STREAM_S = 0.1
_HEARTBEAT_S = 0.5
_ACCEPTED, _UNSUPPORTED = 0, 3
_SET_MESSAGE_INTERVAL, _REQUEST_MESSAGE = 511, 512


class Vehicle:
    """Sends HEARTBEAT, ATTITUDE, GLOBAL_POSITION_INT and SYSTEM_TIME to an agent's `udpin` link.

    Args:
        port: where the agent listens.
        system: MAVLink system id.
        component: MAVLink component id.
        type_: MAV_TYPE; the default is a quadcopter.
        autopilot: MAV_AUTOPILOT; the default is ArduPilot.
        knows_intervals: it has SET_MESSAGE_INTERVAL.
        streams: it sends more than heartbeats.
        up_s: how long it has run.
    """

    def __init__(
        self,
        port: int,
        *,
        system: int = 1,
        component: int = 1,
        type_: int = 2,
        autopilot: int = 3,
        knows_intervals: bool = True,
        streams: bool = True,
        up_s: float = 100,
    ) -> None:
        self.system = system
        self.received: list[Any] = []
        """All messages that came, oldest first."""
        self.sent: Counter[str] = Counter()
        """Messages sent, by name."""
        self.mode = 4
        self.armed = False
        self._component = component
        self._kind = {"type_": type_, "autopilot": autopilot}
        self._knows_intervals = knows_intervals
        self._streams = streams
        self._address = ("127.0.0.1", port)
        self._booted_s = time.monotonic() - up_s
        self._sequence = 0
        self._silent = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.05)
        self._thread = threading.Thread(target=self._run, name=f"vehicle {system}")

    def __enter__(self) -> "Vehicle":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(60)
        self._socket.close()

    def be_silent(self, silent: bool) -> None:
        """Stop sending, or go on."""
        if silent:
            self._silent.set()
        else:
            self._silent.clear()

    def reboot(self) -> None:
        """Start again with a time since boot of nearly nothing."""
        self._booted_s = time.monotonic()

    def say(self, name: str, **fields: Any) -> None:
        """Send one message."""
        self._send(message(name, **fields))

    def asked(self, name: str) -> list[Any]:
        """Messages of this name that came."""
        return [each for each in list(self.received) if each.get_type() == name]

    def _run(self) -> None:
        stream_s = heartbeat_s = 0.0
        while not self._stopping.is_set():
            now_s = time.monotonic()
            if not self._silent.is_set():
                if now_s - heartbeat_s >= _HEARTBEAT_S:
                    heartbeat_s = now_s
                    base_mode = 81 | (_ARMED if self.armed else 0)
                    beat = heartbeat(base_mode=base_mode, custom_mode=self.mode, **self._kind)
                    self._send(beat)
                if self._streams and now_s - stream_s >= _STREAM_S:
                    stream_s = now_s
                    self._stream(now_s)
            self._listen()

    def _stream(self, now_s: float) -> None:
        boot_ms = max(1, round((now_s - self._booted_s) * 1000))
        self.say("SYSTEM_TIME", time_unix_usec=time.time_ns() // 1000, time_boot_ms=boot_ms)
        self.say("ATTITUDE", time_boot_ms=boot_ms, roll=math.sin(now_s) / 4, yaw=1.5)
        self.say(
            "GLOBAL_POSITION_INT",
            time_boot_ms=boot_ms,
            lat=473_977_420,
            lon=85_455_940,
            alt=488_000 + boot_ms % 1000,
            relative_alt=boot_ms % 1000,
            hdg=9000,
        )

    def _listen(self) -> None:
        try:
            data = self._socket.recv(2048)
        except (TimeoutError, ConnectionRefusedError):
            return
        for each in dialect.MAVLink(None).parse_buffer(bytearray(data)) or ():
            self.received.append(each)
            if each.get_type() == "COMMAND_LONG" and each.target_system == self.system:
                self._answer(each)

    def _answer(self, command: Any) -> None:
        result = _ACCEPTED
        if command.command == _SET_MESSAGE_INTERVAL and not self._knows_intervals:
            result = _UNSUPPORTED
        if command.command == _REQUEST_MESSAGE and command.param1 == 148:
            self.say("AUTOPILOT_VERSION", capabilities=64, flight_sw_version=0x04070000)
        self.say("COMMAND_ACK", command=command.command, result=result)

    def _send(self, sent: Any) -> None:
        with self._lock:
            packet = pack(
                sent,
                system=self.system,
                component=self._component,
                sequence=self._sequence % 256,
            )
            self._sequence += 1
            self.sent[sent.get_type()] += 1
            self._socket.sendto(packet, self._address)
