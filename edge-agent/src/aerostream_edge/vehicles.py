"""The vehicles of one link: whose a message is, and who is published."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

from aerostream_contract.names import DroneName
from aerostream_contract.words import counted

from aerostream_edge.accounts import account_of
from aerostream_edge.attention import AttendedChannels
from aerostream_edge.clock import HostClock
from aerostream_edge.drone import Drone, Outbox, Reception
from aerostream_edge.errors import StateError, UplinkError
from aerostream_edge.identity import Identities
from aerostream_edge.lock import AgentLock
from aerostream_edge.logs import BoundLog, bound_log
from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.rates import RateRequests, RatesMode
from aerostream_edge.roster import Roster
from aerostream_edge.session import DroneSession
from aerostream_edge.settings import EdgeSettings
from aerostream_edge.spool import Spool
from aerostream_edge.spool.file import SpoolFile
from aerostream_edge.spool.keeper import IN_MEMORY, MEMORY_BYTES, SpoolKeeper, new_epoch
from aerostream_edge.spool.pace import Pace
from aerostream_edge.spool.restamp import renumbered
from aerostream_edge.spool.spool import LIVE_S, Host
from aerostream_edge.spool.work import Opened, SpoolFailed
from aerostream_edge.timeline import Timeline
from aerostream_edge.uplink import Tls
from aerostream_edge.vehicle import Vehicle
from aerostream_edge.window import Window

#: Frames of systems that have sent no heartbeat yet; a vehicle sends one every second.
_MAX_HELD = 2000
_AUTOPILOT = 1
_DAY_US = 86_400_000_000


class Vehicles:
    """All vehicles that were heard on the link, and the configured one from the start.

    Args:
        settings: the agent's configuration.
        clock: the host's.
        wake: called from MQTT's threads when a session has something to do.
        spooled: called when a spool has something to write or to send.
        disk: its one thread touches the spools' files.
        log: where vehicles are announced.

    Raises:
        StateError: the file of system ids is damaged, or the spool cannot be used.
        UplinkError: there are accounts, and none for the configured drone.
    """

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        clock: HostClock,
        wake: Callable[[], None],
        spooled: Callable[[], None],
        disk: Executor,
        log: BoundLog,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._wake = wake
        self._spooled = spooled
        self._disk = disk
        self._log = log
        self._identities = Identities(settings.data_dir, settings.name, settings.sysid)
        self._roster = Roster()
        self._held: deque[Reception] = deque(maxlen=_MAX_HELD)
        self._ordinal = 0
        self._by_name: dict[DroneName, Vehicle] = {}
        self._by_system: dict[int, Vehicle] = {}
        self._taken_over: set[DroneName] = set()
        self._locks: list[AgentLock] = []
        self._said_too_many = False
        first = self._add(settings.name, self._identities.first_system)
        if first.session is None:
            raise UplinkError(
                f"{settings.name} has no account: put user and password into "
                f"AEROSTREAM_MQTT_URL, or {settings.drone}.password into "
                f"{settings.mqtt_credentials}"
            )

    def __iter__(self) -> Iterator[Vehicle]:
        return iter(list(self._by_name.values()))

    @property
    def configured(self) -> Vehicle | None:
        """The drone that the configuration names, None once another agent took it over."""
        return self._by_name.get(self._settings.name)

    @property
    def sessions(self) -> list[DroneSession]:
        """The sessions of all that are published."""
        return [each.session for each in self._by_name.values() if each.session is not None]

    def take(self, frame: Frame, receipt_us: int, now_s: float) -> None:
        """Take a message of the link."""
        self._ordinal += 1
        reception = Reception(frame, receipt_us, self._ordinal)
        heartbeat = self._roster.observe(frame)
        if self._roster.is_ground_station(frame):
            return
        vehicle = self._vehicle_of(reception, is_found=heartbeat is not None)
        if vehicle is None or vehicle.session is None:
            return
        if heartbeat is not None:
            vehicle.drone.timeline.autopilot = frame.component
            for held in self._released(frame.system):
                vehicle.take(held, None, now_s)
        vehicle.take(reception, heartbeat, now_s)

    def remove(self, vehicle: Vehicle) -> None:
        """Stop a drone whose name another agent has taken; it stays stopped."""
        name = vehicle.drone.name
        del self._by_name[name]
        self._by_system = {
            system: other for system, other in self._by_system.items() if other is not vehicle
        }
        self._taken_over.add(name)

    def close(self) -> None:
        """Let other agents have the vehicles."""
        for lock in self._locks:
            lock.release()

    def _released(self, system: int) -> list[Reception]:
        """What was held of a system that turned out to be a vehicle."""
        released = [held for held in self._held if held.frame.system == system]
        if released:
            others = [held for held in self._held if held.frame.system != system]
            self._held.clear()
            self._held.extend(others)
        return released

    def _vehicle_of(self, reception: Reception, *, is_found: bool) -> Vehicle | None:
        """The vehicle of a message; messages of a system not yet known are held for a while."""
        frame = reception.frame
        known = self._by_system.get(frame.system)
        if known is not None:
            return known
        first = self.configured
        if first is not None and self._roster.is_radio(frame):
            return first
        if is_found:
            name = self._identities.name_of(frame.system)
            if name in self._taken_over:
                return None
            vehicle = self._by_name.get(name)
            if vehicle is None:
                return self._add(name, frame.system)
            vehicle.system = frame.system
            self._by_system[frame.system] = vehicle
            return vehicle
        self._held.append(reception)
        return None

    def _add(self, name: DroneName, system: int | None) -> Vehicle:
        vehicle = self._published(name, system) or self._unpublished(name, system)
        self._by_name[name] = vehicle
        if system is not None:
            self._by_system[system] = vehicle
        self._log.info("vehicle", extra={"vehicle": str(name), "system": system})
        return vehicle

    def _unpublished(self, name: DroneName, system: int | None) -> Vehicle:
        """A vehicle without an account or too many: it is known, and nothing of it is kept."""
        window = Window(epoch=new_epoch(), max_bytes=0)
        return self._vehicle(self._drone(name, window), system, AttendedChannels(), None, None)

    def _published(self, name: DroneName, system: int | None) -> Vehicle | None:
        settings = self._settings
        account = account_of(settings, name)
        if account is None:
            self._log.error(
                "a vehicle has no account and is not published", extra={"vehicle": str(name)}
            )
            return None
        # Who makes accounts has chosen. Else any system id that is heard costs a thread and a file.
        if account.username is None and len(self.sessions) >= settings.max_vehicles:
            self._say_too_many(name)
            return None
        path = settings.data_dir / "spool" / f"{name.fleet}.{name.drone}.db"
        file, opened, home = self._spool_file(name, path)
        spool = Spool(
            opened=opened,
            host=Host(self._clock.host_boot, self._clock.base_us),
            fsync_s=settings.spool_fsync,
            max_age_us=int(settings.spool_days * _DAY_US),
            live_s=LIVE_S + settings.batch_interval,
            wake=self._spooled,
        )
        drone = self._drone(name, spool)
        attended = AttendedChannels()
        pace = Pace(rate=settings.backfill_rate, window_bytes=settings.window_bytes)
        session = DroneSession(
            drone=drone,
            spool=spool,
            pace=pace,
            url=settings.broker,
            account=account,
            tls=Tls(settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key),
            wake=self._wake,
            attended=attended,
        )
        keeper = SpoolKeeper(
            spool=spool,
            file=file,
            pace=pace,
            sender=session,
            disk=self._disk,
            home=home,
            home_bytes=settings.spool_bytes,
            renumber=renumbered,
            lost=lambda sentence: vehicle.lost_spool(sentence, self._clock.receipt_us()),
            log=bound_log(drone=str(name)),
        )
        vehicle = self._vehicle(drone, system, attended, session, keeper)
        self._say_what_was_there(vehicle, opened)
        if home is not None:
            vehicle.lost_spool(IN_MEMORY, self._clock.receipt_us())
        return vehicle

    def _say_too_many(self, name: DroneName) -> None:
        if self._said_too_many:
            return
        self._said_too_many = True
        most = self._settings.max_vehicles
        self._log.error(
            f"the link has more than {counted(most, 'vehicle')}, which is the most that "
            "AEROSTREAM_MAX_VEHICLES allows: further ones are not published",
            extra={"vehicle": str(name)},
        )

    def _spool_file(self, name: DroneName, path: Path) -> tuple[SpoolFile, Opened, Path | None]:
        """The spool's file, opened, and where it should be if it is not there.

        Raises:
            StateError: the configured drone's file is of another version.
        """
        home = path if self._settings.spool_bytes else None
        if home is not None:
            try:
                if name != self._settings.name:
                    # The configured one is held by whoever made the agent.
                    self._locks.append(AgentLock(self._settings.data_dir, name))
                file = SpoolFile(home, max_bytes=self._settings.spool_bytes)
                return file, file.open(new_epoch()), None
            except SpoolFailed as error:
                # A disk that fails must not hide an aircraft.
                self._log.error(IN_MEMORY, extra={"vehicle": str(name), "reason": str(error)})
            except StateError as error:
                if name == self._settings.name:
                    raise
                home = None
                sentence = "the spool of a vehicle is in memory"
                self._log.error(sentence, extra={"vehicle": str(name), "reason": str(error)})
        file = SpoolFile(None, max_bytes=MEMORY_BYTES)
        return file, file.open(new_epoch()), home

    def _drone(self, name: DroneName, outbox: Outbox) -> Drone:
        settings = self._settings
        return Drone(
            name=name,
            timeline=Timeline(_AUTOPILOT, live=True),
            outbox=outbox,
            policy=settings.rate_policy,
            passthrough=settings.passthrough_names,
            max_cells=settings.frame_values,
        )

    def _vehicle(
        self,
        drone: Drone,
        system: int | None,
        attended: AttendedChannels,
        session: DroneSession | None,
        keeper: SpoolKeeper | None,
    ) -> Vehicle:
        settings = self._settings
        asks = settings.mavlink_rates is RatesMode.ASK
        return Vehicle(
            drone=drone,
            session=session,
            rates=RateRequests(settings.rate_policy) if asks else None,
            rate_policy=str(settings.rate_policy),
            attended=attended,
            keeper=keeper,
            system=system,
        )

    def _say_what_was_there(self, vehicle: Vehicle, opened: Opened) -> None:
        if opened.set_aside is not None:
            sentence = f"the spool was damaged and is set aside as {opened.set_aside.name}"
            self._log.error(sentence, extra={"vehicle": str(vehicle.drone.name)})
            vehicle.lost_spool(sentence, self._clock.receipt_us())
        elif opened.pending:
            self._log.info(
                "the spool has frames that are not known to be stored",
                extra={"vehicle": str(vehicle.drone.name), "frames": len(opened.pending)},
            )
