"""Does to a stack what the plan says, and mends it."""

import asyncio
import sys
from collections.abc import Callable, Sequence

from aerostream_sim.faults.clocks import FakeClock
from aerostream_sim.faults.disk import FaultyDisk
from aerostream_sim.faults.harm import Death, Harm, Window
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.lateness import Lateness
from aerostream_sim.faults.own_stack import OwnStack
from aerostream_sim.faults.plan import Fault
from aerostream_sim.faults.processes import Child, monotonic_s
from aerostream_sim.faults.stack import DroneHost, Host, Stack

#: An agent writes a second's samples at a time; a quarter more for the way to its disk.
_UNWRITTEN_S = 1.25
#: Events are written as they come; so long it may take until the agent has had its turn.
_UNWRITTEN_EVENT_S = 0.5
_BAD_DELAY_S = 0.8
#: Reading, closing a frame, and writing it each wait for their turn on a busy machine.
_TURNS = 3
#: An agent that is further behind hangs, or its machine is too busy to test anything.
_MOST_BEHIND_S = 2.0
#: From the end of a kill until an agent must be back, and for each further one that starts then.
_START_S = 10.0
_START_PER_AGENT_S = 1.0
#: So long a link that is mended may still carry what was on its way.
_STALE_S = 5.0

_OF_BROKER = frozenset({FaultKind.KILL_BROKER, FaultKind.BROKER_WIPED, FaultKind.KILL_ALL})
_OF_LINKS = frozenset({FaultKind.NETWORK_CUT, FaultKind.NETWORK_BAD})

#: What a kind of fault does at its beginning and at its end.
_Way = tuple[Callable[[Fault], None], Callable[[Fault], None]]


