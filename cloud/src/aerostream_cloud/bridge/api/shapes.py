"""What REST answers with, besides the live half's shapes of drones and events.

Dataclasses, because FastAPI documents and msgspec encodes the same ones. All times are ISO 8601
UTC with six decimals.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from aerostream_cloud.bridge.live.shapes import Backlog, DroneState, Event

FieldValue = int | float | str | None

_START, _END = "2026-05-01T12:00:00.000000Z", "2026-05-01T12:10:00.000000Z"
_TIMES = ["2026-05-01T12:00:00.000000Z", "2026-05-01T12:00:01.000000Z"]

Time = Annotated[str, Field(examples=[_START])]
Truncated = Annotated[
    bool, Field(description="Whether the limit left something out.", examples=[False])
]
Next = Annotated[
    str | None,
    Field(description="`start` of the page that follows; null: this is all.", examples=[None]),
]
Arriving = Annotated[
    list[Backlog],
    Field(description="Stretches in the range that the drone has still to send, as it said last."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drones:
    """A page of the fleet."""

    items: Annotated[list[DroneState], Field(description="Drones by id.")]
    total: Annotated[int, Field(description="How many match, on all pages.", examples=[1])]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeries:
    """One series that is stored of a drone."""

    channel: Annotated[str, Field(examples=["position"])]
    component: Annotated[int, Field(description="MAVLink component id.", examples=[1])]
    instance: Annotated[str, Field(examples=["0"])]
    source: Annotated[
        str,
        Field(description="The MAVLink message that fills it.", examples=["GLOBAL_POSITION_INT"]),
    ]
    first: Annotated[Time, Field(description="Time of its first sample.")]
    last: Annotated[str, Field(description="Time of its last sample.", examples=[_END])]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSummary:
    """A field over buckets of time, an element per bucket, nulls left out of each."""

    mean: Annotated[list[float | None], Field(description="Null for texts.", examples=[[47.39775]])]
    min: Annotated[list[FieldValue], Field(examples=[[47.3977]])]
    max: Annotated[list[FieldValue], Field(examples=[[47.3978]])]
    first: Annotated[list[FieldValue], Field(examples=[[47.3977]])]
    last: Annotated[list[FieldValue], Field(examples=[[47.3978]])]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesColumns:
    """Samples of one series, by column."""

    component: Annotated[int, Field(description="MAVLink component id.", examples=[1])]
    instance: Annotated[str, Field(examples=["0"])]
    times: Annotated[
        list[str],
        Field(
            description="Time of each sample; with `every`: start of each bucket.",
            examples=[_TIMES],
        ),
    ]
    fields: Annotated[
        dict[str, list[FieldValue] | FieldSummary],
        Field(
            description="By field: a value per time, null where the vehicle did not know it. "
            "With `every`: the mean, min, max, first and last per bucket.",
            examples=[{"lat": [47.3977421, 47.3977433], "relative_alt": [20.0, 20.1]}],
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Samples of one channel of a drone."""

    drone: Annotated[str, Field(examples=["copter-01"])]
    channel: Annotated[str, Field(examples=["position"])]
    start: Annotated[Time, Field(description="Begin of the range, as it was understood.")]
    end: Annotated[str, Field(description="Its end, not included.", examples=[_END])]
    every: Annotated[
        str | None, Field(description="Length of the buckets, as asked for.", examples=[None])
    ]
    units: Annotated[
        dict[str, str],
        Field(
            description="Unit by field; counts, enums and ratios have none.",
            examples=[{"lat": "deg", "relative_alt": "m"}],
        ),
    ]
    series: Annotated[list[SeriesColumns], Field(description="Each series with samples.")]
    truncated: Truncated
    next: Next
    backlog: Arriving


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Where a drone was, in GeoJSON."""

    type: Annotated[Literal["LineString", "Point"], Field(examples=["LineString"])]
    coordinates: Annotated[
        list[list[float]] | list[float],
        Field(
            description="Longitude, latitude, height above mean sea level: degrees and metres. "
            "A list of them for a LineString, one for a Point.",
            examples=[[[8.5455938, 47.3977421, 508.1], [8.5456021, 47.3977433, 508.2]]],
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackProperties:
    """What belongs to each point of a track."""

    drone: Annotated[str, Field(examples=["copter-01"])]
    times: Annotated[list[str], Field(description="Time of each point.", examples=[_TIMES])]
    relative_alt: Annotated[
        list[float | None],
        Field(description="Height above home of each point, m.", examples=[[20.0, 20.1]]),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Where a drone was, as a GeoJSON Feature with one foreign member, `backlog`."""

    type: Annotated[Literal["Feature"], Field(examples=["Feature"])]
    geometry: Annotated[
        Geometry | None, Field(description="Null where there is no position in the range.")
    ]
    properties: TrackProperties
    backlog: Arriving


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events of a drone, oldest first."""

    items: list[Event]
    truncated: Truncated
    next: Next
    backlog: Arriving


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeoff:
    """Where a flight began."""

    lat: Annotated[float, Field(description="Degrees, WGS 84.", examples=[47.3977421])]
    lon: Annotated[float, Field(description="Degrees, WGS 84.", examples=[8.5455938])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """From armed to disarmed."""

    start: Annotated[Time, Field(description="The first armed heartbeat.")]
    end: Annotated[
        str | None,
        Field(
            description="The first disarmed heartbeat, or the last armed one where nothing came "
            "for a minute; null while it lasts.",
            examples=[_END],
        ),
    ]
    ongoing: Annotated[bool, Field(examples=[False])]
    duration_s: Annotated[
        float, Field(description="Until its end, or its newest heartbeat.", examples=[600.0])
    ]
    distance_m: Annotated[
        float, Field(description="Along the positions, one a second.", examples=[1843.2])
    ]
    max_relative_alt_m: Annotated[
        float | None, Field(description="Greatest height above home.", examples=[51.9])
    ]
    battery_used_percent: Annotated[
        float | None, Field(description="Charge used, of the full battery.", examples=[34.0])
    ]
    takeoff: Annotated[Takeoff | None, Field(description="Its first position.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flights:
    """Flights of a drone, newest first."""

    items: list[Flight]
    truncated: Annotated[
        bool, Field(description="Whether the limit left older ones out.", examples=[False])
    ]
    backlog: Arriving


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo:
    """A field of a channel."""

    name: Annotated[str, Field(examples=["lat"])]
    unit: Annotated[str, Field(description="Empty for counts, enums and ratios.", examples=["deg"])]
    description: Annotated[str, Field(examples=["Latitude, WGS 84"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelInfo:
    """A channel of the channel table."""

    name: Annotated[str, Field(examples=["position"])]
    description: Annotated[str, Field(examples=["Fused position and speed over ground"])]
    fields: list[FieldInfo]
    stale_after_s: Annotated[
        float,
        Field(description="Age from which a value no longer counts as live, s.", examples=[6.0]),
    ]
    sources: Annotated[
        list[str],
        Field(description="MAVLink messages that fill it.", examples=[["GLOBAL_POSITION_INT"]]),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """What the page must know of the server."""

    map_style: Annotated[
        str | None,
        Field(description="URL of a MapLibre style; null: the bundled map.", examples=[None]),
    ]
    version: Annotated[str, Field(description="AeroStream's version.", examples=["0.1.0"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The process answers."""

    status: Annotated[Literal["alive"], Field(examples=["alive"])]
    version: Annotated[str, Field(examples=["0.1.0"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Everything that is needed works."""

    status: Annotated[Literal["ready"], Field(examples=["ready"])]
    parts: Annotated[
        dict[str, Literal["ok", "unknown"]],
        Field(
            description="Each part. Unknown: no ingest was ever heard of.",
            examples=[{"broker": "ok", "store": "ok", "database": "ok", "ingest": "ok"}],
        ),
    ]
