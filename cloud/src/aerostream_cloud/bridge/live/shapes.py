"""What the bridge says of drones, in REST answers and WebSocket messages alike.

Dataclasses, because FastAPI documents and msgspec encodes the same ones. All times are ISO 8601
UTC with six decimals.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

PresenceName: TypeAlias = Literal["online", "offline", "lost", "unknown"]
LinkName: TypeAlias = Literal["up", "down"]
LandedName: TypeAlias = Literal["in_air", "on_ground", "takeoff", "landing"]
FailsafeName: TypeAlias = Literal["critical", "emergency"]

_TIME = "2026-05-01T12:00:00.000000Z"

SampleValue: TypeAlias = int | float | str | None


@dataclass(frozen=True, slots=True)
class Battery:
    """The main battery."""

    percent: Annotated[int | None, Field(description="Remaining charge, %", examples=[84])]
    voltage: Annotated[float | None, Field(description="Voltage, V", examples=[15.9])]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a drone is."""

    lat: Annotated[float, Field(description="Latitude, degrees, WGS 84", examples=[47.3977421])]
    lon: Annotated[float, Field(description="Longitude, degrees, WGS 84", examples=[8.5455938])]
    alt: Annotated[float, Field(description="Height above mean sea level, m", examples=[508.1])]
    relative_alt: Annotated[float, Field(description="Height above home, m", examples=[20.0])]
    heading: Annotated[
        float | None,
        Field(description="Heading of the nose, degrees; null: not known", examples=[270.5]),
    ]


Backlog = TypedDict(
    "Backlog",
    {
        "from": Annotated[str, Field(description="Begin of the stretch", examples=[_TIME])],
        "to": Annotated[str, Field(description="Its end", examples=[_TIME])],
        "frames": Annotated[int, Field(description="Frames still to come", examples=[12])],
    },
)
"""A stretch of history that the drone has still to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroneState:
    """A drone at a glance."""

    drone: Annotated[
        str, Field(description="Id, unique in an installation", examples=["copter-01"])
    ]
    fleet: Annotated[str, Field(description="The fleet that it belongs to", examples=["demo"])]
    first_seen: Annotated[
        str | None, Field(description="When it was registered; null: not yet", examples=[_TIME])
    ]
    presence: Annotated[
        PresenceName,
        Field(
            description="Whether its agent is connected: online, offline (stopped cleanly), lost "
            "(the connection broke), unknown (nothing heard of it)",
            examples=["online"],
        ),
    ]
    presence_since: Annotated[
        str | None,
        Field(
            description="When the bridge saw the presence change; null: it was so before",
            examples=[_TIME],
        ),
    ]
    link: Annotated[
        LinkName | None,
        Field(description="Whether the agent hears its autopilot", examples=["up"]),
    ]
    vehicle: Annotated[
        str | None, Field(description="Kind of vehicle, such as copter", examples=["copter"])
    ]
    autopilot: Annotated[str | None, Field(description="Kind of autopilot", examples=["ardupilot"])]
    firmware: Annotated[
        str | None, Field(description="The autopilot's version", examples=["4.7.0"])
    ]
    system_id: Annotated[int | None, Field(description="MAVLink system id", examples=[1])]
    agent_version: Annotated[
        str | None, Field(description="The edge agent's version", examples=["0.1.0"])
    ]
    rate_policy: Annotated[
        str | None, Field(description="What the agent sends of all samples", examples=["standard"])
    ]
    mode: Annotated[
        str | None, Field(description="Flight mode, by its autopilot's name", examples=["GUIDED"])
    ]
    armed: Annotated[bool | None, Field(description="Whether motors may turn", examples=[True])]
    landed: Annotated[
        LandedName | None, Field(description="Where it is, as it says", examples=["in_air"])
    ]
    mission_item: Annotated[
        int | None, Field(description="The mission's item that it is at", examples=[3])
    ]
    failsafe: Annotated[
        FailsafeName | None,
        Field(description="MAV_STATE critical (5) or emergency (6)", examples=["critical"]),
    ]
    battery: Annotated[Battery | None, Field(description="The main battery")]
    position: Annotated[Position | None, Field(description="Where it was last")]
    state_time: Annotated[
        str | None,
        Field(description="Time of the newest `up/state`, by the drone's clock", examples=[_TIME]),
    ]
    backlog: Annotated[list[Backlog], Field(description="Stretches of history still to come")]
    last_sample: Annotated[
        str | None,
        Field(description="Time of its newest sample, by the drone's clock", examples=[_TIME]),
    ]
    clock_error_s: Annotated[
        float | None,
        Field(
            description="Receipt minus the drone's own time of its newest live sample, seconds, "
            "where they differ by more than 30; null: they agree",
            examples=[-123.4],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest sample of one series."""

    drone: Annotated[str, Field(examples=["copter-01"])]
    channel: Annotated[str, Field(description="Of the channel table", examples=["position"])]
    component: Annotated[int, Field(description="MAVLink component id", examples=[1])]
    instance: Annotated[str, Field(examples=["0"])]
    time: Annotated[str, Field(description="The sample's own time", examples=[_TIME])]
    values: Annotated[
        dict[str, SampleValue],
        Field(
            description="Value by field, in the unit of the channel table; null: not known",
            examples=[{"lat": 47.3977421, "lon": 8.5455938}],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a drone."""

    drone: Annotated[str, Field(examples=["copter-01"])]
    time: Annotated[str, Field(description="When, by the drone's clock", examples=[_TIME])]
    kind: Annotated[
        str, Field(description="statustext, mode, armed, disarmed, …", examples=["mode"])
    ]
    severity: Annotated[
        int, Field(description="MAV_SEVERITY: 0 emergency … 7 debug", ge=0, le=7, examples=[5])
    ]
    component: Annotated[int, Field(description="MAVLink component id", examples=[1])]
    text: Annotated[str, Field(examples=["Mode GUIDED"])]
    data: Annotated[
        dict[str, Any],
        Field(description="What the kind of event adds", examples=[{"to": "GUIDED"}]),
    ]
