"""The page for everybody: by keys alone, for screen readers, in both themes, without motion."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from support.browser import chromium, needs_chromium
from support.cloud import until
from support.page import ROOT, OperatorsPage, opened, words
from support.stack import Stack, running_stack

pytestmark = needs_chromium

_AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
_SERIOUS = ("serious", "critical")

#: Every control that is there for keys, and is seen; how many.
_CONTROLS = """() => {
  window.controls = [...document.querySelectorAll(
    "button, input, select, a[href], summary, [tabindex]"
  )].filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility());
  return window.controls.length;
}"""
#: From now on: what had the focus, and what of it did not show that.
_NOTE_FOCUS = """() => {
  window.reached = new Set();
  window.unseen = [];
  document.addEventListener("focusin", ({target}) => {
    const {outlineStyle, outlineWidth} = getComputedStyle(target);
    window.reached.add(target);
    const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    if (!outlined) window.unseen.push(target.outerHTML.slice(0, 300));
  });
}"""
_NOT_REACHED = """() => window.controls
  .filter((each) => each.isConnected && each.checkVisibility() && !window.reached.has(each))
  .map((each) => each.outerHTML.slice(0, 300))"""
_RUN_AXE = "() => axe.run(document, {resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("access")) as stack:
        stack.fly("copter-01", "plane-01", "copter-02")
        until(lambda: has_flight(stack, "copter-02"), "a flight of copter-02")
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def has_flight(stack: Stack, drone: str) -> bool:
    return bool(stack.cloud.json(f"/api/v1/drones/{drone}/flights")["items"])


def test_a_drone_is_found_plotted_and_its_flight_played_without_a_mouse(
    stack: Stack, browser: Browser
) -> None:
    with opened(browser, stack.url) as page:
        keys = page.page.keyboard
        name = "copter-02"
        expect(page.listed).to_have_count(3)
        keys.press("/")
        expect(page.page.get_by_role("searchbox", name="Search drones by name")).to_be_focused()
        keys.type("copter")
        expect(page.listed).to_have_count(2)
        keys.press("Enter")
        expect(page.panel.get_by_role("heading", name="copter-01")).to_be_visible()
        keys.press("Escape")
        expect(page.panel).to_have_count(0)
        keys.press("ArrowDown")
        keys.press("ArrowDown")
        expect(page.panel.get_by_role("heading", name=name)).to_be_visible()
        keys.press("/")
        keys.press("Escape")
        expect(page.listed).to_have_count(3)
        expect(page.panel).to_be_visible()

        keys.press("f")
        expect(page.button("Follow it")).to_have_attribute("aria-pressed", "true")
        page.until(lambda: name in page.point_at_followed(), "the map follows it")
        keys.press("f")
        expect(page.button("Follow it")).to_have_attribute("aria-pressed", "false")
        keys.press(" ")
        page.until(lambda: name in page.point_at_followed(), "the map shows it in its middle")

        keys.press("?")
        expect(page.page.get_by_role("dialog", name="Keys")).to_be_visible()
        keys.press("Escape")
        expect(page.page.get_by_role("dialog", name="Keys")).to_be_hidden()
        expect(page.panel).to_be_visible()

        tab_to(page, "Live")
        keys.press("ArrowRight")
        expect(page.tab("Plots")).to_be_focused()
        page.button("Fields…").wait_for()
        tab_to(page, "Fields…")
        keys.press("Enter")
        tab_to(page, "Search fields")
        keys.type("relative_alt")
        keys.press("Tab")
        page.page.locator("input[type=checkbox]:focus").wait_for()
        readout = page.page.get_by_role("table")
        before = readout.get_by_role("row").count()
        keys.press(" ")
        page.until(lambda: readout.get_by_role("row").count() != before, "a field more or less")

        tab_to(page, "Plots", back=True)
        keys.press("ArrowRight")
        expect(page.tab("Flights")).to_be_focused()
        flight = page.page.get_by_role("button", name="show this flight on the map")
        flight.first.wait_for()
        keys.press("Tab")
        tab_to(page, "show this flight on the map")
        keys.press("Enter")
        bar = page.page.get_by_role("region", name="Time")
        page.until(lambda: "PAST 20" in words(bar), "the past is shown")
        slider = bar.get_by_role("slider")
        tab_to(page, "Play")
        keys.press("Enter")
        first = slider.get_attribute("aria-valuenow")
        page.until(lambda: slider.get_attribute("aria-valuenow") != first, "the flight plays")
        tab_to(page, "Moment of the flight")
        keys.press("End")
        expect(slider).to_have_attribute(
            "aria-valuenow", slider.get_attribute("aria-valuemax") or ""
        )
        tab_to(page, "Back to live", back=True)
        keys.press("Enter")
        page.until(lambda: "PAST" not in words(bar), "live again")

        keys.press("Escape")
        expect(page.panel).to_have_count(0)


def tab_to(page: OperatorsPage, name: str, *, back: bool = False) -> None:
    """Press Tab until the focus is on a control of this name."""
    for _ in range(80):
        page.page.keyboard.press("Shift+Tab" if back else "Tab")
        if name in page.focused:
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


@pytest.mark.parametrize("tab", ["Live", "Plots"])
def test_tab_leads_to_every_control_and_shows_where_it_is(
    stack: Stack, browser: Browser, tab: str
) -> None:
    with opened(browser, stack.url) as page:
        page.select("copter-02")
        page.tab(tab).click()
        page.page.keyboard.press("m")
        expect(page.page.get_by_role("region", name="Messages, newest first")).to_be_visible()
        page.page.locator("h1").evaluate("each => { each.tabIndex = -1; each.focus(); }")
        wanted = page.page.evaluate(_CONTROLS)
        assert wanted > 20
        page.page.evaluate(_NOTE_FOCUS)
        for _ in range(wanted + 10):
            page.page.keyboard.press("Tab")
        assert page.page.evaluate("() => window.unseen") == []
        assert page.page.evaluate(_NOT_REACHED) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(stack: Stack, browser: Browser, scheme: str) -> None:
    with opened(browser, stack.url, color_scheme=scheme) as page:
        page.page.evaluate(_AXE.read_text())
        assert page.page.locator("html").get_attribute("data-theme") == scheme
        complaints = axe(page, "the fleet")
        page.select("copter-02")
        complaints += axe(page, "a selected drone")
        page.page.keyboard.press("m")
        page.tab("Plots").click()
        page.page.get_by_role("application", name="Plot from").wait_for()
        page.button("Fields…").click()
        complaints += axe(page, "plots and messages")
        page.tab("Flights").click()
        page.page.get_by_role("button", name="show this flight on the map").first.click()
        page.page.get_by_role("slider").wait_for()
        complaints += axe(page, "a flight of the past")
        page.page.keyboard.press("?")
        complaints += axe(page, "the help")
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_tablet(stack: Stack, browser: Browser, scheme: str) -> None:
    with opened(browser, stack.url, width=1024, height=768, color_scheme=scheme) as page:
        page.page.evaluate(_AXE.read_text())
        page.button("List of drones").click()
        expect(page.listed).to_have_count(3)
        complaints = axe(page, "the list as a drawer")
        page.row("copter-01").click()
        expect(page.panel).to_be_visible()
        expect(page.listed).to_have_count(0)
        complaints += axe(page, "the panel as a drawer")
        assert complaints == []


def axe(page: OperatorsPage, what: str) -> list[str]:
    """What axe-core finds that is serious or critical."""
    result: dict[str, Any] = page.page.evaluate(_RUN_AXE)
    return [
        f"{what}: {found['id']}: {node['html'][:200]}"
        for found in result["violations"]
        if found["impact"] in _SERIOUS
        for node in found["nodes"]
    ]


def test_the_chosen_theme_is_kept(stack: Stack, browser: Browser) -> None:
    with opened(browser, stack.url, color_scheme="light") as page:
        html = page.page.locator("html")
        page.button("Colours: as the system").click()
        page.button("Colours: light").click()
        expect(html).to_have_attribute("data-theme", "dark")
        # The browser complains of a connection that is cut off while it is made.
        page.page.get_by_text("connected", exact=True).wait_for(state="attached")
        page.page.reload()
        expect(html).to_have_attribute("data-theme", "dark")
        page.button("Colours: dark").click()
        expect(html).to_have_attribute("data-theme", "light")
        page.page.emulate_media(color_scheme="dark")
        expect(html).to_have_attribute("data-theme", "dark")


def test_nothing_moves_by_itself_for_who_wants_no_motion(stack: Stack, browser: Browser) -> None:
    moving = """() => [...document.querySelectorAll("*")].filter((each) => {
      const {transitionDuration, animationName} = getComputedStyle(each);
      return animationName !== "none" || !/^(0s(, )?)+$/.test(transitionDuration);
    }).map((each) => each.outerHTML.slice(0, 200))"""
    motion = "() => parseFloat(getComputedStyle(document.body).getPropertyValue('--motion'))"
    with opened(browser, stack.url, reduced_motion="no-preference") as page:
        assert page.page.evaluate(motion) > 0
        page.page.emulate_media(reduced_motion="reduce")
        assert page.page.evaluate(motion) == 0
        page.select("copter-02")
        page.page.keyboard.press("m")
        assert page.page.evaluate(moving) == []
        assert page.page.evaluate("() => document.getAnimations().length") == 0
