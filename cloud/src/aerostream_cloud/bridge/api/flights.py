"""`drones/{drone}/flights`: when a drone was armed, how far and how high it went."""

from itertools import chain
from typing import Annotated

from aerostream_contract.names import DroneName
from aerostream_contract.times import iso_from_us
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.armed import HOUR_US, SILENCE_US, Armed, armed_periods, stretches
from aerostream_cloud.bridge.api.arriving import still_arriving
from aerostream_cloud.bridge.api.parameters import drone_of, name_of
from aerostream_cloud.bridge.api.positions import (
    POSITION_FIELDS,
    autopilot_series,
    fixes,
    path_length_m,
    position_series,
)
from aerostream_cloud.bridge.api.series import selected
from aerostream_cloud.bridge.api.shapes import Flight, Flights, Takeoff
from aerostream_cloud.bridge.api.times import SECOND_US, TimeRange, now_us, time_range
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import Backlog, DroneState
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import Aggregate, SeriesKey, SeriesSpan, TelemetryStore

MOST_FLIGHTS = 500
#: A flight that reaches out of the range is still told from its start to its end, up to this.
_MARGIN_US = 86_400 * SECOND_US
_ARMED_FLAG_AND_ABOVE = 128
#: Longer than any flight: all of it is one bucket, or two.
_WHOLE_US = 1000 * 86_400 * SECOND_US


def flight_routes(*, fleet: Fleet, reader: StoreReader) -> APIRouter:
    """The route, over the store."""
    router = APIRouter(prefix=PREFIX, tags=["history"])

    @router.get(
        "/drones/{drone}/flights",
        operation_id="listFlights",
        summary="Flights of a drone",
        response_model=Flights,
        responses=problems(
            ProblemKind.UNKNOWN_DRONE,
            ProblemKind.BAD_TIME_RANGE,
            ProblemKind.INVALID_PARAMETER,
            ProblemKind.UNAVAILABLE,
            ProblemKind.TOO_SLOW,
        ),
    )
    async def flights(
        request: Request,
        state: Annotated[DroneState, Depends(drone_of(fleet))],
        range_: Annotated[TimeRange, Depends(time_range("-30d"))],
        limit: Annotated[
            int, Query(ge=1, le=MOST_FLIGHTS, description="At most so many.", examples=[50])
        ] = 50,
    ) -> Response:
        """From armed to disarmed, newest first; flights that only reach into the range too."""
        compressed, name = takes_gzip(request), name_of(state)
        arriving = still_arriving(state, range_)

        def read(store: TelemetryStore) -> Response:
            found = _flights(store, name, range_, limit, arriving)
            return json_answer(found, compressed=compressed)

        return await reader.run(read)

    return router


def _flights(
    store: TelemetryStore,
    drone: DroneName,
    range_: TimeRange,
    limit: int,
    arriving: list[Backlog],
) -> Flights:
    heartbeats = autopilot_series(store, drone, "heartbeat")
    if heartbeats is None:
        return Flights(items=[], truncated=False, backlog=arriving)
    armed_hours = store.reaching(
        heartbeats.series,
        range_.start_us - _MARGIN_US,
        range_.end_us + _MARGIN_US,
        HOUR_US,
        "base_mode",
        _ARMED_FLAG_AND_ABOVE,
    )
    runs = chain.from_iterable(
        store.runs(heartbeats.series, *times_us, "base_mode", _ARMED_FLAG_AND_ABOVE, SILENCE_US)
        for times_us in stretches(armed_hours)
    )
    periods = [
        period
        for period in armed_periods(runs, now_us())
        if period.start_us < range_.end_us and period.end_us >= range_.start_us
    ]
    newest = sorted(periods, key=lambda period: -period.start_us)[:limit]
    positions = position_series(store, drone)
    batteries = [autopilot_series(store, drone, channel) for channel in ("battery", "system")]
    return Flights(
        items=[
            _flight(store, period, positions, [span for span in batteries if span])
            for period in newest
        ],
        truncated=len(periods) > limit,
        backlog=arriving,
    )


def _flight(
    store: TelemetryStore,
    period: Armed,
    positions: SeriesSpan | None,
    batteries: list[SeriesSpan],
) -> Flight:
    path, height = [], None
    if positions is not None:
        end_us = period.end_us + 1
        path = fixes(
            store.thin(positions.series, period.start_us, end_us, SECOND_US, fields=POSITION_FIELDS)
        )
        height = _over(store, positions.series, period, "relative_alt")
    charges = (_over(store, span.series, period, "battery_remaining") for span in batteries)
    return Flight(
        start=iso_from_us(period.start_us),
        end=None if period.ongoing else iso_from_us(period.end_us),
        ongoing=period.ongoing,
        duration_s=(period.end_us - period.start_us) / SECOND_US,
        distance_m=round(path_length_m(path), 1),
        max_relative_alt_m=None if height is None else _number(height.max),
        battery_used_percent=next(map(_used, filter(None, charges)), None),
        takeoff=Takeoff(lat=path[0].lat, lon=path[0].lon) if path else None,
    )


def _over(store: TelemetryStore, series: SeriesKey, period: Armed, field: str) -> Aggregate | None:
    """A field over a flight; None where it never had a value."""
    selection = selected(series, period.start_us, period.end_us + 1)
    found = [
        bucket.fields[field]
        for bucket in store.query_every(selection, _WHOLE_US, fields=[field])
        if field in bucket.fields and bucket.fields[field].first is not None
    ]
    if not found:
        return None
    highest = max(found, key=lambda part: _number(part.max) or 0.0)
    return Aggregate(found[0].first, found[-1].last, None, highest.max, None)


def _used(charge: Aggregate) -> float | None:
    first, last = _number(charge.first), _number(charge.last)
    return None if first is None or last is None else max(0.0, first - last)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
