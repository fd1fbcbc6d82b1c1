"""Who may write and read which topics: the one table behind ACL files, tests and documentation."""

from dataclasses import dataclass
from enum import StrEnum

from aerostream_contract.topics import ROOT


class Role(StrEnum):
    """What an MQTT account is for."""

    DRONE = "drone"
    """An edge agent; its user name is `fleet/drone`."""
    INGEST = "ingest"
    """The service that stores telemetry and acknowledges it."""
    COMMANDS = "commands"
    """The service that sends commands to drones."""
    ALERTS = "alerts"
    """The service that evaluates alert rules."""
    BRIDGE = "bridge"
    """The HTTP and WebSocket service."""
    CLOUD = "cloud"
    """All services in one process (`aerostream-cloud serve`)."""
    IMPORTER = "importer"
    """`aerostream-edge import`: publishes recorded flights of any drone."""
    PERSON = "person"
    """Somebody with `mosquitto_sub`: reads JSON, writes nothing."""


@dataclass(frozen=True, slots=True)
class Access:
    """Topic filters of one role, below `aero/1/`; `%u` stands for the account's own name."""

    write: tuple[str, ...]
    read: tuple[str, ...]


_INGEST = Access(
    write=("+/+/dn/ack", "+/+/json/#", "_svc/ingest/+/state"),
    read=("+/+/up/#",),
)
_COMMANDS = Access(
    write=(
        "+/+/dn/#",
        "_svc/commands/+/state",
        "_svc/bridge/+/re",
        "+/+/up/status",
        "+/+/up/info",
        "+/+/up/state",
        "+/+/up/cfg",
        "+/+/json/#",
    ),
    read=("+/+/up/#", "_svc/commands/req"),
)
_ALERTS = Access(write=("+/+/alert/#", "_svc/alerts/+/state"), read=("+/+/up/#",))
_BRIDGE = Access(
    write=("+/+/dn/att", "+/+/up/tel", "_svc/commands/req", "_svc/bridge/+/state"),
    read=("#",),
)
_SERVICES = (_INGEST, _COMMANDS, _ALERTS, _BRIDGE)

ACCESS: dict[Role, Access] = {
    Role.DRONE: Access(
        write=("%u/up/#",),
        read=("%u/dn/#", "%f/_all/dn/cmd", "_svc/ingest/+/state", "_svc/commands/+/state"),
    ),
    Role.INGEST: _INGEST,
    Role.COMMANDS: _COMMANDS,
    Role.ALERTS: _ALERTS,
    Role.BRIDGE: _BRIDGE,
    Role.CLOUD: Access(
        write=tuple(dict.fromkeys(topic for role in _SERVICES for topic in role.write)),
        read=tuple(dict.fromkeys(topic for role in _SERVICES for topic in role.read)),
    ),
    Role.IMPORTER: Access(write=("+/+/up/bf",), read=("+/+/dn/ack",)),
    Role.PERSON: Access(
        write=(),
        read=(
            "+/+/json/#",
            "+/+/alert/#",
            "+/+/up/status",
            "+/+/up/info",
            "+/+/up/state",
            "+/+/up/evt",
        ),
    ),
}
"""Access by role. `%u` is the account's name (`fleet/drone`), `%f` its fleet."""


def topic_filter(pattern: str, user: str = "") -> str:
    """The full MQTT topic filter of one entry of `ACCESS` for the account `user`."""
    own = pattern.replace("%u", user).replace("%f", user.partition("/")[0])
    return f"{ROOT}/{own}"
