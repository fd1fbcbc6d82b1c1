"""The mission that a vehicle flies, for those who download it."""

from dataclasses import dataclass
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.mavlink.wire import Message

NAV_WAYPOINT, NAV_TAKEOFF, DO_JUMP, NAV_LAND, DO_LAND_START = 16, 22, 177, 21, 189
GLOBAL, GLOBAL_RELATIVE, MISSION = 0, 3, 2
_MISSION, _FENCE, _RALLY = 0, 1, 2
_UNSUPPORTED, _INVALID_SEQUENCE = 3, 13


@dataclass(frozen=True, slots=True)
class MissionItem:
    """An item of a mission."""

    command: int
    frame: int
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    alt_m: float = 0.0


class MissionServer:
    """Answers who downloads the mission. Nothing can be uploaded (yet)."""

    def take(self, message: Any, items: list[MissionItem]) -> list[Message]:
        """The answers to a message of the mission protocol."""
        kind = message.mission_type
        target = (message.get_srcSystem(), message.get_srcComponent())
        name = message.get_type()
        if kind not in (_MISSION, _FENCE, _RALLY) or name == "MISSION_COUNT":
            return [dialect.MAVLink_mission_ack_message(*target, _UNSUPPORTED, kind)]
        found = items if kind == _MISSION else []
        if name == "MISSION_REQUEST_LIST":
            return [dialect.MAVLink_mission_count_message(*target, len(found), kind)]
        if not 0 <= message.seq < len(found):
            return [dialect.MAVLink_mission_ack_message(*target, _INVALID_SEQUENCE, kind)]
        return [_item_message(name, message.seq, found[message.seq], target)]


def _item_message(asked: str, seq: int, item: MissionItem, target: tuple[int, int]) -> Message:
    head = (*target, seq, item.frame, item.command, 0, 1, *item.params)
    if asked == "MISSION_REQUEST":
        return dialect.MAVLink_mission_item_message(*head, item.lat_deg, item.lon_deg, item.alt_m)
    x, y = round(item.lat_deg * 1e7), round(item.lon_deg * 1e7)
    return dialect.MAVLink_mission_item_int_message(*head, x, y, item.alt_m)
