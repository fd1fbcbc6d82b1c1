"""Many edge agents in one process: `python -m benchmarks.swarm_agents FIRST_PORT FIRST COUNT`.

Agents `drone-FIRST` and so on, the product's own, each with a UDP port and a connection to the
broker of its own. They share the few threads that touch their spools. Everything else they take
from the environment, as `aerostream-edge` does.
Ends with SIGTERM.
"""

import asyncio
import gc
import signal
import sys
from concurrent.futures import Executor, ThreadPoolExecutor

from aerostream_edge.agent import Agent
from aerostream_edge.clock import HostClock
from aerostream_edge.logs import configure_logs
from aerostream_edge.settings import edge_settings

#: An agent's MQTT thread waits for its turn among those of all others; on its own computer it
#: does not wait at all.
_SWITCH_INTERVAL_S = 0.0005
_ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000
_DISK_THREADS = 4


def drone_name(index: int) -> str:
    """The name of a drone of the swarm."""
    return f"drone-{index:03}"


async def _run(first_port: int, first: int, count: int, disk: Executor) -> None:
    clock = HostClock()
    agents = [
        Agent(
            settings=edge_settings(
                None,
                {
                    "drone": drone_name(index),
                    "mavlink_url": f"udpin:127.0.0.1:{first_port + index}",
                },
            ),
            clock=clock,
            disk=disk,
        )
        for index in range(first, first + count)
    ]

    def stop() -> None:
        for agent in agents:
            agent.stop()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    async with asyncio.TaskGroup() as tasks:
        for agent in agents:
            tasks.create_task(agent.run())
        gc.freeze()


def main() -> None:
    """Run until SIGTERM."""
    first_port, first, count = (int(argument) for argument in sys.argv[1:4])
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, 10, 10)
    configure_logs("warning")
    with ThreadPoolExecutor(_DISK_THREADS, thread_name_prefix="spools") as disk:
        asyncio.run(_run(first_port, first, count, disk))


if __name__ == "__main__":
    main()
