"""One seed's vehicles with an agent each, on the way to a broker and a store."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aerostream_sim.clock import HostClock
from aerostream_sim.errors import LabError, MissingTool
from aerostream_sim.faults.clocks import FakeClock
from aerostream_sim.faults.disk import FaultyDisk
from aerostream_sim.faults.kinds import NEEDS_SHIM, FaultKind
from aerostream_sim.faults.processes import Child
from aerostream_sim.faults.proxy import Proxy
from aerostream_sim.faults.shim import build_shim
from aerostream_sim.faults.stored import Store
from aerostream_sim.faults.vehicles import Vehicle
from aerostream_sim.faults.watch import Watch

#: Waits for a condition; the text says what is wrong where it does not come true.
Until = Callable[[Callable[[], bool], str], Awaitable[None]]


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


class Stack(ABC):
    """What is the same for an installation of the laboratory's own and for somebody else's.

    Args:
        folder: for configurations, data and logs; exists and is empty.
        agent: command line of the agent.
        shim: library that is preloaded into the programs; None: no fault needs it.
        seed: of the vehicles and of the networks.
        fleet: fleet of the drones.
        names: the drones' ids.
        watch: listens at the broker.
        store: where samples end.
    """

    def __init__(
        self,
        *,
        folder: Path,
        agent: Sequence[str],
        shim: Path | None,
        seed: int,
        fleet: str,
        names: Sequence[str],
        watch: Watch,
        store: Store,
    ) -> None:
        self._folder = folder
        self._agent = agent
        self._shim = shim
        self._seed = seed
        self._fleet = fleet
        self._names = names
        self.watch = watch
        self.store = store
        self.drones: list[DroneHost] = []

    @property
    def children(self) -> Iterator[Child]:
        """All programs."""
        for drone in self.drones:
            yield drone.program

    @abstractmethod
    async def prepare(self) -> None:
        """Open vehicles and proxies, and lay out all hosts; no program runs yet."""

    @abstractmethod
    async def open_cloud(self, until: Until) -> None:
        """Have broker and ingest ready for the agents, and listen at the broker.

        Raises:
            LabError: they do not become ready.
        """

    async def meet_drones(self) -> None:
        """See that the cloud knows the drones, whose agents run now.

        Raises:
            LabError: it does not, or it has stored something of them before.
        """
        await asyncio.to_thread(self.store.meet)

    async def close(self) -> None:
        """End all programs and connections; it may be called at any stage."""
        for child in self.children:
            child.end()
        self.watch.stop()
        for drone in self.drones:
            await drone.proxy.close()
            await drone.vehicle.close()

    async def _add_drones(self, broker_port: int, settings: Mapping[str, str]) -> None:
        for index in range(len(self._names)):
            self.drones.append(await self._make_drone(index, broker_port, settings))

    async def _make_drone(
        self, index: int, broker_port: int, settings: Mapping[str, str]
    ) -> DroneHost:
        name = self._names[index]
        random = Random(f"{self._seed} d{index + 1}")
        vehicle = Vehicle(system=index % 250 + 1, random=random, clock=HostClock())
        await vehicle.open()
        proxy = Proxy(target_port=broker_port, seed=self._seed * 1000 + index + 1)
        await proxy.start()
        data = self._folder / name
        data.mkdir()
        disk = self._disk(name, data)
        clock = self._clock(name)
        own = {
            "AEROSTREAM_DRONE": name,
            "AEROSTREAM_FLEET": self._fleet,
            "AEROSTREAM_MAVLINK_URL": f"tcp:127.0.0.1:{vehicle.port}",
            "AEROSTREAM_MAVLINK_RATES": "listen",
            "AEROSTREAM_MQTT_URL": f"mqtt://127.0.0.1:{proxy.port}",
            "AEROSTREAM_RATE_POLICY": "full",
            "AEROSTREAM_DATA_DIR": str(data),
            **settings,
        }
        for part in (disk, clock):
            own |= part.environment() if part else {}
        program = Child(
            name=f"agent {name}",
            command=self._agent,
            environment=own,
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
