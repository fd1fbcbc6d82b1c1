"""Which PX4 it is."""

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.mavlink.wire import Message

_CAPABILITIES = 59647
#: As told at build time: 1.16.0 alpha.
_FLIGHT_SW_VERSION = 17825856
_OS_SW_VERSION = 101854463
_CUSTOM_VERSION = (0, 0, 0, 7, 104, 209, 179, 18)
_FIRST_UID = 5283920058631409231


def version_message(system: int) -> Message:
    """AUTOPILOT_VERSION."""
    return dialect.MAVLink_autopilot_version_message(
        _CAPABILITIES,
        _FLIGHT_SW_VERSION,
        _FLIGHT_SW_VERSION,
        _OS_SW_VERSION,
        1,
        list(_CUSTOM_VERSION),
        list(_CUSTOM_VERSION),
        [0] * 8,
        0,
        0,
        _FIRST_UID + system,
        [0] * 18,
    )
