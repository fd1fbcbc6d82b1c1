"""`aerostream-edge run`: one MAVLink link, a drone for each vehicle on it, until it is stopped."""

import asyncio
import contextlib
from concurrent.futures import Executor, ThreadPoolExecutor

from aerostream_contract.mavlink import MESSAGES

from aerostream_edge.clock import HostClock
from aerostream_edge.errors import EdgeError, TakenOver
from aerostream_edge.health import Health, LostFrames, link_sample
from aerostream_edge.links import LinkUrl
from aerostream_edge.links.keeper import LinkKeeper
from aerostream_edge.logs import bound_log
from aerostream_edge.mavlink.frames import Frame, FrameParser
from aerostream_edge.mavlink.messages import Value, encode_message
from aerostream_edge.settings import EdgeSettings, check_own_account
from aerostream_edge.vehicle import Vehicle
from aerostream_edge.vehicles import Vehicles

_TICK_S = 0.1
#: While somebody looks a frame is made this often at most, of whatever there is. Sent to broker,
#: p99 of five streams of 5 Hz: 45 ms and 1.6 kB/s with 20 ms, 90 ms and 1.4 kB/s with 50 ms.
_ATTENDED_FLUSH_S = 0.02
_HEARTBEAT_S = 1.0
_HEALTH_S = 30.0
_GOODBYE_S = 3.0
_CLOCKS_AGREE_US = 86_400_000_000
#: MAV_COMP_ID_ONBOARD_COMPUTER
COMPONENT = 191
_ONBOARD_HEARTBEAT: dict[str, Value] = {
    "type": 18,  # MAV_TYPE_ONBOARD_CONTROLLER
    "autopilot": 8,  # MAV_AUTOPILOT_INVALID
    "system_status": 4,  # MAV_STATE_ACTIVE
    "mavlink_version": 3,
}


