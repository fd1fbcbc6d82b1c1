"""What went wrong in a request, as a problem document."""

from collections.abc import Mapping, Sequence
from typing import Any

from aerostream_contract.errors import shown
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.bridge.health import reason_of
from aerostream_cloud.bridge.problems import (
    ApiProblem,
    Problem,
    ProblemKind,
    ProblemPart,
    problem_response,
)
from aerostream_cloud.errors import StoreError


def handle_faults(app: FastAPI, log: FilteringBoundLogger) -> None:
    """Make every error of the app a problem document."""

    async def on_problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiProblem)  # registered for these only
        return problem_response(error.problem)

    async def on_invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(_invalid(error.errors()).problem)

    async def on_refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem_response(_refused(request, error), dict(error.headers or {}))

    async def on_store(request: Request, error: Exception) -> Response:
        log.warning("the store cannot be read", path=request.url.path, reason=str(error))
        detail = f"the store cannot be read now: {reason_of(error)}"
        part = ProblemPart(name="store", detail=detail)
        return problem_response(ApiProblem(ProblemKind.UNAVAILABLE, detail, [part]).problem)

    async def on_mistake(_request: Request, _error: Exception) -> Response:
        detail = "the bridge's log says more"
        return problem_response(ApiProblem(ProblemKind.INTERNAL, detail).problem)

    app.add_exception_handler(ApiProblem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_refused)
    app.add_exception_handler(StoreError, on_store)
    app.add_exception_handler(Exception, on_mistake)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> ApiProblem:
    parts = [_part(error) for error in errors]
    return ApiProblem(
        ProblemKind.INVALID_PARAMETER, "; ".join(part.detail for part in parts), parts
    )


def _part(error: Mapping[str, Any]) -> ProblemPart:
    """Pydantic's complaint as a sentence that names the parameter, its value and what it wants."""
    name = str(error["loc"][-1])
    if error["type"] == "missing":
        return ProblemPart(name=name, detail=f"{name} is required and was not given")
    detail = f"{name} is {shown(error['input'])}, expected {_wanted(error)}"
    return ProblemPart(name=name, detail=detail)


def _wanted(error: Mapping[str, Any]) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_from_float":
            return "a whole number"
        case "greater_than_equal":
            return f"at least {limits['ge']}"
        case "less_than_equal":
            return f"at most {limits['le']}"
        case _:
            return str(error["msg"]).removeprefix("Input should be ")


def _refused(request: Request, error: HTTPException) -> Problem:
    path = shown(request.url.path)[1:-1]
    match error.status_code:
        case 404:
            return ApiProblem(ProblemKind.NOT_FOUND, f"there is nothing at {path}").problem
        case 405:
            return ApiProblem(
                ProblemKind.METHOD_NOT_ALLOWED, f"{request.method} is not offered at {path}"
            ).problem
        case status:
            kind = ProblemKind.OTHER
            return Problem(
                type=kind.type, title=kind.title, status=status, detail=str(error.detail)
            )
