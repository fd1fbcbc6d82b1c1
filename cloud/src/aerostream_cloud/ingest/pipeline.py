"""One batch of messages from bytes to the disk: decode, write, set aside what cannot be kept."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aerostream_contract.errors import InvalidName
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.topics import parse_drone_topic
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.dead_letter import Kind, Letter
from aerostream_cloud.errors import RegistryUnavailable, RowsRejected, StoreError
from aerostream_cloud.ingest.decoding import Decoder, Numbered
from aerostream_cloud.ingest.letter_keeper import LetterKeeper, LetterSink
from aerostream_cloud.ingest.row_letters import Rejected, row_letter
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.store import SeriesBlock, TelemetryStore, Written


@dataclass(slots=True)
class Outcome:
    """What became of a batch; what is `numbered` is durable and may be acknowledged."""

    messages: int = 0
    frames: int = 0
    events: int = 0
    presences: int = 0
    refused: int = 0
    """Messages of which nothing could be used; they are dead letters."""
    cleared: int = 0
    stored: int = 0
    """Rows."""
    duplicates: int = 0
    """Rows that were there before."""
    numbered: list[Numbered] = field(default_factory=list)
    live: list[SeriesBlock] = field(default_factory=list)
    dead_letters: Counter[Kind] = field(default_factory=Counter)
    dead_letters_lost: int = 0

    def plus(self, other: "Outcome") -> "Outcome":
        """Of two batches together."""
        return Outcome(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


class Pipeline:
    """Takes batches of messages; runs in the one thread that owns the store.

    Args:
        store: where samples go.
        registry: admits drones.
        dead_letters: where everything else goes.
        clock_us: UTC in µs, for dead letters and new drones.
        log: for dead letters that could not be kept.
        clock_s: monotonic, in seconds.
    """

    def __init__(
        self,
        *,
        store: TelemetryStore,
        registry: DroneRegistry,
        dead_letters: LetterSink,
        clock_us: Callable[[], int],
        log: FilteringBoundLogger,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._keeper = LetterKeeper(letters=dead_letters, clock_s=clock_s, log=log)
        self._clock_us = clock_us
        self._log = log
        self._registry = registry
        self._decoder = Decoder(admit=registry.admit)

    @property
    def letters_failure(self) -> str:
        """Why the last dead letters could not be kept; empty where they could."""
        return self._keeper.failure

    def check(self) -> None:
        """Find out whether a batch could be stored now, and dead letters kept.

        Raises:
            StoreError: the store takes nothing.
            RegistryUnavailable: drones cannot be registered.
        """
        self._keeper.check()
        self._store.write([])
        self._renew()
        self._registry.check()

    def process(self, messages: Sequence[tuple[str, bytes]]) -> Outcome:
        """Store a batch of messages, given as topic and payload; all is durable afterwards.

        Raises:
            StoreError: nothing can be stored now; call again with the same batch.
            RegistryUnavailable: the same, because drones cannot be registered.
        """
        letters: list[Letter] = []
        outcome = self._halving(messages, letters)
        outcome.dead_letters = Counter(letter.kind for letter in letters)
        evicted = self._keeper.keep(letters)
        if evicted is None:
            outcome.dead_letters_lost = len(letters)
            outcome.numbered = _kept(outcome.numbered, letters)
        else:
            outcome.dead_letters_lost = evicted
        return outcome

    def _halving(self, messages: Sequence[tuple[str, bytes]], letters: list[Letter]) -> Outcome:
        """Store a batch, but for messages that we fail on; what is left of it goes to letters."""
        try:
            return self._store_all(messages, letters)
        except (StoreError, RegistryUnavailable):
            raise
        except Exception as error:  # noqa: BLE001
            # The boundary of the work on foreign bytes: one message that we fail on must stop
            # neither the others nor the service, and the sender would only send it again.
            middle = len(messages) // 2
            if not middle:
                return self._defect(messages[0], error, letters)
        first = self._halving(messages[:middle], letters)
        return first.plus(self._halving(messages[middle:], letters))

    def _store_all(self, messages: Sequence[tuple[str, bytes]], letters: list[Letter]) -> Outcome:
        self._renew()
        now_us = self._clock_us()
        batch = self._decoder.decode(messages, now_us)
        written, rejected = write_surviving(self._store, batch.blocks)
        # All at once: where one cannot be made, the halves bring theirs.
        letters += batch.letters + [row_letter(each, now_us) for each in rejected]
        return Outcome(
            messages=len(messages),
            frames=batch.frames,
            events=batch.events,
            presences=batch.presences,
            refused=batch.refused,
            cleared=batch.cleared,
            stored=written.stored,
            duplicates=written.duplicates,
            numbered=batch.numbered,
            live=batch.live,
        )

    def _renew(self) -> None:
        if self._registry.renew():
            self._decoder.forget()

    def _defect(
        self, message: tuple[str, bytes], error: Exception, letters: list[Letter]
    ) -> Outcome:
        topic, payload = message
        self._log.error("cannot deal with a message", topic=topic, exc_info=error)
        letters.append(Letter(self._clock_us(), Kind.DEFECT, repr(error), topic, payload))
        return Outcome(messages=1, refused=1, numbered=self._numbers_of(message))

    def _numbers_of(self, message: tuple[str, bytes]) -> list[Numbered]:
        """What its sender waits for; nothing where reading just that is what we fail on."""
        try:
            return self._decoder.numbers_of(*message)
        except Exception:  # noqa: BLE001  # still the boundary of the work on foreign bytes
            return []


def _kept(numbered: Sequence[Numbered], letters: Sequence[Letter]) -> list[Numbered]:
    """What may be acknowledged although letters could not be kept: that of the other drones.

    The drones that the letters came from send again, and their letters get another chance.
    """
    names = set()
    for letter in letters:
        try:
            names.add(parse_drone_topic(letter.topic).name)
        except InvalidName:
            continue
    return [each for each in numbered if each.drone not in names]


def write_surviving(
    store: TelemetryStore, blocks: Sequence[SeriesBlock]
) -> tuple[Written, list[Rejected]]:
    """Write all rows but those that the store rejects, which are found by halving.

    Raises:
        StoreError: the store fails as a whole.
    """
    if not blocks:
        return Written(0, 0), []
    try:
        return store.write(blocks), []
    except RowsRejected as error:
        halves = _halves(blocks)
        if not halves:
            return Written(0, 0), [Rejected(blocks[0], str(error))]
    stored = duplicates = 0
    rejected: list[Rejected] = []
    for half in halves:
        written, bad = write_surviving(store, half)
        stored += written.stored
        duplicates += written.duplicates
        rejected += bad
    return Written(stored, duplicates), rejected


def _halves(blocks: Sequence[SeriesBlock]) -> list[Sequence[SeriesBlock]]:
    """Two halves of the blocks, or of the rows of the only one; none of a single row."""
    middle = len(blocks) // 2
    if middle:
        return [blocks[:middle], blocks[middle:]]
    drone, block = blocks[0]
    middle = len(block.times) // 2
    if not middle:
        return []
    return [
        [SeriesBlock(drone, _rows(block, slice(None, middle)))],
        [SeriesBlock(drone, _rows(block, slice(middle, None)))],
    ]


def _rows(block: DecodedBlock, part: slice) -> DecodedBlock:
    return DecodedBlock(
        block.channel,
        block.component,
        block.instance,
        block.times[part],
        [column[part] for column in block.columns],
    )
