"""Serving Prometheus metrics of a service that has no web server of its own."""

from prometheus_client import CollectorRegistry, start_http_server


class MetricsServer:
    """Serves metrics over HTTP on the loopback interface, in a thread of its own.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, *, port: int, registry: CollectorRegistry) -> None:
        self._server, self._thread = start_http_server(port, addr="127.0.0.1", registry=registry)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
