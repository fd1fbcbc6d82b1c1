"""What travels on the WebSocket: the clients' messages, checked, and the small ones of ours."""

from collections.abc import Collection
from typing import Annotated, Any, Final

import msgspec
from aerostream_contract import __version__
from aerostream_contract.channels import CHANNELS, channel_named
from aerostream_contract.errors import ContractError, cut
from aerostream_contract.models import EVERY_CHANNEL
from aerostream_contract.names import check_id
from msgspec import Meta, Struct

from aerostream_cloud.bridge.live.filter import Box, Filter
from aerostream_cloud.bridge.problems import (
    ApiProblem,
    Problem,
    ProblemKind,
    did_you_mean,
    invalid_parameter,
)

PROTOCOL = 1
"""Raised when a client would have to change."""
HEARTBEAT_S = 5.0
TICK_S = 0.05
MAX_DRONES, MAX_FLEETS, MAX_CHANNELS = 1000, 100, 100
"""Names in one subscription."""
DEFAULT_CHANNELS: Final = ("heartbeat", "position")
"""What a map needs."""
OWN_SUBSCRIPTION = "drone"
"""The subscription that `/ws/{drone}` begins with."""

_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Id = Annotated[str, Meta(max_length=64)]


class Subscribe(Struct, tag="subscribe", frozen=True, forbid_unknown_fields=True):
    """Begin a subscription, or replace the one of that name."""

    subscription: _Name
    drones: Annotated[list[_Id], Meta(max_length=MAX_DRONES)] | None = None
    fleets: Annotated[list[_Id], Meta(max_length=MAX_FLEETS)] | None = None
    channels: Annotated[list[_Id], Meta(max_length=MAX_CHANNELS)] | None = None
    bbox: tuple[float, float, float, float] | None = None
    attention: bool = False
    events: bool = True
    resume: Annotated[str, Meta(max_length=64)] | None = None


class Unsubscribe(Struct, tag="unsubscribe", frozen=True, forbid_unknown_fields=True):
    """End a subscription."""

    subscription: _Name


class Ping(Struct, tag="ping", frozen=True, forbid_unknown_fields=True):
    """Ask for a pong; measures the way there and back."""

    id: Annotated[str, Meta(max_length=64)] | int | float


ClientMessage = Subscribe | Unsubscribe | Ping

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()


class _Named(Struct):
    """Of a message that is otherwise broken."""

    subscription: str | None = None


def parse(text: str | bytes) -> ClientMessage:
    """Read a client's message.

    Raises:
        ApiProblem: it is not JSON, or none of the messages that a client may send.
    """
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise ApiProblem(
            ProblemKind.INVALID_PARAMETER, f"the message cannot be used: {_sentence(error)}"
        ) from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ApiProblem(
            ProblemKind.OTHER, f"the message is not JSON: {_sentence(error)}"
        ) from error


def subscription_of(text: str | bytes) -> str | None:
    """The subscription that a broken message names, as far as that can be told."""
    try:
        name = msgspec.json.decode(text, type=_Named).subscription
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return name if name is None else name[:64]


def filter_of(message: Subscribe) -> Filter:
    """What a subscription wants.

    Raises:
        ApiProblem: an id, channel or box cannot be.
    """
    return Filter(
        drones=_ids(message.drones, "drones", "drone"),
        fleets=_ids(message.fleets, "fleets", "fleet"),
        channels=channels_of(message.channels),
        box=None if message.bbox is None else _box(Box(*message.bbox)),
        events=message.events,
    )


def channels_of(names: Collection[str] | None) -> frozenset[str] | None:
    """The channels that are asked for; None: all.

    Raises:
        ApiProblem: there is no such channel.
    """
    if names is None:
        return frozenset(DEFAULT_CHANNELS)
    if EVERY_CHANNEL in names:
        return None
    for name in names:
        try:
            channel_named(name)
        except ContractError as error:
            hint = did_you_mean(name, CHANNELS)
            raise ApiProblem(ProblemKind.UNKNOWN_CHANNEL, f"{error}{hint}") from error
    return frozenset(names)


def hello(server: str, time: str, *, broker: bool) -> bytes:
    """The server's first message; `broker`: whether the bridge is connected to it."""
    return _encoder.encode(
        {
            "type": "hello",
            "protocol": PROTOCOL,
            "server": server,
            "version": __version__,
            "time": time,
            "heartbeat_s": HEARTBEAT_S,
            "tick_ms": round(TICK_S * 1000),
            "broker": broker,
        }
    )


def heartbeat(time: str, *, broker: bool) -> bytes:
    """A sign of life; `broker`: whether the bridge is connected to it."""
    return _encoder.encode({"type": "heartbeat", "time": time, "broker": broker})


def pong(ping: Ping, time: str) -> bytes:
    """The answer to a ping."""
    return _encoder.encode({"type": "pong", "id": ping.id, "time": time})


def unsubscribed(subscription: str) -> bytes:
    """The answer to an unsubscription."""
    return _encoder.encode({"type": "unsubscribed", "subscription": subscription})


def error(subscription: str | None, problem: Problem) -> bytes:
    """What was wrong with a client's message."""
    return _encoder.encode({"type": "error", "subscription": subscription, "problem": problem})


def snapshot_start(subscription: str, cursor: str, part: int, *, more: bool) -> bytes:
    """A snapshot up to its content."""
    return _start(
        {
            "type": "snapshot",
            "subscription": subscription,
            "cursor": cursor,
            "part": part,
            "more": more,
        }
    )


def delta_start(subscription: str, cursor: str, missed_events: int) -> bytes:
    """A delta up to its content."""
    missed = {"missed_events": missed_events} if missed_events else {}
    return _start({"type": "delta", "subscription": subscription, "cursor": cursor, **missed})


def _start(message: dict[str, Any]) -> bytes:
    return _encoder.encode(message)[:-1]


def _ids(names: list[str] | None, parameter: str, what: str) -> frozenset[str] | None:
    if names is None:
        return None
    try:
        return frozenset(check_id(name, what) for name in names)
    except ContractError as wrong:
        raise invalid_parameter(parameter, str(wrong)) from wrong


def _box(box: Box) -> Box:
    if not (-180 <= box.west <= 180 and -180 <= box.east <= 180):
        raise invalid_parameter(
            "bbox",
            f"bbox goes from {box.west:g} to {box.east:g} degrees of longitude, "
            "expected -180 to 180",
        )
    if not -90 <= box.south <= box.north <= 90:
        raise invalid_parameter(
            "bbox",
            f"bbox goes from {box.south:g} to {box.north:g} degrees of latitude, "
            "expected south before north within -90 to 90",
        )
    return box


def _sentence(wrong: Exception) -> str:
    text = cut(str(wrong)).removeprefix("JSON is malformed: ")
    # An abbreviation, such as UTF-8, stays as it is.
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
