"""Agents of the laboratory's own at somebody else's broker; nothing but them is broken."""

import asyncio
import contextlib
from pathlib import Path

from aerostream_contract.names import DroneName
from aerostream_contract.topics import UP_INFO, UP_STATE, UP_STATUS, drone_topic

from aerostream_sim.errors import LabError
from aerostream_sim.faults.door import clear_retained, let_in
from aerostream_sim.faults.processes import Programs, monotonic_s
from aerostream_sim.faults.stack import Stack, Until
from aerostream_sim.faults.target import Target
from aerostream_sim.faults.tunnel import Tunnel
from aerostream_sim.faults.watch import Watch

#: An agent that ends cleanly waits for what is on its way.
_END_S = 10.0


class Deployment(Stack):
    """Agents at a deployment that runs by itself.

    Args:
        folder: for data and logs of the agents; exists and is empty.
        target: the deployment.
        programs: command lines, of which only the agent's is needed.
        shim: library that is preloaded into agents; None: no fault needs it.
        drones: how many.
        seed: of the vehicles and of the networks.
    """

    def __init__(
        self,
        *,
        folder: Path,
        target: Target,
        programs: Programs,
        shim: Path | None,
        drones: int,
        seed: int,
    ) -> None:
        names = target.names(seed, drones)
        super().__init__(
            folder=folder,
            agent=programs.agent,
            shim=shim,
            seed=seed,
            fleet=target.fleet,
            names=names,
            watch=Watch(door=target.own_door, fleet=target.fleet, drones=names),
            store=target.store(names),
        )
        self._target = target
        door = target.drones_door
        self._tunnel = Tunnel(host=door.url.host, port=door.url.port, tls=door.tls)

    async def prepare(self) -> None:
        """See `Stack.prepare`."""
        await self._tunnel.start()
        credentials = self._target.credentials
        settings = {}
        if credentials is not None:
            settings["AEROSTREAM_MQTT_CREDENTIALS"] = str(credentials.resolve())
        await self._add_drones(self._tunnel.port, settings)

    async def open_cloud(self, until: Until) -> None:
        """See `Stack.open_cloud`."""
        self.watch.start()
        await until(lambda: self.watch.connected, f"{self._target.own_door.url} is away")

    async def close(self) -> None:
        """See `Stack.close`; the broker forgets the drones, whose agents say goodbye before."""
        try:
            await self._end_agents()
        finally:
            await super().close()
            await self._tunnel.close()
        await asyncio.to_thread(self._clear)

    async def _end_agents(self) -> None:
        for drone in self.drones:
            drone.proxy.worsen(loss=0.0, delay_s=0.0)
            drone.proxy.mend()
            drone.program.ask_to_end()
        deadline_s = monotonic_s() + _END_S
        for child in self.children:
            # In a thread: their way to the broker leads through this loop.
            await asyncio.to_thread(child.wait_for_end, max(0.0, deadline_s - monotonic_s()))

    def _clear(self) -> None:
        """Leave nothing at the broker of what it keeps of the drones."""
        for drone in self.drones:
            name = DroneName(self._target.fleet, drone.name)
            topics = [drone_topic(name, leaf) for leaf in (UP_STATUS, UP_INFO, UP_STATE)]
            # A broker that is away now keeps three messages for each of them.
            with contextlib.suppress(LabError):
                account = self._target.account(drone.name)
                with let_in(self._target.drones_door, account, str(name)) as client:
                    clear_retained(client, topics)
