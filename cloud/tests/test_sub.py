"""What `aerostream-cloud sub` shows of a frame."""

from typing import Any

import msgspec
from aerostream_cloud.sub import described
from aerostream_contract.frame import merge_frames
from support.cloud import attitude_frame


def test_a_frame_shows_its_number_and_a_merged_one_the_ranges_of_all_numbers() -> None:
    single = attitude_frame(4, rows=1)
    merged = merge_frames([attitude_frame(number, rows=1) for number in (3, 4, 8)])
    run = merge_frames([attitude_frame(number, rows=1) for number in (3, 4)])

    assert shown(single)["number"] == 4
    assert "numbers" not in shown(single)
    assert shown(merged)["numbers"] == [[3, 4], [8, 8]]
    assert shown(run)["numbers"] == [[3, 4]]
    assert "number" not in shown(merged)
    assert len(shown(merged)["samples"]) == 3


def shown(payload: bytes) -> dict[str, Any]:
    line = described("aero/1/f/d/up/bf", payload, {})
    frame: dict[str, Any] = msgspec.json.decode(line)["frame"]
    return frame
