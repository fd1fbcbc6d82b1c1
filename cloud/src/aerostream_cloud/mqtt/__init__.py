"""The connection to the broker: gmqtt behind the few functions that the services need.

gmqtt was chosen by a benchmark (docs/adr tells): it costs the least CPU per received message.
Three things it does differently from what durable storage needs are replaced here:

- It acknowledges a QoS 1 message by itself. Here the receiver does, after the commit, with one
  write for a whole batch.
- Its reconnection keeps packet ids across connections. Here each connection is a `Link` of its
  own; acknowledging on a link that is gone does nothing, so an id never reaches the broker on
  another connection than its own.
- It refuses to publish when the broker's receive maximum is in flight. Here such messages wait.
"""

from aerostream_cloud.mqtt.broker import Broker
from aerostream_cloud.mqtt.link import Link, Receiver, Will
from aerostream_cloud.mqtt.tls import tls_context

__all__ = ["Broker", "Link", "Receiver", "Will", "tls_context"]
