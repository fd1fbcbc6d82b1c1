"""`page`: what the page must know of the server before it can draw."""

from aerostream_contract import __version__
from fastapi import APIRouter, Request
from starlette.responses import Response

from aerostream_cloud.bridge.api import PREFIX
from aerostream_cloud.bridge.api.answers import json_answer, problems, takes_gzip
from aerostream_cloud.bridge.api.shapes import PageSettings
from aerostream_cloud.bridge.problems import ProblemKind


def page_routes(*, map_style: str) -> APIRouter:
    """The route."""
    router = APIRouter(prefix=PREFIX, tags=["about"])
    answer = PageSettings(map_style=map_style or None, version=__version__)

    @router.get(
        "/page",
        operation_id="getPageSettings",
        summary="Settings of the page",
        response_model=PageSettings,
        responses=problems(ProblemKind.INVALID_PARAMETER),
    )
    async def page_settings(request: Request) -> Response:
        """Which map the page draws, and which version serves it."""
        return json_answer(answer, compressed=takes_gzip(request))

    return router
