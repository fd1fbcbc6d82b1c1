"""Positions out of the store: valid ones, thinned, and the way between them."""

from collections.abc import Iterable
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from aerostream_contract.names import DroneName

from aerostream_cloud.bridge.api.series import spans_of
from aerostream_cloud.store import Sample, SeriesSpan, TelemetryStore

AUTOPILOT = 1
"""MAVLink component id of a vehicle's autopilot."""
FIRST_INSTANCE = "0"

POSITION_FIELDS = ("lat", "lon", "alt", "relative_alt")
_EARTH_RADIUS_M = 6_371_008.8


class Fix(NamedTuple):
    """A valid position."""

    time_us: int
    lat: float
    lon: float
    alt: float | None
    """Above mean sea level, m."""
    relative_alt: float | None
    """Above home, m."""

    @property
    def coordinates(self) -> list[float]:
        """Longitude, latitude and, where it is known, height: a position of GeoJSON."""
        place = [self.lon, self.lat]
        return place if self.alt is None else [*place, self.alt]


def autopilot_series(store: TelemetryStore, drone: DroneName, channel: str) -> SeriesSpan | None:
    """The autopilot's first instance of a channel, where it is stored."""
    for span in spans_of(store, drone, channel):
        if span.series.component == AUTOPILOT and span.series.instance == FIRST_INSTANCE:
            return span
    return None


def position_series(store: TelemetryStore, drone: DroneName) -> SeriesSpan | None:
    """The drone's positions, where there are some."""
    return autopilot_series(store, drone, "position")


def fixes(samples: Iterable[Sample]) -> list[Fix]:
    """The samples that are positions; a vehicle without a fix says 0/0."""
    return [fix for sample in samples if (fix := _fix(sample)) is not None]


def path_length_m(track: Iterable[Fix]) -> float:
    """Length over ground, on a sphere: within half a percent of the ellipsoid's."""
    return sum(_distance_m(one, other) for one, other in pairwise(track))


def _fix(sample: Sample) -> Fix | None:
    lat, lon, alt, relative_alt = (sample.values.get(name) for name in POSITION_FIELDS)
    if not isinstance(lat, float | int) or not isinstance(lon, float | int):
        return None
    if lat == lon == 0 or not -90 <= lat <= 90 or not -180 <= lon <= 180:
        return None
    return Fix(sample.time_us, float(lat), float(lon), _number(alt), _number(relative_alt))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) else None


def _distance_m(one: Fix, other: Fix) -> float:
    lat_1, lat_2 = radians(one.lat), radians(other.lat)
    half_lat, half_lon = (lat_2 - lat_1) / 2, radians(other.lon - one.lon) / 2
    haversine = sin(half_lat) ** 2 + cos(lat_1) * cos(lat_2) * sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(haversine)))
