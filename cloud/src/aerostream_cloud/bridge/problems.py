"""What the bridge answers when it cannot do what was asked: RFC 9457 problem documents.

Every kind of problem is a member of `ProblemKind`; `docs/rest.md` lists them.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Annotated

import msgspec
from pydantic import Field
from starlette.responses import Response

from aerostream_cloud.errors import CloudError

MEDIA_TYPE = "application/problem+json"
_URN = "urn:aerostream:problem:"
_MOST_COMPARED, _LONGEST_COMPARED = 100, 64


class ProblemKind(Enum):
    """What can go wrong: the last part of the problem's type, its HTTP status, its title."""

    UNKNOWN_DRONE = ("unknown-drone", 404, "There is no such drone")
    NOT_FOUND = ("not-found", 404, "There is nothing at this address")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This method is not offered here")
    BAD_TIME_RANGE = ("bad-time-range", 400, "The time range cannot be used")
    INVALID_PARAMETER = ("invalid-parameter", 422, "A parameter is not valid")
    UNKNOWN_CHANNEL = ("unknown-channel", 422, "There is no such channel")
    UNKNOWN_FIELD = ("unknown-field", 422, "The channel has no such field")
    TOO_MUCH = ("too-much", 429, "More is asked for than the bridge gives")
    UNAVAILABLE = ("unavailable", 503, "A part that is needed does not work now")
    TOO_SLOW = ("too-slow", 503, "The answer takes too long")
    WRONG_HOST = ("wrong-host", 421, "This server does not answer for that name")
    WRONG_ORIGIN = ("wrong-origin", 403, "A page of another site may not use the bridge")
    INTERNAL = ("internal", 500, "The bridge made a mistake")
    OTHER = ("other", 400, "The request cannot be answered")

    @property
    def type(self) -> str:
        """The problem's `type`, a URI."""
        return f"{_URN}{self.value[0]}"

    @property
    def status(self) -> int:
        """The HTTP status that it comes with."""
        return self.value[1]

    @property
    def title(self) -> str:
        """What every problem of this kind is, in a sentence."""
        return self.value[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPart:
    """One of several things that are wrong."""

    name: Annotated[
        str, Field(description="The parameter, or the part of the service.", examples=["every"])
    ]
    detail: Annotated[
        str,
        Field(
            description="What is wrong with it, in a sentence.",
            examples=["every is 'often', expected a duration such as 500ms, 1s, 5m or 1h"],
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was not answered: a problem document of RFC 9457."""

    type: Annotated[
        str,
        Field(
            description="The kind of problem, for programs.",
            examples=[ProblemKind.INVALID_PARAMETER.type],
        ),
    ]
    title: Annotated[
        str,
        Field(
            description="The kind of problem, for people.",
            examples=[ProblemKind.INVALID_PARAMETER.title],
        ),
    ]
    status: Annotated[int, Field(description="The HTTP status.", examples=[422])]
    detail: Annotated[
        str,
        Field(
            description="What happened here, in a sentence.",
            examples=["every is 'often', expected a duration such as 500ms, 1s, 5m or 1h"],
        ),
    ]
    errors: Annotated[
        list[ProblemPart], Field(description="Each thing that is wrong, where they are known.")
    ] = field(default_factory=list)


class ApiProblem(CloudError):
    """A request that cannot be answered, as the document that says why."""

    def __init__(self, kind: ProblemKind, detail: str, parts: Sequence[ProblemPart] = ()) -> None:
        super().__init__(detail)
        self.kind = kind
        self.problem = Problem(
            type=kind.type,
            title=kind.title,
            status=kind.status,
            detail=detail,
            errors=list(parts),
        )


def invalid_parameter(name: str, detail: str) -> ApiProblem:
    """One parameter that is not valid; the detail names it."""
    return ApiProblem(
        ProblemKind.INVALID_PARAMETER, detail, [ProblemPart(name=name, detail=detail)]
    )


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as an HTTP response."""
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The names that come near a mistyped one, as the end of a sentence; may be empty.

    Of very many names only the neighbours in the alphabet are compared: to compare is slow, and
    a typing mistake is seldom in the first letters.
    """
    if len(name) > _LONGEST_COMPARED:
        return ""
    names = list(known)
    if len(names) > _MOST_COMPARED:
        names.sort()
        first = max(0, bisect(names, name) - _MOST_COMPARED // 2)
        names = names[first : first + _MOST_COMPARED]
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""
