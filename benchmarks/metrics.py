"""What a service says of itself at `/metrics`."""

from http.client import HTTPConnection

from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT_S = 10


def metric(port: int, name: str, **labels: str) -> float:
    """The value of one of a service's metrics; 0 where there is none yet."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
