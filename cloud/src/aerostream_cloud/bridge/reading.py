"""Reading the store without holding up the event loop: a few threads with a store each."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aerostream_cloud.bridge.problems import ApiProblem, ProblemKind
from aerostream_cloud.errors import QueryTooLong, StoreError
from aerostream_cloud.store import TelemetryStore, open_store

THREADS = 4
LONGEST_QUERY_S = 10.0
LONGEST_WAIT_S = 5.0
"""How long a request waits for a free thread."""
LESS_TIME = "ask for less time"

_Answer = TypeVar("_Answer")


class StoreReader:
    """Runs questions to the store in threads, each with a read-only store of its own.

    Args:
        url: the store's URL; a store that is not there yet is opened once it is.
        longest_query_s: a question that takes longer is given up.
        longest_wait_s: so is one that finds no free thread for so long.
    """

    def __init__(
        self,
        *,
        url: str,
        longest_query_s: float = LONGEST_QUERY_S,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._url = url
        self._longest_wait_s = longest_wait_s
        self._longest_query_s = longest_query_s
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store-reader")
        self._free = asyncio.Semaphore(THREADS)
        self._mine = threading.local()
        self._open: list[TelemetryStore] = []

    async def run(
        self, work: Callable[[TelemetryStore], _Answer], *, instead: str = LESS_TIME
    ) -> _Answer:
        """Ask the store, in a thread.

        Args:
            work: asks it.
            instead: what to do where that takes too long.

        Raises:
            ApiProblem: it takes too long, or every thread is busy for too long.
            StoreError: the store cannot be read.
        """
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise ApiProblem(
                ProblemKind.TOO_SLOW, "the store is busy with other requests; try again later"
            ) from None
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._run, work, instead)
        future.add_done_callback(self._finished)
        # A request that is cancelled leaves its thread at work until the question is answered.
        return await asyncio.shield(future)

    def close(self) -> None:
        """End what the threads are reading, and close their stores."""
        for store in self._open:
            store.interrupt()
        self._threads.shutdown(cancel_futures=True)
        for store in self._open:
            store.close()

    def _finished(self, future: asyncio.Future[Any]) -> None:
        self._free.release()
        if not future.cancelled():
            future.exception()  # looked at, also where nobody waits any more

    def _run(self, work: Callable[[TelemetryStore], _Answer], instead: str) -> _Answer:
        store: TelemetryStore | None = getattr(self._mine, "store", None)
        if store is not None and not store.is_in_place():
            self._drop(store)
            store = None
        if store is None:
            store = self._mine.store = open_store(self._url, read_only=True)
            self._open.append(store)
        store.limit_time(self._longest_query_s)
        try:
            return work(store)
        except QueryTooLong as error:
            raise ApiProblem(
                ProblemKind.TOO_SLOW,
                f"reading this takes longer than {self._longest_query_s:g} s; {instead}",
            ) from error
        except StoreError:
            # Whatever is wrong with the connection, the next question has a new one.
            self._drop(store)
            raise

    def _drop(self, store: TelemetryStore) -> None:
        """Let go of this thread's store."""
        self._mine.store = None
        self._open.remove(store)
        store.close()
