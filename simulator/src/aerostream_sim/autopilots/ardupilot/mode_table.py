"""The flight modes of ArduPilot's vehicles, by HEARTBEAT.custom_mode."""

from dataclasses import dataclass

from aerostream_sim.flight.flight import Activity

#: Shown while a plane or rover boots.
INITIALISING = 16
COPTER_LAND = 9


@dataclass(frozen=True, slots=True)
class Mode:
    """A flight mode."""

    name: str
    activity: Activity
    armable: bool = True
    guided: bool = False
    """MAV_MODE_FLAG_GUIDED_ENABLED in heartbeats: always."""
    guided_armed: bool = False
    """The same, while armed."""


_HOLD, _SINK = Activity.HOLD, Activity.SINK
COPTER_MODES = {
    0: Mode("STABILIZE", _SINK),
    2: Mode("ALT_HOLD", _SINK),
    3: Mode("AUTO", Activity.MISSION, armable=False, guided_armed=True),
    4: Mode("GUIDED", _HOLD, guided=True),
    5: Mode("LOITER", _SINK, guided_armed=True),
    6: Mode("RTL", Activity.RETURN, armable=False, guided_armed=True),
    7: Mode("CIRCLE", _HOLD, armable=False, guided_armed=True),
    COPTER_LAND: Mode("LAND", Activity.LAND, armable=False, guided_armed=True),
    16: Mode("POSHOLD", _SINK, guided_armed=True),
    17: Mode("BRAKE", _HOLD, armable=False, guided_armed=True),
    21: Mode("SMART_RTL", Activity.RETURN, armable=False, guided_armed=True),
}
PLANE_MODES = {
    0: Mode("MANUAL", _HOLD),
    1: Mode("CIRCLE", _HOLD),
    2: Mode("STABILIZE", _HOLD),
    5: Mode("FBWA", _HOLD),
    6: Mode("FBWB", _HOLD),
    7: Mode("CRUISE", _HOLD),
    10: Mode("AUTO", Activity.MISSION, guided=True),
    11: Mode("RTL", Activity.RETURN, armable=False, guided=True),
    12: Mode("LOITER", _HOLD, guided=True),
    13: Mode("TAKEOFF", Activity.TAKE_OFF, guided=True),
    15: Mode("GUIDED", _HOLD, guided=True),
}
ROVER_MODES = {
    0: Mode("MANUAL", Activity.IDLE),
    1: Mode("ACRO", Activity.IDLE),
    3: Mode("STEERING", Activity.IDLE),
    4: Mode("HOLD", Activity.IDLE),
    5: Mode("LOITER", _HOLD, guided=True),
    10: Mode("AUTO", Activity.MISSION, guided=True),
    11: Mode("RTL", Activity.RETURN, armable=False, guided=True),
    12: Mode("SMART_RTL", Activity.RETURN, armable=False, guided=True),
    15: Mode("GUIDED", _HOLD, guided=True),
}
