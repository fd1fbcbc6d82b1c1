"""Keeping dead letters without ever being held up by them for long."""

from collections.abc import Callable, Sequence
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from aerostream_cloud.dead_letter import Letter
from aerostream_cloud.errors import StoreError

RETRY_S = 3.0
"""While letters cannot be kept, the file is tried no more often than this."""


class LetterSink(Protocol):
    """Where dead letters go."""

    def add(self, letters: Sequence[Letter]) -> int:
        """Keep letters; how many old ones had to go for them.

        Raises:
            StoreError: they cannot be kept now.
        """


class LetterKeeper:
    """Keeps letters where that works, and leaves the file alone for a while where it does not.

    What cannot be used must not block what can: a file that is locked costs its timeout once in
    a while, and not for each letter.

    Args:
        letters: where letters go.
        clock_s: monotonic, in seconds.
        log: for letters that could not be kept.
    """

    def __init__(
        self, *, letters: LetterSink, clock_s: Callable[[], float], log: FilteringBoundLogger
    ) -> None:
        self._letters = letters
        self._clock_s = clock_s
        self._log = log
        self.failure = ""
        """Why the last letters could not be kept; empty where they could."""
        #: The last ones that were tried in vain. Whether they can be kept by now is asked with
        #: them: on a full disk, a smaller or empty write may work where they still find no room.
        self._failed: Sequence[Letter] = ()
        self._next_try_s = 0.0
        self._uncounted = 0

    def keep(self, letters: Sequence[Letter]) -> int | None:
        """How many old letters had to go for these; None where these could not be kept."""
        if not letters:
            return 0
        if self.failure and self._clock_s() < self._next_try_s:
            return None
        if not self._try(letters):
            return None
        evicted, self._uncounted = self._uncounted, 0
        return evicted

    def check(self) -> None:
        """Find out whether what could not be kept can be by now: then the failure is over."""
        if self.failure and self._clock_s() >= self._next_try_s:
            self._try(self._failed)

    def _try(self, letters: Sequence[Letter]) -> bool:
        try:
            self._uncounted += self._letters.add(letters)
        except StoreError as error:
            if str(error) != self.failure:
                self._log.error("dead letters cannot be kept", reason=str(error))
            self.failure = str(error)
            self._failed = letters
            self._next_try_s = self._clock_s() + RETRY_S
            return False
        self.failure = ""
        self._failed = ()
        return True
