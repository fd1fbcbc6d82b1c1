"""What the page shows is what the store holds, and it says when it no longer knows."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect
from support.browser import chromium, needs_chromium
from support.cloud import until
from support.page import AWAY, OperatorsPage, Reading, iso, millisecond_after, opened, words
from support.stack import Stack, running_stack

pytestmark = needs_chromium

#: Position samples that are compared, each of another time.
_COMPARED = 12
#: So long the cloud is away, seconds.
_CUT_S = 20
_FIXES = {3: "3D", 6: "RTK fixed"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("live")) as stack:
        stack.fly("copter-01", "plane-01", autopilots="ardupilot,px4")
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def is_flying(stack: Stack, drone: str) -> bool:
    position = stack.drone(drone)["position"]
    return position is not None and (position["relative_alt"] or 0) > 2


def stored(stack: Stack, channel: str, reading: Reading) -> dict[str, float | None]:
    """The one sample of the time that the page shows; it may still be on its way to the store."""
    span = (iso(reading.time), iso(millisecond_after(reading.time)))
    until(lambda: stack.samples("copter-01", channel, *span), f"{channel} of {reading.told} stored")
    [(_, values)] = stack.samples("copter-01", channel, *span)
    return values


def test_the_panel_shows_values_and_times_as_the_api_has_them_while_the_drone_flies(
    stack: Stack, browser: Browser
) -> None:
    until(lambda: is_flying(stack, "copter-01"), "the copter in the air")
    with opened(browser, stack.url) as page:
        page.select("copter-01")
        page.until(lambda: page.reading("From home").text != "–", "the distance from home")
        seen: dict[str, dict[str, Reading]] = {}

        def look() -> bool:
            readings = page.readings()
            # A busy machine may bring one late.
            if {each.freshness for each in readings.values()} == {"fresh"}:
                seen.setdefault(readings["Above home"].told, readings)
            return len(seen) >= _COMPARED

        page.until(look, f"{_COMPARED} positions, one after the other, and all is fresh")

    told = list(seen)
    assert told == sorted(told)
    assert len({readings["Above home"].text for readings in seen.values()}) > 1
    for readings in seen.values():
        position = stored(stack, "position", readings["Above home"])
        north, east, down = (position[name] or 0.0 for name in ("vx", "vy", "vz"))
        assert readings["Above home"].is_rounded(position["relative_alt"])
        assert readings["Speed"].is_rounded((north**2 + east**2) ** 0.5)
        assert readings["Climb"].is_rounded(-down)
        assert readings["Speed"].told == readings["Climb"].told == readings["Above home"].told

        battery = stored(stack, "battery", readings["Battery"])
        assert readings["Battery"].is_rounded(battery["battery_remaining"])
        gps = stored(stack, "gps", readings["GPS"])
        assert readings["GPS"].text == _FIXES[int(gps["fix_type"] or 0)]
        assert readings["GPS"].unit == f"{gps['satellites_visible']:.0f} sat"
        assert readings["Satellites"].is_rounded(gps["satellites_visible"])
        assert readings["HDOP"].is_rounded(gps["eph"])


def test_a_server_that_is_away_is_told_of_data_ages_and_all_of_it_recovers_without_a_reload(
    stack: Stack, browser: Browser
) -> None:
    with opened(browser, stack.url, allowed=AWAY) as page:
        page.page.evaluate("() => { window.neverReloaded = true; }")
        page.select("copter-01")

        def shown() -> Reading:
            return page.reading("Above home")

        page.until(lambda: shown().freshness == "fresh", "live values")
        until(lambda: is_flying(stack, "copter-01"), "the copter in the air")

        page.page.keyboard.press("f")
        page.until(lambda: page.point_at_followed() == "copter-01", "the map shows it, well")

        stack.cut()
        banner = page.page.get_by_role("alert")
        away = re.compile(r"Server away\. Data is as of \d\d:\d\d:\d\d, retry in \d+ s")
        page.until(lambda: away.search(words(banner)), "the page says it")
        link = page.page.get_by_title("Link to the server")
        page.until(lambda: "server away, retry in" in words(link), "at the top too")
        last = shown()

        page.until(lambda: shown().freshness == "dimmed", "values dim")
        assert age_s(shown().note) > 0
        assert (shown().text, shown().told) == (last.text, last.told)
        page.until(lambda: age_s(words(page.row("copter-01"))), "the list too")
        page.until(lambda: age_s(page.point_at_followed()), "the map too")

        doing = page.panel.locator(".panel-doing")
        page.until(lambda: "no data for" in words(doing), "what it does is no longer known")
        assert doing.get_attribute("data-freshness") == "gone"
        assert struck_through(doing.get_by_role("strong")) == "line-through"
        assert "ARMED" in words(doing), "the last that was known is kept"

        page.until(lambda: age_s(shown().note) >= _CUT_S, "the cut lasts")
        assert (shown().text, shown().told) == (last.text, last.told)

        stack.mend()
        page.until(lambda: shown().freshness == "fresh", "live again")
        assert shown().told > last.told
        page.until(lambda: banner.count() == 0, "the page no longer says it")
        stale = page.row("copter-01").locator("[data-freshness]:not([data-freshness=fresh])")
        expect(stale).to_have_count(0)
        assert page.page.evaluate("() => window.neverReloaded === true")

        # What was collected meanwhile is delivered, and is what the page shows from now on.
        now = shown()
        assert now.is_rounded(stored(stack, "position", now)["relative_alt"])
        until(
            lambda: len(stack.samples("copter-01", "position", iso(last.time), iso(now.time))) > 30,
            "the samples of the cut are stored",
        )


def age_s(text: str) -> int:
    """Seconds of `7 s` or `no data for 1:07` in a text; 0 where there is no age."""
    if found := re.search(r"no data for (\d+):(\d\d)", text):
        return 60 * int(found[1]) + int(found[2])
    found = re.search(r"(\d+) s\b", text)
    return 0 if found is None else int(found[1])


def struck_through(locator: Locator) -> str:
    """How a text is crossed out."""
    line: str = locator.evaluate("each => getComputedStyle(each).textDecorationLine")
    return line


def test_a_drone_that_falls_silent_becomes_lost_in_list_counts_and_map_and_its_age_grows(
    stack: Stack, browser: Browser
) -> None:
    doomed = stack.fly("rover-01")
    with opened(browser, stack.url) as page:
        page.select("rover-01")
        page.page.keyboard.press("f")
        counts = page.page.get_by_role("group", name="Show only drones that are")
        lost = counts.get_by_role("button", name="lost")
        page.until(lambda: words(lost) == "0 lost", "none is lost")
        page.until(lambda: page.point_at_followed() == "rover-01", "the map shows it, well")

        doomed.kill()
        page.until(lambda: words(lost) == "1 lost", "counted as lost")
        page.until(lambda: lost_age_s(page) is not None, "lost in the list, with its age")
        first = lost_age_s(page) or 0
        page.until(lambda: (lost_age_s(page) or 0) >= first + 2, "its age grows")
        page.until(lambda: "connection lost" in page.point_at_followed(), "the map tells of it")
        assert "lost" in words(page.panel.get_by_role("status"))
        page.until(lambda: page.reading("Link").text == "lost", "the panel tells of it")

        lost.click()
        page.until(lambda: page.listed.count() == 1, "only lost drones are listed")
        assert page.row("rover-01").is_visible()


def lost_age_s(page: OperatorsPage) -> int | None:
    """Seconds that the row of the rover tells, such as 72 of `lost 1:12`."""
    found = re.search(r"lost (\d+):(\d\d)", words(page.row("rover-01")))
    return None if found is None else 60 * int(found[1]) + int(found[2])
