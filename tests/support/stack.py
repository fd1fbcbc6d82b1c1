"""The whole way under test: broker, cloud and simulated vehicles with agents, as real processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from support.agent import agent_environ
from support.bridge import Bridge
from support.broker import Broker
from support.cloud import until
from support.patience import PATIENCE_S
from support.ports import free_port


class Stack:
    """Mosquitto and `aerostream-cloud serve`, on ports that stay the same over restarts.

    Args:
        folder: where data and logs go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "broker").mkdir()
        self.broker = Broker(folder / "broker")
        self.cloud = Bridge(
            self.broker.url, folder / "cloud", command="serve", http_port=str(free_port())
        )
        self._swarms: list[Swarm] = []

    def start(self) -> None:
        """Start, and wait until the cloud is ready."""
        self.broker.start()
        self.cloud.start()

    def stop(self) -> None:
        """End all of it."""
        for swarm in self._swarms:
            swarm.stop()
        self.cloud.stop()
        self.broker.stop()

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.cloud.url

    @property
    def folder(self) -> Path:
        """For whatever else a test starts."""
        return self._folder

    def fly(self, *drones: str, autopilots: str = "ardupilot", **settings: str) -> "Swarm":
        """Let drones such as `copter-01` fly in the fleet `test`; wait until they are online.

        Args:
            drones: their ids.
            autopilots: kinds of autopilots, as the simulator takes them.
            settings: of their agents, by name.
        """
        kinds = ",".join(each.partition("-")[0] for each in drones)
        options = ("--vehicles", str(len(drones)), "--type", kinds, "--autopilot", autopilots)
        folder = self._folder / f"swarm-{len(self._swarms)}"
        swarm = Swarm(self.broker.url, folder, *options, **settings)
        self._swarms.append(swarm)

        def all_online() -> bool:
            swarm.check()
            return set(drones) <= set(self.online())

        until(all_online, f"{drones} online")
        return swarm

    def cut(self) -> None:
        """Kill the cloud."""
        self.cloud.kill()

    def mend(self) -> None:
        """Start it again, where it was."""
        self.cloud.launch()
        until(self._is_ready, "the cloud ready again")

    def online(self) -> list[str]:
        """Drones that are connected."""
        items = self.cloud.json("/api/v1/drones", limit=1000)["items"]
        return [each["drone"] for each in items if each["presence"] == "online"]

    def drone(self, name: str) -> dict[str, Any]:
        """State of a drone."""
        state: dict[str, Any] = self.cloud.json(f"/api/v1/drones/{name}")
        return state

    def samples(
        self, drone: str, channel: str, start: str, end: str
    ) -> list[tuple[str, dict[str, float | None]]]:
        """Times and values of the stored samples of the autopilot's first instance."""
        answer = self.cloud.json(
            f"/api/v1/drones/{drone}/telemetry",
            channel=channel,
            component=1,
            instance="0",
            start=start,
            end=end,
        )
        return [
            (time, {name: values[index] for name, values in series["fields"].items()})
            for series in answer["series"]
            for index, time in enumerate(series["times"])
        ]

    def _is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return self.cloud.get("/readyz").status_code == 200
        return False


class Swarm:
    """`aerostream-sim swarm` as a process.

    Args:
        url: the broker's.
        folder: data of its agents; the log lies beside it.
        arguments: of the command.
        settings: of its agents, by name.
    """

    def __init__(self, url: str, folder: Path, *arguments: str, **settings: str) -> None:
        own = ["--mqtt", url, "--fleet", "test", "--data-dir", str(folder)]
        self._log = folder.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aerostream_sim", "swarm", *own, *arguments],
                # What reaches a map soon is what a test waits for.
                env=agent_environ(url, folder, **({"batch_interval": "0.2"} | settings)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def check(self) -> None:
        """It runs."""
        assert self._process.poll() is None, self._log.read_text()

    def kill(self) -> None:
        """SIGKILL: vehicles and agents are gone in the same instant."""
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        """End it where it still runs."""
        if self._process.poll() is None:
            self.kill()


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """A stack that ends with the block."""
    stack = Stack(folder)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
