"""Prometheus metrics of the bridge; one registry for all its parts."""

from prometheus_client import CollectorRegistry, Counter, Histogram

PREFIX = "aerostream_bridge"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RestMetrics:
    """What the bridge counts of its HTTP requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            f"{PREFIX}_requests",
            "HTTP requests answered",
            ["method", "route", "status"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            f"{PREFIX}_request_seconds",
            "Time from a request to the end of its answer",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
