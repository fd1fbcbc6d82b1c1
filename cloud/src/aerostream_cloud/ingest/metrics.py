"""Prometheus metrics of the ingest service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BATCH_SIZES = (1, 5, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class IngestMetrics:
    """What ingest counts; each instance has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        prefix = "aerostream_ingest"
        self.messages = Counter(
            f"{prefix}_messages", "Messages received and dealt with", registry=self.registry
        )
        self.frames = Counter(
            f"{prefix}_frames", "Telemetry frames decoded", registry=self.registry
        )
        self.events = Counter(f"{prefix}_events", "Events decoded", registry=self.registry)
        self.samples = Counter(
            f"{prefix}_samples", "Samples stored, events included", registry=self.registry
        )
        self.duplicates = Counter(
            f"{prefix}_duplicates", "Samples that were stored before", registry=self.registry
        )
        self.dead_letters = Counter(
            f"{prefix}_dead_letters",
            "Messages and parts of messages that could not be used",
            ["kind"],
            registry=self.registry,
        )
        self.dead_letters_lost = Counter(
            f"{prefix}_dead_letters_lost",
            "Dead letters pushed out by the cap, or not kept for a failing disk",
            registry=self.registry,
        )
        self.dropped = Counter(
            f"{prefix}_dropped",
            "Messages dropped unread, never acknowledged: too many waited",
            registry=self.registry,
        )
        self.acknowledged = Counter(
            f"{prefix}_acknowledged", "Frame and event numbers confirmed", registry=self.registry
        )
        self.mirrored = Counter(
            f"{prefix}_mirrored", "JSON mirror messages published", registry=self.registry
        )
        self.batch_messages = Histogram(
            f"{prefix}_batch_messages",
            "Messages of a batch",
            buckets=_BATCH_SIZES,
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            f"{prefix}_batch_seconds",
            "Time to decode, write and commit a batch",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.paused = Gauge(
            f"{prefix}_paused", "1 while storing is not possible", registry=self.registry
        )
        self.pauses = Counter(
            f"{prefix}_pauses", "Times that storing became impossible", registry=self.registry
        )
        self.waiting = Gauge(
            f"{prefix}_waiting", "Messages that wait to be stored", registry=self.registry
        )
        self.waiting_bytes = Gauge(
            f"{prefix}_waiting_bytes", "Payload of these messages", registry=self.registry
        )
        self.connected = Gauge(
            f"{prefix}_connected", "1 while the broker is connected", registry=self.registry
        )
