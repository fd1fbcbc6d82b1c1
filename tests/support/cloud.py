"""The cloud services under test: frames to feed them, ingest as a process, an MQTT client."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
from aerostream_contract.channels import CHANNELS
from aerostream_contract.columns import Cell
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from aerostream_contract.times import iso_from_us
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from support.patience import PATIENCE_S

#: 2026-01-01 UTC.
START_US = 1_767_225_600_000_000
#: Rows of `attitude_frame` are 200 ms apart.
STEP_US = 200_000


_SERVICE_STATE = "aero/1/_svc/ingest/test/state"
_ATTITUDE = CHANNELS["attitude"]


def attitude_frame(
    number: int,
    *,
    epoch: int = 1,
    rows: int = 5,
    first_us: int | None = None,
    component: int = 1,
    events: Sequence[bytes] = (),
) -> bytes:
    """A frame of attitude samples; frames with different numbers have different times."""
    start_us = START_US + number * rows * STEP_US if first_us is None else first_us
    cells: list[tuple[int, Sequence[Cell]]] = [
        (row * STEP_US, _attitude_cells(number, row)) for row in range(rows)
    ]
    section = Section(component, 1, Clock.BOOT, start_us, [SeriesRows(_ATTITUDE, "0", cells)])
    return encode_frame(epoch, number, [section] if rows else [], events)


def attitude_values(number: int, row: int) -> dict[str, float | None]:
    """What row `row` of frame `number` must be stored as, in the table's units."""
    return {
        field.name: None if cell is None else cell / field.steps
        for field, cell in zip(_ATTITUDE.fields, _attitude_cells(number, row), strict=True)
    }


def _attitude_cells(number: int, row: int) -> tuple[int | None, ...]:
    return number, row, -number, 0, None, number * 10_000 + row


def event_json(number: int, *, epoch: int = 1, time_us: int = START_US, text: str = "hi") -> bytes:
    """An event of kind `mode`."""
    return msgspec.json.encode(
        {
            "epoch": epoch,
            "number": number,
            "time": iso_from_us(time_us),
            "kind": "mode",
            "severity": 6,
            "component": 1,
            "text": text,
            "data": {"mode": "AUTO"},
        }
    )


def until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {timeout_s} s: {what}"
        time.sleep(0.02)


class MqttClient:
    """A client of another make than the services': paho."""

    def __init__(self, port: int, *filters: str) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._subscribed = threading.Event()
        self._published = 0
        client = self._client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.connect("127.0.0.1", port)
        client.loop_start()
        if filters:
            client.subscribe([(each, SubscribeOptions(qos=1)) for each in filters])
            assert self._subscribed.wait(PATIENCE_S), "no SUBACK"

    def __enter__(self) -> "MqttClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the broker's acknowledgement."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        sent.wait_for_publish(PATIENCE_S)
        assert sent.is_published(), f"no PUBACK for {topic}"

    def catch_up(self) -> None:
        """Wait for all that the broker has been given until now, if it is a handful.

        The answer comes after it, but where so much is under way that the broker holds some back.
        """
        self.publish("test/marker", b"")

    def payloads(self, topic: str) -> list[bytes]:
        """What came on a topic."""
        return [payload for each, payload in list(self.received) if each == topic]

    def acknowledgements(self) -> list[bytes]:
        """Payloads of all `dn/ack` that came."""
        return [payload for topic, payload in list(self.received) if topic.endswith("/dn/ack")]

    def acknowledged(self, fleet: str, drone: str, epoch: int = 1) -> set[int]:
        """Numbers that `dn/ack` has confirmed."""
        numbers: set[int] = set()
        for payload in self.payloads(f"aero/1/{fleet}/{drone}/dn/ack"):
            ack = msgspec.json.decode(payload)
            if ack["epoch"] == epoch:
                for first, last in ack["ranges"]:
                    numbers.update(range(first, last + 1))
        return numbers

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))

    def _on_subscribe(
        self,
        _client: object,
        _data: object,
        _mid: int,
        _codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscribed.set()


class Ingest:
    """`aerostream-cloud ingest` as a process of its own, with its data in a folder.

    It ends with its `with` block at the latest.
    """

    def __init__(self, url: str, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.log = folder / "ingest.log"
        self.store = folder / "telemetry.sqlite"
        self.environ = cloud_environ(url, folder, **settings)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Ingest":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; see `Ingest.ready` for when it serves."""
        self.folder.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aerostream_cloud", "ingest"],
                env=self.environ,
                stdout=log,
                stderr=log,
            )

    def ready(self, client: MqttClient) -> None:
        """Start, and wait until it says that it is online; the client sees `_svc/#`."""
        before = len(self.states(client))
        self.start()
        until(lambda: "online" in self.states(client)[before:], "ingest online")

    @property
    def pid(self) -> int:
        """Its process id, for signals."""
        assert self._process is not None
        return self._process.pid

    @staticmethod
    def states(client: MqttClient) -> list[str]:
        """The states that ingest published, oldest first."""
        payloads = [payload for payload in client.payloads(_SERVICE_STATE) if payload]
        return [msgspec.json.decode(payload)["status"] for payload in payloads]

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        """Wait for it to end by itself; the exit code."""
        assert self._process is not None
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code

    def stop(self) -> None:
        """End it where it still runs."""
        if self._process is not None:
            self.kill()

    def attitudes(self) -> list[tuple[str, int, float, float]]:
        """Drone, time, roll and yawspeed of the stored attitudes."""
        return self.rows(
            "SELECT drone, time_us, roll, yawspeed FROM v_attitude ORDER BY drone, time_us"
        )

    def rows(self, statement: str) -> list[tuple]:  # type: ignore[type-arg]  # whatever is asked
        """Rows of the store, read as anybody with sqlite3 would."""
        connection = sqlite3.connect(f"{self.store.as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def dead_letters(self) -> list[tuple[str, str, bytes]]:
        """Kind, topic and payload of the dead letters."""
        connection = sqlite3.connect(
            f"{(self.folder / 'dead-letters.sqlite').as_uri()}?mode=ro", uri=True
        )
        try:
            return connection.execute(
                "SELECT kind, topic, payload FROM dead_letters ORDER BY id"
            ).fetchall()
        finally:
            connection.close()

    def _end(self, number: int) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait()


def cloud_environ(url: str, folder: Path, **settings: str) -> dict[str, str]:
    """Environment of a cloud command that keeps everything in `folder`."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("AEROSTREAM_")
    }
    own = {
        "MQTT_URL": url,
        "DATA_DIR": str(folder),
        "INSTANCE": "test",
        "HTTP_PORT": "0",
    } | {name.upper(): value for name, value in settings.items()}
    return clean | {f"AEROSTREAM_{name}": value for name, value in own.items()}
