"""The operators' page in a browser: opened, read, and watched for complaints."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aerostream_cloud.bridge.page import PAGE_FILES
from playwright.sync_api import Browser, Locator, Page

from support.browser import CHROMIUM, FLAGS, Console
from support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]

#: What software rendering says of itself; nothing that the page could do otherwise.
_DRIVER = "warning: [.WebGL-"
#: What the browser itself says of each attempt to reach a server that is away.
AWAY = ("error: WebSocket connection to ", "error: Failed to load resource: net::ERR_")
_POLL_MS = 50

_READINGS = """() => Object.fromEntries(
  [...document.querySelectorAll(".panel dl > div")].map((each) => {
    const value = each.querySelector(".value");
    const beside = each.querySelector(".figure-beside .value");
    return [each.querySelector("dt").firstChild.textContent.trim(), {
      text: value.querySelector(".value-text").textContent,
      unit: [value.querySelector(".value-unit"), ...(beside?.children ?? [])]
        .map((part) => part?.textContent).filter(Boolean).join(" "),
      note: each.querySelector(".note")?.textContent.trim() ?? "",
      freshness: value.dataset.freshness,
      told: value.title,
    }];
  }))"""

_MIDDLE_OF_MAP = """() => {
  const {left, right, top, bottom} = document.querySelector("main").getBoundingClientRect();
  const box = (selector) => document.querySelector(selector)?.getBoundingClientRect();
  const west = box(".list")?.right ?? left;
  const east = box(".panel")?.left ?? right;
  const south = box(".message-list")?.top ?? bottom;
  return [(west + east) / 2, (top + south) / 2];
}"""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as the panel shows it."""

    text: str
    unit: str
    note: str
    """Its age in words; empty while it is fresh."""
    freshness: str
    told: str
    """What is told to who points at it."""

    @property
    def number(self) -> float:
        """The text as a number."""
        return float(self.text.replace("−", "-"))

    @property
    def time(self) -> datetime:
        """The sample's own time, as it is told, to the millisecond."""
        return datetime.strptime(self.told, "Sample of %Y-%m-%d %H:%M:%S.%f UTC").replace(
            tzinfo=UTC
        )

    def is_rounded(self, value: float | None) -> bool:
        """Whether the text is this value with the text's decimals."""
        if value is None:
            return self.text == "–"
        decimals = len(self.text.partition(".")[2])
        return abs(self.number - value) <= 0.5 / 10.0**decimals + 1e-9


class OperatorsPage:
    """A page that is open.

    Args:
        page: Playwright's.
        console: what it complained about.
        requests: what it asked for.
    """

    def __init__(self, page: Page, console: Console, requests: Sequence[str]) -> None:
        self.page = page
        self.console = console
        self.requests = requests
        self._nudge = 0

    def button(self, name: str) -> Locator:
        """A button by its exact name."""
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def panel(self) -> Locator:
        """The panel of the selected drone."""
        return self.page.get_by_role("region", name=re.compile("^Drone "))

    def row(self, drone: str) -> Locator:
        """A drone's row in the list."""
        return self.page.locator(f"[id='row-{drone}']")

    @property
    def listed(self) -> Locator:
        """The rows of the list."""
        return self.page.get_by_role("listbox", name="Drones").get_by_role("option")

    def tab(self, name: str) -> Locator:
        """A tab of the panel."""
        return self.page.get_by_role("tab", name=name)

    def select(self, drone: str) -> None:
        """Click it in the list and wait for its values."""
        self.row(drone).click()
        self.panel.get_by_role("heading", name=drone, exact=True).wait_for()
        self.until(lambda: self.reading("Above home").text != "–", f"values of {drone}")

    def readings(self) -> dict[str, Reading]:
        """What the panel shows, all of it at one moment, by label."""
        found: dict[str, dict[str, str]] = self.page.evaluate(_READINGS)
        return {label: Reading(**each) for label, each in found.items()}

    def reading(self, label: str) -> Reading:
        """One value of the panel."""
        return self.readings().get(label, Reading("–", "", "", "", ""))

    def until(self, condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Poll a condition while the page lives on."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"did not happen within {timeout_s} s: {what}"
            self.page.wait_for_timeout(_POLL_MS)

    @property
    def title(self) -> str:
        """The tab's title."""
        return self.page.title()

    def point_at_followed(self) -> str:
        """What the map tells of the drone that it follows, in the middle of what is uncovered."""
        x, y = self.page.evaluate(_MIDDLE_OF_MAP)
        # The map answers to movements only.
        self._nudge = 1 - self._nudge
        self.page.mouse.move(x + self._nudge, y)
        return words(self.page.locator(".fleet-map__tip:not([hidden])"))

    @property
    def focused(self) -> str:
        """Label or text of the element with the focus."""
        name: str = self.page.evaluate("""() => {
          const focused = document.activeElement;
          if (focused === document.body) return "";
          return focused.ariaLabel ?? focused.labels?.[0]?.textContent ?? focused.textContent;
        }""")
        return name


@contextmanager
def opened(
    browser: Browser,
    url: str,
    *,
    allowed: Sequence[str] = (),
    width: int = 1280,
    height: int = 800,
    **context: Any,
) -> Iterator[OperatorsPage]:
    """The page in a fresh browser profile; at the end it must not have complained.

    Args:
        browser: to open it in.
        url: the bridge's.
        allowed: beginnings of complaints that belong to the test.
        width: pixels.
        height: pixels.
        context: further settings of Playwright's browser context.
    """
    assert (PAGE_FILES / "index.html").exists(), "the page is not built: run `make web`"
    profile = browser.new_context(
        viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC", **context
    )
    profile.set_default_timeout(PATIENCE_S * 1000)
    try:
        page = profile.new_page()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda socket: requests.append(socket.url))
        console = Console(page)
        page.goto(url)
        page.get_by_role("banner").wait_for()
        yield OperatorsPage(page, console, requests)
        known = (_DRIVER, *allowed)
        assert [each for each in console.errors if not each.startswith(known)] == []
        assert elsewhere(requests, url) == []
    finally:
        profile.close()


def words(locator: Locator) -> str:
    """What stands there now; empty where there is nothing."""
    return " ".join(locator.all_text_contents())


def elsewhere(requests: Sequence[str], url: str) -> list[str]:
    """Requests that left the host that the page is from."""
    own = urlsplit(url).netloc
    return [
        each
        for each in requests
        if not each.startswith(("blob:", "data:")) and urlsplit(each).netloc != own
    ]


def another_browser(browser: Browser, *flags: str) -> Browser:
    """A browser with further flags beside one that runs; the caller closes it."""
    return browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])


def iso(time: datetime) -> str:
    """As the API takes it."""
    return time.astimezone(UTC).isoformat()


def millisecond_after(time: datetime) -> datetime:
    """The page knows samples to the millisecond."""
    return time + timedelta(milliseconds=1)
