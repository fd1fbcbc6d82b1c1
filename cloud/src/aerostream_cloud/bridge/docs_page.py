"""`/docs`: the OpenAPI document as a page, with nothing loaded from elsewhere."""

from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AeroStream REST</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // It would ask a server on the internet.
  validatorUrl: null,
});
"""
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_KEPT = {"cache-control": "public, max-age=86400"}


def docs_routes() -> APIRouter:
    """The page and its three files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, media_type="text/javascript", headers=_KEPT)

    @router.get("/docs/{name}")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise ApiProblem(ProblemKind.NOT_FOUND, f"there is nothing at /docs/{name}")
        # The package brings Swagger UI's files; its own routes load them with inline scripts,
        # which the page's security policy does not allow.
        content = files("fastapi_offline").joinpath("static", name).read_bytes()
        return Response(content, media_type=_ASSETS[name], headers=_KEPT)

    return router
