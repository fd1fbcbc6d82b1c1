"""`/healthz`, `/readyz` and `/metrics`: for those who watch over the service."""

import asyncio
from typing import Literal, Protocol

from aerostream_contract import __version__
from fastapi import APIRouter
from prometheus_client import CollectorRegistry, exposition
from starlette.responses import Response

from aerostream_cloud.bridge.api.answers import json_answer, problems
from aerostream_cloud.bridge.api.shapes import Alive, Ready
from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind, ProblemPart
from aerostream_cloud.bridge.reading import StoreReader
from aerostream_cloud.errors import CloudError, RegistryUnavailable
from aerostream_cloud.registry import RegistryReader

_TIMEOUT_S = 3.0
#: A drone that nobody is called: asking for it proves that the store answers.
_NOBODY = ""


class Connection(Protocol):
    """Something that is connected to the broker, or not, and hears ingest there."""

    @property
    def connected(self) -> bool:
        """Whether it is now."""

    @property
    def ingest_failure(self) -> str:
        """Why samples are not stored, as ingest says; empty where nothing says so."""

    @property
    def ingest_is_heard(self) -> bool:
        """Whether any ingest says anything."""


class Health:
    """Asks the parts that the bridge needs.

    Args:
        broker: the connection to the broker.
        reader: the store.
        registry: which drones there are.
    """

    def __init__(
        self, *, broker: Connection, reader: StoreReader, registry: RegistryReader
    ) -> None:
        self._broker = broker
        self._reader = reader
        self._registry = registry

    async def failures(self) -> dict[str, str]:
        """What does not work, and why, by part; empty where all is well."""
        asked = await asyncio.gather(self._ask_broker(), self._ask_store(), self._ask_database())
        found = [*asked, self._broker.ingest_failure]
        return {part: why for part, why in zip(PARTS, found, strict=True) if why}

    def parts(self) -> dict[str, Literal["ok", "unknown"]]:
        """Each part, where none fails; of an ingest that nobody ever heard nothing is known."""
        ingest: Literal["ok", "unknown"] = "ok" if self._broker.ingest_is_heard else "unknown"
        return {**dict.fromkeys(PARTS, "ok"), "ingest": ingest}

    async def _ask_broker(self) -> str:
        return "" if self._broker.connected else "the broker is not connected"

    async def _ask_store(self) -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._reader.run(lambda store: store.spans(_NOBODY))
        except TimeoutError:
            return f"the store did not answer within {_TIMEOUT_S:g} s"
        except CloudError as error:
            return f"the store cannot be read: {reason_of(error)}"
        return ""

    async def _ask_database(self) -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await asyncio.to_thread(self._registry.check)
        except TimeoutError:
            return f"the database did not answer within {_TIMEOUT_S:g} s"
        except RegistryUnavailable as error:
            return f"the database cannot be read: {reason_of(error)}"
        return ""


PARTS = ("broker", "store", "database", "ingest")
"""What the bridge needs, as `/readyz` names it; ingest is what it hears of it, if anything."""


def reason_of(error: BaseException) -> str:
    """Why a part does not work, as its driver says; our own sentences name files and hosts."""
    cause = error.__cause__
    cause = getattr(cause, "orig", None) or cause  # what SQLAlchemy wraps
    if cause is None:
        return "it is not there" if isinstance(error, CloudError) else type(error).__name__
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def health_routes(*, health: Health, registry: CollectorRegistry) -> APIRouter:
    """The three routes."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/healthz",
        operation_id="getHealth",
        summary="Whether the process answers",
        response_model=Alive,
        responses=problems(ProblemKind.INVALID_PARAMETER),
    )
    async def healthz() -> Response:
        """Asks nobody else: restart the process when this fails, and not otherwise."""
        return json_answer(Alive(status="alive", version=__version__), compressed=False)

    @router.get(
        "/readyz",
        operation_id="getReadiness",
        summary="Whether all that the bridge needs works",
        response_model=Ready,
        responses=problems(ProblemKind.INVALID_PARAMETER, ProblemKind.UNAVAILABLE),
    )
    async def readyz() -> Response:
        """Asks the broker's connection, the store and the database, each within seconds.

        Ingest makes it unready too: one that cannot store or was lost, or none that runs any more.
        """
        failures = await health.failures()
        if failures:
            parts = [ProblemPart(name=part, detail=why) for part, why in failures.items()]
            raise ApiProblem(ProblemKind.UNAVAILABLE, "; ".join(failures.values()), parts)
        return json_answer(Ready(status="ready", parts=health.parts()), compressed=False)

    @router.get(
        "/metrics",
        operation_id="getMetrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={
            200: {
                "description": "Prometheus' text format",
                "content": {
                    "text/plain": {
                        "schema": {"type": "string"},
                        "example": "aerostream_bridge_requests_total"
                        '{method="GET",route="/api/v1/drones",status="200"} 12.0\n',
                    }
                },
            },
            **problems(ProblemKind.INVALID_PARAMETER),
        },
    )
    async def metrics() -> Response:
        """Requests, durations, WebSocket connections and the rest."""
        return Response(
            exposition.generate_latest(registry), media_type=exposition.CONTENT_TYPE_PLAIN_0_0_4
        )

    return router
