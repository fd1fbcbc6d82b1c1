"""Processor time of MQTT clients per received message, acknowledged by hand.

It decides which client ingest uses; docs/adr/0006-mqtt-clients.md has the decision. Messages are
120 bytes with QoS 1, published faster than any of the clients takes them.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Report, wait_until
from benchmarks.processes import Running, broker, running
from benchmarks.wire import Message, Publisher

PAYLOAD_BYTES = 120
MESSAGES = 40_000
"""Below what the broker queues for one client."""
ROUNDS = 3
CLIENTS = {
    "paho": "paho-mqtt, `manual_ack`, one acknowledgement each",
    "gmqtt": "gmqtt as it comes, acknowledged after the handler",
    "ingest": "gmqtt as ingest uses it, acknowledged in batches",
}
_RECEIVERS = Path(__file__).with_name("mqtt_receivers.py")
_START_TIMEOUT_S = 20.0
_RECEIVE_TIMEOUT_S = 60.0


def run() -> Report:
    """Measure each client; some 20 seconds.

    Raises:
        MeasureError: a client did not receive everything.
    """
    costs: dict[str, list[float]] = {name: [] for name in CLIENTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with broker(folder) as port:
            for _ in range(ROUNDS):
                for client, found in costs.items():
                    found.append(_cost_us(client, folder, port))
    rows = [
        (what, f"{min(costs[client]):.1f}", f"{1e6 / min(costs[client]):,.0f}")
        for client, what in CLIENTS.items()
    ]
    header = ("Client", "µs of CPU per message", "Messages/s and core")
    return Report(header=header, rows=rows)


def _cost_us(client: str, folder: Path, port: int) -> float:
    command = [sys.executable, str(_RECEIVERS), client, str(port), str(MESSAGES)]
    with (
        running(f"receive-{client}", command, folder) as receiver,
        Publisher(port, "publisher") as publisher,
    ):
        wait_until(lambda: _said(receiver, "ready"), f"{client} subscribes", _START_TIMEOUT_S)
        messages = [Message(b"aero/1/bench/drone-1/up/tel", bytes(PAYLOAD_BYTES))] * MESSAGES
        publisher.send(messages, room=lambda _: True, done=lambda: True)
        wait_until(lambda: _said(receiver, "cost"), f"{client} receives all", _RECEIVE_TIMEOUT_S)
        return float(_said(receiver, "cost"))


def _said(receiver: Running, word: str) -> str:
    """The line of the receiver that begins with this word; empty where there is none yet."""
    if not (text := receiver.log.read_text(encoding="utf-8")).endswith("\n"):
        receiver.check()
        return ""
    for line in text.splitlines():
        if line.startswith(word):
            return line.removeprefix(word) or word
    receiver.check()
    return ""
