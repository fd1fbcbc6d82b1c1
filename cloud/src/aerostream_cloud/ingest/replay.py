"""Dead letters once more through the pipeline: what can be stored now is, and leaves.

A letter is removed only after what it holds is durable, so a replay that was broken off can be
begun again without harm. Ingest may run meanwhile.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from aerostream_contract.errors import ContractError
from aerostream_contract.topics import UP_EVT, drone_topic, parse_drone_topic
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.database import open_database
from aerostream_cloud.dead_letter import DeadLetters, Kind, Letter, StoredLetter
from aerostream_cloud.ingest.pipeline import Pipeline, write_surviving
from aerostream_cloud.ingest.row_letters import row_letter, row_of_letter
from aerostream_cloud.logs import service_logger
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.settings import CloudSettings
from aerostream_cloud.store import SeriesBlock, TelemetryStore, open_store

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far a replay is, in letters."""

    stored: int = 0
    """All of them is in the store now, and they are removed."""
    kept: int = 0
    """Something of them still cannot be stored."""


def replay(settings: CloudSettings, letters: DeadLetters, ids: Sequence[int]) -> Iterator[Replayed]:
    """Replay letters, oldest first; tells how far it is now and then, and at the end.

    Raises:
        StoreError: the store or the dead letter store does not work now.
        RegistryUnavailable: the registry does not.
        ContractError: a setting is unusable.
    """
    with ExitStack() as stack:
        store = open_store(settings.effective_store_url)
        stack.callback(store.close)
        registry = DroneRegistry(engine=open_database(settings.effective_database_url))
        stack.callback(registry.close)
        work = Replay(
            store=store,
            registry=registry,
            letters=letters,
            log=service_logger("dead-letter replay", settings.instance),
        )
        yield from work.run(ids)


class Replay:
    """Sends letters through a pipeline whose own dead letters stay here.

    Args:
        store: where samples go.
        registry: admits drones.
        letters: where the letters are.
        log: for faults of this program.
    """

    def __init__(
        self,
        *,
        store: TelemetryStore,
        registry: DroneRegistry,
        letters: DeadLetters,
        log: FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._letters = letters
        self._left = _Left()
        self._pipeline = Pipeline(
            store=store, registry=registry, dead_letters=self._left, clock_us=_utc_us, log=log
        )

    def run(self, ids: Sequence[int]) -> Iterator[Replayed]:
        """See `replay`."""
        done = Replayed()
        for first in range(0, len(ids), _CHUNK):
            found = [self._letters.get(each) for each in ids[first : first + _CHUNK]]
            chunk = [each for each in found if each is not None]
            kept = self._settle(chunk)
            done = Replayed(done.stored + len(chunk) - kept, done.kept + kept)
            yield done

    def _settle(self, chunk: Sequence[StoredLetter]) -> int:
        """Store what can be; of how many letters something is left. Finds these by halving."""
        left = self._try(chunk) if chunk else []
        if not left:
            return self._letters.replace([(each.id, []) for each in chunk])
        if len(chunk) == 1:
            [only] = chunk
            return self._letters.replace([(only.id, [_like(each, only.letter) for each in left])])
        middle = len(chunk) // 2
        return self._settle(chunk[:middle]) + self._settle(chunk[middle:])

    def _try(self, chunk: Sequence[StoredLetter]) -> list[Letter]:
        """Store what can be stored of letters; what is left of them."""
        messages: list[tuple[str, bytes]] = []
        rows: list[SeriesBlock] = []
        left: list[Letter] = []
        for letter in (each.letter for each in chunk):
            if letter.kind is not Kind.ROW:
                messages.append((_topic(letter), letter.payload))
                continue
            try:
                rows.append(row_of_letter(letter))
            except ContractError as error:
                left.append(letter._replace(reason=str(error)))
        _, rejected = write_surviving(self._store, rows)
        left += (row_letter(each, _utc_us()) for each in rejected)
        if messages:
            self._pipeline.process(messages)
            left += self._left.take()
        return left


class _Left:
    """Takes the pipeline's dead letters."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []

    def add(self, letters: Sequence[Letter]) -> int:
        """See `LetterSink.add`."""
        self._letters += letters
        return 0

    def take(self) -> list[Letter]:
        """What came since the last call."""
        taken, self._letters = self._letters, []
        return taken


def _topic(letter: Letter) -> str:
    """Where the letter's payload belongs: an event that came in a frame is one of its own now."""
    if letter.kind is not Kind.EVENT:
        return letter.topic
    return drone_topic(parse_drone_topic(letter.topic).name, UP_EVT)


def _like(left: Letter, old: Letter) -> Letter:
    """What is left of a letter, received when it was, and on its topic where it is the same."""
    topic = old.topic if left.payload == old.payload else left.topic
    return left._replace(time_us=old.time_us, topic=topic)


def _utc_us() -> int:
    return time.time_ns() // 1000
