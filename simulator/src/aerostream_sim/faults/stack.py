"""One seed's installation: broker, ingest with its store, and an agent for each vehicle."""

import getpass
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aerostream_sim.clock import HostClock
from aerostream_sim.errors import LabError, MissingTool
from aerostream_sim.faults.clocks import FakeClock
from aerostream_sim.faults.disk import FaultyDisk
from aerostream_sim.faults.kinds import NEEDS_SHIM, FaultKind
from aerostream_sim.faults.processes import Child, Programs, free_port
from aerostream_sim.faults.proxy import Proxy
from aerostream_sim.faults.shim import build_shim
from aerostream_sim.faults.vehicles import Vehicle
from aerostream_sim.faults.watch import Watch

FLEET = "lab"

#: The limits of the product's own configurations; memory is persisted, so that wiping it counts.
_BROKER_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence true
persistence_location {folder}/
autosave_interval 1
set_tcp_nodelay true
max_packet_size 266240
max_inflight_messages 4096
max_inflight_bytes 0
max_queued_messages 100000
max_queued_bytes 67108864
"""


@dataclass(slots=True)
class Host:
    """A host with one program and all that can go wrong with it."""

    program: Child
    proxy: Proxy
    """Its way to the broker."""
    disk: FaultyDisk | None = None
    clock: FakeClock | None = None


@dataclass(slots=True)
class DroneHost(Host):
    """The companion computer of a vehicle."""

    vehicle: Vehicle = field(kw_only=True)
    name: str = field(kw_only=True)


class Stack:
    """The installation; its parts are started by name, in the order in which they need each other.

    Args:
        folder: for configurations, data and logs; exists and is empty.
        programs: command lines.
        shim: library that is preloaded into agents and ingest; None: no fault needs it.
        drones: how many.
        seed: of the vehicles and of the networks.
    """

    def __init__(
        self, *, folder: Path, programs: Programs, shim: Path | None, drones: int, seed: int
    ) -> None:
        self._folder = folder
        self._programs = programs
        self._shim = shim
        self._drones = drones
        self._seed = seed
        self._broker_port = free_port()
        self._broker_memory = folder / "broker"
        self.store = folder / "cloud" / "telemetry.sqlite"
        self.watch = Watch(port=self._broker_port, fleet=FLEET)
        self.broker = self._make_broker()
        self.cloud: Host | None = None
        self.drones: list[DroneHost] = []

    @property
    def broker_port(self) -> int:
        """Where the broker listens, past all proxies."""
        return self._broker_port

    @property
    def ingest(self) -> Host:
        """The cloud's host."""
        assert self.cloud is not None
        return self.cloud

    @property
    def children(self) -> Iterator[Child]:
        """All programs."""
        yield self.broker
        if self.cloud is not None:
            yield self.cloud.program
        for drone in self.drones:
            yield drone.program

    async def prepare(self) -> None:
        """Open vehicles and proxies, and lay out all hosts; no program runs yet."""
        self.cloud = await self._make_cloud()
        for index in range(self._drones):
            self.drones.append(await self._make_drone(index))

    def wipe_broker(self) -> None:
        """Forget all that the broker, which is down, had persisted."""
        shutil.rmtree(self._broker_memory, ignore_errors=True)
        self._broker_memory.mkdir()

    async def close(self) -> None:
        """End all programs and connections; it may be called at any stage."""
        for child in self.children:
            child.end()
        self.watch.stop()
        hosts: list[Host] = [*self.drones]
        if self.cloud is not None:
            hosts.append(self.cloud)
        for host in hosts:
            await host.proxy.close()
        for drone in self.drones:
            await drone.vehicle.close()

    def _make_broker(self) -> Child:
        self._broker_memory.mkdir()
        file = self._folder / "mosquitto.conf"
        config = _BROKER_CONFIG.format(
            port=self._broker_port, user=getpass.getuser(), folder=self._broker_memory
        )
        file.write_text(config, encoding="utf-8")
        return Child(
            name="broker",
            command=[*self._programs.broker, "-c", str(file)],
            environment={},
            log=self._folder / "broker.log",
        )

    async def _make_cloud(self) -> Host:
        proxy = Proxy(target_port=self._broker_port, seed=self._seed * 1000)
        await proxy.start()
        data = self._folder / "cloud"
        data.mkdir()
        disk = self._disk("cloud", data)
        settings = {
            "AEROSTREAM_MQTT_URL": f"mqtt://127.0.0.1:{proxy.port}",
            "AEROSTREAM_STORE_URL": f"sqlite:///{self.store}",
            "AEROSTREAM_DATABASE_URL": f"sqlite:///{data / 'registry.sqlite'}",
            "AEROSTREAM_DATA_DIR": str(data),
            "AEROSTREAM_INSTANCE": "lab",
        }
        program = Child(
            name="ingest",
            command=self._programs.cloud,
            environment=settings | (disk.environment() if disk else {}),
            log=self._folder / "ingest.log",
        )
        return Host(program, proxy, disk)

    async def _make_drone(self, index: int) -> DroneHost:
        name = f"d{index + 1}"
        random = Random(f"{self._seed} {name}")
        vehicle = Vehicle(system=index % 250 + 1, random=random, clock=HostClock())
        await vehicle.open()
        proxy = Proxy(target_port=self._broker_port, seed=self._seed * 1000 + index + 1)
        await proxy.start()
        data = self._folder / name
        data.mkdir()
        disk = self._disk(name, data)
        clock = self._clock(name)
        settings = {
            "AEROSTREAM_DRONE": name,
            "AEROSTREAM_FLEET": FLEET,
            "AEROSTREAM_MAVLINK_URL": f"tcp:127.0.0.1:{vehicle.port}",
            "AEROSTREAM_MAVLINK_RATES": "listen",
            "AEROSTREAM_MQTT_URL": f"mqtt://127.0.0.1:{proxy.port}",
            "AEROSTREAM_RATE_POLICY": "full",
            "AEROSTREAM_DATA_DIR": str(data),
        }
        for part in (disk, clock):
            settings |= part.environment() if part else {}
        program = Child(
            name=f"agent {name}",
            command=self._programs.agent,
            environment=settings,
            log=self._folder / f"{name}.log",
        )
        return DroneHost(program, proxy, disk, clock, vehicle=vehicle, name=name)

    def _disk(self, name: str, data: Path) -> FaultyDisk | None:
        if self._shim is None:
            return None
        return FaultyDisk(shim=self._shim, data=data, state=self._folder / f"{name}.disk")

    def _clock(self, name: str) -> FakeClock | None:
        if self._shim is None:
            return None
        return FakeClock(shim=self._shim, file=self._folder / f"{name}.clock")


def shim_for(kinds: Collection[FaultKind], folder: Path) -> Path | None:
    """What some kinds of faults preload, built into `folder`; None where they need nothing.

    Raises:
        LabError: it cannot be built; the text says what to install, or which faults to leave out.
    """
    needing = NEEDS_SHIM.intersection(kinds)
    if not needing:
        return None
    try:
        return build_shim(folder)
    except MissingTool as error:
        raise LabError(f"{error}, or leave out {', '.join(sorted(needing))} (--faults)") from error
