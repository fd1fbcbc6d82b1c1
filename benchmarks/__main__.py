"""`python -m benchmarks [NAME…]`: measure, print, and write down."""

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks import (
    edge_agent,
    faults,
    ingest,
    live,
    mqtt_clients,
    outage,
    page,
    query,
    readers,
    report,
    simulator,
    spool,
    uplink,
)
from benchmarks.measure import MeasureError, Report

BENCHMARKS: dict[str, Callable[[], Report]] = {
    "uplink": uplink.run,
    "edge": edge_agent.run,
    "spool": spool.run,
    "ingest": ingest.run,
    "mqtt": mqtt_clients.run,
    "query": query.run,
    "live": live.run,
    "readers": readers.run,
    "page": page.run,
    "simulator": simulator.run,
    "outage": outage.run,
    "faults": faults.run,
}


def main() -> int:
    """Run the benchmarks; 1 only where one of them could not measure."""
    names = _names()
    reports: dict[str, Report] = {}
    failed = False
    for name in names:
        started_s = time.monotonic()
        _say(f"== {name}")
        try:
            found = reports[name] = BENCHMARKS[name]()
        except MeasureError as error:
            failed = True
            _say(f"benchmarks: {name} could not measure: {error}")
            continue
        report.write({name: found})
        _say(report.details_table(found))
        _say(f"   {time.monotonic() - started_s:.0f} s\n")
    results = [result for found in reports.values() for result in found.results]
    if results:
        _say(report.results_table(results))
    for result in results:
        if not result.met:
            _say(f"MISSED: {result.name} is {result.value}, target {result.op} {result.target}")
    return 1 if failed else 0


def _names() -> list[str]:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure against the targets; writes benchmarks/results.json and the "
        "tables of docs/benchmarks.md. Ends with 1 where something could not be measured; a "
        "missed target is no failure.",
        epilog="Example: python -m benchmarks uplink",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(BENCHMARKS))
    names: list[str] = parser.parse_args().names
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}: expected {', '.join(BENCHMARKS)}")
    return names or list(BENCHMARKS)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
