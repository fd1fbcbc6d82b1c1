"""`drones/{drone}/telemetry`: samples of one channel, raw or summed up."""

from typing import Annotated

from aerostream_contract.channels import Channel
from aerostream_contract.times import iso_from_us
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.arriving import still_arriving
from aerostream_cloud.bridge.api.parameters import (
    Component,
    Fields,
    Instance,
    chosen_fields,
    drone_of,
    known_channel,
    name_of,
)
from aerostream_cloud.bridge.api.series import (
    Question,
    bucket_columns,
    buckets_page,
    sample_columns,
    samples_page,
)
from aerostream_cloud.bridge.api.shapes import Telemetry
from aerostream_cloud.bridge.api.times import TimeRange, duration_us, time_range
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import Backlog, DroneState
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import TelemetryStore

MOST_SAMPLES = 100_000
MOST_VALUES = 1_000_000
"""Values of one answer: a sample has one per field, a bucket five. They are in memory at once."""
_VALUES_OF_A_BUCKET = 5


def telemetry_routes(
    *, fleet: Fleet, reader: StoreReader, most_values: int = MOST_VALUES
) -> APIRouter:
    """The route, over the store."""
    router = APIRouter(prefix=PREFIX, tags=["history"])

    @router.get(
        "/drones/{drone}/telemetry",
        operation_id="getTelemetry",
        summary="Samples of one channel",
        response_model=Telemetry,
        responses=problems(
            ProblemKind.UNKNOWN_DRONE,
            ProblemKind.BAD_TIME_RANGE,
            ProblemKind.INVALID_PARAMETER,
            ProblemKind.UNKNOWN_CHANNEL,
            ProblemKind.UNKNOWN_FIELD,
            ProblemKind.UNAVAILABLE,
            ProblemKind.TOO_SLOW,
            ProblemKind.TOO_MUCH,
        ),
    )
    async def telemetry(
        request: Request,
        state: Annotated[DroneState, Depends(drone_of(fleet))],
        channel: Annotated[Channel, Depends(known_channel)],
        range_: Annotated[TimeRange, Depends(time_range("-10m"))],
        every: Annotated[
            str | None,
            Query(
                description="Sum up over buckets of this length: 500ms, 1s, 5m, 1h, 1d. "
                "They begin at multiples of it since 1970, UTC.",
                examples=["1s"],
            ),
        ] = None,
        fields: Fields = "",
        component: Component = None,
        instance: Instance = None,
        limit: Annotated[
            int,
            Query(
                ge=1,
                le=MOST_SAMPLES,
                description="About so many samples, or buckets, of all series together. An answer "
                f"has at most {MOST_VALUES:,} values: one per field of a sample, five of a bucket.",
                examples=[1000],
            ),
        ] = 10_000,
    ) -> Response:
        """Samples by time, in columns. `next`, where not null, is `start` of the next page."""
        every_us = None if every is None else duration_us(every, "every")
        question = Question(
            drone=name_of(state),
            channel=channel,
            fields=chosen_fields(channel, fields),
            range=range_,
            component=component,
            instance=instance,
        )
        values = len(question.fields) * (1 if every_us is None else _VALUES_OF_A_BUCKET)
        rows = min(limit, max(1, most_values // values))
        compressed, arriving = takes_gzip(request), still_arriving(state, range_)

        def read(store: TelemetryStore) -> Response:
            answer = _telemetry(store, question, every, every_us, rows, arriving)
            return json_answer(answer, compressed=compressed)

        return await reader.run(
            read, instead="ask for less time, fewer fields, or a longer `every`"
        )

    return router


def _telemetry(
    store: TelemetryStore,
    question: Question,
    every: str | None,
    every_us: int | None,
    limit: int,
    arriving: list[Backlog],
) -> Telemetry:
    if every_us is None:
        samples, next_us = samples_page(store, question, limit)
        series = sample_columns(samples, question.fields)
    else:
        buckets, next_us = buckets_page(store, question, every_us, limit)
        series = bucket_columns(buckets, question.fields)
    units = question.channel.units
    return Telemetry(
        drone=question.drone.drone,
        channel=question.channel.name,
        start=question.range.start,
        end=question.range.end,
        every=every,
        units={name: units[name] for name in question.fields if name in units},
        series=series,
        truncated=next_us is not None,
        next=None if next_us is None else iso_from_us(next_us),
        backlog=arriving,
    )
