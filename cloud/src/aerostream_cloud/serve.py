"""Services in one process: each a coroutine in one task group, stopped by a signal."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence

from aerostream_contract.errors import ContractError

from aerostream_cloud.errors import CloudError
from aerostream_cloud.logs import service_logger
from aerostream_cloud.loop_faults import LoopFaults
from aerostream_cloud.settings import CloudSettings

_ALLOCATIONS_BETWEEN_COLLECTIONS = 200_000

Service = Callable[[CloudSettings, asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then finishes its work and returns."""


def run_services(settings: CloudSettings, services: Sequence[Service]) -> None:
    """Run services until SIGTERM or SIGINT; when one fails, the others are stopped too.

    Raises:
        CloudError: a service cannot run; of several, the first one's.
        ContractError: the same, because of a setting.
    """
    _calm_garbage_collection()
    try:
        asyncio.run(_run(settings, services))
    except BaseExceptionGroup as group:
        raise _first_sentence(group) from group


async def _run(settings: CloudSettings, services: Sequence[Service]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(LoopFaults(log=service_logger("cloud", settings.instance)))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(_service(service, settings, stop), name=service.__name__)


async def _service(service: Service, settings: CloudSettings, stop: asyncio.Event) -> None:
    await service(settings, stop)


def _calm_garbage_collection() -> None:
    """Look for reference cycles rarely.

    A batch of telemetry is tens of thousands of tuples and lists without a cycle. With the
    usual threshold of 700 they are walked over and over, a quarter of ingest's time.
    """
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, 10, 10)


def _first_sentence(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell a person about; a bug, which has no sentence, comes as it is."""
    known, other = group.split((CloudError, ContractError))
    leaf: BaseException = other or known or group
    if other is None:
        while isinstance(leaf, BaseExceptionGroup):
            leaf = leaf.exceptions[0]
    return leaf
