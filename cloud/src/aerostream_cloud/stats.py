"""What is stored: `aerostream-cloud stats`."""

from collections.abc import Sequence

import msgspec
from aerostream_contract.times import iso_from_us
from aerostream_contract.words import counted

from aerostream_cloud.store import SeriesStats

_HEADER = ("DRONE", "CHANNEL", "COMP", "INSTANCE", "SOURCE", "SAMPLES", "FIRST", "LAST")
_RIGHT_ALIGNED = {"COMP", "SAMPLES"}


def stats_json(stats: Sequence[SeriesStats]) -> str:
    """A list with an object per series."""
    rows = [
        {
            "fleet": each.series.fleet,
            "drone": each.series.drone,
            "channel": each.series.channel,
            "component": each.series.component,
            "instance": each.series.instance,
            "source": each.source,
            "samples": each.samples,
            "first": iso_from_us(each.first_us),
            "last": iso_from_us(each.last_us),
        }
        for each in stats
    ]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode()


def stats_table(stats: Sequence[SeriesStats]) -> str:
    """The same for people, with a sum at the end."""
    rows = [_HEADER] + [
        (
            f"{each.series.fleet}/{each.series.drone}",
            each.series.channel,
            str(each.series.component),
            each.series.instance,
            each.source,
            f"{each.samples:,}",
            iso_from_us(each.first_us)[:19].replace("T", " "),
            iso_from_us(each.last_us)[:19].replace("T", " "),
        )
        for each in stats
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if name in _RIGHT_ALIGNED else text.ljust(width)
            for name, text, width in zip(_HEADER, row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    drones = len({(each.series.fleet, each.series.drone) for each in stats})
    samples = sum(each.samples for each in stats)
    total = f"{counted(samples, 'sample', ',')}, {len(stats)} series, {counted(drones, 'drone')}"
    return "\n".join([*lines, total])
