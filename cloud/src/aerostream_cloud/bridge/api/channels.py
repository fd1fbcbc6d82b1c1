"""`channels`: the channel table, for those who draw or export it."""

from aerostream_contract.channels import CHANNELS, Channel
from fastapi import APIRouter, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.shapes import ChannelInfo, FieldInfo
from aerostream_cloud.bridge.problems import ProblemKind


def channel_routes() -> APIRouter:
    """The route."""
    router = APIRouter(prefix=PREFIX, tags=["about"])
    table = [_info(channel) for channel in CHANNELS.values()]

    @router.get(
        "/channels",
        operation_id="listChannels",
        summary="What is measured, and in which units",
        response_model=list[ChannelInfo],
        responses=problems(ProblemKind.INVALID_PARAMETER),
    )
    async def channels(request: Request) -> Response:
        """The named channels. Every other MAVLink message is a channel `mav_` and its name."""
        return json_answer(table, compressed=takes_gzip(request))

    return router


def _info(channel: Channel) -> ChannelInfo:
    return ChannelInfo(
        name=channel.name,
        description=channel.description,
        fields=[
            FieldInfo(name=field.name, unit=field.unit, description=field.description)
            for field in channel.fields
        ],
        stale_after_s=channel.stale_after_s,
        sources=[source.message for source in channel.sources],
    )
