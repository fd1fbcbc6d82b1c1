"""Parameters that several resources have: the drone, the channel, fields, and no others."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from aerostream_contract.channels import CHANNELS, Channel, channel_named
from aerostream_contract.errors import ContractError, shown
from aerostream_contract.names import DroneName
from fastapi import Path, Query, Request

from aerostream_cloud.bridge.live.fleet import Fleet
from aerostream_cloud.bridge.live.shapes import DroneState
from aerostream_cloud.bridge.problems import (
    ApiProblem,
    ProblemKind,
    ProblemPart,
    did_you_mean,
    invalid_parameter,
)

Component = Annotated[
    int | None,
    Query(
        ge=0, le=255, description="Only this MAVLink component; 1 is the autopilot.", examples=[1]
    ),
]
Instance = Annotated[
    str | None,
    Query(description="Only this instance, such as a battery's id.", examples=["0"]),
]


def drone_of(fleet: Fleet) -> Callable[..., Awaitable[DroneState]]:
    """The drone that the path names, for `Depends`."""

    async def known_drone(
        drone: Annotated[str, Path(description="The drone's id.", examples=["copter-01"])],
    ) -> DroneState:
        state = fleet.drone(drone)
        if state is None:
            near = did_you_mean(drone, (each.drone for each in fleet.names()))
            raise ApiProblem(ProblemKind.UNKNOWN_DRONE, f"there is no drone {shown(drone)}{near}")
        return state

    return known_drone


def name_of(state: DroneState) -> DroneName:
    """The drone's name: its id, and the fleet that the registry says it is in."""
    return DroneName(state.fleet, state.drone)


async def known_channel(
    channel: Annotated[
        str,
        Query(
            description="A channel of `/api/v1/channels`, or `mav_` and a MAVLink message's name.",
            examples=["position"],
        ),
    ],
) -> Channel:
    """The channel that the query names."""
    try:
        return channel_named(channel)
    except ContractError:
        near = did_you_mean(channel, CHANNELS)
        detail = f"there is no channel {shown(channel)}{near}"
        raise ApiProblem(
            ProblemKind.UNKNOWN_CHANNEL, detail, [ProblemPart(name="channel", detail=detail)]
        ) from None


Fields = Annotated[
    str,
    Query(description="Fields to read, separated by commas; empty for all.", examples=["lat,lon"]),
]


def chosen_fields(channel: Channel, fields: str) -> list[str]:
    """The named fields in the order given, or all.

    Raises:
        ApiProblem: the channel has no such field.
    """
    names = list(dict.fromkeys(name.strip() for name in fields.split(",") if name.strip()))
    wrong = []
    for name in names:
        if name not in channel.field_by_name:
            near = did_you_mean(name, channel.field_names)
            detail = f"channel {channel.name} has no field {shown(name)}{near}"
            wrong.append(ProblemPart(name="fields", detail=detail))
    if wrong:
        raise ApiProblem(ProblemKind.UNKNOWN_FIELD, wrong[0].detail, wrong)
    return names or list(channel.field_names)


async def no_other_parameters(request: Request) -> None:
    """Refuse a misspelt parameter: what is ignored silently is looked for in vain."""
    route = request.scope["route"]
    operation: dict[str, Any] = request.app.openapi()["paths"][route.path]["get"]
    known = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            near = did_you_mean(name, known)
            raise invalid_parameter(name, f"there is no parameter {shown(name)} here{near}")
