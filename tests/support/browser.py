"""A real browser under test: headless Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from support.patience import PATIENCE_S

#: No network of its own, software GL for the map.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium in the PATH: `make chromium` installs it"
)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A browser that ends with the block."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_S * 1000)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=PATIENCE_S * 1000
        )
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """What a page complains about: errors in its console, and exceptions that nobody caught.

    Args:
        page: listened to from now on.
    """

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        page.on("console", self._take)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))

    def _take(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text} ({message.location['url']})")
