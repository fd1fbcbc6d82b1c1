"""An installation of the laboratory's own: broker, ingest with its store, and the agents."""

import getpass
import shutil
from collections.abc import Iterator
from pathlib import Path

from aerostream_contract.models import ServiceStatus
from aerostream_contract.settings import MqttUrl

from aerostream_sim.faults.door import Door
from aerostream_sim.faults.processes import Child, Programs
from aerostream_sim.faults.proxy import Proxy
from aerostream_sim.faults.stack import Host, Stack, Until
from aerostream_sim.faults.stored_sqlite import SqliteStore
from aerostream_sim.faults.watch import Watch
from aerostream_sim.ports import free_port, is_listening

_FLEET = "lab"

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


class OwnStack(Stack):
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
        names = [f"d{number}" for number in range(1, drones + 1)]
        self._broker_port = free_port()
        self.store_file = folder / "cloud" / "telemetry.sqlite"
        door = Door(MqttUrl.parse(f"mqtt://127.0.0.1:{self._broker_port}"))
        super().__init__(
            folder=folder,
            agent=programs.agent,
            shim=shim,
            seed=seed,
            fleet=_FLEET,
            names=names,
            watch=Watch(door=door, fleet=_FLEET, drones=names),
            store=SqliteStore(file=self.store_file, fleet=_FLEET, drones=names),
        )
        self._programs = programs
        self._broker_memory = folder / "broker"
        self.broker = self._make_broker()
        self.cloud: Host | None = None

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
        yield from super().children

    async def prepare(self) -> None:
        """See `Stack.prepare`."""
        self.cloud = await self._make_cloud()
        await self._add_drones(self._broker_port, {})

    async def open_cloud(self, until: Until) -> None:
        """See `Stack.open_cloud`."""
        self.broker.start()
        await until(lambda: is_listening(self._broker_port), f"{self.broker.name} does not listen")
        self.watch.start()
        self.ingest.program.start()
        await until(lambda: self.watch.ingest is ServiceStatus.ONLINE, "ingest is not online")

    def wipe_broker(self) -> None:
        """Forget all that the broker, which is down, had persisted."""
        shutil.rmtree(self._broker_memory, ignore_errors=True)
        self._broker_memory.mkdir()

    async def close(self) -> None:
        """See `Stack.close`."""
        await super().close()
        if self.cloud is not None:
            await self.cloud.proxy.close()

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
            "AEROSTREAM_STORE_URL": f"sqlite:///{self.store_file}",
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
