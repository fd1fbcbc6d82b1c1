"""Vehicles with an edge agent each, in one process: the only module that knows the agent."""

import asyncio
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aerostream_contract.errors import ContractError
from aerostream_contract.words import counted
from aerostream_edge.agent import Agent
from aerostream_edge.clock import HostClock as AgentClock
from aerostream_edge.errors import EdgeError
from aerostream_edge.logs import configure_logs
from aerostream_edge.settings import EdgeSettings, edge_settings

from aerostream_sim.clock import HostClock
from aerostream_sim.errors import BadInput, LinkError, reason
from aerostream_sim.fly import Fleet, allow_files
from aerostream_sim.links import LinkUrl
from aerostream_sim.ports import GIVEN_TO_NOBODY
from aerostream_sim.vehicle import VehicleSpec

_HOST = "127.0.0.1"
_BROKER_PATIENCE_S = 5.0
#: A vehicle's socket, an agent's, its MQTT connection and the pair that wakes it; its spool with
#: log, shared memory and, for a moment, the reserve.
_FILES_EACH = 9
#: All agents' spools are on one disk, which is not faster for more.
_DISK_THREADS = 4
_START_PAUSE_S = 0.005


def agent_settings(
    specs: Sequence[VehicleSpec], *, mqtt: str, fleet: str, data_dir: Path
) -> list[EdgeSettings]:
    """Settings of an agent for each vehicle, on free loopback ports.

    Raises:
        BadInput: an agent would refuse them.
    """
    ports = _free_ports(len(specs))
    numbers: Counter[str] = Counter()
    found = []
    for spec, port in zip(specs, ports, strict=True):
        numbers[spec.kind] += 1
        drone = f"{spec.kind}-{numbers[spec.kind]:02d}"
        given = {
            "drone": drone,
            "fleet": fleet,
            "mqtt_url": mqtt,
            "mavlink_url": f"udpin:{_HOST}:{port}",
            "data_dir": str(data_dir / drone),
        }
        try:
            found.append(edge_settings(None, given))
        except ContractError as error:
            raise BadInput(str(error)) from error
    return found


class Swarm:
    """A fleet and its agents.

    Args:
        specs: the vehicles.
        settings: an agent's settings for each.
        say: takes a line of progress now and then.
    """

    def __init__(
        self,
        *,
        specs: Sequence[VehicleSpec],
        settings: Sequence[EdgeSettings],
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._say = say
        self._fleet = Fleet(
            specs=specs,
            urls=[LinkUrl.parse(_vehicle_end(each.mavlink_url)) for each in settings],
            clock=HostClock(),
            say=say,
        )
        self._agents: list[Agent] = []
        self._disk = ThreadPoolExecutor(_DISK_THREADS, thread_name_prefix="spools")
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` end: what the agents collected is sent first."""
        self._stopping.set()

    async def run(self, duration_s: float | None = None) -> None:
        """Fly until `stop`, or for so many seconds.

        Raises:
            LinkError: the broker does not answer, or no agent is left.
            BadInput: an agent refuses its settings.
        """
        allow_files(_FILES_EACH * len(self._settings) + 100)
        configure_logs("error")
        await self._check_broker()
        flying = asyncio.create_task(self._fleet.run(), name="fleet")
        agents = asyncio.create_task(self._run_agents(), name="agents")
        stopped = asyncio.create_task(self._stopping.wait(), name="stop")
        try:
            await asyncio.wait(
                (flying, agents, stopped),
                timeout=duration_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopped.cancel()
            over = agents.done()
            for agent in self._agents:
                agent.stop()
            self._stopping.set()
            await agents
            self._fleet.stop()
            await flying
            self._disk.shutdown()
        if over:
            raise LinkError("no agent is left")

    async def _run_agents(self) -> None:
        async with asyncio.TaskGroup() as group:
            for settings in self._settings:
                if self._stopping.is_set():
                    return
                group.create_task(self._run_agent(settings), name=f"agent {settings.drone}")
                # Thousands that connect in the same instant are nobody's ordinary day.
                await asyncio.sleep(_START_PAUSE_S)
            self._say(f"{counted(len(self._agents), 'agent')} at {self._settings[0].broker}")

    async def _run_agent(self, settings: EdgeSettings) -> None:
        """One agent's failure is told, and is no other's."""
        try:
            agent = Agent(settings=settings, clock=AgentClock(), disk=self._disk)
            self._agents.append(agent)
            await agent.run()
        except (EdgeError, ContractError) as error:
            self._say(f"{settings.drone}: {error}")

    async def _check_broker(self) -> None:
        broker = self._settings[0].broker
        try:
            async with asyncio.timeout(_BROKER_PATIENCE_S):
                _, writer = await asyncio.open_connection(broker.host, broker.port)
        except TimeoutError as error:
            raise LinkError(f"{broker}: no answer within {_BROKER_PATIENCE_S:.0f} s") from error
        except OSError as error:
            raise LinkError(f"{broker}: {reason(error)}") from error
        writer.close()
        await writer.wait_closed()


def _vehicle_end(agent_url: str) -> str:
    return agent_url.replace("udpin:", "udpout:", 1)


def _free_ports(count: int) -> list[int]:
    """UDP ports that were free a moment ago, each once.

    None that the system gives out by itself: the vehicles' own sockets would get them before the
    agents have opened theirs. From a random one on, as another swarm may be looking too.
    """
    allow_files(count + 100)
    span = len(GIVEN_TO_NOBODY)
    first = secrets.randbelow(span)
    sockets: list[socket.socket] = []
    try:
        for place in range(span):
            if len(sockets) == count:
                break
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.bind((_HOST, GIVEN_TO_NOBODY[(first + place) % span]))
            except OSError:
                sock.close()
            else:
                sockets.append(sock)
        if len(sockets) < count:
            raise LinkError(f"{count} free ports on {_HOST} are needed, {len(sockets)} were found")
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
