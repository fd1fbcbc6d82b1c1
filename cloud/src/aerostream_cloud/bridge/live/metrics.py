"""Prometheus metrics of the live half of the bridge."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10)
_PREFIX = "aerostream_bridge"
CLOSE_CODES = frozenset({1000, 1001, 1005, 1006, 1008, 1009, 1011, 1013, 4004, 4008, 4022})
"""Close codes that are counted each; a client can make up any other."""


class LiveMetrics:
    """What comes from the broker and goes to WebSocket clients."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connected = Gauge(
            f"{_PREFIX}_connected", "1 while the broker is connected", registry=registry
        )
        self.received = Counter(
            f"{_PREFIX}_messages", "Messages received from the broker", registry=registry
        )
        self.refused = Counter(
            f"{_PREFIX}_refused",
            "Messages from the broker that could not be used, by kind",
            ["kind"],
            registry=registry,
        )
        self.not_shown = Counter(
            f"{_PREFIX}_not_shown",
            "Samples that are not shown because their drone has too many series or too much text",
            registry=registry,
        )
        self.drones = Gauge(f"{_PREFIX}_drones", "Drones known", registry=registry)
        self.connections = Gauge(
            f"{_PREFIX}_websocket_connections", "WebSocket connections", registry=registry
        )
        self.subscriptions = Gauge(
            f"{_PREFIX}_websocket_subscriptions",
            "Subscriptions of all WebSocket connections",
            registry=registry,
        )
        self.groups = Gauge(
            f"{_PREFIX}_websocket_groups",
            "Different subscriptions; all of one group share their messages",
            registry=registry,
        )
        self.sent = Counter(
            f"{_PREFIX}_websocket_messages", "Messages sent, by type", ["type"], registry=registry
        )
        self.sent_bytes = Counter(
            f"{_PREFIX}_websocket_bytes", "Bytes handed to WebSocket connections", registry=registry
        )
        self.encoded = Counter(
            f"{_PREFIX}_websocket_encoded",
            "Bodies of snapshots and deltas that were encoded; the other messages shared one",
            registry=registry,
        )
        self.conflated = Counter(
            f"{_PREFIX}_websocket_conflated",
            "Deltas that cover more than one tick, for clients that read slowly",
            registry=registry,
        )
        self.closed = Counter(
            f"{_PREFIX}_websocket_closed",
            "WebSocket connections that ended, by close code; 1006 without one, other: not ours",
            ["code"],
            registry=registry,
        )
        self.errors = Counter(
            f"{_PREFIX}_websocket_errors", "Error messages sent to clients", registry=registry
        )
        self.waiting_bytes = Gauge(
            f"{_PREFIX}_websocket_waiting_bytes",
            "Bytes that wait in this process for all clients to read",
            registry=registry,
        )
        self.longest_queue_bytes = Gauge(
            f"{_PREFIX}_websocket_longest_queue_bytes",
            "The most bytes that waited for one client since the start",
            registry=registry,
        )
        self.delay = Histogram(
            f"{_PREFIX}_websocket_delay_seconds",
            "From the arrival of a delta's oldest sample to its sending; conflated: to clients "
            "that read slowly",
            ["conflated"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.tick = Histogram(
            f"{_PREFIX}_websocket_tick_seconds",
            "Time to encode and send one tick",
            buckets=_SECONDS,
            registry=registry,
        )
        self.attended = Gauge(
            f"{_PREFIX}_attended_drones", "Drones that somebody looks at closely", registry=registry
        )

    def count_closed(self, code: int) -> None:
        """Count a connection that ended."""
        self.closed.labels(str(code) if code in CLOSE_CODES else "other").inc()
