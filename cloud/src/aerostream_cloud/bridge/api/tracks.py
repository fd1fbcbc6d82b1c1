"""`drones/{drone}/track`: where a drone was, as GeoJSON with few enough points for a map."""

from collections.abc import Sequence
from typing import Annotated

from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.arriving import still_arriving
from aerostream_cloud.bridge.api.parameters import drone_of, name_of
from aerostream_cloud.bridge.api.positions import (
    POSITION_FIELDS,
    Fix,
    fixes,
    position_series,
)
from aerostream_cloud.bridge.api.shapes import Geometry, Track, TrackProperties
from aerostream_cloud.bridge.api.times import TimeRange, time_range
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import Backlog, DroneState
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import Sample, SeriesSpan, TelemetryStore

MOST_POINTS = 20_000
_ROUNDS = 4


def track_routes(*, fleet: Fleet, reader: StoreReader) -> APIRouter:
    """The route, over the store."""
    router = APIRouter(prefix=PREFIX, tags=["history"])

    @router.get(
        "/drones/{drone}/track",
        operation_id="getTrack",
        summary="Where a drone was",
        response_model=Track,
        responses=problems(
            ProblemKind.UNKNOWN_DRONE,
            ProblemKind.BAD_TIME_RANGE,
            ProblemKind.INVALID_PARAMETER,
            ProblemKind.UNAVAILABLE,
            ProblemKind.TOO_SLOW,
            ProblemKind.TOO_MUCH,
        ),
    )
    async def track(
        request: Request,
        state: Annotated[DroneState, Depends(drone_of(fleet))],
        range_: Annotated[TimeRange, Depends(time_range("-10m"))],
        points: Annotated[
            int,
            Query(
                ge=2,
                le=MOST_POINTS,
                description="At most so many points, evenly spread over time.",
                examples=[2000],
            ),
        ] = 2000,
    ) -> Response:
        """A GeoJSON Feature: stored positions, thinned, with the time and height of each."""
        compressed, name = takes_gzip(request), name_of(state)
        arriving = still_arriving(state, range_)

        def read(store: TelemetryStore) -> Response:
            found = _track(store, name, range_, points, arriving)
            return json_answer(found, compressed=compressed)

        return await reader.run(read)

    return router


def _track(
    store: TelemetryStore,
    drone: DroneName,
    range_: TimeRange,
    points: int,
    arriving: list[Backlog],
) -> Track:
    span = position_series(store, drone)
    found = [] if span is None else _thinned(store, span, range_, points)
    return Track(
        type="Feature",
        geometry=_geometry(found),
        properties=TrackProperties(
            drone=drone.drone,
            times=[iso_from_us(fix.time_us) for fix in found],
            relative_alt=[fix.relative_alt for fix in found],
        ),
        backlog=arriving,
    )


def _thinned(store: TelemetryStore, span: SeriesSpan, range_: TimeRange, points: int) -> list[Fix]:
    """At most so many fixes, and, where the range has gaps, not many fewer.

    Buckets of equal length would waste most points on the time between two flights, so the
    buckets are made shorter as long as most of them are empty.
    """
    start_us = max(range_.start_us, span.first_us)
    end_us = min(range_.end_us, span.last_us + 1)
    if start_us >= end_us:
        return []
    # One bucket fewer than points: a range that begins inside a bucket touches one more.
    every_us = max(1, -(-(end_us - start_us) // (points - 1)))
    best: list[Sample] = []
    for _ in range(_ROUNDS):
        finer = list(
            store.thin(
                span.series, start_us, end_us, every_us, fields=POSITION_FIELDS, limit=points + 1
            )
        )
        if len(finer) > points or len(finer) <= len(best):
            break
        best = finer
        if len(best) > points // 2:
            break
        # The time of the buckets that are not empty, spread over the points that are left.
        every_us = max(1, every_us * len(best) // (points - len(best)))
    return fixes(best)


def _geometry(found: Sequence[Fix]) -> Geometry | None:
    if not found:
        return None
    coordinates = [fix.coordinates for fix in found]
    if len(coordinates) == 1:
        return Geometry(type="Point", coordinates=coordinates[0])
    return Geometry(type="LineString", coordinates=coordinates)
