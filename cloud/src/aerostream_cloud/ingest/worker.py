"""The one thread that talks to the databases, so that nothing else ever waits for them."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

_Result = TypeVar("_Result")
_Call = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Worker:
    """Runs calls one after the other in a thread of its own.

    Unlike a thread pool's, its thread does not keep the process alive: a disk that hangs must
    not stop a service from ending.

    Args:
        name: of the thread.
    """

    def __init__(self, *, name: str) -> None:
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, call: Callable[[], _Result]) -> "asyncio.Future[_Result]":
        """What the call returns or raises, later; cancelled before its turn, it is left out."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Result] = loop.create_future()
        self._calls.put((call, future, loop))
        return future

    def close(self, timeout_s: float) -> bool:
        """Take no more calls; whether the thread has ended, so that nothing is in use any more."""
        self._calls.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (entry := self._calls.get()) is not None:
            call, future, loop = entry
            if future.cancelled():
                continue
            try:
                result, error = call(), None
            except BaseException as raised:  # noqa: BLE001  # it belongs to whoever waits for it
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:  # the loop was closed meanwhile: nobody waits
                return


def _settle(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
