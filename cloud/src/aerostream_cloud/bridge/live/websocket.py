"""The endpoints `/ws` and `/ws/{drone}`: one reader per connection; the hub does the telling."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import cast

from aerostream_contract.errors import ContractError, shown
from aerostream_contract.names import check_id
from fastapi import APIRouter, WebSocket
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocketDisconnect
from websockets.frames import CloseCode

from aerostream_cloud.bridge.live import messages, origins, rate
from aerostream_cloud.bridge.live.filter import Filter
from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.hub import MAX_SUBSCRIPTIONS, Client, Hub
from aerostream_cloud.bridge.live.messages import OWN_SUBSCRIPTION, Ping, Subscribe, Unsubscribe
from aerostream_cloud.bridge.live.metrics import LiveMetrics
from aerostream_cloud.bridge.live.protocol import EXTENSION, LiveProtocol
from aerostream_cloud.bridge.live.rate import TokenBucket
from aerostream_cloud.bridge.problems import (
    ApiProblem,
    Problem,
    ProblemKind,
    did_you_mean,
    invalid_parameter,
    problem_response,
)

MAX_CONNECTIONS = 1000
MAX_ERRORS = 20
"""A client that makes so many mistakes is sent away."""
UNKNOWN_DRONE = 4004
"""Close code of `/ws/{drone}` where there is no such drone."""
BAD_ADDRESS = 4022
"""Close code where the address has a parameter that it does not take, or not that value."""
_PARAMETERS = ("channels", "attention", "resume")
"""Of `/ws/{drone}`; `/ws` takes none."""


class WebSocketEndpoints:
    """Accepts connections and reads what clients ask for.

    Args:
        hub: tells them.
        fleet: which drones there are.
        fleet_known: waits until the registry has been read, or for so long that it will not be.
        allowed_origins: origins besides the bridge's own.
        utc: the time, ISO 8601.
        connected: whether the broker is connected.
        metrics: what is counted.
        max_connections: more are sent away.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        fleet: Fleet,
        fleet_known: Callable[[], Awaitable[None]],
        allowed_origins: Collection[str],
        utc: Callable[[], str],
        connected: Callable[[], bool],
        metrics: LiveMetrics,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._hub = hub
        self._fleet = fleet
        self._fleet_known = fleet_known
        self._allowed_origins = allowed_origins
        self._utc = utc
        self._connected = connected
        self._metrics = metrics
        self._max_connections = max_connections
        self._closing = False
        self.router = APIRouter()
        self.router.add_api_websocket_route("/ws", self._serve_all)
        self.router.add_api_websocket_route("/ws/{drone}", self._serve_drone)

    def close(self) -> None:
        """Say goodbye to everybody (1001); nobody is let in any more.

        The web server waits for the answers; who gives none is cut off by the connection.
        """
        self._closing = True
        for client in list(self._hub.clients):
            client.connection.end(CloseCode.GOING_AWAY, "the server stops")

    async def _serve_all(self, websocket: WebSocket) -> None:
        await self._serve(websocket, None)

    async def _serve_drone(self, websocket: WebSocket, drone: str) -> None:
        await self._serve(websocket, drone)

    async def _serve(self, websocket: WebSocket, drone: str | None) -> None:
        connection = await self._accepted(websocket)
        if connection is None:
            return
        client = self._hub.add(connection)
        try:
            self._hub.greet(client, self._utc(), broker=self._connected())
            try:
                await self._begin(client, websocket.query_params, drone)
            except ApiProblem as error:
                # Open, it would look like a subscription to which nothing happens.
                self._refuse(client, None if drone is None else OWN_SUBSCRIPTION, error.problem)
                connection.end(*_farewell(error))
            await self._read(client, connection, websocket)
        except WebSocketDisconnect:
            pass  # how every connection ends
        finally:
            self._hub.remove(client)

    async def _accepted(self, websocket: WebSocket) -> LiveProtocol | None:
        """The connection, open; None: it was refused."""
        headers = websocket.headers
        if not origins.is_allowed(
            headers.get("origin"), headers.get("host"), self._allowed_origins
        ):
            detail = f"pages of {shown(headers['origin'])} may not use this bridge"
            problem = ApiProblem(ProblemKind.WRONG_ORIGIN, detail).problem
            await websocket.send_denial_response(problem_response(problem))
            return None
        await websocket.accept()
        connection = cast("LiveProtocol", websocket.scope["extensions"][EXTENSION]["connection"])
        if self._closing:
            connection.end(CloseCode.GOING_AWAY, "the server stops")
            return None
        if len(self._hub.clients) >= self._max_connections:
            connection.end(CloseCode.TRY_AGAIN_LATER, "too many connections")
            self._metrics.count_closed(CloseCode.TRY_AGAIN_LATER)
            return None
        return connection

    async def _read(self, client: Client, connection: LiveProtocol, websocket: WebSocket) -> None:
        """Read messages until the connection ends."""
        bucket = TokenBucket()
        while True:
            # A message that is there already is received at once: others have their turn.
            await asyncio.sleep(0)
            # Who does not read is not listened to: answers must not pile up.
            await connection.writable.wait()
            message = await websocket.receive()
            if message["type"] != "websocket.receive":
                raise WebSocketDisconnect
            text: str | None = message.get("text")
            try:
                if not bucket.take(time.monotonic()):
                    raise ApiProblem(
                        ProblemKind.TOO_MUCH,
                        f"more than {rate.MESSAGES_PER_S:g} messages a second",
                    )
                if text is None:
                    raise ApiProblem(
                        ProblemKind.OTHER, "the message is binary, expected JSON as text"
                    )
                await self._take(client, text)
            except ApiProblem as error:
                self._refuse(client, messages.subscription_of(text or ""), error.problem)

    async def _take(self, client: Client, text: str) -> None:
        """Do what a message asks for.

        Raises:
            ApiProblem: it cannot be done.
        """
        message = messages.parse(text)
        match message:
            case Ping():
                self._hub.send(client, messages.pong(message, self._utc()), "pong")
            case Unsubscribe(subscription=name):
                if not self._hub.unsubscribe(client, name):
                    raise invalid_parameter(
                        "subscription", f"there is no subscription {shown(name)}"
                    )
                self._hub.send(client, messages.unsubscribed(name), "unsubscribed")
            case Subscribe():
                await self._subscribe(client, message)

    async def _subscribe(self, client: Client, message: Subscribe) -> None:
        wanted = messages.filter_of(message)
        if (
            message.subscription not in client.subscriptions
            and len(client.subscriptions) >= MAX_SUBSCRIPTIONS
        ):
            raise invalid_parameter(
                "subscription", f"a connection has at most {MAX_SUBSCRIPTIONS} subscriptions"
            )
        if message.attention and wanted.drones is None:
            raise invalid_parameter("attention", "attention needs the drones by name")
        for drone in wanted.drones or ():
            if not await self._is_known(drone):
                raise ApiProblem(ProblemKind.UNKNOWN_DRONE, f"there is no drone {shown(drone)}")
        self._hub.subscribe(
            client,
            message.subscription,
            wanted,
            attention=message.attention,
            resume=message.resume,
        )

    async def _begin(self, client: Client, query: QueryParams, drone: str | None) -> None:
        """Do what the address asks for: `/ws/{drone}` subscribes to it.

        Raises:
            ApiProblem: there is no such drone, or a parameter is wrong.
        """
        known = () if drone is None else _PARAMETERS
        for name in query:
            if name not in known:
                near = did_you_mean(name, known)
                raise invalid_parameter(name, f"there is no parameter {shown(name)} here{near}")
        if drone is None:
            return
        if not await self._is_known(drone):
            raise ApiProblem(ProblemKind.UNKNOWN_DRONE, f"there is no drone {shown(drone)}")
        attention = _flag(query.get("attention", "true"))
        names = query.get("channels")
        channels = messages.channels_of(names.split(",") if names else ["*"])
        wanted = Filter(drones=frozenset({drone}), channels=channels)
        self._hub.subscribe(
            client, OWN_SUBSCRIPTION, wanted, attention=attention, resume=query.get("resume")
        )

    async def _is_known(self, drone: str) -> bool:
        """Whether there is such a drone; just after the start, wait until that can be said."""
        try:
            check_id(drone, "drone")
        except ContractError:
            return False
        if self._fleet.fleet_of(drone) is None:
            await self._fleet_known()
        return self._fleet.fleet_of(drone) is not None

    def _refuse(self, client: Client, subscription: str | None, problem: Problem) -> None:
        self._hub.send(client, messages.error(subscription, problem), "error")
        self._metrics.errors.inc()
        client.errors += 1
        if client.errors >= MAX_ERRORS:
            client.connection.end(CloseCode.POLICY_VIOLATION, "too many errors")


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise invalid_parameter("attention", f"attention is {shown(text)}, expected true or false")
    return text == "true"


def _farewell(error: ApiProblem) -> tuple[int, str]:
    """The close code and reason for an address that cannot be served."""
    match error.kind:
        case ProblemKind.UNKNOWN_DRONE:
            return UNKNOWN_DRONE, "there is no such drone"
        case ProblemKind.TOO_MUCH:
            return CloseCode.TRY_AGAIN_LATER, "too many different subscriptions"
        case _:
            return BAD_ADDRESS, "the address is not valid"
