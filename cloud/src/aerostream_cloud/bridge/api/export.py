"""`drones/{drone}/export`: samples as a file, streamed however many there are."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated

from aerostream_contract.channels import Channel
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import is_head, problems
from aerostream_cloud.bridge.api.files import CSV, PARQUET, FileFormat, FileWriter
from aerostream_cloud.bridge.api.parameters import (
    Component,
    Fields,
    Instance,
    chosen_fields,
    drone_of,
    known_channel,
    name_of,
)
from aerostream_cloud.bridge.api.series import Question, samples_page
from aerostream_cloud.bridge.api.times import TimeRange, time_range
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import DroneState
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.store import TelemetryStore

_ROWS = 10_000
"""Samples in memory at a time, and in a row group of a Parquet file."""


class Format(StrEnum):
    """Kinds of files."""

    CSV = "csv"
    PARQUET = "parquet"


_FORMATS = {Format.CSV: CSV, Format.PARQUET: PARQUET}


def export_routes(*, fleet: Fleet, reader: StoreReader) -> APIRouter:
    """The route, over the store."""
    router = APIRouter(prefix=PREFIX, tags=["history"])

    @router.get(
        "/drones/{drone}/export",
        operation_id="exportTelemetry",
        summary="Samples as a file",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "The file",
                "content": {
                    each.media_type: {
                        "schema": {"type": "string", "format": "binary"},
                        "example": each.example,
                    }
                    for each in (CSV, PARQUET)
                },
            },
            **problems(
                ProblemKind.UNKNOWN_DRONE,
                ProblemKind.BAD_TIME_RANGE,
                ProblemKind.INVALID_PARAMETER,
                ProblemKind.UNKNOWN_CHANNEL,
                ProblemKind.UNKNOWN_FIELD,
                ProblemKind.UNAVAILABLE,
                ProblemKind.TOO_SLOW,
                ProblemKind.TOO_MUCH,
            ),
        },
    )
    async def export(
        request: Request,
        state: Annotated[DroneState, Depends(drone_of(fleet))],
        channel: Annotated[Channel, Depends(known_channel)],
        range_: Annotated[TimeRange, Depends(time_range("-1d"))],
        format_: Annotated[
            Format,
            Query(alias="format", description="Kind of file.", examples=["csv"]),
        ] = Format.CSV,
        fields: Fields = "",
        component: Component = None,
        instance: Instance = None,
    ) -> StreamingResponse:
        """All samples of a channel by time, as CSV for spreadsheets or Parquet for programs."""
        question = Question(
            drone=name_of(state),
            channel=channel,
            fields=chosen_fields(channel, fields),
            range=range_,
            component=component,
            instance=instance,
        )
        kind = _FORMATS[format_]
        parts = _nothing() if is_head(request) else _parts(reader, question, kind)
        # The first one here: what is wrong with the store is said before the file begins.
        first = await anext(parts)
        return StreamingResponse(
            _following(first, parts),
            media_type=kind.media_type,
            headers={"content-disposition": f'attachment; filename="{_name(question, kind)}"'},
        )

    return router


async def _parts(reader: StoreReader, question: Question, kind: FileFormat) -> AsyncIterator[bytes]:
    """The file, page by page; each page is a question to the store of its own."""
    writer: FileWriter | None = None
    next_us: int | None = question.range.start_us
    while next_us is not None:
        start_us = next_us

        def read(
            store: TelemetryStore, writer: FileWriter | None = writer, start_us: int = start_us
        ) -> tuple[FileWriter, bytes, int | None]:
            writer = writer or kind.begin(question.channel, question.fields)
            samples, following_us = samples_page(store, question, _ROWS, start_us)
            part = writer.rows(samples)
            return writer, part if following_us else part + writer.end(), following_us

        writer, part, next_us = await reader.run(read, instead="ask for less time or fewer fields")
        yield part


async def _nothing() -> AsyncIterator[bytes]:
    """The file for somebody who asks for the headers alone: to write it may take minutes."""
    yield b""


async def _following(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in parts:
        yield part


def _name(question: Question, kind: FileFormat) -> str:
    start = question.range.start[:19].replace(":", "")
    return f"{question.drone.drone}_{question.channel.name}_{start}Z.{kind.suffix}"
