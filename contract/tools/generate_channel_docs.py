"""Writes docs/channels.md from the channel table: `make channels`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from aerostream_contract.channels import AGENT_SOURCE, CHANNELS, Channel, ColumnKind, Field
from aerostream_contract.mavlink import MESSAGES

TARGET = Path(__file__).parents[2] / "docs/channels.md"

INTRODUCTION = """\
# Channels

<!-- Made from the channel table by `make channels`. Change the table, not this page. -->

A channel is one kind of measurement. This page lists all of them with their fields. It is made
from the same table that the agent, the store, the interfaces and the JSON mirror use.

## How to read it

**Series.** Samples are kept per fleet, drone, channel, component and instance. The component is
the MAVLink component id, 1 for the autopilot itself. The instance tells several of the same kind
apart: batteries, GNSS receivers, distance sensors. Each instance of a channel comes from exactly
one MAVLink message. A message that has an instance field of its own names the instance by it; the
instance is text, and `0` where the field is empty or does not exist.

**Times.** A sample's time is UTC in microseconds. Where a channel names an own time field, the
time is the vehicle's: the autopilot's clock since boot, moved to UTC by the first plausible
`SYSTEM_TIME` of that boot. The other channels carry the moment at which the message was received,
moved in the same way. The own time field is the sample's time and not a field of its own.

**Units.** Values are in the unit of the table. Integers that MAVLink scales, such as `degE7` or
`mm`, are converted once, on the vehicle. Fields without a unit are counts, enumerations, bitmasks
or ratios; enumerations keep MAVLink's numbers.

**Exact or rounded.** *Exact* values are whole steps of the resolution, as they were on the wire.
*Rounded* values were floats on the wire and are rounded to the nearest step. A float too large for
its steps is kept as it is.

**Nulls.** A value is null where the vehicle says that it does not know it: for the wire values
listed as invalid, and for every float that is infinite or not a number. A field that a message
does not have is null too.

**Standard rates.** With the policy `full` every sample is sent. With `standard` a channel sends at
most its rate; a sample is left out while every field has moved by at most its deadband, but never
for longer than the longest silence. A field without a deadband counts every change. A change in
`heartbeat` goes out at once. Priority 1 goes first and is dropped last. A value counts as stale
after the given age. While [somebody looks](mqtt.md#dnatt) at a channel it is sent up to 5 times a
second, every change of it, and once a second where nothing changes. What is not sent stays unsent.

**Pass-through.** Every other MAVLink message can be carried as a channel of its own, named `mav_`
and the message's name in lower case, such as `mav_esc_telemetry_1_to_4`. With the policy `full` all
of them are, except `PARAM_*`, `MISSION_*`, `COMMAND_*`, `FILE_*`, `LOG_*`, `TIMESYNC` and `PING`;
with `standard` those that the agent's configuration names. Their fields have MAVLink's names, units
and values bit for bit, save that infinities and NaN are null. Arrays become `name_0`, `name_1`, …;
char arrays become text. Their own time field is `time_boot_ms`, else `time_usec`.

**Growth.** Channels and fields are only ever added. None is removed, renamed or moved.
"""


def document() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## Overview\n", *_overview(), ""]
    for channel in CHANNELS.values():
        parts += _section(channel)
    return "\n".join(parts).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield "| Channel | What it is | Source |"
    yield "|---|---|---|"
    for channel in CHANNELS.values():
        sources = ", ".join(dict.fromkeys(_message(s.message) for s in channel.sources))
        yield f"| [`{channel.name}`](#{channel.name}) | {channel.description} | {sources} |"


def _section(channel: Channel) -> Iterator[str]:
    yield f"## {channel.name}\n"
    yield f"{channel.description}.\n"
    for source in channel.sources:
        yield f"- Source: {_message(source.message)}, {_instance(channel, source.message)}"
    own = f"`{channel.time_field}`" if channel.time_field else "none; stamped on receipt"
    yield f"- Own time: {own}"
    yield f"- Number in frames: {channel.number}"
    yield f"- Policy `standard`: {_rate(channel)}"
    yield f"- Stale after {channel.stale_after_s:g} s\n"
    yield "| Field | Unit | Resolution | Exact or rounded | Invalid | Deadband | Description |"
    yield "|---|---|---|---|---|---|---|"
    for field in channel.fields:
        yield _row(channel, field)
    yield ""


def _row(channel: Channel, field: Field) -> str:
    number = field.kind is not ColumnKind.TEXT
    resolution = f"{1 / field.steps:g}" if number else ""
    exactness = ("rounded" if _is_rounded(channel, field) else "exact") if number else "text"
    invalid = ", ".join(str(value) for value in field.invalid)
    deadband = f"{field.deadband:g}" if field.deadband else ""
    cells = (f"`{field.name}`", field.unit, resolution, exactness, invalid, deadband)
    return f"| {' | '.join(cells)} | {field.description} |"


def _is_rounded(channel: Channel, field: Field) -> bool:
    """Whether some source of the field is a float, or the agent measures in steps."""
    for source in channel.sources:
        if source.message == AGENT_SOURCE:
            if field.steps > 1:
                return True
            continue
        columns = {
            column: wire.type
            for wire in MESSAGES.named(source.message).fields
            for column in wire.column_names()
        }
        if columns.get(field.name) in ("float", "double"):
            return True
    return False


def _message(source: str) -> str:
    return "the agent itself" if source == AGENT_SOURCE else f"`{source}`"


def _instance(channel: Channel, message: str) -> str:
    instance = next(s.instance for s in channel.sources if s.message == message)
    if instance is not None:
        return f"instance `{instance}`"
    if message == AGENT_SOURCE:
        return "any other instance"
    return f"instance named by its field `{MESSAGES.named(message).instance_field}`"


def _rate(channel: Channel) -> str:
    rate = channel.rate
    if not rate.rate_hz:
        return "not sent"
    return (
        f"at most {rate.rate_hz:g} Hz, longest silence {rate.silence_s:g} s, "
        f"priority {rate.priority}"
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(document(), encoding="utf-8")
    print(f"{target}: {len(CHANNELS)} channels")
