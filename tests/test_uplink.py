"""The agent's connection: what it does by itself, and what it leaves to its owner."""

import os
import signal
import threading

from aerostream_contract.settings import MqttUrl
from aerostream_edge.uplink import Connected, Tls, Uplink, UplinkEvent
from support.broker import Broker
from support.cloud import MqttClient, until


def test_what_a_broken_connection_left_unconfirmed_is_not_sent_again_by_itself(
    broker: Broker,
) -> None:
    """It would go first on the next one, before anything new, however large it is."""
    wake = threading.Event()
    uplink = Uplink(
        url=MqttUrl.parse(broker.url),
        client_id="f/d",
        username=None,
        password=None,
        tls=Tls(),
        wake=wake.set,
        session_expiry_s=30,
    )
    seen: list[UplinkEvent] = []

    def connections() -> int:
        seen.extend(uplink.poll())
        return sum(isinstance(event, Connected) for event in seen)

    uplink.start()
    try:
        until(lambda: connections() == 1, "a connection")
        os.kill(broker.pid, signal.SIGSTOP)
        uplink.publish("t/lost", b"large")
        broker.kill()
        broker.start()
        with MqttClient(broker.port, "t/#") as client:
            until(lambda: connections() == 2, "another connection")
            assert uplink.has_room
            uplink.publish("t/new", b"small")
            until(lambda: bool(client.received), "what is new")
            assert client.received == [("t/new", b"small")]
    finally:
        uplink.stop()
