"""JSON messages of the MQTT contract, one model each, validated on the way in.

Decoding raises InvalidPayload with the path of the offending value. Unknown members are
ignored: a newer sender may add some.
"""

from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from aerostream_contract.errors import InvalidPayload, cut, shown
from aerostream_contract.times import EARLIEST_US, LATEST_US, us_from_iso

Epoch = Annotated[int, Meta(ge=1, lt=1 << 53)]
"""One life of a drone's numbering. Below 2^53: JavaScript reads it exactly."""
Number = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""A frame's, event's or report's place in its epoch."""
TimeUs = Annotated[int, Meta(ge=EARLIEST_US, le=LATEST_US)]
"""UTC in microseconds since 1970, within the years 1 to 9999."""
Byte = Annotated[int, Meta(ge=0, le=255)]
"""An unsigned byte, as MAVLink's ids and small enums are."""

#: In the channels of an `Attention`: all that the drone's policy sends.
EVERY_CHANNEL = "*"
#: The look-ahead: to Python, `$` also matches before a final line feed.
_KIND = r"^[a-z0-9_]{1,32}$(?!\n)"

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
    """Grows with the agent's connections in its epoch; a late will has an old one."""
    agent_version: str
    link: LinkState | None = None
    """Only with `online`."""


class Info(Struct, frozen=True):
    """`up/info`, retained: the drone's birth certificate."""

    schema: Annotated[int, Meta(ge=1, lt=1 << 32)]
    """Revision of the channel table."""
    system_id: Annotated[int, Meta(ge=1, le=255)]
    component_id: Byte
    autopilot: str
    """`ardupilot`, `px4`, or the name of another MAV_AUTOPILOT."""
    vehicle: str
    """`copter`, `plane`, `rover`, `boat`, `sub`, `vtol`, …"""
    mav_autopilot: Byte
    mav_type: Byte
    agent_version: str
    epoch: Epoch
    rate_policy: str
    capabilities: int | None = None
    """MAV_PROTOCOL_CAPABILITY bits, once the autopilot has told them."""
    firmware: str | None = None
    """The autopilot's version, such as 4.7.0."""

    def __post_init__(self) -> None:
        """Refuse capabilities beyond 64 bits, a bound that the type cannot express."""
        if self.capabilities is not None and not 0 <= self.capabilities < 1 << 64:
            raise ValueError("capabilities are not 64 bits")


class Battery(Struct, frozen=True):
    """The main battery in `up/state`; units V and percent."""

    voltage: float | None = None
    percent: Annotated[int, Meta(ge=-128, le=127)] | None = None


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
    frames: Number


class State(Struct, frozen=True):
    """`up/state`, retained: the drone at a glance."""

    time: str
    """When it was taken, ISO 8601 UTC, by the same clock as the samples."""
    mode: str | None = None
    armed: bool | None = None
    landed: str | None = None
    mission_item: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    battery: Battery | None = None
    position: Position | None = None
    backlog: list[Backlog] = []

    def __post_init__(self) -> None:
        """Refuse a time that is none, or that no calendar shows."""
        _check_time(self.time)


class Event(Struct, frozen=True):
    """`up/evt`, and events inside frames: something that happened."""

    epoch: Epoch
    number: Number
    time: str
    """When it happened, ISO 8601 UTC, by the same clock as the samples."""
    kind: Annotated[str, Meta(pattern=_KIND)]
    """`statustext`, `mode`, `armed`, `disarmed`, `failsafe`, `link`, …"""
    severity: Annotated[int, Meta(ge=0, le=7)]
    """MAV_SEVERITY: 0 emergency … 7 debug."""
    component: Byte
    text: str
    data: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Refuse a time that is none, or that no calendar shows."""
        _check_time(self.time)


class Ack(Struct, frozen=True):
    """`dn/ack`: numbers of one epoch that are durably stored."""

    epoch: Epoch
    ranges: list[tuple[Number, Number]]
    """First and last of each range, both included."""

    def __post_init__(self) -> None:
        """Refuse ranges that end before they start."""
        for first, last in self.ranges:
            if first > last:
                raise ValueError(f"range {first}…{last} is reversed")


class Attention(Struct, frozen=True):
    """`dn/att`: somebody looks at the drone now, and for a while."""

    channels: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=64)]
    """What is looked at, `EVERY_CHANNEL` for all that the policy sends. A name that the drone does
    not know says nothing to it."""
    ttl_s: Annotated[float, Meta(gt=0, le=300)]
    """How long, in seconds from receipt; it lapses by itself."""


def _check_time(time: str) -> None:
    if not EARLIEST_US <= us_from_iso(time) <= LATEST_US:
        raise ValueError(f"time {shown(time)} is outside the years 1 to 9999")


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
    if not payload:
        raise InvalidPayload(f"not a valid {model.__name__}: the payload is empty")
    try:
        return msgspec.json.decode(payload, type=model)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidPayload(f"not a valid {model.__name__}: {cut(str(error))}") from error