class Breaker:
    """Breaks one stack.

    Args:
        stack: what is broken.
        fsync_s: seconds of samples that an agent may lose in a power cut beyond those that it may
            lose by a kill.
        lateness: of this machine.
        say: takes a line on what happens.
    """

    def __init__(
        self, *, stack: Stack, fsync_s: float, lateness: Lateness, say: Callable[[str], None]
    ) -> None:
        self._stack = stack
        self._fsync_s = fsync_s
        self._lateness = lateness
        self._say = say
        self._lockers: dict[Fault, Child] = {}
        self._since: dict[Fault, float] = {}
        self._killed: dict[Fault, list[Death]] = {}
        self._ways = self._ways_of_drones()
        if isinstance(stack, OwnStack):
            self._ways |= self._ways_of_cloud(stack)
        self.harm = Harm()
        """What was done so far."""
        self.late_kills = 0
        """Kills of agents that were further behind than is excused."""

    async def run(self, faults: Sequence[Fault], start_s: float) -> None:
        """Break and mend by the plan of a flight that began at `start_s`."""
        steps = [(fault.at_s, 1, fault) for fault in faults]
        steps += [(fault.until_s, 0, fault) for fault in faults]
        for at_s, begins, fault in sorted(steps, key=lambda step: step[:2]):
            await asyncio.sleep(max(0.0, start_s + at_s - monotonic_s()))
            if begins:
                self._say(f"{monotonic_s() - start_s:5.1f} s: {fault}")
                self._since[fault] = monotonic_s()
                self._ways[fault.kind][0](fault)
            else:
                mending = Window(self._since.pop(fault), monotonic_s())
                self._ways[fault.kind][1](fault)
                self._note(fault, mending)

    def close(self) -> None:
        """End the helpers."""
        for locker in self._lockers.values():
            locker.end()
        self._lockers.clear()

    def _ways_of_drones(self) -> dict[FaultKind, _Way]:
        """How what strikes drones begins and is mended; some of it strikes the cloud alike."""

        def kill_agent(fault: Fault) -> None:
            self._kill_agents(fault, [self._drone(fault)], 0.0)

        def raise_agent(fault: Fault) -> None:
            self._drone(fault).program.let_up()

        def mend_network(fault: Fault) -> None:
            self._host(fault).proxy.mend()

        return {
            FaultKind.KILL_AGENT: (kill_agent, raise_agent),
            FaultKind.POWER_CUT_AGENT: (self._cut_agents_power, raise_agent),
            FaultKind.NETWORK_CUT: (lambda f: self._host(f).proxy.cut(), mend_network),
            FaultKind.NETWORK_BAD: (self._worsen_network, mend_network),
            FaultKind.SPOOL_FULL: (self._fill, self._free),
            FaultKind.CLOCK_JUMP: (lambda f: self._clock(f).jump(f.amount), self._right_clock),
        }

    def _ways_of_cloud(self, stack: OwnStack) -> dict[FaultKind, _Way]:
        """How what strikes broker, ingest and store begins and is mended."""

        def raise_ingest(_: Fault) -> None:
            stack.ingest.program.let_up()

        def raise_broker(_: Fault) -> None:
            stack.broker.let_up()

        def cut_power(_: Fault) -> None:
            _kill([stack.ingest.program])
            _disk(stack.ingest).cut_power()

        def wipe_broker(_: Fault) -> None:
            _kill([stack.broker])
            stack.wipe_broker()

        def kill_all(fault: Fault) -> None:
            self._kill_agents(fault, stack.drones, 0.0, stack.broker, stack.ingest.program)

        def raise_all(_: Fault) -> None:
            for child in stack.children:
                child.let_up()

        def lock_store(fault: Fault) -> None:
            self._lock_store(fault, stack)

        return {
            FaultKind.KILL_INGEST: (lambda _: _kill([stack.ingest.program]), raise_ingest),
            FaultKind.POWER_CUT_CLOUD: (cut_power, raise_ingest),
            FaultKind.KILL_BROKER: (lambda _: _kill([stack.broker]), raise_broker),
            FaultKind.BROKER_WIPED: (wipe_broker, raise_broker),
            FaultKind.KILL_ALL: (kill_all, raise_all),
            FaultKind.STORE_LOCKED: (lock_store, lambda f: self._lockers.pop(f).end()),
            FaultKind.STORE_FULL: (self._fill, self._free),
        }

    def _cut_agents_power(self, fault: Fault) -> None:
        drone = self._drone(fault)
        self._kill_agents(fault, [drone], self._fsync_s)
        _disk(drone).cut_power()

    def _worsen_network(self, fault: Fault) -> None:
        self._host(fault).proxy.worsen(loss=fault.amount, delay_s=_BAD_DELAY_S)

    def _right_clock(self, fault: Fault) -> None:
        self._clock(fault).jump(0.0)

    def _clock(self, fault: Fault) -> FakeClock:
        clock = self._drone(fault).clock
        assert clock is not None, "no shim for this stack"
        return clock

    def _kill_agents(
        self, fault: Fault, drones: Sequence[DroneHost], fsync_s: float, *others: Child
    ) -> None:
        """All at once; what an agent has not written by then it may lose."""
        late_s = _TURNS * self._lateness.recent_s
        deaths = self._killed[fault] = []
        for drone in drones:
            # What it was not given the time to read it could not write either.
            behind_s = drone.vehicle.behind_s() + late_s
            if behind_s > _MOST_BEHIND_S:
                self.late_kills += 1
                self._say(f"{drone.program.name} is {behind_s:.1f} s behind: a busy machine?")
            unwritten_s = min(behind_s, _MOST_BEHIND_S)
            deaths.append(
                Death(
                    drone.name,
                    monotonic_s(),
                    unwritten_s + _UNWRITTEN_S + fsync_s,
                    unwritten_s + _UNWRITTEN_EVENT_S,
                )
            )
        self.harm.deaths += deaths
        _kill([*others, *(drone.program for drone in drones)])

    def _note(self, fault: Fault, window: Window) -> None:
        """What a fault that is over explains."""
        harm = self.harm
        deaths = self._killed.pop(fault, [])
        if deaths:
            back_s = window.to_s + _START_S + _START_PER_AGENT_S * (len(deaths) - 1)
            # In place: a comparison may be under way.
            for death in deaths:
                harm.deaths[harm.deaths.index(death)] = death._replace(until_s=back_s)
        if fault.kind in _OF_BROKER:
            harm.broker_down.append(window)
        if fault.kind in _OF_LINKS and fault.target is not None:
            until = Window(window.from_s, window.to_s + _STALE_S)
            harm.bad_links.setdefault(self._drone(fault).name, []).append(until)

    def _fill(self, fault: Fault) -> None:
        if fault.kind is FaultKind.SPOOL_FULL:
            self.harm.full.add(self._drone(fault).name)
        _disk(self._host(fault)).fill(int(fault.amount))

    def _free(self, fault: Fault) -> None:
        _disk(self._host(fault)).free()

    def _lock_store(self, fault: Fault, stack: OwnStack) -> None:
        store, disk = stack.store_file, stack.ingest.disk
        locker = Child(
            name="lock",
            command=[sys.executable, "-m", "aerostream_sim.faults.lock", str(store)],
            environment={} if disk is None else disk.environment(),
            log=store.parent.with_name("lock.log"),
        )
        self._lockers[fault] = locker
        locker.start()

    def _drone(self, fault: Fault) -> DroneHost:
        assert fault.target is not None
        return self._stack.drones[fault.target]

    def _host(self, fault: Fault) -> Host:
        if fault.target is not None:
            return self._stack.drones[fault.target]
        assert isinstance(self._stack, OwnStack), "the cloud is somebody else's"
        return self._stack.ingest


def _kill(children: Sequence[Child]) -> None:
    for child in children:
        child.hold_down()
    for child in children:
        child.buried()


def _disk(host: Host) -> FaultyDisk:
    assert host.disk is not None, "no shim for this stack"
    return host.disk
