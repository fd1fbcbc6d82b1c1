"""What goes wrong in the event loop where no caller can be told: a log line now and then."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from structlog.typing import FilteringBoundLogger

PAUSE_S = 10.0
"""Between two lines about the same thing."""
_MOST_KINDS = 100


class LoopFaults:
    """The exception handler of a loop.

    asyncio's own writes a traceback each time: for each connection that cannot be accepted while
    too many files are open, say, some thousand times a second.

    Args:
        log: where the lines go.
        clock_s: seconds that only grow.
    """

    def __init__(
        self, *, log: FilteringBoundLogger, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._clock_s = clock_s
        self._next_s: dict[str, float] = {}
        self._times: Counter[str] = Counter()

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Say what happened, and how often since it was said last."""
        error = context.get("exception")
        what = (
            f"{context['message']}: {error}" if isinstance(error, OSError) else context["message"]
        )
        if len(self._next_s) >= _MOST_KINDS:
            self._next_s.clear()
            self._times.clear()
        self._times[what] += 1
        now_s = self._clock_s()
        if now_s < self._next_s.get(what, now_s):
            return
        self._next_s[what] = now_s + PAUSE_S
        # The operating system's errors say all in a sentence; anything else is a mistake of ours.
        trace = None if isinstance(error, OSError) else error
        self._log.error(what, times=self._times.pop(what), exc_info=trace)
