"""What the event loop complains of is said, and does not fill the log."""

import asyncio
import errno
import json

import pytest
from aerostream_cloud.logs import configure_logs, service_logger
from aerostream_cloud.loop_faults import PAUSE_S, LoopFaults


async def test_what_repeats_is_said_now_and_then_with_how_often(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info")
    now_s = 0.0
    faults = LoopFaults(log=service_logger("cloud", "test"), clock_s=lambda: now_s)
    loop = asyncio.get_running_loop()
    context = {"message": "out of resources", "exception": OSError(errno.EMFILE, "Too many files")}
    for _ in range(1000):
        faults(loop, context)
    faults(loop, {"message": "another thing"})
    now_s = PAUSE_S
    faults(loop, context)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["times"]) for line in said] == [
        ("out of resources: [Errno 24] Too many files", 1),
        ("another thing", 1),
        ("out of resources: [Errno 24] Too many files", 1000),
    ]
    assert "exception" not in said[0]


async def test_a_mistake_of_ours_is_said_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    faults = LoopFaults(log=service_logger("cloud", "test"))
    loop = asyncio.get_running_loop()
    former = loop.get_exception_handler()
    loop.set_exception_handler(faults)
    try:
        nothing: dict[str, int] = {}
        loop.call_soon(lambda: nothing["missing"])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(former)
    [line] = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    assert "KeyError: 'missing'" in line["exception"]
