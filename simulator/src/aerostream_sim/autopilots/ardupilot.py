"""ArduPilot: Copter, Plane and Rover, the last also as a boat."""

import math
import random
from dataclasses import dataclass, field

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots import ardupilot_facts as facts_of
from aerostream_sim.autopilots.ardupilot_messages import ArduPilotMessages
from aerostream_sim.autopilots.base import Autopilot
from aerostream_sim.autopilots.commands import CUSTOM_MODE, FORCE, Command, Result, Severity
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.autopilots.missions import (
    DO_JUMP,
    DO_LAND_START,
    GLOBAL,
    GLOBAL_RELATIVE,
    MISSION,
    NAV_LAND,
    NAV_TAKEOFF,
    NAV_WAYPOINT,
    MissionItem,
)
from aerostream_sim.flight.flight import Activity, Landed, News
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message

_STANDBY, _ACTIVE, _CRITICAL = 3, 4, 5
_IDLE_ARMED_S = 9.9
_LANDED_ARMED_S = 0.3
_PREARM_REPEAT_S = 30.0
_TIMESYNC_S = 10.0
#: What comes within one round of its main loop is answered together.
_ONE_LOOP_S = 0.002
#: A loop runs 400 (Copter), 50 times a second: nothing is streamed faster than four fifths of it.
_SHORTEST_US = {Kind.COPTER: 3125, Kind.PLANE: 25_000, Kind.ROVER: 25_000, Kind.BOAT: 25_000}
#: Altitudes from here on do not fit into its own places.
_TOO_HIGH_M = 83_000.0
_FRAMES_ABSOLUTE, _FRAMES_RELATIVE = (0, 5), (3, 6)


@dataclass(slots=True)
class _Answers:
    """Answers to what came at the same moment: one packet, the acknowledgements in front."""

    asked_s: float = -1.0
    sent_s: float = -1.0
    messages: list[Message] = field(default_factory=list)
    acks_end: int = 0


