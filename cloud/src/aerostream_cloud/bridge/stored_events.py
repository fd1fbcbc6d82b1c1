"""Events as the store has them: samples of the channel `event`, whose instance is the kind."""

import msgspec
from aerostream_contract.times import iso_from_us

from aerostream_cloud.bridge.live.shapes import Event
from aerostream_cloud.store import Sample

LEAST_SEVERE = 7


def event_of(sample: Sample) -> Event:
    """The event that a sample holds."""
    severity, text, data = (sample.values.get(name) for name in ("severity", "text", "data"))
    return Event(
        drone=sample.series.drone,
        time=iso_from_us(sample.time_us),
        kind=sample.series.instance,
        severity=int(severity) if isinstance(severity, int | float) else LEAST_SEVERE,
        component=sample.series.component,
        text=text if isinstance(text, str) else "",
        data=_data(data),
    )


def _data(text: object) -> dict[str, object]:
    """The details of an event; none where they are not the JSON object that they should be."""
    if not isinstance(text, str):
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return {}
