"""The vehicles of one link: whose a message is, and who is published."""

import secrets
from collections import deque
from collections.abc import Callable, Iterator

from aerostream_contract.names import DroneName

from aerostream_edge.accounts import account_of
from aerostream_edge.attention import AttendedChannels
from aerostream_edge.drone import Drone, Reception
from aerostream_edge.errors import UplinkError
from aerostream_edge.identity import Identities
from aerostream_edge.logs import BoundLog
from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.outbox import MemoryOutbox
from aerostream_edge.rates import RateRequests, RatesMode
from aerostream_edge.roster import Roster
from aerostream_edge.session import DroneSession
from aerostream_edge.settings import EdgeSettings
from aerostream_edge.timeline import Timeline
from aerostream_edge.uplink import Tls
from aerostream_edge.vehicle import Vehicle

_EPOCH_BITS = 42
#: Frames of systems that have sent no heartbeat yet; a vehicle sends one every second.
_MAX_HELD = 2000
_AUTOPILOT = 1


class Vehicles:
    """All vehicles that were heard on the link, and the configured one from the start.

    Args:
        settings: the agent's configuration.
        wake: called from MQTT's threads when a session has something to do.
        log: where vehicles are announced.

    Raises:
        StateError: the file of system ids is damaged.
        UplinkError: there are accounts, and none for the configured drone.
    """

    def __init__(self, *, settings: EdgeSettings, wake: Callable[[], None], log: BoundLog) -> None:
        self._settings = settings
        self._wake = wake
        self._log = log
        self._identities = Identities(settings.data_dir, settings.name, settings.sysid)
        self._roster = Roster()
        self._held: deque[Reception] = deque(maxlen=_MAX_HELD)
        self._ordinal = 0
        self._by_name: dict[DroneName, Vehicle] = {}
        self._by_system: dict[int, Vehicle] = {}
        self._taken_over: set[DroneName] = set()
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
        settings = self._settings
        drone = Drone(
            name=name,
            timeline=Timeline(_AUTOPILOT),
            outbox=MemoryOutbox(
                epoch=1 + secrets.randbits(_EPOCH_BITS), max_bytes=settings.window_bytes
            ),
            policy=settings.rate_policy,
            passthrough=settings.passthrough_names,
            max_cells=settings.frame_values,
        )
        attended = AttendedChannels()
        asks = settings.mavlink_rates is RatesMode.ASK
        vehicle = Vehicle(
            drone=drone,
            session=self._session(drone, attended),
            rates=RateRequests(settings.rate_policy) if asks else None,
            rate_policy=str(settings.rate_policy),
            attended=attended,
            system=system,
        )
        self._by_name[name] = vehicle
        if system is not None:
            self._by_system[system] = vehicle
        self._log.info("vehicle", extra={"vehicle": str(name), "system": system})
        return vehicle

    def _session(self, drone: Drone, attended: AttendedChannels) -> DroneSession | None:
        settings = self._settings
        account = account_of(settings, drone.name)
        if account is None:
            self._log.error(
                "a vehicle has no account and is not published",
                extra={"vehicle": str(drone.name)},
            )
            return None
        return DroneSession(
            drone=drone,
            url=settings.broker,
            account=account,
            tls=Tls(settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key),
            wake=self._wake,
            attended=attended,
        )
