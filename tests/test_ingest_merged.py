"""Merged frames on their way through a real broker and a real store."""

from pathlib import Path

import pytest
from aerostream_contract.frame import merge_frames
from aerostream_contract.frame_pb2 import Frame
from support.broker import Broker
from support.cloud import Ingest, MqttClient, attitude_frame, until

BF = "aero/1/north/d1/up/bf"


@pytest.mark.parametrize("torn", [False, True])
def test_every_number_of_a_merged_frame_is_acknowledged_with_it(
    broker: Broker, tmp_path: Path, *, torn: bool
) -> None:
    numbers = {3, 4, 5, 9, 40}
    merged = merge_frames([attitude_frame(number) for number in numbers])
    if torn:
        merged = torn_frame(merged)
    with (
        MqttClient(broker.port, "aero/1/+/+/dn/ack", "aero/1/_svc/#") as client,
        Ingest(broker.url, tmp_path / "data") as ingest,
    ):
        ingest.ready(client)
        client.publish(BF, merged)
        until(lambda: client.acknowledged("north", "d1") == numbers, f"dn/ack of {numbers}")
        assert len(ingest.attitudes()) == (0 if torn else 5 * len(numbers))


def torn_frame(payload: bytes) -> bytes:
    """The frame with a body that cannot be read."""
    frame = Frame.FromString(payload)
    frame.deflated = b"torn"
    return frame.SerializeToString()
