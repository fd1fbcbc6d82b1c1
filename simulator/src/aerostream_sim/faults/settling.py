"""Waiting until everything that had to be stored is stored."""

import asyncio
from collections.abc import Callable

from aerostream_sim.errors import LabError
from aerostream_sim.faults.breaking import Breaker
from aerostream_sim.faults.harm import Harm
from aerostream_sim.faults.processes import monotonic_s
from aerostream_sim.faults.stack import Stack
from aerostream_sim.faults.verdict import Verdict, judge

_POLL_S = 0.5
#: A comparison may take this part of the time at most: it must not starve what it waits for.
_COMPARING_PART = 0.2
#: So long nothing more may be stored before all is taken for said: what comes twice comes late.
_QUIET_S = 6.0
_SAY_EVERY_S = 5.0
#: What is missing when nobody stores or resends anything for so long does not come any more: longer
#: than the longest pause of an agent before it tries again.
_GIVE_UP_S = 75.0


class Comparison:
    """Compares what the vehicles of a stack have sent with what is stored.

    Args:
        stack: the stack.
        harm: what was done to it so far.
    """

    def __init__(self, *, stack: Stack, harm: Harm) -> None:
        self._stack = stack
        self._harm = harm

    def now(self, sent_until_s: float = float("inf")) -> Verdict:
        """The verdict at this moment on what was sent until then; run in a thread.

        Raises:
            LabError: the store cannot be read.
        """
        ledgers = {
            # The list grows meanwhile; its present end is the end.
            drone.name: [sent for sent in list(drone.vehicle.ledger) if sent.sent_s <= sent_until_s]
            for drone in self._stack.drones
        }
        return judge(ledgers, self._stack.store.read(), self._harm.copy())


class Settling:
    """Watches a stack catch up.

    Args:
        stack: the stack.
        breaker: knows what was done to it.
        mended_s: when the last fault is mended, by the laboratory's clock.
        say: takes a line on what is waited for.
    """

    def __init__(
        self, *, stack: Stack, breaker: Breaker, mended_s: float, say: Callable[[str], None]
    ) -> None:
        self._stack = stack
        self._comparison = Comparison(stack=stack, harm=breaker.harm)
        self._mended_s = mended_s
        self._say = say
        self._unreadable = ""
        self.caught_up_s: float | None = None
        """Seconds from the last mending until all that was sent before it was stored."""

    async def catch_up(self) -> None:
        """Find out when all that was sent until the last mending is stored."""
        await asyncio.sleep(max(0.0, self._mended_s - monotonic_s()))
        while True:
            verdict, took_s = await self._compare(self._mended_s)
            if verdict is not None and not verdict.lost:
                self.caught_up_s = max(0.0, monotonic_s() - took_s - self._mended_s)
                return
            await asyncio.sleep(max(_POLL_S, took_s / _COMPARING_PART))

    async def settle(self, longest_s: float) -> None:
        """Wait until nothing is missing, nothing more is stored, and each agent has said since
        then that it has no backlog.
        """
        begun_s = monotonic_s()
        said_s = begun_s
        # Agents also tell of themselves for ever: only what vehicles sent is waited for.
        changed_s, last = begun_s, Verdict()
        compared: object | None = None
        while monotonic_s() - begun_s < longest_s:
            now_s = monotonic_s()
            mark = self._stack.store.mark()
            is_fresh = mark is not None and mark == compared
            took_s = 0.0
            if not is_fresh:
                verdict, took_s = await self._compare()
                if verdict is not None:
                    is_fresh, compared = True, mark
                    if verdict != last:
                        last, changed_s = verdict, monotonic_s()
            quiet_s = monotonic_s() - changed_s
            backlog = self._stack.watch.backlog_frames
            is_done = is_fresh and not backlog and self._all_said_so(changed_s)
            if is_done and not last.lost and quiet_s >= _QUIET_S:
                return
            # An agent that has something left sends it again, however long its cloud was away.
            if is_done and quiet_s >= _GIVE_UP_S:
                self._say(f"nothing more was stored for {_GIVE_UP_S:g} s")
                return
            if now_s - said_s >= _SAY_EVERY_S:
                said_s = now_s
                self._say(
                    f"settling, {now_s - begun_s:.0f} s: {last.lost} samples missing, "
                    f"{backlog} frames in the agents' backlogs{self._unreadable}"
                )
            await asyncio.sleep(max(_POLL_S, took_s / _COMPARING_PART))
        self._say(f"not settled after {longest_s:g} s")

    async def _compare(self, sent_until_s: float = float("inf")) -> tuple[Verdict | None, float]:
        """The verdict now, None where the store cannot be read at this moment; and its time."""
        begun_s = monotonic_s()
        try:
            verdict = await asyncio.to_thread(self._comparison.now, sent_until_s)
            self._unreadable = ""
        except LabError as error:
            # A cloud without power has no store for a moment; the last comparison must succeed.
            verdict = None
            self._unreadable = f"; {error}"
        return verdict, monotonic_s() - begun_s

    def _all_said_so(self, since_s: float) -> bool:
        """Whether every agent has told its state since then."""
        said_s = (self._stack.watch.said_s(drone.name) for drone in self._stack.drones)
        return all(each is not None and each > since_s for each in said_s)
