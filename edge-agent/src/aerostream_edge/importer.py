"""`aerostream-edge import`: recorded flights through the real pipeline, until all is stored."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aerostream_contract.errors import ContractError
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.models import Ack, decode
from aerostream_contract.names import DroneName
from aerostream_contract.topics import DN_ACK, UP_BF, drone_topic, parse_drone_topic
from aerostream_contract.vehicles import Heartbeat

from aerostream_edge.drone import Drone, Reception
from aerostream_edge.errors import LogError, UplinkError
from aerostream_edge.mapping import mapping_of, passthrough_of
from aerostream_edge.mavlink.tlog import TelemetryLog
from aerostream_edge.reasons import because
from aerostream_edge.roster import HEARTBEAT, Roster, read_heartbeat
from aerostream_edge.settings import EdgeSettings
from aerostream_edge.spool.item import Item
from aerostream_edge.timeline import Timeline
from aerostream_edge.uplink import (
    Connected,
    Disconnected,
    Published,
    Received,
    Refused,
    Tls,
    Unreachable,
    Uplink,
)
from aerostream_edge.window import Window

_RECORDS_PER_PUMP = 200
_EPOCH_BITS = 42
_WAIT_S = 0.2


@dataclass(slots=True)
class VehicleReport:
    """What an import made of one vehicle."""

    sysid: int
    drone: str
    mapped: Counter[int] = field(default_factory=Counter)
    unmapped: Counter[int] = field(default_factory=Counter)
    dropped: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return {
            "sysid": self.sysid,
            "drone": self.drone,
            "mapped": self.mapped.total(),
            "unmapped": self.unmapped.total(),
            "mapped_messages": _by_name(self.mapped),
            "unmapped_messages": _by_name(self.unmapped),
            "dropped_samples": self.dropped,
        }


@dataclass(slots=True)
class FileReport:
    """What an import made of one log."""

    file: Path
    frames: int
    bad_bytes: int
    samples: int
    vehicles: list[VehicleReport]

    def as_json(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return {
            "file": str(self.file),
            "frames": self.frames,
            "bad_bytes": self.bad_bytes,
            "samples": self.samples,
            "vehicles": [vehicle.as_json() for vehicle in self.vehicles],
        }


@dataclass(slots=True)
class Progress:
    """How far an import is, for whoever shows it."""

    file: Path
    position: int
    size: int
    waiting: int
    """Frames that are sent and not yet stored."""
    note: str = ""


@dataclass(slots=True)
class _Survey:
    """The first pass over a log: who is in it, and when each component was booted."""

    roster: Roster = field(default_factory=Roster)
    timelines: dict[int, Timeline] = field(default_factory=dict)
    frames: int = 0


class Importer:
    """Sends logs through mapping, frames and broker, and waits until all is stored.

    Args:
        settings: drone, fleet, broker and policy.
        show: called with the progress now and then.
        say: called with a sentence that a person should read.
    """

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        show: Callable[[Progress], None],
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._show = show
        self._say = say
        self._epoch = 1 + secrets.randbits(_EPOCH_BITS)
        self._windows: dict[DroneName, Window] = {}
        self._drones: dict[DroneName, Drone] = {}
        self._mids: dict[int, tuple[Window, Item]] = {}
        self._wakeup = threading.Event()
        self._said: set[str] = set()
        self._progress = Progress(Path(), 0, 0, 0)
        broker = settings.broker
        self._uplink = Uplink(
            url=broker,
            client_id=f"import-{secrets.token_hex(6)}",
            username=broker.username,
            password=broker.password,
            tls=Tls(settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key),
            wake=self._wakeup.set,
            subscriptions=[("aero/1/+/+/" + DN_ACK, 1)],
            max_inflight=50,
        )

    def __enter__(self) -> "Importer":
        self._uplink.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._uplink.stop()

    def run(self, path: Path) -> FileReport:
        """Import one log; returns when the database has all of it.

        Raises:
            LogError: the file cannot be read, or no vehicle is in it.
            UplinkError: the broker refuses the importer.
        """
        log = TelemetryLog(path)
        self._progress = Progress(path, 0, log.size, 0)
        survey = self._survey(log)
        vehicles = self._vehicles(survey)
        if not vehicles:
            raise LogError(
                f"{path}: no vehicle in {survey.frames} MAVLink frames "
                f"({log.counts.bad} other bytes): expected a telemetry log with heartbeats"
            )
        for reception, drone, heartbeat in self._receptions(log, survey, vehicles):
            drone.take(reception, heartbeat)
            if reception.ordinal % _RECORDS_PER_PUMP == 0:
                self._pump()
            while any(window.full for window in self._windows.values()):
                self._wait()
        for drone in vehicles.values():
            drone.finish()
        self._drain()
        return FileReport(
            file=path,
            frames=log.counts.frames,
            bad_bytes=log.counts.bad,
            samples=sum(drone.counts.samples for drone in vehicles.values()),
            vehicles=[
                VehicleReport(
                    sysid,
                    str(drone.name.drone),
                    drone.counts.mapped,
                    drone.counts.unmapped,
                    drone.counts.dropped_samples,
                )
                for sysid, drone in vehicles.items()
            ],
        )

    def _survey(self, log: TelemetryLog) -> _Survey:
        survey = _Survey()
        for index, (time_us, frame) in enumerate(log):
            survey.frames += 1
            survey.roster.observe(frame)
            mapping = mapping_of(frame.message_id) or passthrough_of(frame.message_id)
            if mapping is None:
                continue
            timeline = survey.timelines.get(frame.system)
            if timeline is None:
                timeline = survey.timelines[frame.system] = Timeline(frame.component)
            timeline.observe(frame, mapping.sample(frame.payload), time_us, index)
            if index % _RECORDS_PER_PUMP == 0:
                self._pump()
        return survey

    def _vehicles(self, survey: _Survey) -> dict[int, Drone]:
        """A drone for each vehicle: the one with most heartbeats has the configured name."""
        systems = survey.roster.vehicles
        pinned = self._settings.sysid
        if pinned is not None and pinned in systems:
            systems.remove(pinned)
            systems.insert(0, pinned)
        drones: dict[int, Drone] = {}
        for system in systems:
            suffix = "" if system == systems[0] else f"-{system}"
            name = DroneName(self._settings.fleet, self._settings.drone + suffix)
            window = self._windows.get(name)
            if window is None:
                window = Window(epoch=self._epoch, max_bytes=self._settings.window_bytes)
                self._windows[name] = window
            autopilot, _ = survey.roster.autopilots[system]
            drones[system] = self._drones[name] = Drone(
                name=name,
                timeline=survey.timelines[system].schedule(autopilot),
                outbox=window,
                policy=self._settings.rate_policy,
                passthrough=self._settings.passthrough_names,
                max_cells=self._settings.frame_values,
                backfill=True,
            )
        return drones

    def _receptions(
        self, log: TelemetryLog, survey: _Survey, vehicles: dict[int, Drone]
    ) -> Iterator[tuple[Reception, Drone, Heartbeat | None]]:
        """The second pass: each message with the drone that it belongs to."""
        roster = survey.roster
        first = next(iter(vehicles.values()))
        for index, (time_us, frame) in enumerate(log):
            if roster.is_ground_station(frame):
                continue
            drone = vehicles.get(frame.system)
            if drone is None:
                if not roster.is_radio(frame):
                    continue
                drone = first
            heartbeat = None
            if frame.message_id == HEARTBEAT:
                autopilot, _ = roster.autopilots.get(frame.system, (None, None))
                if frame.component == autopilot:
                    heartbeat = read_heartbeat(frame)
            yield Reception(frame, time_us, index), drone, heartbeat
            self._progress.position = log.counts.total

    def _drain(self) -> None:
        while any(len(window) for window in self._windows.values()):
            self._wait()

    def _wait(self) -> None:
        self._wakeup.wait(_WAIT_S)
        self._pump()

    def _pump(self) -> None:
        """Take what the broker said, send what is due."""
        self._wakeup.clear()
        broker = self._settings.broker
        for event in self._uplink.poll():
            match event:
                case Received(topic=topic, payload=payload):
                    self._acknowledge(topic, payload)
                case Published():
                    self._published(event)
                case Connected():
                    self._said.clear()
                    now_s = time.monotonic()
                    for window in self._windows.values():
                        window.forgotten(now_s)
                case Refused(reason=reason, permanent=True):
                    raise UplinkError(f"the broker {broker} refuses us: {reason}")
                case Refused(reason=reason):
                    self._say_once(f"the broker {broker} refuses us: {reason}; trying again")
                case Unreachable():
                    self._say_once(f"the broker {broker} is unreachable; trying again")
                case Disconnected(reason=reason):
                    self._mids.clear()
                    self._say_once(f"the broker {broker} is gone{because(reason)}")
        self._send()
        self._progress.waiting = sum(len(window) for window in self._windows.values())
        self._show(self._progress)

    def _send(self) -> None:
        now_s = time.monotonic()
        for name, window in self._windows.items():
            for lost in window.hopeless(now_s):
                self._drones[name].counts.dropped_samples += lost.samples
                self._say(f"frame {lost.number} of {name} was never stored: set aside")
            while self._uplink.has_room and (item := window.next_due(now_s)) is not None:
                mid = self._uplink.publish(drone_topic(name, UP_BF), item.payload)
                self._mids[mid] = (window, item)
                window.sent(item, now_s)

    def _published(self, event: Published) -> None:
        self._mids.pop(event.mid, None)
        if not event.accepted:
            raise UplinkError(
                f"the broker refuses what we publish for fleet {self._settings.fleet!r}: "
                f"{event.reason} (an import needs an account with the role importer)"
            )
        if not event.heard:
            self._say_once("no ingest service is listening: waiting for one")

    def _acknowledge(self, topic: str, payload: bytes) -> None:
        try:
            window = self._windows.get(parse_drone_topic(topic).name)
            if window is None:
                return
            ack = decode(payload, Ack)
        except ContractError as error:
            self._say_once(f"an unreadable acknowledgement came on {topic}: {error}")
            return
        window.acknowledge(ack.epoch, ack.ranges)

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def _by_name(counts: Counter[int]) -> dict[str, int]:
    names = {message_id: MESSAGES.get(message_id) for message_id in counts}
    return {message.name: counts[i] for i, message in sorted(names.items()) if message}
