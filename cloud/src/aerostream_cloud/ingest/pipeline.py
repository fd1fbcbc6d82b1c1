"""One batch of messages from bytes to the disk: decode, write, set aside what cannot be kept."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aerostream_contract.errors import InvalidName
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.topics import parse_drone_topic
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.dead_letter import Kind, Letter
from aerostream_cloud.errors import RegistryUnavailable, RowsRejected, StoreError
from aerostream_cloud.ingest.decoding import Decoder, Numbered
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


class LetterSink(Protocol):
    """Where dead letters go."""

    def add(self, letters: Sequence[Letter]) -> int:
        """Keep letters; how many old ones had to go for them.

        Raises:
            StoreError: they cannot be kept now.
        """


class Pipeline:
    """Takes batches of messages; runs in the one thread that owns the store.

    Args:
        store: where samples go.
        registry: admits drones.
        dead_letters: where everything else goes.
        clock_us: UTC in µs, for dead letters and new drones.
        log: for dead letters that could not be kept.
    """

    def __init__(
        self,
        *,
        store: TelemetryStore,
        registry: DroneRegistry,
        dead_letters: LetterSink,
        clock_us: Callable[[], int],
        log: FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._dead_letters = dead_letters
        self._clock_us = clock_us
        self._log = log
        self._registry = registry
        self._decoder = Decoder(admit=registry.admit)
        self.letters_failure = ""
        """Why the last dead letters could not be kept; empty where they could."""

    def check(self) -> None:
        """Find out whether a batch could be stored now.

        Raises:
            StoreError: the store takes nothing.
            RegistryUnavailable: drones cannot be registered.
        """
        self._store.write([])
        self._renew()
        self._registry.check()

    def process(self, messages: Sequence[tuple[str, bytes]]) -> Outcome:
        """Store a batch of messages, given as topic and payload; all is durable afterwards.

        Raises:
            StoreError: nothing can be stored now; call again with the same batch.
            RegistryUnavailable: the same, because drones cannot be registered.
        """
        try:
            return self._process(messages)
        except (StoreError, RegistryUnavailable):
            raise
        except Exception as error:  # noqa: BLE001
            # The boundary of the work on foreign bytes: one message that we fail on must stop
            # neither the others nor the service, and the sender would only send it again.
            middle = len(messages) // 2
            if not middle:
                return self._defect(messages[0], error)
        return self.process(messages[:middle]).plus(self.process(messages[middle:]))

    def _process(self, messages: Sequence[tuple[str, bytes]]) -> Outcome:
        self._renew()
        now_us = self._clock_us()
        batch = self._decoder.decode(messages, now_us)
        written, rejected = write_surviving(self._store, batch.blocks)
        letters = batch.letters
        letters += (row_letter(each, now_us) for each in rejected)
        lost = self._keep(letters)
        return Outcome(
            messages=len(messages),
            frames=batch.frames,
            events=batch.events,
            presences=batch.presences,
            refused=batch.refused,
            cleared=batch.cleared,
            stored=written.stored,
            duplicates=written.duplicates,
            numbered=_kept(batch.numbered, letters) if self.letters_failure else batch.numbered,
            live=batch.live,
            dead_letters=Counter(letter.kind for letter in letters),
            dead_letters_lost=lost,
        )

    def _renew(self) -> None:
        if self._registry.renew():
            self._decoder.forget()

    def _defect(self, message: tuple[str, bytes], error: Exception) -> Outcome:
        topic, payload = message
        self._log.error("cannot deal with a message", topic=topic, exc_info=error)
        letter = Letter(self._clock_us(), Kind.DEFECT, repr(error), topic, payload)
        lost = self._keep([letter])
        return Outcome(
            messages=1,
            refused=1,
            numbered=[] if self.letters_failure else self._numbers_of(message),
            dead_letters=Counter([Kind.DEFECT]),
            dead_letters_lost=lost,
        )

    def _numbers_of(self, message: tuple[str, bytes]) -> list[Numbered]:
        """What its sender waits for; nothing where reading just that is what we fail on."""
        try:
            return self._decoder.numbers_of(*message)
        except Exception:  # noqa: BLE001  # still the boundary of the work on foreign bytes
            return []

    def _keep(self, letters: Sequence[Letter]) -> int:
        """Store dead letters; how many were lost for it, old or new."""
        if not letters:
            return 0
        try:
            evicted = self._dead_letters.add(letters)
        except StoreError as error:
            # What cannot be used must not block what can; the loss is counted and said.
            if str(error) != self.letters_failure:
                self._log.error("dead letters cannot be kept", reason=str(error))
            self.letters_failure = str(error)
            return len(letters)
        self.letters_failure = ""
        return evicted


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
