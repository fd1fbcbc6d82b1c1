"""Fixtures for the tests of every part."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.broker import Broker

pytest_plugins = ("support.live_fixtures",)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A running, open Mosquitto with its default limits, on a port of its own."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    yield broker
    broker.stop()
