"""Files of samples: what a vehicle sent is in them as it was."""

import csv
import io

import pytest
from aerostream_cloud.bridge.api.files import CSV
from aerostream_cloud.store import Sample, SeriesKey
from aerostream_contract.channels import EVENT


@pytest.mark.parametrize(
    "text", ["=1+1", "@SUM(A1)", "-3", "+", 'a "quoted", text', "two\nlines", "ß"]
)
def test_a_text_is_exact_in_a_csv(text: str) -> None:
    series = SeriesKey("n", "d", "event", 1, "statustext")
    writer = CSV.begin(EVENT, ["text", "severity"])
    made = writer.rows([Sample(series, 0, {"text": text, "severity": 4})]) + writer.end()
    assert list(csv.reader(io.StringIO(made.decode(), newline=""))) == [
        ["time", "component", "instance", "text", "severity"],
        ["1970-01-01T00:00:00.000000Z", "1", "statustext", text, "4"],
    ]
