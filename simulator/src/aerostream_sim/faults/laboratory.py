"""One seed after the other: build a stack, fly, break, let it settle, compare."""

import asyncio
import math
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from aerostream_sim.errors import LabError, reason
from aerostream_sim.faults.breaking import Breaker
from aerostream_sim.faults.deployment import Deployment
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.lateness import Lateness
from aerostream_sim.faults.memory import MemoryBook
from aerostream_sim.faults.own_stack import OwnStack
from aerostream_sim.faults.plan import Fault, outage, plan
from aerostream_sim.faults.processes import Programs, monotonic_s
from aerostream_sim.faults.settling import Comparison, Settling
from aerostream_sim.faults.stack import Stack, shim_for
from aerostream_sim.faults.target import Target
from aerostream_sim.faults.verdict import Verdict
from aerostream_sim.faults.watch import Traffic

_POLL_S = 0.1
_START_S = 60.0
#: Each further agent takes its share of a busy machine to start.
_START_PER_DRONE_S = 2.0
_CHECK_S = 0.5
_MEMORY_S = 1.0
_OUTAGE_BEGINS_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is flown and broken."""

    kinds: Sequence[FaultKind]
    drones: int
    duration_s: float
    """Of the flight."""
    settle_s: float
    """The most to wait after it until everything is stored."""
    outage_s: float | None = None
    """One fault of this length, of the only kind there is; None: a plan by seed."""
    fsync_s: float = 0.0
    """Seconds of samples that an agent may lose in a power cut beyond those lost by a kill: none,
    where it syncs what it writes, as it does by itself."""
    folder: Path
    """Each seed has its own in it."""
    evidence: Path | None = None
    """Where the folders of seeds go that are kept; None: they stay where they are."""
    keep: bool = False
    """Keep the folders also of seeds where nothing is wrong."""
    target: Target | None = None
    """Somebody's own deployment to fly at; None: each seed has an installation of its own."""

    def faults(self, seed: int) -> list[Fault]:
        """What breaks when."""
        own = self.target is None
        if self.outage_s is not None:
            return outage(self.kinds[0], self.outage_s, _OUTAGE_BEGINS_S, with_cloud=own)
        return plan(seed, self.kinds, self.drones, self.duration_s, with_cloud=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one seed."""

    seed: int
    faults: list[Fault]
    verdict: Verdict
    caught_up_s: float | None
    """From the end of the last fault until all that had been sent by then was stored, as far as
    it ever was; None: not all of it was."""
    traffic: Traffic
    memory: MemoryBook
    own_ends: dict[str, int]
    """Programs that ended though nobody killed them, and how often."""
    late_kills: int
    """Kills of agents that were further behind than is excused: they hung, or the machine was too
    busy to test anything."""
    folder: Path | None
    """Logs and data, where they were kept."""
    begun_s: float
    """The laboratory's clock at the beginning of the flight."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict.good and not self.own_ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A seed that could not be flown or compared."""

    seed: int
    sentence: str
    """Why not."""
    folder: Path
    """Logs and data."""


@dataclass(slots=True)
class Laboratory:
    """Runs seeds.

    Args:
        setup: what is flown and broken.
        programs: command lines of the programs under test.
        say: takes a line on what happens.
        failed: takes each seed that could not be flown; the others are flown nevertheless.
        inspect: looks at the stack of a seed before the last comparison; for tests of the test.
    """

    setup: Setup
    programs: Programs
    say: Callable[[str], None]
    failed: Callable[[Failure], None]
    inspect: Callable[[Stack], None] = lambda _: None
    _shim: Path | None = field(init=False, default=None)

    def equip(self) -> None:
        """Get what the faults need.

        Raises:
            LabError: a tool is missing.
        """
        self._shim = shim_for(self.setup.kinds, self.setup.folder)

    async def run(self, seeds: Sequence[int], jobs: int, done: Callable[[Outcome], None]) -> None:
        """Run seeds, `jobs` at a time; each is handed on when it is done.

        Raises:
            LabError: the deployment is not as it must be.
        """
        target = self.setup.target
        if target is not None:
            drones = [name for seed in seeds for name in target.names(seed, self.setup.drones)]
            await asyncio.to_thread(target.check, drones, self.say)
        waiting = list(reversed(seeds))

        async def work() -> None:
            while waiting:
                result = await self._run_seed(waiting.pop())
                if isinstance(result, Failure):
                    self.failed(result)
                else:
                    done(result)

        async with asyncio.TaskGroup() as tasks:
            for number in range(min(jobs, len(seeds))):
                tasks.create_task(work(), name=f"laboratory {number}")

    async def _run_seed(self, seed: int) -> Outcome | Failure:
        folder = self._empty_folder(seed)

        def say(line: str) -> None:
            self.say(f"seed {seed}: {line}")

        try:
            async with self._stack(folder, seed) as stack:
                await _start(stack, say)
                outcome = await self._fly(stack, seed, say)
        except asyncio.CancelledError:
            # At once: who wants an end may ask a second time, and that must not interrupt it.
            if not self.setup.keep:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        except (LabError, ExceptionGroup) as error:
            ours = _ours(error)
            kept = await asyncio.to_thread(self._kept, folder)
            if ours is None:
                # A defect of the laboratory, which shows with all that belongs to it.
                say(f"logs and data are in {kept}")
                raise
            return Failure(seed=seed, sentence=str(ours), folder=kept)
        if outcome.good and not self.setup.keep:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return outcome
        return replace(outcome, folder=await asyncio.to_thread(self._kept, folder))

    def _kept(self, folder: Path) -> Path:
        """Where the folder of a seed is that is kept."""
        if self.setup.evidence is None:
            return folder
        kept = self.setup.evidence / folder.name
        try:
            shutil.move(folder, kept)
        except OSError as error:
            self.say(f"{folder} stays there: {reason(error)}")
            return folder
        return kept

    @asynccontextmanager
    async def _stack(self, folder: Path, seed: int) -> AsyncIterator[Stack]:
        stack = self._new_stack(folder, seed)
        try:
            await stack.prepare()
            yield stack
        finally:
            await stack.close()

    def _new_stack(self, folder: Path, seed: int) -> Stack:
        setup, programs, shim = self.setup, self.programs, self._shim
        if setup.target is None:
            return OwnStack(
                folder=folder, programs=programs, shim=shim, drones=setup.drones, seed=seed
            )
        return Deployment(
            folder=folder,
            target=setup.target,
            programs=programs,
            shim=shim,
            drones=setup.drones,
            seed=seed,
        )

    async def _fly(self, stack: Stack, seed: int, say: Callable[[str], None]) -> Outcome:
        setup = self.setup
        faults = setup.faults(seed)
        last_fault_s = max((fault.until_s for fault in faults), default=0.0)
        lateness = Lateness(monotonic_s=monotonic_s)
        breaker = Breaker(stack=stack, fsync_s=setup.fsync_s, lateness=lateness, say=say)
        memory = MemoryBook(stack.children)
        begun_s = monotonic_s()
        settling = Settling(stack=stack, breaker=breaker, mended_s=begun_s + last_fault_s, say=say)
        say(f"{setup.drones} drones fly for {setup.duration_s:g} s, {len(faults)} faults")
        try:
            async with asyncio.TaskGroup() as tasks:
                care = tasks.create_task(_look_after(stack), name="care")
                measure = tasks.create_task(lateness.measure(), name="lateness")
                notes = tasks.create_task(_note(memory, faults, begun_s), name="memory")
                flights = [
                    tasks.create_task(drone.vehicle.fly(), name=f"vehicle {drone.name}")
                    for drone in stack.drones
                ]
                breaking = tasks.create_task(breaker.run(faults, begun_s), name="breaking")
                catching_up = tasks.create_task(settling.catch_up(), name="catching up")
                await asyncio.sleep(setup.duration_s)
                for flight in flights:
                    flight.cancel()
                await breaking
                await settling.settle(setup.settle_s)
                for task in (care, measure, notes, catching_up):
                    task.cancel()
        finally:
            breaker.close()
        self.inspect(stack)
        for child in stack.children:
            child.look_after(monotonic_s())
        last = await asyncio.to_thread(Comparison(stack=stack, harm=breaker.harm).now)
        return Outcome(
            seed=seed,
            faults=faults,
            verdict=last,
            caught_up_s=settling.caught_up_s,
            traffic=stack.watch.traffic,
            memory=memory,
            own_ends={child.name: child.own_ends for child in stack.children if child.own_ends},
            late_kills=breaker.late_kills,
            folder=None,
            begun_s=begun_s,
        )

    def _empty_folder(self, seed: int) -> Path:
        folder = self.setup.folder / f"seed-{seed}"
        try:
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(parents=True)
        except OSError as error:
            raise LabError(f"{folder}: {reason(error)}") from error
        return folder


async def _start(stack: Stack, say: Callable[[str], None]) -> None:
    """Start the programs and wait until all of them are ready."""

    async def until(condition: Callable[[], bool], complaint: str) -> None:
        await _until(condition, stack, complaint)

    await stack.open_cloud(until)
    for drone in stack.drones:
        drone.program.start()
    say(f"waiting for {len(stack.drones)} agents")
    await until(
        lambda: all(drone.vehicle.connected for drone in stack.drones),
        "not every agent connects to its vehicle",
    )
    await stack.meet_drones()


async def _until(condition: Callable[[], bool], stack: Stack, complaint: str) -> None:
    """Wait for a condition.

    Raises:
        LabError: it does not come true, or a program ends.
    """
    patience_s = _START_S + _START_PER_DRONE_S * len(stack.drones)
    deadline_s = monotonic_s() + patience_s
    while not condition():
        for child in stack.children:
            child.look_after(monotonic_s())
            if child.own_ends:
                raise LabError(f"{child.name} ends at once; its log says: {child.last_words()}")
        if monotonic_s() > deadline_s:
            raise LabError(f"{complaint} within {patience_s:g} s")
        await asyncio.sleep(_POLL_S)


async def _look_after(stack: Stack) -> None:
    """Start again what ends by itself, until cancelled."""
    while True:
        for child in stack.children:
            child.look_after(monotonic_s())
        await asyncio.sleep(_CHECK_S)


async def _note(memory: MemoryBook, faults: Sequence[Fault], begun_s: float) -> None:
    """Note what the programs use, until cancelled."""
    first_s = begun_s + min((fault.at_s for fault in faults), default=math.inf)
    while True:
        memory.note(broken=monotonic_s() >= first_s)
        await asyncio.sleep(_MEMORY_S)


def _ours(error: Exception) -> LabError | None:
    """What is one sentence for the user, None where anything else went wrong too."""
    if not isinstance(error, ExceptionGroup):
        return error if isinstance(error, LabError) else None
    found = [_ours(each) for each in error.exceptions]
    return None if None in found else found[0]
