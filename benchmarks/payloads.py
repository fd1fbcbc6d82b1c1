"""How many bytes of telemetry each drone publishes, counted by a subscriber of the broker."""

from collections import Counter

from aerostream_contract.topics import ROOT, UP_BF, UP_EVT, UP_TEL, parse_drone_topic

from benchmarks.subscriber import Subscriber


class PayloadBytes(Subscriber):
    """Counts what the drones of a fleet publish of what has to be kept: frames and events.

    Args:
        port: the broker's.
        fleet: the fleet.
    """

    def __init__(self, port: int, fleet: str) -> None:
        super().__init__(port, [f"{ROOT}/{fleet}/+/{leaf}" for leaf in (UP_TEL, UP_EVT, UP_BF)])
        self.by_drone: Counter[str] = Counter()
        """Payload bytes so far."""

    def take(self, topic: str, payload: bytes) -> None:
        """See `Subscriber.take`."""
        self.by_drone[parse_drone_topic(topic).name.drone] += len(payload)
