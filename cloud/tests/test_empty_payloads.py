"""An empty payload where something is expected: the dead letter says just that."""

import pytest
from aerostream_cloud.dead_letter import Kind
from aerostream_cloud.ingest.decoding import Decoder


@pytest.mark.parametrize(
    ("leaf", "kind", "reason"),
    [
        ("up/tel", Kind.FRAME, "the payload is empty, expected a frame"),
        ("up/bf", Kind.FRAME, "the payload is empty, expected a frame"),
        ("up/evt", Kind.EVENT, "not a valid Event: the payload is empty"),
    ],
)
def test_an_empty_payload_is_called_empty(leaf: str, kind: Kind, reason: str) -> None:
    decoder = Decoder(admit=lambda name, _: name.fleet)
    batch = decoder.decode([(f"aero/1/n/d/{leaf}", b"")], 1)
    [letter] = batch.letters
    assert (letter.kind, letter.reason, letter.payload) == (kind, reason, b"")
    assert batch.numbered == []
