"""`drones`: the fleet as it is now, and what is stored of each drone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from aerostream_contract.times import iso_from_us
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.parameters import drone_of, name_of
from aerostream_cloud.bridge.api.series import spans_of
from aerostream_cloud.bridge.api.shapes import Drones, StoredSeries
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import DroneState, PresenceName
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import SeriesSpan, TelemetryStore

MOST_DRONES = 10_000
_DRONES_A_TURN = 100


def drone_routes(*, fleet: Fleet, reader: StoreReader) -> APIRouter:
    """The routes, over the fleet and the store."""
    router = APIRouter(prefix=PREFIX, tags=["drones"])
    known_drone = drone_of(fleet)

    @router.get(
        "/drones",
        operation_id="listDrones",
        summary="The fleet, with live state",
        response_model=Drones,
        responses=problems(ProblemKind.INVALID_PARAMETER),
    )
    async def drones(
        request: Request,
        fleet_id: Annotated[
            str | None,
            Query(alias="fleet", description="Only this fleet.", examples=["demo"]),
        ] = None,
        q: Annotated[
            str,
            Query(
                description="Only drones with this text in their id, fleet, vehicle or mode.",
                examples=["copter"],
            ),
        ] = "",
        presence: Annotated[
            PresenceName | None, Query(description="Only these.", examples=["online"])
        ] = None,
        limit: Annotated[
            int, Query(ge=1, le=MOST_DRONES, description="At most so many.", examples=[100])
        ] = 1000,
        offset: Annotated[
            int,
            Query(ge=0, le=1 << 31, description="Leave out so many at the start.", examples=[0]),
        ] = 0,
    ) -> Response:
        """Every known drone by id, filtered, in pages."""
        names = sorted(name.drone for name in fleet.names() if fleet_id in (None, name.fleet))
        page = slice(offset, offset + limit)
        if q or presence:
            found = [
                state
                async for state in _states(fleet, names)
                if presence in (None, state.presence) and _has(state, q.lower())
            ]
            answer = Drones(items=found[page], total=len(found))
        else:
            items = [state async for state in _states(fleet, names[page])]
            answer = Drones(items=items, total=len(names))
        return await asyncio.to_thread(json_answer, answer, compressed=takes_gzip(request))

    @router.get(
        "/drones/{drone}",
        operation_id="getDrone",
        summary="One drone, with live state",
        response_model=DroneState,
        responses=problems(ProblemKind.UNKNOWN_DRONE, ProblemKind.INVALID_PARAMETER),
    )
    async def drone_state(
        request: Request, state: Annotated[DroneState, Depends(known_drone)]
    ) -> Response:
        """What is known of the drone now."""
        return json_answer(state, compressed=takes_gzip(request))

    @router.get(
        "/drones/{drone}/channels",
        operation_id="listStoredSeries",
        summary="What is stored of a drone",
        response_model=list[StoredSeries],
        responses=problems(
            ProblemKind.UNKNOWN_DRONE, ProblemKind.INVALID_PARAMETER, ProblemKind.UNAVAILABLE
        ),
    )
    async def stored_series(
        request: Request, state: Annotated[DroneState, Depends(known_drone)]
    ) -> Response:
        """Each series with samples, and the times of its first and last one."""
        compressed, name = takes_gzip(request), name_of(state)

        def read(store: TelemetryStore) -> Response:
            found = [_stored(span) for span in spans_of(store, name)]
            return json_answer(found, compressed=compressed)

        return await reader.run(read)

    return router


async def _states(fleet: Fleet, drones: Sequence[str]) -> AsyncIterator[DroneState]:
    """The state of each drone; what else waits for the event loop has its turn in between."""
    for number, drone in enumerate(drones, 1):
        state = fleet.drone(drone)
        if state is not None:
            yield state
        if number % _DRONES_A_TURN == 0:
            await asyncio.sleep(0)


def _has(state: DroneState, text: str) -> bool:
    searched = (state.drone, state.fleet, state.vehicle, state.mode)
    return not text or any(text in value.lower() for value in searched if value)


def _stored(span: SeriesSpan) -> StoredSeries:
    return StoredSeries(
        channel=span.series.channel,
        component=span.series.component,
        instance=span.series.instance,
        source=span.source,
        first=iso_from_us(span.first_us),
        last=iso_from_us(span.last_us),
    )
