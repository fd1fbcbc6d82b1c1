"""Fixtures for the tests of every part."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.broker import Broker

pytest_plugins = ("support.live_fixtures",)


def pytest_configure() -> None:
    """Whatever started the tests (`nohup`, a shell's `&`): programs under test hear signals."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The machine is shared: how long an example takes, or to think of one, says nothing.
    settings.register_profile(
        "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("shared machine")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running, open Mosquitto with its default limits, on a port of its own."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    yield broker
    broker.stop()
