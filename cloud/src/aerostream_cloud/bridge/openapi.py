"""The OpenAPI document: what FastAPI makes of the routes, with an example for every answer."""

from typing import Any

from aerostream_contract import __version__
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from aerostream_cloud.bridge.problems import Problem

TITLE = "AeroStream"
_DESCRIPTION = """What is known and stored of a drone fleet. Everything here is read only.

Times are ISO 8601 UTC with six decimals. Every error is a problem document (RFC 9457).
Live data comes over the WebSocket `/ws`, which docs/websocket.md describes.
"""
_TAGS = [
    {"name": "drones", "description": "The fleet as it is now."},
    {"name": "history", "description": "What is stored."},
    {"name": "about", "description": "What is measured, and settings."},
    {"name": "health", "description": "For those who watch over the service."},
]
_REFERENCE = "#/components/schemas/"


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once per app."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=TITLE,
            version=__version__,
            description=_DESCRIPTION,
            tags=_TAGS,
            routes=app.routes,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        problem = TypeAdapter(Problem).json_schema(ref_template=f"{_REFERENCE}{{model}}")
        schemas.update(problem.pop("$defs"), Problem=problem)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in made["paths"].values():
            for operation in path.values():
                _give_example(operation["responses"]["200"], schemas)
        app.openapi_schema = made
    return app.openapi_schema


def _give_example(response: dict[str, Any], schemas: dict[str, Any]) -> None:
    for content in response.get("content", {}).values():
        if "example" not in content and "examples" not in content:
            content["example"] = example_of(content["schema"], schemas)


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """An example of a schema, put together from those of its members."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_REFERENCE)], schemas)
    if "examples" in schema:
        return schema["examples"][0]
    for choice in schema.get("anyOf", ()):
        return example_of(choice, schemas)
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {}).items()
            return {name: example_of(member, schemas) for name, member in members}
        case "array":
            return [example_of(schema["items"], schemas)]
        case _:
            return schema.get("default")
