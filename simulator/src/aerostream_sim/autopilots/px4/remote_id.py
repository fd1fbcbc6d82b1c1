"""Open Drone ID, as PX4 sends it."""

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import centidegrees, deg_e7
from aerostream_sim.mavlink.wire import Message

_2019_S = 1_546_300_800


def location(platform: Platform) -> Message:
    """OPEN_DRONE_ID_LOCATION."""
    flight, place = platform.flight, platform.place
    motion = flight.motion
    return dialect.MAVLink_open_drone_id_location_message(
        0,
        0,
        [0] * 20,
        2 if flight.flying else 1,
        centidegrees(motion.course),
        round(motion.ground_speed * 100),
        round(motion.v_up * 100),
        deg_e7(place.lat_deg),
        deg_e7(place.lon_deg),
        place.alt_m,
        place.alt_m,
        0,
        motion.up,
        12,
        5,
        0,
        3,
        (platform.utc_us / 1e6) % 3600.0,
        0,
    )


def operator_location(platform: Platform) -> Message:
    """OPEN_DRONE_ID_SYSTEM: the operator is at home."""
    home = platform.home
    return dialect.MAVLink_open_drone_id_system_message(
        0,
        0,
        [0] * 20,
        0,
        0,
        deg_e7(home.lat_deg),
        deg_e7(home.lon_deg),
        1,
        0,
        -1000.0,
        -1000.0,
        0,
        0,
        home.alt_m,
        max(0, platform.utc_us // 1_000_000 - _2019_S),
    )
