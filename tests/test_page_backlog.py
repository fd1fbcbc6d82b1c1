"""History with holes: where it is still arriving, and where it never will, page and API say so."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import paho.mqtt.client as paho
import pytest
from aerostream_contract.models import Event, encode
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, Locator
from support.browser import chromium, needs_chromium
from support.cloud import until
from support.page import AWAY, OperatorsPage, iso, opened, words
from support.stack import Stack, running_stack

pytestmark = needs_chromium

_DRONE = "copter-01"
_OUTAGE_S = 20
#: Bytes per second: what an outage leaves takes long enough to be looked at.
_BACKFILL_RATE = "1000"
_PATIENCE_S = 180


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("backlog")) as stack:
        stack.fly(_DRONE, backfill_rate=_BACKFILL_RATE, rate_policy="full")
        until(lambda: len(positions(stack, "-1m", "now")) > 10, "positions are stored")
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def positions(stack: Stack, start: str, end: str) -> list[datetime]:
    return [
        datetime.fromisoformat(time)
        for time, _ in stack.samples(_DRONE, "position", start=start, end=end)
    ]


def backlogs(stack: Stack, start: datetime, end: datetime) -> list[list[dict[str, str]]]:
    """What each kind of history says of its range."""
    span = {"start": iso(start), "end": iso(end)}
    drone = f"/api/v1/drones/{_DRONE}"
    return [
        stack.cloud.json(f"{drone}/telemetry", channel="position", **span)["backlog"],
        stack.cloud.json(f"{drone}/track", **span)["backlog"],
        stack.cloud.json(f"{drone}/events", **span)["backlog"],
        stack.cloud.json(f"{drone}/flights", **span)["backlog"],
    ]


def plot(page: OperatorsPage) -> str:
    """What the plot says of itself to who cannot see it."""
    return page.page.get_by_role("application", name="Plot from").get_attribute("aria-label") or ""


def show(page: OperatorsPage, start: datetime, end: datetime) -> None:
    """Plot a stretch of time."""
    page.button("From…").click()
    page.page.get_by_label("From", exact=True).fill(f"{start:%Y-%m-%d %H:%M:%S} UTC")
    page.page.get_by_label("to", exact=True).fill(f"{end:%Y-%m-%d %H:%M:%S} UTC")
    page.button("Show").click()


def hatched(page: OperatorsPage) -> Locator:
    return page.page.get_by_title("Still arriving:")


def test_a_hole_is_seen_until_it_is_filled_and_what_arrives_is_shown(
    stack: Stack, browser: Browser
) -> None:
    with (
        opened(browser, stack.url, allowed=AWAY) as plots,
        opened(browser, stack.url, allowed=AWAY) as past,
    ):
        for page in (plots, past):
            page.select(_DRONE)
        plots.tab("Plots").click()
        cut_at, cut_s = datetime.now(UTC), time.monotonic()
        stack.broker.kill()
        plots.until(lambda: time.monotonic() - cut_s > _OUTAGE_S, "the outage lasts", _PATIENCE_S)
        stack.broker.start()
        until(lambda: stack.drone(_DRONE)["backlog"], "the agent is back and tells", _PATIENCE_S)

        hole = stack.drone(_DRONE)["backlog"][0]
        begin, end = (datetime.fromisoformat(hole[name]) for name in ("from", "to"))
        assert abs(begin - cut_at) < timedelta(seconds=10)
        assert end - begin > timedelta(seconds=_OUTAGE_S / 2)
        assert hole["frames"] > 0
        within = backlogs(stack, begin, begin + timedelta(seconds=5))
        assert [[each["from"] for each in found] for found in within] == [[hole["from"]]] * 4
        assert backlogs(stack, begin - timedelta(minutes=5), begin) == [[]] * 4

        # The oldest comes last: its plot is empty for longest.
        oldest = begin.replace(microsecond=0) + timedelta(seconds=2)
        show(plots, oldest, oldest + timedelta(seconds=4))
        plots.until(
            lambda: "No samples of this time have arrived yet." in words(plots.panel), "a hole"
        )
        assert f"Still arriving {begin:%H:%M:%S}–" in plot(plots)
        assert f"History still arriving: {begin:%H:%M}" in words(past.panel)
        past.button(f"Last 10 min of {_DRONE}").click()
        bar = past.page.get_by_role("region", name="Time")
        past.until(lambda: hatched(past).count() == 1, "the time slider is hatched")
        assert "Some of this time is still arriving." in words(bar)
        profile = bar.locator(".slider-profile path")
        past.until(lambda: profile.get_attribute("d"), "what is there of the flight")
        before = profile.get_attribute("d")

        until(lambda: not stack.drone(_DRONE)["backlog"], "all of it has come", _PATIENCE_S)
        assert backlogs(stack, begin, end) == [[]] * 4
        stored = positions(stack, iso(begin), iso(end))
        steps = [after - before for before, after in pairwise(stored)]
        assert max(steps) < timedelta(seconds=2), "a hole is left"

        past.until(lambda: hatched(past).count() == 0, "no hatching is left")
        past.until(lambda: profile.get_attribute("d") != before, "the flight was read again")
        assert "still arriving" not in words(bar)
        plots.until(lambda: "have arrived yet" not in words(plots.panel), "the plot is filled")
        plots.until(lambda: "Still arriving" not in plot(plots), "and nothing of it is to come")
        plots.until(lambda: "no values" not in plot(plots), "each curve has its values")
        row = plots.page.get_by_role("table").get_by_role("row").filter(has_text="relative_alt")
        newest = words(row.locator("td").nth(2))
        assert f"{oldest:%H:%M:}" in newest or f"{oldest + timedelta(seconds=4):%H:%M:}" in newest


def test_what_was_given_up_is_told_apart_from_what_still_comes(
    stack: Stack, browser: Browser
) -> None:
    with opened(browser, stack.url, allowed=AWAY) as page:
        page.select(_DRONE)
        begin = datetime.now(UTC) - timedelta(seconds=60)
        end = begin + timedelta(seconds=30)
        data = {"reason": "full", "frames": 12, "samples": 99, "from": iso(begin), "to": iso(end)}
        say(stack, "dropped", "12 frames given up: the spool is full", data)
        say(stack, "spool", "The spool was damaged and is set aside as d.db.damaged-1", {})
        messages = page.panel.get_by_role("list", name="Messages, newest first")
        for_good = f"Of {begin:%H:%M:%S}–{end:%H:%M:%S} data is missing for good."
        page.until(lambda: for_good in words(messages), "the message about the hole")
        page.until(lambda: "is set aside as" in words(messages), "the message about the file")
        told = messages.get_by_role("listitem").filter(has_text="given up")
        assert words(told.locator(".event-severity")) == "warning"

        until(lambda: len(stored_events(stack, "dropped")) == 1, "the event is stored")
        page.tab("Plots").click()
        page.until(lambda: f"Given up {begin:%H:%M:%S}–{end:%H:%M:%S}" in plot(page), "the hole")
        assert "Still arriving" not in plot(page)


def say(stack: Stack, kind: str, text: str, data: dict[str, Any]) -> None:
    """What an agent of the drone would say."""
    now = datetime.now(UTC)
    event = Event(
        epoch=1,
        number=round(now.timestamp() * 1000),
        time=iso(now),
        kind=kind,
        severity=4,
        component=1,
        text=text,
        data=data,
    )
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", stack.broker.port)
    client.loop_start()
    try:
        client.publish(f"aero/1/test/{_DRONE}/up/evt", encode(event), qos=1).wait_for_publish(60)
    finally:
        client.disconnect()
        client.loop_stop()


def stored_events(stack: Stack, kind: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = stack.cloud.json(
        f"/api/v1/drones/{_DRONE}/events", kind=kind, start="-10m"
    )["items"]
    return found
