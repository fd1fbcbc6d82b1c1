"""The product's programs with one bug each, for tests of the fault laboratory.

`python broken_programs.py BUG COMMAND…` runs `aerostream-edge` or `aerostream-cloud` after it has
replaced what the bug is in. The laboratory takes it as the command of a program under test.
"""

import sys
from collections.abc import Callable
from typing import Any


def acknowledge_before_commit() -> None:
    """Ingest confirms what it has received, not what it has stored."""
    import asyncio
    import time

    from aerostream_cloud.ingest.app import IngestService
    from aerostream_cloud.ingest.inbox import Inbox
    from aerostream_contract.errors import ContractError
    from aerostream_contract.frame import frame_numbers
    from aerostream_contract.topics import parse_drone_topic

    received: list[tuple[str, bytes]] = []
    receive, store = Inbox.receive, IngestService._store_batches

    def receive_and_note(self: Any, topic: str, payload: bytes, *others: Any) -> None:
        received.append((topic, payload))
        receive(self, topic, payload, *others)

    async def tell(self: Any) -> None:
        while True:
            await asyncio.sleep(0.05)
            for topic, payload in received:
                try:
                    epoch, ranges = frame_numbers(payload)
                except ContractError:
                    continue
                name = parse_drone_topic(topic).name
                for first, last in ranges:
                    self._acks.add(name, epoch, first, last, urgent=True, now_s=time.monotonic())
            received.clear()
            self._send_acks()

    async def store_and_tell(self: Any) -> None:
        task = asyncio.create_task(tell(self))
        try:
            await store(self)
        finally:
            task.cancel()

    Inbox.receive = receive_and_note  # type: ignore[method-assign, assignment]
    IngestService._store_batches = store_and_tell  # type: ignore[method-assign]


def delete_on_puback() -> None:
    """The agent forgets what the broker has, whether or not the database has it."""
    from aerostream_edge.session import DroneSession

    right = DroneSession._published

    def wrong(self: Any, event: Any, now_s: float) -> None:
        numbers = self._numbers.get(event.mid)
        right(self, event, now_s)
        if event.accepted and numbers is not None:
            self._spool.acknowledge(self._spool.epoch, [(n, n) for n in numbers], now_s)

    DroneSession._published = wrong  # type: ignore[method-assign]


def never_sync() -> None:
    """The spool leaves it to the operating system when something is on the disk."""
    from aerostream_edge.spool.file import SpoolFile

    def wrong(self: Any, *, durable: bool) -> None:
        del durable
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("BEGIN IMMEDIATE")

    SpoolFile._begin = wrong  # type: ignore[method-assign]
    SpoolFile.sync = lambda self: None  # type: ignore[method-assign]


def use_numbers_twice() -> None:
    """The agent counts from zero again whenever it is started."""
    from dataclasses import replace

    from aerostream_edge.spool import tables
    from aerostream_edge.spool.file import SpoolFile

    right = tables.content

    def wrong(connection: Any) -> Any:
        return replace(right(connection), next_number=0)

    def insert(self: Any, items: Any) -> None:
        for item in items:
            self._connection.execute("DELETE FROM items WHERE number = ?", (item.number,))
            self._connection.execute("DELETE FROM payloads WHERE number = ?", (item.number,))
        right_insert(self, items)

    right_insert = SpoolFile._insert
    tables.content = wrong
    SpoolFile._insert = insert  # type: ignore[method-assign]


def never_restamp() -> None:
    """The agent leaves the times that it guessed before it was told the true one."""
    from aerostream_edge.drone import Drone

    def wrong(self: Any, shifts: Any) -> None:
        del self, shifts

    Drone._restamp = wrong  # type: ignore[method-assign]


def hang_once() -> None:
    """The agent stands still for good five seconds after its first start."""
    import os
    import signal
    import threading
    from pathlib import Path

    hung = Path(os.environ["AEROSTREAM_DATA_DIR"], "hung")

    def hang() -> None:
        hung.touch()
        os.kill(os.getpid(), signal.SIGSTOP)

    if not hung.exists():
        timer = threading.Timer(5, hang)
        timer.daemon = True
        timer.start()


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        acknowledge_before_commit,
        delete_on_puback,
        never_sync,
        use_numbers_twice,
        never_restamp,
        hang_once,
    )
}


def main() -> None:
    """Put the bug in and run the program."""
    bug, program, *arguments = sys.argv[1:]
    BUGS[bug]()
    sys.argv = [program, *arguments]
    if program == "aerostream-cloud":
        from aerostream_cloud.cli import main as run
    else:
        from aerostream_edge.cli import main as run
    run()


if __name__ == "__main__":
    main()
