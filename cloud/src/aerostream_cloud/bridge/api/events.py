"""`drones/{drone}/events`: what happened to a drone, in words."""

from typing import Annotated

from aerostream_contract.channels import EVENT
from aerostream_contract.times import iso_from_us
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.arriving import still_arriving
from aerostream_cloud.bridge.api.parameters import drone_of, name_of
from aerostream_cloud.bridge.api.series import Question, samples_page
from aerostream_cloud.bridge.api.shapes import Events
from aerostream_cloud.bridge.api.times import TimeRange, time_range
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import Backlog, DroneState
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.bridge.stored_events import LEAST_SEVERE, event_of
from aerostream_cloud.store import TelemetryStore

MOST_EVENTS = 10_000


def event_routes(*, fleet: Fleet, reader: StoreReader) -> APIRouter:
    """The route, over the store."""
    router = APIRouter(prefix=PREFIX, tags=["history"])

    @router.get(
        "/drones/{drone}/events",
        operation_id="listEvents",
        summary="What happened to a drone",
        response_model=Events,
        responses=problems(
            ProblemKind.UNKNOWN_DRONE,
            ProblemKind.BAD_TIME_RANGE,
            ProblemKind.INVALID_PARAMETER,
            ProblemKind.UNAVAILABLE,
            ProblemKind.TOO_SLOW,
            ProblemKind.TOO_MUCH,
        ),
    )
    async def events(
        request: Request,
        state: Annotated[DroneState, Depends(drone_of(fleet))],
        range_: Annotated[TimeRange, Depends(time_range("-1d"))],
        kind: Annotated[
            str | None,
            Query(description="Only this kind, such as mode or armed.", examples=["mode"]),
        ] = None,
        severity: Annotated[
            int,
            Query(
                ge=0,
                le=LEAST_SEVERE,
                description="Only events that are at least so severe: 0 emergency … 7 debug.",
                examples=[4],
            ),
        ] = LEAST_SEVERE,
        limit: Annotated[
            int, Query(ge=1, le=MOST_EVENTS, description="About so many.", examples=[100])
        ] = 1000,
    ) -> Response:
        """Events by time. `next`, where it is not null, is `start` of the next page."""
        question = Question(
            drone=name_of(state),
            channel=EVENT,
            fields=EVENT.field_names,
            range=range_,
            instance=kind,
            # One that has no severity counts as the least severe.
            at_most=None if severity == LEAST_SEVERE else ("severity", severity),
        )
        compressed, arriving = takes_gzip(request), still_arriving(state, range_)

        def read(store: TelemetryStore) -> Response:
            answer = _events(store, question, limit, arriving)
            return json_answer(answer, compressed=compressed)

        return await reader.run(read)

    return router


def _events(
    store: TelemetryStore, question: Question, limit: int, arriving: list[Backlog]
) -> Events:
    page, next_us = samples_page(store, question, limit)
    return Events(
        items=[event_of(sample) for sample in page],
        truncated=next_us is not None,
        next=None if next_us is None else iso_from_us(next_us),
        backlog=arriving,
    )