class Agent:
    """The running agent; whoever makes it holds the drone's `AgentLock`.

    Args:
        settings: its configuration.
        clock: the host's clock.
        disk: its threads touch the spools' files; None: a thread of the agent's own.

    Raises:
        InvalidSetting: the account is another drone's, or the link's address is unusable.
        StateError: the file of system ids is damaged, or the spool cannot be used.
        UplinkError: there are accounts, and none for this drone.
    """

    def __init__(
        self, *, settings: EdgeSettings, clock: HostClock, disk: Executor | None = None
    ) -> None:
        check_own_account(settings)
        self._settings = settings
        self._clock = clock
        self._url = LinkUrl.parse(settings.mavlink_url)
        self._parser = FrameParser()
        self._lost = LostFrames()
        self._health = Health()
        self._sequence = 0
        self._wake = asyncio.Event()
        self._hurried = asyncio.Event()
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._log = bound_log(drone=str(settings.name), link=str(self._url))
        self._link = LinkKeeper(
            url=self._url, receive=self._receive, ended=self._link_ended, log=self._log
        )
        self._spooled = asyncio.Event()
        self._leaving: list[Vehicle] = []
        """Vehicles that another agent took over."""
        self._own_disk = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._vehicles = Vehicles(
            settings=settings,
            clock=clock,
            wake=self._wake_up,
            spooled=self._spooled.set,
            disk=disk or self._own_disk,
            log=self._log,
        )

    async def run(self) -> None:
        """Run until `stop`.

        Raises:
            TakenOver: every drone of the link is flown by another agent.
        """
        try:
            await self._run_tasks()
        finally:
            await self._say_goodbye()
        if not self._vehicles.sessions:
            raise TakenOver(
                f"another agent connected as {self._settings.name}: two agents must not "
                "share a name, so this one stops"
            )

    async def _run_tasks(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                link = tasks.create_task(self._link.run(), name="link")
                ticks = tasks.create_task(self._tick_forever(), name="ticks")
                uplinks = tasks.create_task(self._handle_uplinks(), name="uplinks")
                attended = tasks.create_task(self._flush_attended(), name="attended")
                tasks.create_task(self._keep_spools(), name="spools")
                await self._stopping.wait()
                # What is on its way to the disk arrives there before the task ends.
                self._spooled.set()
                for task in (link, ticks, uplinks, attended):
                    task.cancel()
        except ExceptionGroup as group:
            # What is ours is one sentence for the user; anything else is a defect and shows.
            ours = group.subgroup(EdgeError)
            if ours is None:
                raise
            raise ours.exceptions[0] from group

    def _wake_up(self) -> None:
        """Called from the MQTT threads."""
        # A thread may report its end after the loop has closed.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """Let `run` end: what was collected is sent first."""
        self._stopping.set()

    # --- from the link ------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        receipt_us = self._clock.receipt_us()
        for frame in self._parser.feed(data):
            self._take(frame, receipt_us)
        for vehicle in self._vehicles:
            if vehicle.hurried:
                self._hurried.set()

    def _link_ended(self) -> None:
        receipt_us = self._clock.receipt_us()
        for frame in self._parser.finish():
            self._take(frame, receipt_us)

    def _take(self, frame: Frame, receipt_us: int) -> None:
        self._lost.take(frame)
        self._vehicles.take(frame, receipt_us, self._clock.monotonic_s())

    # --- time ---------------------------------------------------------------------------

    async def _tick_forever(self) -> None:
        heartbeat_s = health_s = self._clock.monotonic_s()
        tick_s = min(_TICK_S, self._settings.batch_interval / 4)
        # What is a batch interval old is on the disk: a tick may be late, and a disk slow.
        longest_us = int((self._settings.batch_interval - 2 * tick_s) * 1e6)
        while True:
            await asyncio.sleep(tick_s)
            now_s = self._clock.monotonic_s()
            utc_us = self._clock.receipt_us()
            for vehicle in self._vehicles:
                vehicle.tick(now_s, utc_us)
                self._ask(vehicle, now_s)
            if now_s - heartbeat_s >= _HEARTBEAT_S:
                heartbeat_s = now_s
                self._send_heartbeat()
            if now_s - health_s >= _HEALTH_S:
                health_s = now_s
                self._report_health(utc_us)
            for vehicle in self._vehicles:
                since_us = vehicle.drone.waiting_since_us
                if since_us is not None and utc_us - since_us >= longest_us:
                    vehicle.drone.flush()
            for session in self._vehicles.sessions:
                session.tick(now_s, utc_us)
            self._spooled.set()

    async def _flush_attended(self) -> None:
        """Send what somebody looks at: the first sample at once, what follows it soon after."""
        while True:
            await self._hurried.wait()
            self._hurried.clear()
            for vehicle in self._vehicles:
                if vehicle.hurried and vehicle.session is not None:
                    vehicle.drone.flush()
            await asyncio.sleep(_ATTENDED_FLUSH_S)

    async def _handle_uplinks(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            now_s = self._clock.monotonic_s()
            for vehicle in self._vehicles:
                if vehicle.session is None:
                    continue
                vehicle.session.handle(now_s)
                self._spooled.set()
                if vehicle.session.taken_over:
                    self._log.error(
                        "another agent took this drone's name",
                        extra={"vehicle": str(vehicle.drone.name)},
                    )
                    vehicle.session.close()
                    self._vehicles.remove(vehicle)
                    self._leaving.append(vehicle)
            if not self._vehicles.sessions:
                self.stop()

    async def _keep_spools(self) -> None:
        while not self._stopping.is_set():
            await self._spooled.wait()
            self._spooled.clear()
            for vehicle in self._vehicles:
                await self._keep_spool(vehicle)
            while self._leaving:
                await self._leave(self._leaving.pop())

    async def _leave(self, vehicle: Vehicle) -> None:
        """Another agent has its name: what was collected stays on this disk."""
        vehicle.drone.finish()
        if vehicle.keeper is not None:
            vehicle.keeper.spool.hurry()
            await self._keep_spool(vehicle)
            vehicle.keeper.close()

    async def _keep_spool(self, vehicle: Vehicle) -> None:
        if vehicle.keeper is not None:
            timeline = vehicle.drone.timeline
            utc_us = self._clock.receipt_us() + timeline.receipt_offset_us
            # One clock alone must not make a month of flights too old, be it the autopilot's.
            sure = timeline.told and abs(utc_us - self._clock.utc_us()) < _CLOCKS_AGREE_US
            await vehicle.keeper.step(self._clock.monotonic_s(), utc_us if sure else None)

    def _report_health(self, utc_us: int) -> None:
        first = self._vehicles.configured
        if first is None or first.session is None or first.keeper is None:
            return
        drone, keeper = first.drone, first.keeper
        agent = self._health.agent_sample(
            len(keeper.spool), keeper.used_bytes, first.session, drone.counts.dropped_samples
        )
        drone.add(agent, COMPONENT, utc_us)
        link = link_sample(self._parser.counts, self._lost, self._link.overflowed)
        drone.add(link, COMPONENT, utc_us)

    # --- to the vehicle -----------------------------------------------------------------

    def _send_heartbeat(self) -> None:
        first = next(iter(self._vehicles), None)
        if first is not None and first.system is not None:
            self._send("HEARTBEAT", _ONBOARD_HEARTBEAT, first)
        elif self._url.scheme == "udpout" and first is not None:
            # A server learns where we are from what we send: greet it before anybody is known.
            self._send("HEARTBEAT", _ONBOARD_HEARTBEAT, first)

    def _ask(self, vehicle: Vehicle, now_s: float) -> None:
        if vehicle.rates is None or vehicle.system is None:
            return
        question = vehicle.rates.next(now_s)
        if question is not None:
            target: dict[str, Value] = {
                "target_system": vehicle.system,
                "target_component": vehicle.component,
            }
            self._send(question.message, question.fields | target, vehicle)

    def _send(self, name: str, values: dict[str, Value], vehicle: Vehicle) -> None:
        self._sequence += 1
        version = vehicle.mavlink_version if MESSAGES.named(name).id < 256 else 2
        frame = encode_message(
            name,
            values,
            system=vehicle.system or COMPONENT,
            component=COMPONENT,
            sequence=self._sequence,
            version=version,
        )
        self._link.send(frame)

    # --- the end ------------------------------------------------------------------------

    async def _say_goodbye(self) -> None:
        """Put what was collected on the disk, and wait a moment for it to be stored."""
        kept = [
            (vehicle, vehicle.session, vehicle.keeper)
            for vehicle in self._vehicles
            if vehicle.session is not None and vehicle.keeper is not None
        ]
        for vehicle, _, keeper in kept:
            vehicle.drone.finish()
            keeper.spool.hurry()
        deadline_s = self._clock.monotonic_s() + _GOODBYE_S
        while True:
            for vehicle, session, _ in kept:
                session.handle(self._clock.monotonic_s())
                await self._keep_spool(vehicle)
            late = self._clock.monotonic_s() >= deadline_s
            if late or not any(len(k.spool) for _, s, k in kept if s.uplink.connected):
                break
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._wake.wait()
        unstored = sum(len(keeper.spool) for _, _, keeper in kept)
        if unstored:
            self._log.info(
                "stopping with frames in the spool that are not known to be stored",
                extra={"frames": unstored},
            )
        for _, session, _ in kept:
            session.say_goodbye()
        for _, session, keeper in kept:
            await asyncio.to_thread(session.close)
            keeper.close()
        self._vehicles.close()
        self._own_disk.shutdown()
