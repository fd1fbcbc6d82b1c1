"""A few of PX4's 900 parameters."""

from aerostream_sim.autopilots.params import INT32, REAL32, Params
from aerostream_sim.autopilots.px4.failsafe import CRITICAL_PERCENT, LOW_PERCENT
from aerostream_sim.autopilots.px4.modes import DEFAULT_TAKE_OFF_M

#: COM_DISARM_LAND.
LANDED_ARMED_S = 2.0

_PARAMETERS: list[tuple[str, float, int]] = [
    ("SYS_AUTOSTART", 10040, INT32),
    ("MAV_SYS_ID", 1, INT32),
    ("MIS_TAKEOFF_ALT", DEFAULT_TAKE_OFF_M, REAL32),
    ("COM_LOW_BAT_ACT", 3, INT32),
    ("COM_DISARM_LAND", LANDED_ARMED_S, REAL32),
    ("COM_DISARM_PRFLT", 10.0, REAL32),
    ("BAT_LOW_THR", LOW_PERCENT / 100, REAL32),
    ("BAT_CRIT_THR", CRITICAL_PERCENT / 100, REAL32),
    ("RTL_RETURN_ALT", 30.0, REAL32),
    ("MPC_XY_CRUISE", 8.0, REAL32),
]


def parameters(system: int) -> Params:
    """The parameters of the vehicle with this system id."""
    own = {"MAV_SYS_ID": float(system)}
    table = [(name, own.get(name, value), kind) for name, value, kind in _PARAMETERS]
    return Params(table, as_bits=True)
