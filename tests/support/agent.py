"""The edge agent as a real process, and a client that watches what it publishes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import msgspec
import paho.mqtt.client as paho
from aerostream_contract.frame import DecodedBlock, decode_frame, frame_identity
from aerostream_contract.models import Ack, Event, Info, State, Status, decode, encode
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from support.cloud import until
from support.patience import PATIENCE_S
from support.ports import udp_port


def agent_environ(url: str, folder: Path, **settings: str) -> dict[str, str]:
    """Environment of an agent's command that keeps everything in `folder`."""
    clean = {name: value for name, value in os.environ.items() if name[:11] != "AEROSTREAM_"}
    own = {"mqtt_url": url, "data_dir": str(folder), "drone": "d1"} | settings
    return clean | {f"AEROSTREAM_{name.upper()}": value for name, value in own.items()}


def edge(command: str, *arguments: str, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command of `aerostream-edge` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "aerostream_edge", command, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )


class EdgeAgent:
    """`aerostream-edge run` as a process; its link is `udpin` on a free port.

    Args:
        url: the broker's.
        folder: its data directory; its log lies beside it.
        settings: further settings, by name.
    """

    def __init__(self, url: str, folder: Path, **settings: str) -> None:
        self.port = udp_port()
        self.log = folder.with_suffix(".log")
        link = {"mavlink_url": f"udpin:127.0.0.1:{self.port}", "batch_interval": "0.2"}
        self._environ = agent_environ(url, folder, **(link | settings))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "EdgeAgent":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.kill()

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aerostream_edge", "run"],
                env=self._environ,
                stdout=log,
                stderr=log,
            )

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait for it to end by itself; the exit code."""
        assert self._process is not None
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code

    @property
    def text(self) -> str:
        """All that it wrote."""
        return self.log.read_text() if self.log.exists() else ""

    def said(self, *words: str) -> list[dict[str, Any]]:
        """Lines of its log that have all of these words in them."""
        # What follows the last newline is still being written.
        lines = [line for line in self.text.split("\n")[:-1] if line.startswith("{")]
        return [json.loads(line) for line in lines if all(word in line for word in words)]


class Watcher:
    """Sees everything under `aero/1`, and acknowledges frames as an ingest would.

    Args:
        port: the broker's.
        stores: acknowledge what comes, as if it were stored.
    """

    def __init__(self, port: int, *, stores: bool = True) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._stores = stores
        self._subscribed = threading.Event()
        client = self._client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.on_message = self._on_message
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert self._subscribed.wait(PATIENCE_S), "no SUBACK"

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def drones(self) -> set[str]:
        """Names of drones of fleet `default` that published anything."""
        return {topic.split("/")[3] for topic, _ in list(self.received) if "/up/" in topic}

    def payloads(self, leaf: str, drone: str = "d1") -> list[bytes]:
        """What came on a leaf of a drone, oldest first."""
        wanted = f"aero/1/default/{drone}/{leaf}"
        return [payload for topic, payload in list(self.received) if topic == wanted]

    def statuses(self, drone: str = "d1") -> list[Status]:
        """Its statuses."""
        return [decode(payload, Status) for payload in self.payloads("up/status", drone)]

    def states(self, drone: str = "d1") -> list[State]:
        """Its states."""
        return [decode(payload, State) for payload in self.payloads("up/state", drone)]

    def infos(self, drone: str = "d1") -> list[Info]:
        """Its birth certificates."""
        return [decode(payload, Info) for payload in self.payloads("up/info", drone)]

    def events(self, drone: str = "d1") -> list[Event]:
        """Its live events."""
        return [decode(payload, Event) for payload in self.payloads("up/evt", drone)]

    def blocks(self, channel: str, drone: str = "d1") -> Iterator[DecodedBlock]:
        """What its frames hold of a channel."""
        for leaf in ("up/tel", "up/bf"):
            for payload in self.payloads(leaf, drone):
                frame = decode_frame(payload)
                assert frame.problems == []
                yield from (block for block in frame.blocks if block.channel.name == channel)

    def times(self, channel: str, drone: str = "d1") -> list[int]:
        """Times of a channel's samples, each once."""
        return sorted({time for block in self.blocks(channel, drone) for time in block.times})

    def catch_up(self) -> None:
        """Wait until everything has come that the broker has been given until now."""
        marker = f"aero/1/_test/{uuid4()}"
        self._client.publish(marker, qos=1)
        until(lambda: any(topic == marker for topic, _ in list(self.received)), "the marker")

    def wait_for_status(
        self, word: str, drone: str = "d1", *, timeout_s: float = PATIENCE_S
    ) -> None:
        """Wait until the newest status is this, such as `online up` or `lost`."""

        def told() -> bool:
            newest = self.statuses(drone)[-1:]
            return any(f"{each.status} {each.link or ''}".strip() == word for each in newest)

        until(told, f"status of {drone} is {word}", timeout_s)

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: paho.ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe("aero/1/#", qos=1)

    def _on_subscribe(
        self,
        _client: object,
        _data: object,
        _mid: int,
        _codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscribed.set()

    def _on_message(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        self.received.append((topic, payload))
        if not self._stores:
            return
        if topic.endswith(("/up/tel", "/up/bf")):
            epoch, number = frame_identity(payload)
        elif topic.endswith("/up/evt"):
            found = msgspec.json.decode(payload)
            epoch, number = found["epoch"], found["number"]
        else:
            return
        ack = encode(Ack(epoch=epoch, ranges=[(number, number)]))
        client.publish("/".join([*topic.split("/")[:4], "dn/ack"]), ack, qos=1)
