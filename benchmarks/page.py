"""The page with 1,000 drones in headless Chromium: frames while the map is dragged.

Each drone sends a frame a second; the fleet is only its frames. There is no graphics card here,
so the browser draws in software, on the cores that everything else is on: the time between two
frames is mostly that. What the page itself costs is the main thread's time per frame, scripts
alone and everything. The same with 12 drones tells what the drones add.
"""

import math
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aerostream_sim.ports import free_port
from playwright.sync_api import CDPSession, Error, Page, sync_playwright

from benchmarks.measure import (
    MeasureError,
    Report,
    Result,
    cpu_s,
    percentile,
    resident_mb,
    wait_until,
)
from benchmarks.metrics import metric
from benchmarks.processes import Running, bridge, broker, fleet_frames, ingest

COMMAND = "uv run python -m benchmarks page"
FLEETS = (12, 1000)

_WIDTH, _HEIGHT = 1440, 900
_SETTLE_S = 8.0
_MEASURE_S = 15.0
_START_S = 60.0
_SWING_PX = 250
_SWING_S = 3.0
_DRONES = "aerostream_bridge_drones"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
_WATCH_FRAMES = """() => {
  const frames = [];
  window.benchFrames = frames;
  let last = performance.now();
  const watch = (now) => {
    frames.push(now - last);
    last = now;
    if (window.benchFrames === frames) requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}"""
_TAKE_FRAMES = (
    "() => { const frames = window.benchFrames; window.benchFrames = null; return frames; }"
)


@dataclass(frozen=True, slots=True)
class _Frames:
    """What was measured with one fleet."""

    drones: int
    between_ms: Sequence[float]
    """Between two frames."""
    script_ms: float
    """Of the main thread, per frame."""
    main_ms: float
    """The same with layout, painting and everything else."""
    heap_mb: float
    bridge_cores: float
    bridge_mb: float


def run() -> Report:
    """Measure; some minute and a half.

    Raises:
        MeasureError: there is no browser, or the page does not show the fleet.
    """
    return _report([_measure(drones) for drones in FLEETS])


def _measure(drones: int) -> _Frames:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        broker_port = stack.enter_context(broker(folder))
        port = free_port()
        stack.enter_context(ingest(folder, broker_port))
        process = stack.enter_context(bridge(folder, broker_port, port))
        stack.enter_context(fleet_frames(folder, broker_port, drones))
        wait_until(lambda: metric(port, _DRONES) == drones, "the bridge knows all", _START_S)
        page = stack.enter_context(_page())
        try:
            page.goto(f"http://127.0.0.1:{port}/")
            return _panned(page, process, drones)
        except Error as error:
            raise MeasureError(f"the page cannot be measured: {error}") from error


@contextmanager
def _page() -> Iterator[Page]:
    binary = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if binary is None:
        raise MeasureError("Chromium is not installed: `make chromium` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(_FLAGS))
        try:
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.set_default_timeout(_START_S * 1000)
            yield page
        finally:
            browser.close()


def _panned(page: Page, process: Running, drones: int) -> _Frames:
    """Drag the map to and fro, and watch."""
    page.locator("canvas").first.wait_for()
    page.get_by_text("drone-0000").first.wait_for()
    page.wait_for_timeout(_SETTLE_S * 1000)
    session = page.context.new_cdp_session(page)
    # Processor time of the main thread: what else runs on the machine is not in it.
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")
    middle = (_WIDTH // 2, _HEIGHT // 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.evaluate(_WATCH_FRAMES)
    before, before_s = _metrics(session), cpu_s(process.pid)
    started_s = time.monotonic()
    while (at_s := time.monotonic() - started_s) < _MEASURE_S:
        swing = _SWING_PX * math.sin(at_s / _SWING_S * math.tau)
        page.mouse.move(middle[0] + swing, middle[1] + swing / 4)
    after, after_s = _metrics(session), cpu_s(process.pid)
    between_ms: list[float] = page.evaluate(_TAKE_FRAMES)
    page.mouse.up()
    per_frame = 1000 / len(between_ms)
    return _Frames(
        drones=drones,
        between_ms=between_ms,
        script_ms=(after["ScriptDuration"] - before["ScriptDuration"]) * per_frame,
        main_ms=(after["TaskDuration"] - before["TaskDuration"]) * per_frame,
        heap_mb=after["JSHeapUsedSize"] / 1e6,
        bridge_cores=(after_s - before_s) / (time.monotonic() - started_s),
        bridge_mb=resident_mb(process.pid),
    )


def _metrics(session: CDPSession) -> dict[str, float]:
    answer = session.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in answer["metrics"]}


def _report(measured: Sequence[_Frames]) -> Report:
    most = max(measured, key=_drones)
    results = [
        Result(
            f"page_{most.drones}_drones_script_ms_per_frame",
            f"Page, {most.drones:,} drones: scripts per frame while the map is dragged",
            round(most.script_ms, 1),
            "ms",
            "<=",
            None,
            COMMAND,
        ),
        Result(
            f"page_{most.drones}_drones_frame_p95_ms",
            f"Page, {most.drones:,} drones, drawn in software: time between frames, p95",
            round(percentile(most.between_ms, 95), 1),
            "ms",
            "<=",
            None,
            COMMAND,
        ),
    ]
    header = (
        "Drones", "Frames/s", "Between frames p50 / p95 / p99 ms", "Scripts ms/frame",
        "Main thread ms/frame", "Page heap MB", "Bridge cores", "Bridge MB",
    )  # fmt: skip
    rows = [
        (
            f"{each.drones:,}",
            f"{len(each.between_ms) / _MEASURE_S:.1f}",
            " / ".join(f"{percentile(each.between_ms, p):.0f}" for p in (50, 95, 99)),
            f"{each.script_ms:.1f}",
            f"{each.main_ms:.1f}",
            f"{each.heap_mb:.0f}",
            f"{each.bridge_cores:.2f}",
            f"{each.bridge_mb:.0f}",
        )
        for each in measured
    ]
    return Report(results, header, rows)


def _drones(frames: _Frames) -> int:
    return frames.drones
