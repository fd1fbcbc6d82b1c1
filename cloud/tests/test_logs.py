"""Log lines: JSON, with the keys that the edge agent's lines have."""

import json
import os
import subprocess
import sys

_SCRIPT = """
from aerostream_cloud.logs import configure_logs, service_logger
configure_logs("info")
log = service_logger("ingest", "main")
log.debug("too little to say")
log.info("stored", reason="straße")
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("failed", exc_info=error)
"""


def test_every_line_begins_with_time_level_and_event() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        capture_output=True,
        env=os.environ | {"PYTHONUTF8": "1"},
        timeout=60,
        check=True,
    )
    stored, failed = [json.loads(line) for line in done.stderr.decode().splitlines()]
    assert list(stored) == ["time", "level", "event", "service", "instance", "reason"]
    assert list(stored.values())[1:] == ["info", "stored", "ingest", "main", "straße"]
    assert stored["time"].endswith("Z")
    assert failed["level"] == "error"
    assert failed["exception"].endswith("ZeroDivisionError: division by zero")
