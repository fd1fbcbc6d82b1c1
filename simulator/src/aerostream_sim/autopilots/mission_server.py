"""Answers who downloads the mission. Nothing can be uploaded (yet)."""

from collections.abc import Mapping
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.missions import Mission, MissionItem
from aerostream_sim.autopilots.part import Listener, Part, addressed
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.mavlink.wire import Message

_MISSION, _FENCE, _RALLY = 0, 1, 2
_UNSUPPORTED, _INVALID_SEQUENCE = 3, 13


class MissionServer(Part):
    """The mission protocol.

    Args:
        system: the autopilot's system id.
        mission: what can be downloaded.
        sender: sends the answers.
    """

    def __init__(self, *, system: int, mission: Mission, sender: Sender) -> None:
        self._system = system
        self._mission = mission
        self._sender = sender

    def listeners(self) -> Mapping[str, Listener]:
        """The mission protocol's requests."""
        names = ("MISSION_REQUEST_LIST", "MISSION_REQUEST", "MISSION_REQUEST_INT", "MISSION_COUNT")
        return dict.fromkeys(names, self._take)

    def _take(self, message: Any) -> None:
        if addressed(message, self._system):
            answer = _answer(message, self._mission.items())
            self._sender.after(self._sender.delay_s(), answer)


def _answer(message: Any, items: list[MissionItem]) -> Message:
    kind = message.mission_type
    target = (message.get_srcSystem(), message.get_srcComponent())
    name = message.get_type()
    if kind not in (_MISSION, _FENCE, _RALLY) or name == "MISSION_COUNT":
        return dialect.MAVLink_mission_ack_message(*target, _UNSUPPORTED, kind)
    found = items if kind == _MISSION else []
    if name == "MISSION_REQUEST_LIST":
        return dialect.MAVLink_mission_count_message(*target, len(found), kind)
    if not 0 <= message.seq < len(found):
        return dialect.MAVLink_mission_ack_message(*target, _INVALID_SEQUENCE, kind)
    return _item_message(name, message.seq, found[message.seq], target)


def _item_message(asked: str, seq: int, item: MissionItem, target: tuple[int, int]) -> Message:
    head = (*target, seq, item.frame, item.command, 0, 1, *item.params)
    if asked == "MISSION_REQUEST":
        return dialect.MAVLink_mission_item_message(*head, item.lat_deg, item.lon_deg, item.alt_m)
    x, y = round(item.lat_deg * 1e7), round(item.lon_deg * 1e7)
    return dialect.MAVLink_mission_item_int_message(*head, x, y, item.alt_m)
