"""One seed's installation: broker, ingest with its store, and an agent for each vehicle."""

import getpass
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aerostream_sim.clock import HostClock
from aerostream_sim.errors import LabError, MissingTool
from aerostream_sim.faults import clocks, disk
from aerostream_sim.faults.clocks import FakeClock
from aerostream_sim.faults.disk import FaultyDisk
from aerostream_sim.faults.kinds import NEEDS_FAKETIME, NEEDS_SHIM, FaultKind
from aerostream_sim.faults.preload import together
from aerostream_sim.faults.processes import Child, Programs, free_port
from aerostream_sim.faults.proxy import Proxy
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


@dataclass(frozen=True, slots=True)
class Tools:
    """Libraries that are preloaded into the programs; None where no fault needs them."""

    shim: Path | None = None
    """Makes disks full and cuts power."""
    faketime: Path | None = None
    """Makes clocks jump."""


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
        tools: libraries for the faults.
        drones: how many.
        seed: of the vehicles and of the networks.
    """

    def __init__(
        self, *, folder: Path, programs: Programs, tools: Tools, drones: int, seed: int
    ) -> None:
        self._folder = folder
        self._programs = programs
        self._tools = tools
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
            environment=together(settings, disk.environment() if disk else {}),
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
        faketime = self._tools.faketime
        clock = None
        if faketime is not None:
            clock = FakeClock(library=faketime, file=self._folder / f"{name}.clock")
        settings = {
            "AEROSTREAM_DRONE": name,
            "AEROSTREAM_FLEET": FLEET,
            "AEROSTREAM_MAVLINK_URL": f"tcp:127.0.0.1:{vehicle.port}",
            "AEROSTREAM_MAVLINK_RATES": "listen",
            "AEROSTREAM_MQTT_URL": f"mqtt://127.0.0.1:{proxy.port}",
            "AEROSTREAM_RATE_POLICY": "full",
            "AEROSTREAM_DATA_DIR": str(data),
        }
        preloads = [each.environment() for each in (disk, clock) if each is not None]
        program = Child(
            name=f"agent {name}",
            command=self._programs.agent,
            environment=together(settings, *preloads),
            log=self._folder / f"{name}.log",
            sweep=FakeClock.sweep if clock else lambda _: None,
        )
        return DroneHost(program, proxy, disk, clock, vehicle=vehicle, name=name)

    def _disk(self, name: str, data: Path) -> FaultyDisk | None:
        shim = self._tools.shim
        if shim is None:
            return None
        return FaultyDisk(shim=shim, data=data, state=self._folder / f"{name}.disk")


def tools_for(kinds: Collection[FaultKind], folder: Path) -> Tools:
    """The libraries that some kinds of faults need, the shim built into `folder`.

    Raises:
        LabError: one cannot be had; the text says what to install, or which faults to leave out.
    """
    wanted = frozenset(kinds)
    return Tools(
        shim=_tool(wanted & NEEDS_SHIM, lambda: disk.build_shim(folder)),
        faketime=_tool(wanted & NEEDS_FAKETIME, clocks.library),
    )


def _tool(kinds: Collection[FaultKind], get: Callable[[], Path]) -> Path | None:
    """A library that some kinds need; None where there are no such kinds."""
    if not kinds:
        return None
    try:
        return get()
    except MissingTool as error:
        raise LabError(f"{error}, or leave out {', '.join(sorted(kinds))} (--faults)") from error
