"""Answers: encoded once, compressed where the client takes that, documented in OpenAPI."""

import gzip
from typing import Any

import msgspec
from fastapi import Request
from starlette.responses import Response

from aerostream_cloud.bridge.problems import MEDIA_TYPE, ProblemKind

HEAD_ONLY = "aerostream.head_only"
"""In the scope of a request: whether it is a HEAD, which is routed as a GET."""
_SMALLEST_COMPRESSED = 2048
#: On telemetry, higher levels cost several times more and save little.
_LEVEL = 1


def takes_gzip(request: Request) -> bool:
    """Whether the client says that it understands gzip."""
    accepted = request.headers.get("accept-encoding", "")
    return any(
        coding.partition(";")[0].strip() in ("gzip", "*")
        and coding.partition(";")[2].replace(" ", "") not in ("q=0", "q=0.0")
        for coding in accepted.split(",")
    )


def is_head(request: Request) -> bool:
    """Whether nobody will see the body."""
    return bool(request.scope.get(HEAD_ONLY))


def json_answer(answer: Any, *, compressed: bool) -> Response:
    """An answer as JSON; call it in a thread where the answer may be long."""
    body = msgspec.json.encode(answer)
    headers = {"vary": "Accept-Encoding"}
    if compressed and len(body) >= _SMALLEST_COMPRESSED:
        body = gzip.compress(body, _LEVEL, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


def problems(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers with these problems."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in (*kinds, ProblemKind.INTERNAL):
        found = by_status.setdefault(
            kind.status,
            {
                "description": "",
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        found["description"] = " or ".join(filter(None, [found["description"], kind.title]))
        found["content"][MEDIA_TYPE]["examples"][kind.value[0]] = {
            "value": {
                "type": kind.type,
                "title": kind.title,
                "status": kind.status,
                "detail": EXAMPLES[kind],
                "errors": [],
            }
        }
    return by_status


EXAMPLES = {
    ProblemKind.UNKNOWN_DRONE: "there is no drone 'copter-1'; did you mean copter-01?",
    ProblemKind.NOT_FOUND: "there is nothing at /api/v1/dornes",
    ProblemKind.METHOD_NOT_ALLOWED: "POST is not offered at /api/v1/drones",
    ProblemKind.BAD_TIME_RANGE: (
        "start 2026-05-01T12:00:00.000000Z is after end 2026-05-01T11:00:00.000000Z"
    ),
    ProblemKind.INVALID_PARAMETER: (
        "every is 'often', expected a duration such as 500ms, 1s, 5m or 1h, from 1ms to 366d"
    ),
    ProblemKind.UNKNOWN_CHANNEL: "there is no channel 'postion'; did you mean position?",
    ProblemKind.UNKNOWN_FIELD: "channel position has no field 'latt'; did you mean lat or alt?",
    ProblemKind.UNAVAILABLE: "the store cannot be read now: database is locked",
    ProblemKind.TOO_SLOW: "reading this takes longer than 10 s; ask for less time",
    ProblemKind.TOO_MUCH: "many large answers are being sent; ask for less, or again later",
    ProblemKind.WRONG_HOST: "this server does not answer for 'fleet.example.com'",
    ProblemKind.INTERNAL: "the bridge's log says more",
    ProblemKind.OTHER: "the request cannot be answered",
}
"""A detail of each kind of problem, as it may look."""
