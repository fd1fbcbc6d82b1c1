"""One MQTT client in a process of its own, which receives, acknowledges and says what it cost.

    python benchmarks/mqtt_receivers.py CLIENT PORT COUNT

It prints `ready` when it is subscribed, and the microseconds of processor time per message when
`COUNT` messages came. Each client acknowledges by hand: nothing is acknowledged before the
program has seen it.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import gmqtt
import paho.mqtt.client as paho
from aerostream_cloud.mqtt import Broker, Link
from aerostream_contract.settings import MqttUrl
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from structlog import get_logger

FILTER = "aero/1/+/+/up/tel"
RECEIVE_MAXIMUM = 4000
ACKNOWLEDGED_TOGETHER = 500
"""Messages per batch where a client can acknowledge a batch at once."""
TIMEOUT_S = 60.0
_SUBSCRIBE_S = 0.5
_KEEPALIVE_S = 60


class Meter:
    """Processor time from the first message to the last."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._seen = 0
        self._start_s = 0.0
        self.cost_us = 0.0
        """Per message, once all have come."""

    def message(self) -> bool:
        """Note a message; whether it was the last."""
        if not self._seen:
            self._start_s = time.process_time()
        self._seen += 1
        if self._seen < self._count:
            return False
        self.cost_us = (time.process_time() - self._start_s) / self._count * 1e6
        return True


def receive_paho(port: int, meter: Meter) -> None:
    """Receive with paho-mqtt and `manual_ack`, acknowledging each message."""
    done = threading.Event()

    def on_message(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        client.ack(message.mid, message.qos)
        if meter.message():
            done.set()

    client = paho.Client(
        CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
    )
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    client.on_message = on_message
    client.on_subscribe = lambda *_: _say("ready")
    client.connect("127.0.0.1", port, keepalive=_KEEPALIVE_S, properties=properties)
    client.subscribe(FILTER, qos=1)
    client.loop_start()
    if not done.wait(TIMEOUT_S):
        raise TimeoutError
    client.disconnect()
    client.loop_stop()


def receive_gmqtt(port: int, meter: Meter) -> None:
    """Receive with gmqtt as it comes: acknowledged when the handler has returned."""

    async def receive() -> None:
        done = asyncio.Event()

        async def on_message(*_: object) -> int:
            if meter.message():
                done.set()
            return 0

        client = gmqtt.Client(
            "receiver", optimistic_acknowledgement=False, receive_maximum=RECEIVE_MAXIMUM
        )
        client.on_message = on_message
        client.on_subscribe = lambda *_: _say("ready")
        await client.connect("127.0.0.1", port, keepalive=_KEEPALIVE_S)
        client.subscribe(FILTER, qos=1)
        async with asyncio.timeout(TIMEOUT_S):
            await done.wait()
        await client.disconnect()

    asyncio.run(receive())


def receive_ours(port: int, meter: Meter) -> None:
    """Receive with gmqtt as ingest uses it: a batch is acknowledged with one write."""

    async def receive() -> None:
        done = asyncio.Event()
        ids: list[int] = []

        def on_message(_topic: str, _payload: bytes, packet_id: int | None, *rest: Any) -> None:
            assert packet_id is not None
            ids.append(packet_id)
            last = meter.message()
            if last or len(ids) == ACKNOWLEDGED_TOGETHER:
                link: Link = rest[-1]
                link.acknowledge(ids)
                ids.clear()
            if last:
                done.set()

        def subscribed() -> None:
            # The SUBSCRIBE is sent; its answer has no public seam.
            asyncio.get_running_loop().call_later(_SUBSCRIBE_S, _say, "ready")

        broker = Broker(
            url=MqttUrl.parse(f"mqtt://127.0.0.1:{port}"),
            tls=None,
            client_id="receiver",
            subscriptions=[FILTER],
            receive=on_message,
            log=get_logger(),
            connected=subscribed,
            receive_maximum=RECEIVE_MAXIMUM,
        )
        async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(broker.run(), name="broker")
            await done.wait()
            await broker.close()
            running.cancel()

    asyncio.run(receive())


RECEIVERS: dict[str, Callable[[int, Meter], None]] = {
    "paho": receive_paho,
    "gmqtt": receive_gmqtt,
    "ingest": receive_ours,
}


def main() -> None:
    """Run the client that the command line names."""
    name, port, count = sys.argv[1:]
    meter = Meter(int(count))
    RECEIVERS[name](int(port), meter)
    _say(f"cost {meter.cost_us:.2f}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
