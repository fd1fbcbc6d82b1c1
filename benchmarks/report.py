"""Where results go: benchmarks/results.json, docs/benchmarks.md and the terminal."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import MeasureError, Report, Result
from benchmarks.processes import ROOT

RESULTS = ROOT / "benchmarks/results.json"
PAGE = ROOT / "docs/benchmarks.md"
_HEADER = ("What", "Measured", "Target", "", "Command")


def write(reports: dict[str, Report]) -> None:
    """Put the reports' results in the place of those of an earlier run; others stay.

    Raises:
        MeasureError: the page has lost its markers.
    """
    found = {result.name: result for report in reports.values() for result in report.results}
    kept = {each["name"]: each for each in _stored()}
    for result in found.values():
        kept[result.name] = _as_json(result)
    RESULTS.write_text(json.dumps(list(kept.values()), indent=2) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    for name, report in reports.items():
        if report.results:
            page = _replaced(page, f"{name}-results", results_table(report.results))
        page = _replaced(page, f"{name}-details", details_table(report))
        page = _replaced(page, f"{name}-machine", machine())
    PAGE.write_text(page, encoding="utf-8")


def results_table(results: Sequence[Result]) -> str:
    """Results beside their targets as Markdown, which people read as well."""
    rows = [
        (
            result.what,
            _number(result.value, result.unit),
            _target(result),
            _verdict(result),
            f"`{result.command}`",
        )
        for result in results
    ]
    return _table(_HEADER, rows)


def details_table(report: Report) -> str:
    """The table behind a report's results, and its note."""
    table = _table(report.header, report.rows)
    return f"{table}\n\n{report.note}" if report.note else table


def machine() -> str:
    """What the figures were measured on."""
    parts = [
        f"{os.cpu_count()} cores of {_processor()}",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        _mosquitto(),
    ]
    return "Measured on " + ", ".join(part for part in parts if part) + "."


def _stored() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    stored: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return stored


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "value": result.value,
        "unit": result.unit,
        "op": result.op,
        "target": result.target,
        "command": result.command,
    }


def _target(result: Result) -> str:
    if result.target is None:
        return ""
    return f"{'≤' if result.op == '<=' else '≥'} {_number(result.target, result.unit)}"


def _verdict(result: Result) -> str:
    if result.target is None:
        return ""
    return "met" if result.met else "**missed**"


def _number(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value:.3f}" if value < 1 else f"{value:.2f}"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_line(header), _line(["---"] * len(header)), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _replaced(page: str, name: str, text: str) -> str:
    """The page with this text between the markers `<!-- name -->` and `<!-- /name -->`."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise MeasureError(f"{PAGE.name} has no place for {name}: expected {start} … {end}")
    return pattern.sub(lambda _: f"{start}\n{text}\n{end}", page)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _mosquitto() -> str:
    """Its name and version, as its help says it."""
    for program in ("mosquitto", "/usr/sbin/mosquitto"):
        try:
            found = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
        except OSError:
            continue
        return found.stdout.partition("\n")[0].replace("mosquitto version", "Mosquitto")
    return ""
