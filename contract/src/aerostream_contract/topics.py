"""MQTT topics under the root `aero/1`: building them, reading them, matching filters."""

from typing import NamedTuple
from urllib.parse import quote

from aerostream_contract.errors import InvalidName, shown
from aerostream_contract.names import DroneName

ROOT = "aero/1"

#: Written by a drone; its topic is `{ROOT}/{fleet}/{drone}/up/{leaf}`.
UP_STATUS, UP_INFO, UP_STATE = "up/status", "up/info", "up/state"
UP_TEL, UP_BF, UP_EVT = "up/tel", "up/bf", "up/evt"
#: Written by the ingest service to a drone.
DN_ACK = "dn/ack"
#: Written by the bridge to a drone: somebody looks at it.
DN_ATT = "dn/att"

#: Component and instance of the samples that are mirrored at `json/{channel}` itself.
_AUTOPILOT_COMPONENT, _FIRST_INSTANCE = 1, "0"


class DroneTopic(NamedTuple):
    """A topic of one drone, split: `leaf` is what follows the drone, such as `up/tel`."""

    name: DroneName
    leaf: str


def drone_topic(name: DroneName, leaf: str) -> str:
    """The topic `leaf` of a drone."""
    return f"{ROOT}/{name.fleet}/{name.drone}/{leaf}"


def parse_drone_topic(topic: str) -> DroneTopic:
    """Split a drone's topic.

    Raises:
        InvalidName: the topic is not `aero/1/{fleet}/{drone}/{leaf}` with valid ids.
    """
    parts = topic.split("/", 4)
    if len(parts) != 5 or parts[0] != "aero" or parts[1] != "1" or not parts[4]:
        raise InvalidName(f"topic {shown(topic)} is not {ROOT}/FLEET/DRONE/…")
    return DroneTopic(DroneName(parts[2], parts[3]), parts[4])


def mirror_topic(name: DroneName, channel: str, component: int, instance: str) -> str:
    """The topic that mirrors one series as JSON: the autopilot's instance 0 has the short form."""
    short = f"{ROOT}/{name.fleet}/{name.drone}/json/{channel}"
    if component == _AUTOPILOT_COMPONENT and instance == _FIRST_INSTANCE:
        return short
    return f"{short}/{component}-{_percent_encoded(instance)}"


def service_state_topic(service: str, instance: str) -> str:
    """The retained state (and will) of one instance of a cloud service."""
    return f"{ROOT}/_svc/{service}/{instance}/state"


def parse_service_state_topic(topic: str) -> tuple[str, str]:
    """Service and instance of a `_svc/{service}/{instance}/state` topic.

    Raises:
        InvalidName: the topic has another shape.
    """
    parts = topic.split("/")
    if len(parts) != 6 or parts[:3] != ["aero", "1", "_svc"] or parts[5] != "state":
        raise InvalidName(f"topic {shown(topic)} is not {ROOT}/_svc/SERVICE/INSTANCE/state")
    return parts[3], parts[4]


def _percent_encoded(instance: str) -> str:
    """Percent-encode all but `[A-Za-z0-9_-]`; `quote` leaves `.` and `~` alone, MQTT users not."""
    return quote(instance, safe="").replace(".", "%2E").replace("~", "%7E")