class ArduPilot(Autopilot):
    """ArduPilot on one link.

    Args:
        platform: the vehicle it sits in.
        system: its MAVLink system id.
        rnd: where its delays come from.
    """

    number = 3
    first_heartbeat_s = 0.9
    gps_found_s = 9.0
    gps_fix_s = 14.0

    def __init__(self, *, platform: Platform, system: int, rnd: random.Random) -> None:
        self._facts = facts_of.VEHICLES[platform.kind]
        self.ack_ms = self._facts.ack_ms
        super().__init__(platform=platform, system=system, rnd=rnd)
        messages = ArduPilotMessages(platform, self._facts, self._condition)
        self.builders = messages.builders()
        self._low_since_s: float | None = None
        self._battery_failsafe = False
        self._texts: list[tuple[float, int, str]] = []
        self._prearm_s = self._timesync_s = 0.0
        self._armed_idle_s = 0.0
        self._landed_s = 0.0
        self._booted = False
        self._mission_started = False
        self._answers = _Answers()

    # --- what it is ---------------------------------------------------------------------------

    def default_streams(self) -> dict[int, int]:
        """Copter and Rover stream nothing until they are asked."""
        return self._facts.streams

    def parameters(self) -> list[tuple[str, float, int]]:
        """A few of the 1,300."""
        own = {"SYSID_THISMAV": float(self.system)}
        return [(name, own.get(name, value), kind) for name, value, kind in facts_of.PARAMETERS]

    def heartbeat(self) -> Message:
        """HEARTBEAT."""
        facts = self._facts
        booting = self.platform.boot_s < facts.boot_s
        mode = facts.boot_mode if booting and not self._booted else self.mode
        return dialect.MAVLink_heartbeat_message(
            self.platform.facts.mav_type,
            self.number,
            self._base_mode(mode),
            mode,
            facts.boot_state if booting and not self._booted else self._state(),
            3,
        )

    def _base_mode(self, mode: int) -> int:
        known = self._facts.modes.get(mode)
        base = 0x01
        if self.flight.craft.flies:
            base |= 0x10 if mode == facts_of.INITIALISING else 0x50
        elif mode in (0, facts_of.INITIALISING):
            base |= 0x40
        if known and (known.guided or (known.guided_armed and self.flight.armed)):
            base |= 0x08
        return base | (0x80 if self.flight.armed else 0)

    def _state(self) -> int:
        if self._battery_failsafe:
            return _CRITICAL
        if not self.flight.craft.flies:
            return _STANDBY if self._mode_name == "HOLD" else _ACTIVE
        return _ACTIVE if self.flight.landed is not Landed.ON_GROUND else _STANDBY

    @property
    def _mode_name(self) -> str:
        known = self._facts.modes.get(self.mode)
        return known.name if known else ""

    def version(self) -> Message:
        """AUTOPILOT_VERSION."""
        uid = b"%c%s" % (0x30 + self.system % 10, facts_of.GIT_HASH)
        return dialect.MAVLink_autopilot_version_message(
            self._facts.capabilities,
            facts_of.FLIGHT_SW_VERSION,
            0,
            0,
            0,
            list(facts_of.GIT_HASH),
            [0] * 8,
            [0] * 8,
            0,
            0,
            0,
            list(uid.ljust(18, b"\0")),
        )

    def accepts(self, system: int, component: int) -> bool:  # noqa: ARG002 - see below
        """It obeys whatever component a command is meant for, even one that does not exist."""
        return system in (self.system, 0)

    def mission_items(self) -> list[MissionItem]:
        """Item 0 is home; the round is repeated by a jump; a plane's landing stands behind it."""
        home = self.platform.home
        items = [MissionItem(NAV_WAYPOINT, GLOBAL, (0.0,) * 4, *home)]
        if self.flight.craft.flies:
            height = self.flight.craft.limits.take_off_height
            items.append(MissionItem(NAV_TAKEOFF, GLOBAL_RELATIVE, (0.0,) * 4, 0.0, 0.0, height))
        first = len(items)
        for point in self.platform.round.waypoints:
            place = home.moved(point.north, point.east)
            items.append(
                MissionItem(
                    NAV_WAYPOINT,
                    GLOBAL_RELATIVE,
                    (0.0,) * 4,
                    place.lat_deg,
                    place.lon_deg,
                    point.up,
                )
            )
        items.append(MissionItem(DO_JUMP, MISSION, (float(first), -1.0, 0.0, 0.0)))
        if not self.flight.craft.hovers:
            items.append(MissionItem(DO_LAND_START, GLOBAL_RELATIVE))
            items.append(
                MissionItem(NAV_LAND, GLOBAL_RELATIVE, (0.0,) * 4, home.lat_deg, home.lon_deg, 0.0)
            )
        return items

    @property
    def _first_item(self) -> int:
        return 2 if self.flight.craft.flies else 1

    def _condition(self) -> Condition:
        count = self._first_item + len(self.platform.round.waypoints)
        current = 0
        if self._mission_started:
            current = self._first_item + self.platform.round.target
            if self.flight.activity is Activity.LAND and not self.flight.craft.hovers:
                current = count + 2
        total = count + (2 if not self.flight.craft.hovers else 0)
        in_mission = self.mode == self._facts.auto and self.flight.armed
        return Condition(self.armable, current, total, in_mission)

    @property
    def armable(self) -> bool:
        """Whether no check stands against arming, in a mode that can be armed."""
        return not self._refusals(self.mode)

    @property
    def ready(self) -> bool:
        """The same, whatever the mode."""
        return self.powered and not self._refusals(self._facts.arming_mode)

    def _refusals(self, mode: int) -> list[str]:
        reasons: list[str] = []
        boot_s = self.platform.boot_s
        for until_s, texts in self._facts.refusals:
            if boot_s < until_s:
                reasons += texts
                break
        known = self._facts.modes.get(mode)
        if known is not None and not known.armable:
            reasons.append(f"{known.name} mode not armable")
        if self._battery_failsafe:
            reasons += ["Battery 1 low voltage failsafe", "Battery failsafe"]
        return reasons

    # --- time -----------------------------------------------------------------------------------

    def started(self, *, ready: bool) -> None:
        """Begin to boot, or be long past that."""
        now_s = self.platform.now_s
        self.mode = self._facts.start_mode
        self._battery_failsafe = False
        self._low_since_s = None
        self._mission_started = False
        self._booted = ready
        self._texts = [] if ready else list(self._facts.texts)
        self._prearm_s = now_s + _PREARM_REPEAT_S
        self._timesync_s = now_s + _TIMESYNC_S * self.rnd.random()

    def watch(self, news: list[News]) -> None:
        """Texts of the boot, the flight's news, failsafes, disarming by itself."""
        now_s, boot_s = self.platform.now_s, self.platform.boot_s
        while self._texts and boot_s >= self._texts[0][0]:
            _, severity, text = self._texts.pop(0)
            self.text(severity, text)
        if now_s >= self._timesync_s:
            self._timesync_s += _TIMESYNC_S
            self.say(dialect.MAVLink_timesync_message(0, round(boot_s * 1e9) + self.system))
        if now_s >= self._prearm_s:
            self._prearm_s = now_s + _PREARM_REPEAT_S
            if not self.flight.armed:
                for reason in self._refusals(self.mode):
                    self.text(Severity.CRITICAL, f"PreArm: {reason}")
        for each in news:
            self._tell(each)
        self._watch_the_battery(now_s)
        self._disarm_by_itself(now_s)

    def _tell(self, news: News) -> None:
        flight = self.flight
        match news:
            case News.WAYPOINT:
                item = self._first_item + flight.waypoint
                self.say(dialect.MAVLink_mission_item_reached_message(item))
                self.text(Severity.INFO, self._reached(item))
                self._tell_item()
            case News.HEIGHT_REACHED if self.mode == self._facts.auto:
                flight.fly_round()
                self._tell_item()
            case News.POINT if self.mode == self._facts.guided:
                if self.platform.kind is not Kind.COPTER:
                    self.say(dialect.MAVLink_mission_item_reached_message(0))
            case News.TAKE_OFF_DETECTED if flight.craft.hovers:
                for number in (0, 1):
                    text = f"EKF3 IMU{number} MAG0 in-flight yaw alignment complete"
                    self.after(2.0, self._text(Severity.INFO, text))
            case News.LANDED if not flight.craft.hovers:
                distance = math.hypot(flight.motion.north, flight.motion.east)
                self.text(Severity.INFO, f"Distance from LAND point={distance:.2f}m")

    def _reached(self, item: int) -> str:
        if self.platform.kind is Kind.COPTER:
            return f"Reached command #{item}"
        if self.platform.kind is not Kind.PLANE:
            return f"Reached waypoint #{item}"
        motion = self.flight.motion
        point = self.platform.round.waypoints[self.flight.waypoint]
        away = math.dist(point[:2], (motion.north, motion.east))
        return f"Reached waypoint #{item} dist {away:.0f}m"

    def _tell_item(self) -> None:
        """The mission's item that is flown now."""
        if self.flight.craft.flies and self.flight.motion.grounded:
            self.text(Severity.INFO, "Mission: 1 Takeoff")
            return
        item = self._first_item + self.platform.round.target
        self.text(Severity.INFO, f"Mission: {item} WP")

    def _watch_the_battery(self, now_s: float) -> None:
        battery = self.platform.battery
        if battery.volts >= facts_of.LOW_VOLTS or not self.flight.armed or self._battery_failsafe:
            self._low_since_s = None
            return
        if self._low_since_s is None:
            self._low_since_s = now_s
        if now_s - self._low_since_s < facts_of.LOW_FOR_S:
            return
        self._battery_failsafe = True
        used = round(battery.used_mah)
        if self.mode != self._facts.rtl and self.flight.activity is not Activity.LAND:
            self._enter(self._facts.rtl)
        self.text(Severity.WARNING, f"Battery 1 is low {battery.volts:.2f}V used {used} mAh")
        self.text(Severity.WARNING, "Battery Failsafe")

    def _disarm_by_itself(self, now_s: float) -> None:
        flight = self.flight
        if not flight.armed or not flight.craft.flies or flight.landed is not Landed.ON_GROUND:
            self._armed_idle_s = self._landed_s = now_s
            return
        over = flight.activity in (Activity.LAND, Activity.RETURN) and flight.motion.grounded
        if (over and now_s - self._landed_s >= _LANDED_ARMED_S) or (
            self.platform.kind is Kind.COPTER
            and flight.activity is not Activity.TAKE_OFF
            and now_s - self._armed_idle_s >= _IDLE_ARMED_S
        ):
            self._disarm()

    # --- changes -------------------------------------------------------------------------------

    def text(self, severity: int, text: str) -> None:
        """Send a STATUSTEXT."""
        self.say(self._text(severity, text))

    def _text(self, severity: int, text: str) -> Message:
        return dialect.MAVLink_statustext_message(severity, text.encode("ascii")[:50])

    def _enter(self, mode: int) -> None:
        """Change the mode; a heartbeat tells at once."""
        changed = mode != self.mode
        self.mode = mode
        self._booted = True
        activity = self._facts.modes[mode].activity
        if activity is Activity.MISSION:
            self._mission_started = self._mission_started or self.flight.armed
        self.switch_activity(activity)
        if changed:
            self.say(self.heartbeat())
        if mode != self._facts.auto:
            return
        flight = self.flight
        if flight.armed and flight.craft.flies and flight.motion.grounded:
            flight.take_off(flight.craft.limits.take_off_height)
        self._tell_item()

    def _arm(self) -> None:
        self.flight.arm()
        self._armed_idle_s = self.platform.now_s
        self.switch_activity(self._facts.modes[self.mode].activity)
        self.text(Severity.INFO, self._facts.armed_text)
        if self._mode_name == "TAKEOFF":
            self._tell_of_take_off()
        if self.mode == self._facts.auto:
            self._mission_started = True

    def _tell_of_take_off(self) -> None:
        course = round(self.flight.wind.setting.from_deg) % 360
        height = round(self.flight.craft.limits.take_off_height)
        for delay_s, text in (
            (0.03, "Armed AUTO, xaccel = -0.0 m/s/s, waiting 0.2 sec"),
            (0.23, "Triggered AUTO. GPS speed = 0.0"),
            (1.23, f"Takeoff to {height}m for 200.0m heading {course}.0 deg"),
            (1.4, f"Autoland direction= {course}"),
        ):
            self.after(delay_s, self._text(Severity.INFO, text))

    def _disarm(self) -> None:
        self.flight.disarm()
        self._mission_started = False
        self.text(Severity.INFO, self._facts.disarmed_text)

    def answer(self, early: list[Message], ack: list[Message], late: list[Message]) -> None:
        """Commands of one moment are answered in one packet: first all acknowledgements."""
        now_s, answers = self.now_s, self._answers
        if now_s - answers.asked_s < _ONE_LOOP_S and now_s < answers.sent_s:
            answers.messages[answers.acks_end : answers.acks_end] = [*early, *ack]
            answers.acks_end += len(early) + len(ack)
            answers.messages += late
            return
        due_s = max(now_s + self.delay_s(), answers.sent_s)
        self._answers = _Answers(now_s, due_s, [*early, *ack, *late], len(early) + len(ack))
        self.outbox.add(due_s, self._answers.messages)

    # --- commands ---------------------------------------------------------------------------------

    def on_arm_disarm(self, command: Command) -> Result:
        """Refusals come with their reasons; armed already, or disarmed, is as well."""
        self.commanded()
        forced = command.number(2) == FORCE
        if command.params[0] >= 0.5:
            if self.flight.armed:
                return Result.ACCEPTED
            reasons = [] if forced else self._refusals(self.mode)
            for reason in reasons:
                self.text(Severity.CRITICAL, f"Arm: {reason}")
            if reasons:
                return Result.FAILED
            self._arm()
            return Result.ACCEPTED
        if not self.flight.armed:
            return Result.ACCEPTED
        if self.flight.craft.flies and self.flight.flying and not forced:
            return Result.FAILED
        self._disarm()
        return Result.ACCEPTED

    def on_set_mode(self, command: Command) -> Result:
        """DO_SET_MODE; only with the flag of custom modes."""
        if not command.number(1) & CUSTOM_MODE:
            return Result.DENIED
        return self._try_mode(command.number(2))

    def on_old_mode(self, base_mode: int, custom_mode: int) -> Result | None:
        """SET_MODE works, and is never acknowledged."""
        if base_mode & CUSTOM_MODE:
            self._try_mode(custom_mode)
        return None

    def _try_mode(self, mode: int) -> Result:
        self.commanded()
        if mode not in self._facts.modes:
            self.text(Severity.WARNING, f"No such mode {mode}")
            return Result.FAILED
        if mode != self.mode:
            self._enter(mode)
        return Result.ACCEPTED

    def on_take_off(self, command: Command) -> Result:
        """A copter, armed, on the ground and in GUIDED; the frame of a COMMAND_INT must be 3."""
        if not self.flight.craft.flies:
            return Result.UNSUPPORTED
        flight = self.flight
        wrong = command.frame != GLOBAL_RELATIVE or not flight.craft.hovers
        if command.frame is not None and wrong:
            return Result.DENIED
        fits = flight.craft.hovers and self.mode == self._facts.guided and flight.armed
        if not fits or flight.flying or not command.z > 0.0:
            return Result.FAILED
        self.commanded()
        flight.take_off(command.z)
        return Result.ACCEPTED

    def on_land(self, _command: Command) -> Result:
        """A copter lands where it is; for the others there is no such command."""
        if self.platform.kind is not Kind.COPTER:
            return Result.UNSUPPORTED
        self.commanded()
        self._enter(9)
        return Result.ACCEPTED

    def on_return(self, _command: Command) -> Result:
        """Mode RTL."""
        self.commanded()
        self._enter(self._facts.rtl)
        return Result.ACCEPTED

    def on_mission_start(self, command: Command) -> Result:
        """Mode AUTO, armed or not; it never arms."""
        if command.number(1) != 0 and self.platform.kind is Kind.COPTER:
            return Result.DENIED
        self.commanded()
        self._enter(self._facts.auto)
        return Result.ACCEPTED

    def on_reposition(self, command: Command) -> Result:
        """Only as COMMAND_INT; the flag changes the mode to GUIDED."""
        if command.frame is None:
            return Result.UNSUPPORTED
        if abs(command.x) > 90.0 or abs(command.y) > 180.0 or not abs(command.z) < _TOO_HIGH_M:
            return Result.DENIED
        guided = self._facts.guided
        if self.mode != guided and not command.number(2) & 1:
            return Result.FAILED if self.platform.kind is Kind.PLANE else Result.DENIED
        self.commanded()
        if self.mode != guided:
            self._enter(guided)
        flight = self.flight
        if not flight.armed or (flight.craft.flies and flight.motion.grounded):
            return Result.ACCEPTED
        up = command.z
        if command.frame in _FRAMES_ABSOLUTE:
            up -= self.platform.home.alt_m
        elif command.frame not in _FRAMES_RELATIVE:
            return Result.DENIED
        north, east = self.platform.home.metres_to(command.x, command.y)
        flight.go_to(north, east, up if flight.craft.flies else 0.0)
        return Result.ACCEPTED

    def on_change_speed(self, command: Command) -> Result:
        """A new speed, if it can be flown."""
        speed = command.params[1]
        limits = self.flight.craft.limits
        if not 0.0 < speed <= limits.top_speed:
            return Result.FAILED
        self.flight.speed = speed
        if not self.flight.craft.hovers:
            self.text(Severity.INFO, f"Set airspeed {speed:.0f} m/s")
        return Result.ACCEPTED

    def on_set_interval(self, command: Command) -> Result:
        """Unknown messages and too short intervals are denied, with a text."""
        message_id, interval_us = command.number(1), command.number(2)
        if message_id not in self.builders and message_id not in facts_of.WITHOUT_HARDWARE:
            self.text(Severity.INFO, f"No ap_message for mavlink id ({message_id})")
            return Result.DENIED
        if 0 < interval_us < _SHORTEST_US[self.platform.kind]:
            text = f"Requested rate for message ID {message_id} too fast. Increase SCHED_LOOP_RATE"
            for part in self._long_text(Severity.INFO, text):
                self.say(part)
            return Result.DENIED
        if message_id in self.builders:
            self.streams.set(message_id, interval_us, self.platform.now_s)
        return Result.ACCEPTED

    def _long_text(self, severity: int, text: str) -> list[Message]:
        raw = text.encode("ascii")
        chunks = [raw[start : start + 50] for start in range(0, len(raw), 50)]
        return [
            dialect.MAVLink_statustext_message(severity, chunk, 1, number)
            for number, chunk in enumerate(chunks)
        ]

    def on_request_message(self, command: Command) -> Result:
        """The message follows the acknowledgement; one without hardware never comes."""
        message_id = command.number(1)
        if message_id == dialect.MAVLINK_MSG_ID_AUTOPILOT_VERSION:
            self.say(self.version())
        elif message_id == dialect.MAVLINK_MSG_ID_MESSAGE_INTERVAL:
            asked = command._replace(params=(command.params[1], 0.0, 0.0, 0.0))
            return self.on_get_interval(asked)
        elif message_id in self.builders:
            message = self.builders[message_id](self.platform.now_s)
            if message is not None:
                self.say(message)
        elif message_id not in facts_of.WITHOUT_HARDWARE:
            return Result.FAILED
        return Result.ACCEPTED

    def on_protocol_version(self, _command: Command) -> Result:
        """It has none."""
        return Result.UNSUPPORTED

    def on_prearm_checks(self, _command: Command) -> Result:
        """The reasons come as texts."""
        if not self.flight.armed:
            for reason in self._refusals(self.mode):
                self.text(Severity.CRITICAL, f"PreArm: {reason}")
        return Result.ACCEPTED

    def on_reboot(self, command: Command) -> Result:
        """Only while disarmed; it says yes and is gone 0.2 s later."""
        if self.flight.armed:
            return Result.FAILED
        if command.number(1) != 1:
            return Result.UNSUPPORTED
        self.commanded()
        self._reboot_s = self.platform.now_s + 0.2
        return Result.ACCEPTED

    _reboot_s = math.inf

    def step(self, news: list[News], *, heard: bool) -> list[list[Message]]:
        """As every autopilot; and gone for a moment when a reboot is due."""
        bundles = super().step(news, heard=heard)
        if self.platform.now_s >= self._reboot_s:
            self._reboot_s = math.inf
            self.power_off(0.1)
        return bundles

    def on_data_stream(self, stream: int, interval_us: int) -> None:
        """REQUEST_DATA_STREAM; 0 is all."""
        streams = facts_of.DATA_STREAMS
        chosen = streams.values() if stream == 0 else [streams.get(stream, ())]
        for messages in chosen:
            for message_id in messages:
                self.streams.set(message_id, interval_us, self.platform.now_s)

    def _on_param_list(self, message: object) -> None:
        for line in (self._banner, facts_of.GIT_HASH.decode() * 4, self._facts.frame):
            if line:
                self.text(Severity.INFO, line)
        super()._on_param_list(message)

    @property
    def _banner(self) -> str:
        kind = self.platform.kind
        name = {Kind.COPTER: "ArduCopter", Kind.PLANE: "ArduPlane"}.get(kind, "ArduRover")
        return f"{name} V4.7.0-dev ({facts_of.GIT_HASH.decode()})"

    # --- the operator's orders ------------------------------------------------------------------

    def order_preparation(self) -> None:
        """Choose the mode in which it can be armed."""
        self._enter(self._facts.arming_mode)

    def order_arm(self) -> None:
        """Arm."""
        if not self.flight.armed and self.armable:
            self._arm()

    def order_take_off(self) -> None:
        """A copter takes off; a plane does so by itself in TAKEOFF."""
        if self.platform.kind is Kind.COPTER:
            self.flight.take_off(self.flight.craft.limits.take_off_height)

    def order_mission(self) -> None:
        """Mode AUTO."""
        self.platform.round.restart()
        self._enter(self._facts.auto)

    def order_home(self) -> None:
        """RTL; a plane's landing is the end of its mission."""
        if self.platform.kind is not Kind.PLANE:
            self._enter(self._facts.rtl)
            return
        if self.flight.activity is Activity.LAND:
            return
        if self.mode != self._facts.auto:
            self._enter(self._facts.auto)
        self.flight.land()
        item = self._first_item + len(self.platform.round.waypoints) + 1
        self.text(Severity.INFO, f"Mission: {item} LandStart")
        self.text(Severity.INFO, "Landing sequence start")

    def order_disarm(self) -> None:
        """Disarm."""
        self._disarm()
