"""`aerostream-cloud sub`: what passes the broker, one JSON object per line, frames decoded."""

import asyncio
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aerostream_contract.errors import FrameError
from aerostream_contract.frame import DecodedFrame, decode_frame
from aerostream_contract.times import iso_from_us
from aerostream_contract.topics import ROOT, UP_BF, UP_TEL

from aerostream_cloud.logs import service_logger
from aerostream_cloud.mqtt import Broker, Link, tls_context
from aerostream_cloud.settings import CloudSettings

DEFAULT_TOPIC = f"{ROOT}/+/+/up/#"
_RECEIVE_MAXIMUM = 100


async def run_sub(
    settings: CloudSettings,
    stop: asyncio.Event,
    *,
    topic: str,
    count: int | None,
    write: Callable[[str], None],
) -> None:
    """Write messages until `stop` is set or `count` of them came.

    Raises:
        BrokerRefused: the broker does not let us in.
    """
    left = count

    def receive(
        topic: str,
        payload: bytes,
        _packet_id: int | None,
        properties: Mapping[str, Any],
        _link: Link,
    ) -> None:
        nonlocal left
        if left == 0:
            return
        write(described(topic, payload, properties))
        if left is not None:
            left -= 1
            if not left:
                stop.set()

    broker = Broker(
        url=settings.broker,
        tls=tls_context(
            settings.broker,
            ca=settings.mqtt_ca,
            certificate=settings.mqtt_cert,
            key=settings.mqtt_key,
        ),
        client_id=f"sub-{uuid.uuid4().hex[:12]}",
        subscriptions=[topic],
        qos=0,
        receive=receive,
        log=service_logger("sub", settings.instance),
        receive_maximum=_RECEIVE_MAXIMUM,
    )
    async with asyncio.TaskGroup() as group:
        connection = group.create_task(broker.run(), name="broker")
        await stop.wait()
        await broker.close()
        connection.cancel()


def described(topic: str, payload: bytes, properties: Mapping[str, Any]) -> str:
    """One message as a line of JSON.

    A frame has its content under `frame`, JSON is under `json`, other text under `text`, and
    anything else under `base64`; what is wrong with a frame is under `error`.
    """
    line: dict[str, Any] = {"topic": topic}
    for name, value in properties.items():
        if name == "retain":
            line |= {"retained": True} if value else {}
        elif name != "dup":
            line[name] = _printable(value[0])
    line |= _content(topic, payload)
    return msgspec.json.encode(line).decode()


def _content(topic: str, payload: bytes) -> dict[str, Any]:
    if topic.endswith((f"/{UP_TEL}", f"/{UP_BF}")):
        try:
            return {"frame": _frame(decode_frame(payload))}
        except FrameError as error:
            return {"error": str(error), "base64": b64encode(payload).decode()}
    try:
        return {"json": msgspec.Raw(msgspec.json.encode(msgspec.json.decode(payload)))}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return {"text": payload.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(payload).decode()}


def _frame(frame: DecodedFrame) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "epoch": frame.epoch,
        **_numbers(frame),
        "samples": [
            {
                "channel": block.channel.name,
                "component": block.component,
                "instance": block.instance,
                "time": iso_from_us(row[0]),
                "values": dict(zip(block.channel.field_names, row[1:], strict=True)),
            }
            for block in frame.blocks
            for row in block.rows()
            if isinstance(row[0], int)
        ],
    }
    if frame.events:
        shown["events"] = [_content("", event) for event in frame.events]
    if frame.problems:
        shown["problems"] = frame.problems
    return shown


def _numbers(frame: DecodedFrame) -> dict[str, Any]:
    """The number of a frame, or the ranges of a merged one as `dn/ack` has them."""
    merged = frame.numbers != [(frame.number, frame.number)]
    return {"numbers": frame.numbers} if merged else {"number": frame.number}


def _printable(value: Any) -> Any:
    return b64encode(value).decode() if isinstance(value, bytes) else value
