"""Ingest and the bridge run apart, each with the account that its role has on a broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bridge import Bridge
from support.cloud import Ingest, attitude_frame, until
from support.mqtt_probe import Probe
from support.secure_broker import SecureBroker


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[SecureBroker]:
    broker = SecureBroker(tmp_path)
    for account in (["alpha/one"], ["--role", "ingest"], ["--role", "bridge"]):
        assert broker.provision(*account).exit_code == 0
    broker.start()
    yield broker
    broker.stop()


def test_the_bridge_shows_with_its_own_account_what_ingest_stores_with_another(
    secure: SecureBroker, tmp_path: Path
) -> None:
    def url(user: str) -> str:
        return f"mqtt://{user}:{secure.password(user)}@127.0.0.1:{secure.services_port}"

    bridge = Bridge(url("bridge"), tmp_path / "data")
    with Ingest(url("ingest"), tmp_path / "data") as ingest:
        ingest.start()
        try:
            bridge.start()
            until(lambda: bridge.json("/readyz")["parts"]["ingest"] == "ok", "ingest is heard")
            name = "alpha/one"
            with Probe(secure.port, user=name, password=secure.password(name)) as drone:
                drone.publish("aero/1/alpha/one/up/tel", attitude_frame(1))
                until(lambda: bridge.get("/api/v1/drones/one").status_code == 200, "live")
            found = "/api/v1/drones/one/channels"
            until(
                lambda: [each["channel"] for each in bridge.json(found)] == ["attitude"], "stored"
            )
        finally:
            bridge.stop()
