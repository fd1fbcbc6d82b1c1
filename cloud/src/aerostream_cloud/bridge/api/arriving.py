"""Where history has holes that are still being filled, as the drones' agents say."""

from aerostream_contract.times import us_from_iso

from aerostream_cloud.bridge.api.times import TimeRange
from aerostream_cloud.bridge.live.shapes import Backlog, DroneState


def still_arriving(state: DroneState, range_: TimeRange) -> list[Backlog]:
    """The stretches that reach into a range, whole.

    Take them before the store is read: an agent names a stretch until all of it is stored, so an
    answer without one lacks nothing that the agent knew of.
    """
    return [
        stretch
        for stretch in state.backlog
        if us_from_iso(stretch["from"]) < range_.end_us
        and us_from_iso(stretch["to"]) >= range_.start_us
    ]
