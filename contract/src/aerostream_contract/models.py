"""JSON messages of the MQTT contract, one model each, validated on the way in.

Decoding raises InvalidPayload with the path of the offending value. Unknown members are
ignored: a newer sender may add some.
"""

from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from aerostream_contract.errors import InvalidPayload

Epoch = Annotated[int, Meta(ge=1, lt=1 << 53)]
"""One life of a drone's numbering. Below 2^53: JavaScript reads it exactly."""
Number = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""A frame's, event's or report's place in its epoch."""
TimeUs = Annotated[int, Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]
"""UTC in microseconds since 1970, within the years 1 to 9999."""

_encoder = msgspec.json.Encoder()
_Model = TypeVar("_Model", bound=Struct)


class Presence(StrEnum):
    """Whether a drone's agent is connected."""

    ONLINE = "online"
    OFFLINE = "offline"
    """Stopped cleanly."""
    LOST = "lost"
    """The connection broke; the broker says so with the agent's will."""


class LinkState(StrEnum):
    """Whether the agent hears its autopilot."""

    UP = "up"
    DOWN = "down"
    """No heartbeat for five seconds."""


class Status(Struct, omit_defaults=True, frozen=True):
    """`up/status`, retained: is the drone there?"""

    status: Presence
    epoch: Epoch
    session: Number
    """Counts the agent's connections in its epoch; a late will has an old one."""
    agent_version: str
    link: LinkState | None = None
    """Only with `online`."""


class Info(Struct, frozen=True):
    """`up/info`, retained: the drone's birth certificate."""

    schema: int
    """Revision of the channel table."""
    system_id: Annotated[int, Meta(ge=1, le=255)]
    component_id: Annotated[int, Meta(ge=0, le=255)]
    autopilot: str
    """`ardupilot`, `px4`, or the name of another MAV_AUTOPILOT."""
    vehicle: str
    """`copter`, `plane`, `rover`, `boat`, `sub`, `vtol`, …"""
    mav_autopilot: int
    mav_type: int
    agent_version: str
    epoch: Epoch
    rate_policy: str
    capabilities: int | None = None
    """MAV_PROTOCOL_CAPABILITY bits, once the autopilot has told them."""
    firmware: str | None = None
    """The autopilot's version, such as 4.7.0."""


class Battery(Struct, frozen=True):
    """The main battery in `up/state`; units V and percent."""

    voltage: float | None = None
    percent: int | None = None


class Position(Struct, frozen=True):
    """Where the drone is in `up/state`: degrees, metres."""

    lat: float
    lon: float
    alt: float
    relative_alt: float
    heading: float | None = None


class Backlog(Struct, frozen=True):
    """A stretch of history that is still to be sent."""

    from_: TimeUs = msgspec.field(name="from")
    to: TimeUs
    frames: int


class State(Struct, frozen=True):
    """`up/state`, retained: the drone at a glance."""

    time: str
    """Of the newest sample in it, ISO 8601 UTC."""
    mode: str | None = None
    armed: bool | None = None
    landed: str | None = None
    mission_item: int | None = None
    battery: Battery | None = None
    position: Position | None = None
    backlog: list[Backlog] = []


class Event(Struct, frozen=True):
    """`up/evt`, and events inside frames: something that happened."""

    epoch: Epoch
    number: Number
    time: TimeUs
    kind: Annotated[str, Meta(pattern="^[a-z0-9_]{1,32}$")]
    """`statustext`, `mode`, `armed`, `disarmed`, `failsafe`, `link`, …"""
    severity: Annotated[int, Meta(ge=0, le=7)]
    """MAV_SEVERITY: 0 emergency … 7 debug."""
    component: Annotated[int, Meta(ge=0, le=255)]
    text: str
    data: dict[str, Any] = {}


class Ack(Struct, frozen=True):
    """`dn/ack`: numbers of one epoch that are durably stored."""

    epoch: Epoch
    ranges: list[tuple[Number, Number]]
    """First and last of each range, both included."""


class ServiceStatus(StrEnum):
    """What an instance of a cloud service says of itself."""

    ONLINE = "online"
    PAUSED = "paused"
    """Running, but unable to store; senders slow down."""
    OFFLINE = "offline"
    """Stopped cleanly."""
    LOST = "lost"
    """Its connection broke."""


class ServiceState(Struct, frozen=True):
    """`_svc/{service}/{instance}/state`, retained and as will."""

    status: ServiceStatus
    version: str
    started: str = ""
    """ISO 8601 UTC; a new value is a new start."""
    fleets: list[str] = []
    """Fleets that an ingest serves; `*` for all."""
    reason: str = ""


def encode(model: Struct) -> bytes:
    """A model as compact JSON."""
    return _encoder.encode(model)


def decode(payload: bytes, model: type[_Model]) -> _Model:
    """Read and validate a JSON payload.

    Raises:
        InvalidPayload: it is not JSON, or not this model; the text says where and why.
    """
    try:
        return msgspec.json.decode(payload, type=model)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidPayload(f"not a valid {model.__name__}: {error}") from error
