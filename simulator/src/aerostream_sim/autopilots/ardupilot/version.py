"""Which ArduPilot it is: AUTOPILOT_VERSION, and the banner that says it in words."""

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.mavlink.wire import Message

#: 4.7.0, development snapshot.
_FLIGHT_SW_VERSION = 67567616
_GIT_HASH = b"0c6db27a"
_NAMES = {Kind.COPTER: "ArduCopter", Kind.PLANE: "ArduPlane"}


def version_message(facts: VehicleFacts, system: int) -> Message:
    """AUTOPILOT_VERSION."""
    uid = b"%c%s" % (0x30 + system % 10, _GIT_HASH)
    return dialect.MAVLink_autopilot_version_message(
        facts.capabilities,
        _FLIGHT_SW_VERSION,
        0,
        0,
        0,
        list(_GIT_HASH),
        [0] * 8,
        [0] * 8,
        0,
        0,
        0,
        list(uid.ljust(18, b"\0")),
    )


def banner(kind: Kind, facts: VehicleFacts) -> list[str]:
    """The lines that it says before it lists its parameters."""
    git_hash = _GIT_HASH.decode()
    name = _NAMES.get(kind, "ArduRover")
    lines = [f"{name} V4.7.0-dev ({git_hash})", git_hash * 4, facts.frame]
    return [line for line in lines if line]
