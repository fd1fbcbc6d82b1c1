"""Flights of the past and plots: what the page shows of a time is what the store has of it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, expect
from support.browser import chromium, needs_chromium
from support.cloud import until
from support.page import OperatorsPage, Reading, iso, millisecond_after, opened, words
from support.stack import Stack, running_stack

pytestmark = needs_chromium

_DRONE = "copter-01"
#: So much of a flight must be stored before it is looked at, seconds.
_FLOWN_S = 15
#: Moments of the flight that are compared, seconds after its start.
_MOMENTS = (2, 3, 7, 12)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("past")) as stack:
        stack.fly(_DRONE)
        until(lambda: flown_s(stack) >= _FLOWN_S, f"a flight of {_FLOWN_S} s", 90)
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def flown_s(stack: Stack) -> float:
    flights = stack.cloud.json(f"/api/v1/drones/{_DRONE}/flights")["items"]
    return max((float(each["duration_s"]) for each in flights), default=0.0)


def to_milliseconds(time: str) -> datetime:
    """A time as the page knows it."""
    found = datetime.fromisoformat(time)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def newest_before(
    stack: Stack, channel: str, moment: datetime
) -> tuple[datetime, dict[str, float | None]]:
    """The newest stored sample at or before a moment."""
    span = (iso(moment - timedelta(minutes=5)), iso(millisecond_after(moment)))
    time, values = stack.samples(_DRONE, channel, *span)[-1]
    return to_milliseconds(time), values


def test_a_flight_of_the_past_shows_at_each_moment_the_newest_samples_before_it(
    stack: Stack, browser: Browser
) -> None:
    with opened(browser, stack.url) as page:
        page.select(_DRONE)
        live = page.reading("Above home")
        page.tab("Flights").click()
        page.page.get_by_role("button", name="show this flight on the map").first.click()
        bar = page.page.get_by_role("region", name="Time")
        page.until(lambda: "PAST 20" in words(bar), "the bar says that this is the past")
        assert page.page.locator("html").get_attribute("data-view") == "past"
        page.tab("Values").click()
        slider = bar.get_by_role("slider")
        slider.press("Home")
        start = to_milliseconds(
            stack.cloud.json(f"/api/v1/drones/{_DRONE}/flights")["items"][0]["start"]
        )
        at_s = 0
        for seconds in _MOMENTS:
            for _ in range(seconds - at_s):
                slider.press("ArrowRight")
            at_s = seconds
            moment = start + timedelta(seconds=seconds)
            expect(slider).to_have_attribute("aria-valuetext", re.compile(f"{moment:%H:%M:%S}"))
            compare(stack, page, moment)
        assert page.title == f"PAST · {_DRONE} · AeroStream"
        assert "Past flight" in words(page.panel)

        page.button("Back to live ●").or_(page.button("Back to live")).click()
        page.until(lambda: page.reading("Above home").told > live.told, "live values again")
        page.until(lambda: page.reading("Above home").freshness == "fresh", "they are fresh")
        assert page.page.locator("html").get_attribute("data-view") is None
        page.until(lambda: page.title == "AeroStream", "the title too")
        assert "PAST" not in words(bar)


def compare(stack: Stack, page: OperatorsPage, moment: datetime) -> None:
    """The panel's values at a moment are the store's."""
    time, position = newest_before(stack, "position", moment)
    wait_for(page, "Above home", time)
    assert page.reading("Above home").is_rounded(position["relative_alt"])
    assert page.reading("Climb").is_rounded(-(position["vz"] or 0.0))
    time, battery = newest_before(stack, "battery", moment)
    wait_for(page, "Battery", time)
    assert page.reading("Battery").is_rounded(battery["battery_remaining"])
    time, gps = newest_before(stack, "gps", moment)
    wait_for(page, "Satellites", time)
    assert page.reading("Satellites").is_rounded(gps["satellites_visible"])


def wait_for(page: OperatorsPage, label: str, time: datetime) -> None:
    """Wait until a value is of a time; the channels are read one by one."""

    def is_of_the_time() -> bool:
        reading = page.reading(label)
        return bool(reading.told) and reading.time == time

    page.until(is_of_the_time, f"{label} of {time}")


def test_a_plot_draws_the_samples_that_the_api_has(stack: Stack, browser: Browser) -> None:
    with opened(browser, stack.url) as page:
        page.select(_DRONE)
        page.tab("Plots").click()
        choose_only(page, "position.relative_alt")
        assert page.button("Last 5 min").get_attribute("aria-pressed") == "true"
        readout = page.page.get_by_role("table")
        row = readout.get_by_role("row").filter(has_text="relative_alt")
        page.until(lambda: row.count() == 1 and "–" not in cells(row)[2], "samples are drawn")
        newest = cells(row)
        page.until(lambda: cells(row)[2] > newest[2], "the plot follows live")

        # A stretch that nothing is added to any more.
        end = datetime.now(UTC).replace(microsecond=0)
        later = (iso(end), iso(end + timedelta(minutes=5)))
        page.until(lambda: stack.samples(_DRONE, "position", *later), "what is newer is stored")
        start = end - timedelta(seconds=12)
        page.button("From…").click()
        page.page.get_by_label("From", exact=True).fill(f"{start:%Y-%m-%d %H:%M:%S} UTC")
        page.page.get_by_label("to", exact=True).fill(f"{end:%Y-%m-%d %H:%M:%S} UTC")
        page.button("Show").click()
        page.until(lambda: "Every sample is drawn." in words(page.panel), "every sample is drawn")
        stored = stack.samples(_DRONE, "position", iso(start), iso(end))
        by_time = {f"{to_milliseconds(time):%H:%M:%S.%f}"[:11]: each for time, each in stored}
        heights = [each["relative_alt"] or 0.0 for _, each in stored]
        assert len(heights) > 10

        page.until(
            lambda: all(
                same(text, value)
                for text, value in zip(
                    cells(row)[1].split(" – "), (min(heights), max(heights)), strict=False
                )
            ),
            "least and most are the store's",
        )
        plot = page.page.get_by_role("application", name="Plot from")
        plot.press("Home")
        compared = set()

        def compare_one_more() -> bool:
            plot.press("Shift+ArrowRight")
            value, _, time = cells(row)
            assert time in by_time, f"no sample of {time} is stored"
            assert same(value.split()[0], by_time[time]["relative_alt"] or 0.0)
            compared.add(time)
            return len(compared) > 8

        page.until(compare_one_more, "nine samples")


def choose_only(page: OperatorsPage, field: str) -> None:
    """Plot one field."""
    page.button("Fields…").click()
    page.page.get_by_placeholder(re.compile("Search .* fields")).fill(field)
    boxes = page.page.get_by_role("list", name="Fields").get_by_role("checkbox")
    page.until(lambda: boxes.count() == 1, f"one field is {field}")
    if not boxes.is_checked():
        # There may be too many units with those that are chosen.
        remove_others(page, "relative_alt")
        boxes.check()
    remove_others(page, "relative_alt")
    page.button("Fields…").click()


def remove_others(page: OperatorsPage, kept: str) -> None:
    """Take all other fields out of the plot."""
    others = page.page.get_by_role("button", name=re.compile(f"^Remove (?!.*{kept})"))
    for left in reversed(range(others.count())):
        others.first.click()
        expect(others).to_have_count(left)


def cells(row: Locator) -> list[str]:
    """Value, least and most, sample time."""
    texts = row.locator("td").all_text_contents()
    return [*texts, "–", "–", "–"][:3]


def same(text: str, value: float) -> bool:
    """Whether a text is this value, rounded."""
    return Reading(text, "", "", "", "").is_rounded(value)
