"""`aerostream-edge run`: one MAVLink link, a drone for each vehicle on it, until it is stopped."""

import asyncio
import contextlib

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

    Raises:
        InvalidSetting: the account is another drone's, or the link's address is unusable.
        StateError: the file of system ids is damaged.
        UplinkError: there are accounts, and none for this drone.
    """

    def __init__(self, *, settings: EdgeSettings, clock: HostClock) -> None:
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
        self._vehicles = Vehicles(settings=settings, wake=self._wake_up, log=self._log)

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
                await self._stopping.wait()
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
            if vehicle.session is not None and vehicle.drone.urgent:
                vehicle.session.send_due(self._clock.monotonic_s())
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
        flush_s = heartbeat_s = health_s = self._clock.monotonic_s()
        tick_s = min(_TICK_S, self._settings.batch_interval)
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
            if now_s - flush_s >= self._settings.batch_interval:
                flush_s = now_s
                for vehicle in self._vehicles:
                    vehicle.drone.flush()
            for session in self._vehicles.sessions:
                session.tick(now_s, utc_us)

    async def _flush_attended(self) -> None:
        """Send what somebody looks at: the first sample at once, what follows it soon after."""
        while True:
            await self._hurried.wait()
            self._hurried.clear()
            now_s = self._clock.monotonic_s()
            for vehicle in self._vehicles:
                if vehicle.hurried and vehicle.session is not None:
                    vehicle.drone.flush()
                    vehicle.session.send_due(now_s)
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
                if vehicle.session.taken_over:
                    self._log.error(
                        "another agent took this drone's name",
                        extra={"vehicle": str(vehicle.drone.name)},
                    )
                    vehicle.session.close()
                    self._vehicles.remove(vehicle)
            if not self._vehicles.sessions:
                self.stop()

    def _report_health(self, utc_us: int) -> None:
        first = self._vehicles.configured
        if first is None or first.session is None:
            return
        drone = first.drone
        dropped = drone.counts.dropped_samples
        agent = self._health.agent_sample(drone.outbox, first.session, dropped)
        drone.add(agent, COMPONENT, utc_us)
        drone.add(link_sample(self._parser.counts, self._lost), COMPONENT, utc_us)

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
        """Send what was collected and wait a moment for it to be stored."""
        sessions = self._vehicles.sessions
        for session in sessions:
            session.drone.finish()
        deadline_s = self._clock.monotonic_s() + _GOODBYE_S
        while self._clock.monotonic_s() < deadline_s and any(
            len(session.drone.outbox) for session in sessions if session.uplink.connected
        ):
            for session in sessions:
                session.handle(self._clock.monotonic_s())
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._wake.wait()
        unstored = sum(len(session.drone.outbox) for session in sessions)
        if unstored:
            self._log.warning(
                "stopping with frames that are not known to be stored", extra={"frames": unstored}
            )
        for session in sessions:
            session.say_goodbye()
        for session in sessions:
            await asyncio.to_thread(session.close)
