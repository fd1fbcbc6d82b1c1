"""STATUSTEXT, as both autopilots write it."""

from enum import IntEnum

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.mavlink.wire import Message

#: What fits into one STATUSTEXT.
CHUNK = 50


class Severity(IntEnum):
    """MAV_SEVERITY."""

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


def chunked(severity: int, raw: bytes, number: int) -> list[Message]:
    """A text in as many STATUSTEXTs as it needs.

    Args:
        severity: MAV_SEVERITY.
        raw: the text.
        number: STATUSTEXT.id, which tells whose chunks they are.
    """
    return [
        dialect.MAVLink_statustext_message(
            severity, raw[start : start + CHUNK], number, start // CHUNK
        )
        for start in range(0, len(raw), CHUNK)
    ]
