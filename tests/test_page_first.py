"""The page before there is a fleet, with one drone, with odd ones, and in an odd browser."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from aerostream_contract.channels import CHANNELS
from aerostream_contract.columns import Cell
from aerostream_contract.frame import Clock, Section, SeriesRows, encode_frame
from playwright.sync_api import Browser, expect
from support.agent import EdgeAgent
from support.browser import chromium, needs_chromium
from support.cloud import MqttClient, event_json
from support.page import another_browser, opened, words
from support.stack import Stack, running_stack
from support.vehicle import Vehicle

pytestmark = needs_chromium

_MARKUP = "<img src=x onerror=document.title='owned'>"
_BATTERY = CHANNELS["battery"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path) as stack:
        yield stack


def test_the_page_tells_how_to_connect_a_drone_and_the_first_one_opens_by_itself(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, stack.url, permissions=["clipboard-read", "clipboard-write"]) as page:
        expect(page.page.get_by_role("heading", name="No drone yet")).to_be_visible()
        page.button("Copy the command").click()
        page.until(lambda: "Copied." in words(page.page.get_by_role("main")), "it says so")
        command = page.page.evaluate("() => navigator.clipboard.readText()")
        assert command.startswith("aerostream-edge run ")
        assert command == words(page.page.locator("code"))
        expect(page.listed).to_have_count(0)

        agent = EdgeAgent(stack.broker.url, tmp_path / "agent", drone="first-1", fleet="test")
        with agent, Vehicle(agent.port):
            expect(page.panel.get_by_role("heading", name="first-1")).to_be_visible()
            expect(page.page.get_by_role("heading", name="No drone yet")).to_have_count(0)
            page.until(lambda: page.reading("Above home").text != "–", "its values")
            expect(page.listed).to_have_count(1)

            # What somebody closed stays closed.
            page.page.keyboard.press("Escape")
            expect(page.panel).to_have_count(0)
            time_shown = page.page.get_by_role("region", name="Time")
            first = words(time_shown)
            page.until(lambda: words(time_shown) != first, "the clock goes on")
            expect(page.panel).to_have_count(0)


def test_whatever_a_drone_says_is_shown_as_text_and_what_it_does_not_know_as_a_dash(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    agent = EdgeAgent(stack.broker.url, tmp_path / "agent", drone="odd-1", fleet="test")
    with agent, Vehicle(agent.port) as vehicle, opened(browser, stack.url) as page:
        expect(page.panel.get_by_role("heading", name="odd-1")).to_be_visible()
        page.until(lambda: page.reading("Above home").text != "–", "its values")
        vehicle.say("STATUSTEXT", severity=4, text=_MARKUP.encode())
        vehicle.say(
            "BATTERY_STATUS",
            voltages=[65535] * 10,
            temperature=32767,
            current_battery=-1,
            battery_remaining=-1,
            current_consumed=-1,
        )
        vehicle.say("GPS_RAW_INT", fix_type=1, eph=65535, epv=65535, satellites_visible=255)
        page.until(lambda: _MARKUP in words(page.panel), "the drone's message")
        page.until(lambda: "GPS" in page.readings() and "HDOP" in page.readings(), "its receiver")
        readings = page.readings()
        assert {readings[each].text for each in ("Battery", "HDOP", "Satellites")} == {"–"}
        assert readings["GPS"].text == "no fix"
        assert not [text for text in words(page.panel).split() if "NaN" in text]
        page.page.keyboard.press("m")
        page.until(
            lambda: _MARKUP in words(page.page.get_by_role("button", name="onerror")),
            "the message at the bottom",
        )
        assert page.page.locator("img[src=x]").count() == 0
        page.until(lambda: page.title == "AeroStream", "nothing of it was run")


def test_a_name_of_64_characters_is_told_apart_from_numbers_and_fits_the_panel(
    stack: Stack, browser: Browser
) -> None:
    name = "<b>" + "W" * 61
    now_us = time.time_ns() // 1000
    row: list[tuple[int, Sequence[Cell]]] = [(0, [None] * len(_BATTERY.fields))]
    series = [SeriesRows(_BATTERY, each, row) for each in ("0", name)]
    frame = encode_frame(1, 1, [Section(1, 1, Clock.BOOT, now_us, series)], [])
    with MqttClient(stack.broker.port) as client, opened(browser, stack.url) as page:
        topic = "aero/1/test/wide-1/up"
        client.publish(f"{topic}/tel", frame)
        client.publish(f"{topic}/evt", event_json(2, time_us=now_us, text="W" * 50 + _MARKUP))
        expect(page.panel.get_by_role("heading", name="wide-1")).to_be_visible()
        expect(page.panel.get_by_role("heading", name=f"Battery {name}")).to_be_visible()
        expect(page.panel.get_by_role("heading", name="Battery 1", exact=True)).to_be_visible()
        overflowing = """() => [...document.querySelectorAll(".panel, .panel-body, .list")]
          .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.className)"""
        assert page.page.evaluate(overflowing) == []


def test_without_webgl_a_sentence_stands_for_the_map_and_the_rest_works(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    agent = EdgeAgent(stack.broker.url, tmp_path / "agent", drone="d1", fleet="test")
    other = another_browser(browser, "--disable-3d-apis")
    try:
        with agent, Vehicle(agent.port), opened(other, stack.url) as page:
            expect(page.page.get_by_text("This browser has no WebGL")).to_be_visible()
            expect(page.panel.get_by_role("heading", name="d1")).to_be_visible()
            page.until(lambda: page.reading("Above home").text != "–", "its values")
            first = page.reading("Above home").told
            page.until(lambda: page.reading("Above home").told > first, "they are live")
            expect(page.listed).to_have_count(1)
            page.page.keyboard.press("Escape")
            page.row("d1").click()
            expect(page.panel).to_be_visible()
            page.page.keyboard.press(" ")
            page.page.keyboard.press("f")
    finally:
        other.close()
