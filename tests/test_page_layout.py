"""The page on large and small screens: nothing is cut off, and the selected drone is seen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from support.browser import chromium, needs_chromium
from support.page import OperatorsPage, opened
from support.stack import Stack, running_stack

pytestmark = needs_chromium

_DRONE = "copter-01"

#: Controls that reach out of the screen. Those in a strip that scrolls by itself may.
_CUT_OFF = """() => [...document.querySelectorAll("button, input, select, [role=slider]")]
  .filter((each) => each.checkVisibility() && !each.closest(".counts, ol, .list-rows"))
  .filter((each) => !each.closest(".panel-body"))
  .filter((each) => {
    const {left, right, top, bottom} = each.getBoundingClientRect();
    return left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5;
  })
  .map((each) => each.outerHTML.slice(0, 200))"""
#: What no panel covers of the map: left, right, top, bottom.
_UNCOVERED = """() => {
  const map = document.querySelector("main").getBoundingClientRect();
  const seen = {left: map.left, right: map.right, top: map.top, bottom: map.bottom};
  for (const each of document.querySelectorAll(".list, .panel, .message-list")) {
    const box = each.getBoundingClientRect();
    if (box.width === 0) continue;
    const across = box.width > 0.9 * map.width || each.matches(".message-list");
    if (across) seen.bottom = Math.min(seen.bottom, box.top);
    else if (box.left <= map.left) seen.left = box.right;
    else seen.right = box.left;
  }
  return [seen.left, seen.right, seen.top, seen.bottom];
}"""
#: From now on: what the map tells of what is pointed at.
_NOTE_TIPS = """() => {
  window.tips = new Set();
  const tip = document.querySelector(".fleet-map__tip");
  window.tipObserver?.disconnect();
  window.tipObserver = new MutationObserver(() => window.tips.add(tip.textContent));
  window.tipObserver.observe(tip, {childList: true, characterData: true, attributes: true});
}"""
_LOOKS = 12
#: A finger reaches 22 pixels around a drone.
_STEP_PX = 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("layout")) as stack:
        stack.fly(_DRONE)
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def is_seen(page: OperatorsPage) -> bool:
    """Whether the drone is somewhere on the part of the map that no panel covers."""
    page.page.wait_for_selector(".fleet-map__tip", state="attached")
    left, right, top, bottom = page.page.evaluate(_UNCOVERED)
    page.page.evaluate(_NOTE_TIPS)
    mouse = page.page.mouse
    for y in range(round(top) + 12, round(bottom), _STEP_PX):
        mouse.move(left + 12, y)
        mouse.move(right - 12, y, steps=round((right - left) / _STEP_PX))
        if _DRONE in page.page.evaluate("() => [...window.tips].join()"):
            return True
    return False


def expect_seen(page: OperatorsPage, what: str) -> None:
    """Look a few times: it flies, and the map may still be on its way."""
    assert any(is_seen(page) for _ in range(_LOOKS)), what


@pytest.mark.parametrize(
    ("width", "height"), [(390, 844), (768, 1024), (1024, 768), (1280, 800), (1920, 1080)]
)
def test_nothing_reaches_out_of_the_screen_and_the_selected_drone_is_seen(
    stack: Stack, browser: Browser, width: int, height: int
) -> None:
    with opened(browser, stack.url, width=width, height=height) as page:
        # The only drone of a fleet opens by itself.
        expect(page.panel.get_by_role("heading", name=_DRONE)).to_be_visible()
        page.until(lambda: page.reading("Above home").text != "–", "its values")
        assert page.page.evaluate(_CUT_OFF) == []
        expect_seen(page, "the drone beside the panel")

        page.tab("Plots").click()
        page.button("Fields…").wait_for()
        page.page.keyboard.press("m")
        assert page.page.evaluate(_CUT_OFF) == []
        page.button("Last 10 min of copter-01").click()
        page.page.get_by_role("slider").wait_for()
        assert page.page.evaluate(_CUT_OFF) == []
        page.button("Back to live").click()

        page.button("List of drones").click()
        if width < 1280:
            page.row(_DRONE).wait_for()
            assert page.page.evaluate(_CUT_OFF) == []
            page.row(_DRONE).click()
            expect(page.panel).to_be_visible()
        expect_seen(page, "the drone beside the panel again")


def test_a_drone_that_the_panel_would_cover_is_brought_beside_it(
    stack: Stack, browser: Browser
) -> None:
    # Without motion a map that is let go stays where it is.
    with opened(browser, stack.url, reduced_motion="reduce") as page:
        expect(page.panel.get_by_role("heading", name=_DRONE)).to_be_visible()
        expect_seen(page, "the drone on the map")
        page.page.keyboard.press("Escape")
        expect(page.panel).to_have_count(0)
        mouse = page.page.mouse
        mouse.move(500, 700)
        mouse.down()
        mouse.move(700, 700, steps=4)
        mouse.move(920, 700, steps=4)
        mouse.up()
        page.row(_DRONE).click()
        expect(page.panel).to_be_visible()
        expect_seen(page, "the drone beside the panel")
