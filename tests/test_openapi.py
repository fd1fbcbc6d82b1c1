"""The OpenAPI document: complete, true, and the same as docs/rest.md and the page at /docs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from aerostream_cloud.bridge.problems import ProblemKind
from aerostream_cloud.store import Value
from aerostream_contract.names import DroneName
from support.bridge import Bridge, block, fill
from support.broker import Broker
from support.browser import Console, chromium, needs_chromium
from support.cloud import until

PAGE = (Path(__file__).parents[1] / "docs/rest.md").read_text()
#: The drone that the document's examples name.
DRONE = DroneName("demo", "copter-01")
START = 1_777_636_800_000_000
CHANNELS = ("position", "attitude", "battery", "heartbeat")
#: What Schemathesis takes for a mistake and is none: a text may be no time, channel or field.
NOT_CHECKED = "positive_data_acceptance"
EXAMPLES = 25


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    folder = tmp_path_factory.mktemp("openapi")
    (folder / "broker").mkdir()
    broker = Broker(folder / "broker")
    bridge = Bridge(broker.url, folder / "data")
    rows: dict[int, dict[str, Value]] = {
        START + n * 1_000_000: {"lat": 47.0, "lon": 8.0 + n / 1e4, "base_mode": 209}
        for n in range(600)
    }
    events: dict[int, dict[str, Value]] = {START: {"severity": 5, "text": "Mode", "data": "{}"}}
    blocks = [block(DRONE, channel, rows) for channel in CHANNELS]
    fill(folder / "data", [DRONE], [*blocks, block(DRONE, "event", events, instance="mode")])
    broker.start()
    try:
        bridge.start()
        until(lambda: bridge.json("/api/v1/drones")["total"] == 1, "the drone")
        yield bridge
    finally:
        bridge.stop()
        broker.stop()


@pytest.fixture(scope="module")
def document(bridge: Bridge) -> dict[str, Any]:
    found: dict[str, Any] = bridge.json("/openapi.json")
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, operations["get"]) for path, operations in document["paths"].items()]


def conforms(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(value)


def test_whatever_is_asked_the_answer_is_as_documented(bridge: Bridge, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{bridge.url}/openapi.json"),
            *("--phases", "examples,coverage,fuzzing", "--exclude-checks", NOT_CHECKED),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--no-color"),
            *("--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "Tested: 13" in done.stdout
    assert not bridge.said("a request failed")


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids) == 13
    for path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        for parameter in operation.get("parameters", ()):
            where = f"{path} {parameter['name']}"
            assert parameter["schema"].get("description") or parameter["description"], where


def test_every_parameter_has_an_example_that_it_takes(document: dict[str, Any]) -> None:
    count = 0
    for path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            examples = parameter["schema"].get("examples") or parameter.get("examples")
            assert examples, f"{path} {parameter['name']}"
            for example in examples.values() if isinstance(examples, dict) else examples:
                conforms(document, parameter["schema"], example)
                count += 1
    assert count > 40


def test_every_answer_has_an_example_that_conforms(document: dict[str, Any]) -> None:
    count = 0
    for path, operation in operations(document):
        for status, response in operation["responses"].items():
            for media_type, content in response["content"].items():
                assert (media_type == "application/problem+json") is (status != "200"), path
                found = [content["example"]] if "example" in content else []
                found += [each["value"] for each in content.get("examples", {}).values()]
                assert found, f"{path} {status}"
                for example in found:
                    conforms(document, content["schema"], example)
                    count += 1
    assert count > 60


def test_the_example_of_a_drone_is_a_whole_one(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/v1/drones/{drone}"]["get"]["responses"]["200"]["content"]
    example = content["application/json"]["example"]
    assert example["drone"] == "copter-01"
    assert example["position"]["lat"] == pytest.approx(47.4, abs=1)
    assert example["battery"]["percent"] == 84


# ---- docs/rest.md --------------------------------------------------------------------------------


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    text = PAGE.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if re.match(r"\| `[^`]*` \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_page_lists_every_address_with_its_parameters(document: dict[str, Any]) -> None:
    listed = {cells[0].strip("`"): cells[1] for cells in rows("## Addresses")}
    assert listed.keys() == document["paths"].keys()
    for path, operation in operations(document):
        names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        named = set(re.findall(r"`(\w+)`", listed[path])) - {"csv", "parquet"}
        assert named == names, path


def test_the_page_lists_every_kind_of_problem() -> None:
    listed = {cells[0].strip("`"): cells[1] for cells in rows("## Errors")}
    kinds = {kind.value[0]: str(kind.status) for kind in ProblemKind}
    kinds["other"] = "other"
    assert listed == kinds


def test_the_examples_of_the_page_are_asked_for_as_documented(document: dict[str, Any]) -> None:
    asked = re.findall(r"curl [-\w]+ '?http://127\.0\.0\.1:8000([^?'\s]*)\??([^'\s]*)", PAGE)
    assert len(asked) >= 10
    for path, query in asked:
        template = re.sub("/copter-01", "/{drone}", path)
        parameters = document["paths"][template]["get"].get("parameters", ())
        names = {each["name"] for each in parameters if each["in"] == "query"}
        assert set(re.findall(r"(\w+)=", query)) <= names, query


# ---- /docs ---------------------------------------------------------------------------------------


def test_the_page_at_docs_loads_nothing_from_elsewhere(bridge: Bridge) -> None:
    page = bridge.get("/docs").text
    linked = re.findall(r'(?:src|href)="(/[^"]*)"', page)
    assert len(linked) == 3
    assert "://" not in page
    for path in chain(linked, ["/docs/start.js"]):
        answer = bridge.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))


@needs_chromium
def test_the_page_at_docs_shows_the_operations_in_a_browser(bridge: Bridge) -> None:
    with chromium() as browser:
        page = browser.new_page()
        console = Console(page)
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(request.url.partition("/docs")[0]))
        page.goto(f"{bridge.url}/docs")
        page.get_by_text("Where a drone was").wait_for()
        assert console.errors == []
        assert all(host.startswith((bridge.url, "data:")) for host in hosts)
