"""A few of ArduPilot's 1,300 parameters."""

from aerostream_sim.autopilots.ardupilot.failsafe import LOW_VOLTS
from aerostream_sim.autopilots.params import INT8, INT16, INT32, REAL32, Params

_PARAMETERS: list[tuple[str, float, int]] = [
    ("FORMAT_VERSION", 120.0, INT16),
    ("SYSID_THISMAV", 1.0, INT16),
    ("BATT_LOW_VOLT", LOW_VOLTS, REAL32),
    ("BATT_LOW_TIMER", 5.0, INT8),
    ("BATT_FS_LOW_ACT", 2.0, INT8),
    ("BATT_CAPACITY", 8000.0, INT32),
    ("FS_GCS_ENABLE", 0.0, INT8),
    ("FS_OPTIONS", 16.0, INT32),
    ("RTL_ALT", 1500.0, INT32),
    ("RTL_LOIT_TIME", 5000.0, INT32),
    ("WPNAV_SPEED", 800.0, REAL32),
    ("FRAME_CLASS", 1.0, INT8),
]


def parameters(system: int) -> Params:
    """The parameters of the vehicle with this system id."""
    own = {"SYSID_THISMAV": float(system)}
    return Params([(name, own.get(name, value), kind) for name, value, kind in _PARAMETERS])
