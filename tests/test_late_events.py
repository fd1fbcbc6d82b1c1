"""What an agent could not say in time, and whether it is there: real broker, agent and cloud."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aerostream_contract.models import Presence, Status, decode, encode
from aerostream_contract.times import us_from_iso
from support.agent import EdgeAgent
from support.bridge import Bridge
from support.broker import Broker
from support.cloud import MqttClient, until
from support.live import eventually, page
from support.patience import PATIENCE_S
from support.ports import free_port
from support.vehicle import Vehicle

STATUS = "aero/1/default/d1/up/status"


@pytest.fixture
def cloud(broker: Broker, tmp_path: Path) -> Iterator[Bridge]:
    """Ingest and bridge in one process."""
    cloud = Bridge(broker.url, tmp_path / "cloud", command="serve", http_port=str(free_port()))
    cloud.start()
    yield cloud
    cloud.stop()


def presence(cloud: Bridge) -> str | None:
    """What the API says of the drone."""
    answer = cloud.get("/api/v1/drones/d1")
    return answer.json()["presence"] if answer.status_code == 200 else None


def sampled(cloud: Bridge) -> str:
    """Time of the drone's newest sample; empty where there is none."""
    return cloud.json("/api/v1/drones/d1")["last_sample"] or ""


async def test_an_event_of_an_outage_is_told_after_it_with_its_own_time_and_moves_nothing(
    broker: Broker, cloud: Bridge, tmp_path: Path
) -> None:
    with (
        EdgeAgent(broker.url, tmp_path / "edge") as agent,
        Vehicle(agent.port) as vehicle,
    ):
        await asyncio.to_thread(until, lambda: presence(cloud) == "online", "online")
        async with page(f"ws{cloud.url.removeprefix('http')}/ws") as client:
            view = await client.subscribe("all", channels=["attitude"])
            vehicle.say("STATUSTEXT", severity=4, text=b"before")
            await client.until(lambda: told(view.events, "before"))
            await asyncio.to_thread(broker.kill)
            await eventually(
                lambda: agent.said("the connection to the broker is lost"), "the outage", PATIENCE_S
            )
            vehicle.say("STATUSTEXT", severity=2, text=b"failsafe")
            # Long enough that it is history when the broker is back.
            sent = vehicle.sent["ATTITUDE"]
            await eventually(lambda: vehicle.sent["ATTITUDE"] > sent + 80, "8 s", PATIENCE_S)
            await asyncio.to_thread(broker.start)
            times: list[str] = []
            await client.until(
                lambda: noted(times, view, "attitude") and told(view.events, "failsafe")
            )
        [late], [live] = told(view.events, "failsafe"), told(view.events, "before")
        assert late["late"] is True
        assert "late" not in live
        stored = cloud.json("/api/v1/drones/d1/events")["items"]
        [same] = told(stored, "failsafe")
        assert {**same, "late": True} == late
        # It is as old as it is, and nothing that is shown went back to its time.
        assert us_from_iso(late["time"]) < us_from_iso(times[-1]) - 5_000_000
        assert times == sorted(times)


def told(events: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Events of a text."""
    return [event for event in events if event["text"] == text]


def noted(times: list[str], view: Any, channel: str) -> bool:
    """Note the time of the newest sample that the client knows."""
    times.extend(each["time"] for key, each in view.samples.items() if key[1] == channel)
    return True


def test_an_agent_that_was_killed_and_started_again_is_online_whatever_its_will_says(
    broker: Broker, cloud: Bridge, tmp_path: Path
) -> None:
    with (
        MqttClient(broker.port, STATUS) as mqtt,
        EdgeAgent(broker.url, tmp_path / "edge") as agent,
        Vehicle(agent.port),
    ):

        def newest() -> Status:
            return decode(mqtt.payloads(STATUS)[-1], Status)

        until(lambda: presence(cloud) == "online", "online", PATIENCE_S)
        first = newest()
        agent.kill()
        agent.start()
        until(lambda: newest().session > first.session, "the new session", PATIENCE_S)
        until(lambda: presence(cloud) == "online", "online again", PATIENCE_S)

        # Its will comes now, after the new session has begun.
        will = Status(Presence.LOST, first.epoch, first.session, first.agent_version)
        mqtt.publish(STATUS, encode(will), retain=True)
        # What was published after it has been applied, so it has been too.
        began = sampled(cloud)
        until(lambda: sampled(cloud) > began, "a newer sample", PATIENCE_S)
        assert presence(cloud) == "online"

        # Killed for good it is lost: by the will of the session that counts.
        agent.kill()
        until(lambda: presence(cloud) == "lost", "lost", PATIENCE_S)
        assert json.loads(mqtt.payloads(STATUS)[-1])["session"] > first.session
