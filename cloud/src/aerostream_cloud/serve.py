"""Services in one process: each a coroutine in one task group, stopped by a signal."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

from aerostream_contract.errors import ContractError

from aerostream_cloud.errors import CloudError
from aerostream_cloud.settings import CloudSettings

Service = Callable[[CloudSettings, asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then finishes its work and returns."""


def run_services(settings: CloudSettings, services: Sequence[Service]) -> None:
    """Run services until SIGTERM or SIGINT; when one fails, the others are stopped too.

    Raises:
        CloudError: a service cannot run; of several, the first one's.
        ContractError: the same, because of a setting.
    """
    try:
        asyncio.run(_run(settings, services))
    except BaseExceptionGroup as group:
        raise _first_sentence(group) from group


async def _run(settings: CloudSettings, services: Sequence[Service]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(_service(service, settings, stop), name=service.__name__)


async def _service(service: Service, settings: CloudSettings, stop: asyncio.Event) -> None:
    await service(settings, stop)


def _first_sentence(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell a person about; a bug, which has no sentence, comes as it is."""
    known, other = group.split((CloudError, ContractError))
    leaf: BaseException = other or known or group
    if other is None:
        while isinstance(leaf, BaseExceptionGroup):
            leaf = leaf.exceptions[0]
    return leaf
