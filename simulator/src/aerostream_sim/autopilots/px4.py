"""PX4 on the link to a companion computer."""

import math
import random
import struct
from collections import deque
from dataclasses import dataclass

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots import px4_facts as facts
from aerostream_sim.autopilots.base import Autopilot
from aerostream_sim.autopilots.commands import FORCE, Command, Result, Severity
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.autopilots.missions import (
    DO_JUMP,
    GLOBAL_RELATIVE,
    MISSION,
    NAV_TAKEOFF,
    NAV_WAYPOINT,
    MissionItem,
)
from aerostream_sim.autopilots.px4_messages import Px4Messages
from aerostream_sim.flight.flight import Activity, Landed, News
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.wire import Message, RawMessage

_UNINIT, _STANDBY, _ACTIVE, _CRITICAL = 0, 3, 4, 5
_CHUNK = 50
#: A ground station is there if it beat within so many seconds.
_GROUND_STATION_S = 3.0
_KEPT_TEXTS = 20
_AT_ONCE_S, _BETWEEN_ACKS_S = 0.001, 0.004
#: Texts come last, recorded up to 21 ms after what they are about.
_TEXT_DELAY_S, _BETWEEN_TEXTS_S = 0.018, 0.05
_ACTIVITIES = {
    facts.MANUAL: Activity.IDLE,
    facts.ALTCTL: Activity.SINK,
    facts.POSCTL: Activity.SINK,
    facts.OFFBOARD: Activity.HOLD,
    facts.TAKE_OFF: Activity.TAKE_OFF,
    facts.LOITER: Activity.HOLD,
    facts.MISSION: Activity.MISSION,
    facts.RTL: Activity.RETURN,
    facts.LAND: Activity.LAND,
}
_NOT_ARMABLE = frozenset({facts.RTL, facts.LAND, facts.OFFBOARD, facts.POSCTL, facts.ALTCTL})
_ARMABLE_UNPREPARED = frozenset({facts.MANUAL})


@dataclass(slots=True)
class _Reached:
    """The mission's item that was reached last."""

    item: int
    next_s: float
    """When to tell it."""
    left: int = 11
    """How often (recorded)."""


class Px4(Autopilot):
    """PX4 on one link.

    Args:
        platform: the vehicle it sits in.
        system: its MAVLink system id.
        rnd: where its delays come from.
    """

    number = 12
    ack_ms = (6.0, 15.0)
    first_heartbeat_s = 1.4
    gps_found_s = 1.5
    gps_fix_s = 2.5
    answers_early = True
    params_as_bits = True

    def __init__(self, *, platform: Platform, system: int, rnd: random.Random) -> None:
        super().__init__(platform=platform, system=system, rnd=rnd)
        self._messages = Px4Messages(
            platform, self._condition, lambda: self.mode, lambda: self._event_number
        )
        self.builders = self._messages.builders()
        self.streams = type(self.streams)(
            {each: us for each, us in self.default_streams().items() if each in self.builders},
            rnd.random(),
        )
        # It starts to count close to the end, so that a wrap comes early.
        self._event_number = 65526
        self._text_number = 0
        self._texts: deque[list[Message]] = deque(maxlen=_KEPT_TEXTS)
        self._take_off_up = facts.DEFAULT_TAKE_OFF_M
        self._idle_s = self._landed_s = 0.0
        self._warned = False
        self._hold_until_s: float | None = None
        self._failsafe = False
        self._mission_started = False
        self._reached: _Reached | None = None
        self._answered_s = self._text_s = 0.0

    # --- what it is -----------------------------------------------------------------------------

    def default_streams(self) -> dict[int, int]:
        """Some 30 messages."""
        return {each: round(1e6 / hertz) for each, hertz in facts.STREAMS_HZ.items()}

    def parameters(self) -> list[tuple[str, float, int]]:
        """A few of the 900."""
        own = {"MAV_SYS_ID": float(self.system)}
        return [(name, own.get(name, value), kind) for name, value, kind in facts.PARAMETERS]

    def heartbeat(self) -> Message:
        """HEARTBEAT."""
        return dialect.MAVLink_heartbeat_message(
            self.platform.facts.mav_type,
            self.number,
            self._base_mode(),
            self.mode,
            self._state(),
            3,
        )

    def _base_mode(self) -> int:
        armed = 0x80 if self.flight.armed else 0
        if self.mode >> 16 & 0xFF == facts.AUTO:
            return armed | 0x1D
        if self.mode == facts.OFFBOARD:
            return armed | (0x11 if self.flight.armed else 0x01)
        return armed | 0x51

    def _state(self) -> int:
        if self._failsafe:
            return _CRITICAL
        if self.flight.armed:
            return _ACTIVE
        return _STANDBY if self.armable else _UNINIT

    def version(self) -> Message:
        """AUTOPILOT_VERSION."""
        return dialect.MAVLink_autopilot_version_message(
            facts.CAPABILITIES,
            facts.FLIGHT_SW_VERSION,
            facts.FLIGHT_SW_VERSION,
            facts.OS_SW_VERSION,
            1,
            list(facts.CUSTOM_VERSION),
            list(facts.CUSTOM_VERSION),
            [0] * 8,
            0,
            0,
            5283920058631409231 + self.system,
            [0] * 18,
        )

    def accepts(self, system: int, component: int) -> bool:
        """Only what is meant for it; to all else it is silent."""
        return system == self.system and component in (0, 1)

    def mission_items(self) -> list[MissionItem]:
        """There is no item for home; the round is repeated by a jump."""
        home = self.platform.home
        items = []
        if self.flight.craft.flies:
            height = self.flight.craft.limits.take_off_height
            items.append(
                MissionItem(
                    NAV_TAKEOFF, GLOBAL_RELATIVE, (0.0,) * 4, home.lat_deg, home.lon_deg, height
                )
            )
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
        return items

    def _condition(self) -> Condition:
        first = 1 if self.flight.craft.flies else 0
        count = first + len(self.platform.round.waypoints) + 1
        current = first + self.platform.round.target if self._mission_started else 0
        return Condition(
            self.armable, current, count, self.mode == facts.MISSION and self.flight.armed
        )

    @property
    def armable(self) -> bool:
        """Whether it can be armed in this mode."""
        if self.mode in _ARMABLE_UNPREPARED:
            return self._healthy
        return self._healthy and self.mode not in _NOT_ARMABLE

    @property
    def _healthy(self) -> bool:
        charged = self.platform.battery.percent > facts.LOW_PERCENT
        return self.platform.boot_s >= facts.ARMABLE_S and charged

    @property
    def ready(self) -> bool:
        """Whether it would arm in a fitting mode."""
        return self.powered and self._healthy

    # --- time -------------------------------------------------------------------------------------

    def started(self, *, ready: bool) -> None:
        """AUTO.LOITER from the start."""
        self.mode = facts.LOITER
        self._texts.clear()
        self._warned = self._failsafe = self._mission_started = False
        self._hold_until_s = None
        self._reached = None
        self._event_number = 65526
        if not ready:
            name = "2026-11-21/03_07_02.ulg"
            self.text(Severity.INFO, f"[logger] ./log/{name}")

    def watch(self, news: list[News]) -> None:
        """The flight's news, modes that end by themselves, failsafes."""
        now_s = self.platform.now_s
        for each in news:
            self._tell(each)
        self._tell_what_was_reached(now_s)
        self._watch_the_battery(now_s)
        self._disarm_by_itself(now_s)
        if self._texts and now_s - self.ground_station_s < _GROUND_STATION_S:
            # Old ones first.
            for chunks in self._texts:
                self._send_text(chunks)
            self._texts.clear()

    def _tell(self, news: News) -> None:
        flight = self.flight
        match news:
            case News.TAKE_OFF_DETECTED:
                self.text(Severity.INFO, "Takeoff detected")
                self.event(facts.TAKE_OFF_DETECTED)
            case News.HEIGHT_REACHED if self.mode == facts.TAKE_OFF:
                self.mode = facts.LOITER
            case News.HEIGHT_REACHED if self.mode == facts.MISSION:
                flight.fly_round()
            case News.LANDED:
                self.text(Severity.INFO, "Landing detected")
                self.event(facts.LANDING_DETECTED)
            case News.HOME if flight.activity is Activity.RETURN:
                self.text(Severity.INFO, "RTL: land at destination")
                self.event(facts.RETURN_LANDS)
                if not flight.craft.hovers:
                    flight.land()
            case News.WAYPOINT:
                self._reached = _Reached(
                    (1 if flight.craft.flies else 0) + flight.waypoint, self.platform.now_s
                )

    def _tell_what_was_reached(self, now_s: float) -> None:
        """MISSION_ITEM_REACHED comes again every second, until the next or ten times."""
        reached = self._reached
        if reached is None or now_s < reached.next_s:
            return
        self.say(dialect.MAVLink_mission_item_reached_message(reached.item))
        reached.next_s += 1.0
        reached.left -= 1
        if not reached.left:
            self._reached = None

    def _watch_the_battery(self, now_s: float) -> None:
        percent = self.platform.battery.percent
        if self._hold_until_s is not None and now_s >= self._hold_until_s:
            self._hold_until_s = None
            if self.flight.armed:
                self.text(Severity.CRITICAL, "Failsafe activated")
                self.event(facts.FAILSAFE, struct.pack("<IBB", 0x3040000, 5, 4))
                self._enter(facts.RTL)
        if not self.flight.armed:
            return
        if percent <= facts.LOW_PERCENT and not self._warned:
            self._warned = True
            self.event(facts.LOW_BATTERY)
            self.text(Severity.EMERGENCY, "Low battery level")
            self.text(Severity.CRITICAL, "Failsafe activated")
        coming_down = self.flight.activity in (Activity.RETURN, Activity.LAND)
        if percent <= facts.CRITICAL_PERCENT and not self._failsafe and not coming_down:
            self._failsafe = True
            self._hold_until_s = now_s + facts.HOLD_S
            self.flight.hold()
            self.event(facts.FAILSAFE_HOLD, struct.pack("<IBBHB", 0x3040000, 6, 5, 4, 0))
            self.text(Severity.EMERGENCY, "Low battery level")
            self.text(Severity.CRITICAL, "Failsafe activated: entering Hold for 5 seconds")

    def _disarm_by_itself(self, now_s: float) -> None:
        flight = self.flight
        if not flight.armed or not flight.craft.flies or flight.landed is not Landed.ON_GROUND:
            self._idle_s = self._landed_s = now_s
            return
        over = flight.activity in (Activity.LAND, Activity.RETURN) and flight.motion.grounded
        if over and now_s - self._landed_s >= facts.LANDED_ARMED_S:
            self._disarm(facts.BY_LANDING, "Disarmed by landing")
        elif now_s - self._idle_s >= facts.IDLE_ARMED_S:
            self._disarm(facts.BY_IDLENESS, "Disarmed by auto preflight disarming")

    # --- changes ----------------------------------------------------------------------------------

    def text(self, severity: int, text: str) -> None:
        """A STATUSTEXT, for ground stations only; a tab at its end: an EVENT says the same."""
        self._text_number = self._text_number % 0xFFFF + 1
        raw = text.encode("ascii") + b"\t"
        chunks: list[Message] = [
            dialect.MAVLink_statustext_message(
                severity, raw[start : start + _CHUNK], self._text_number, start // _CHUNK
            )
            for start in range(0, len(raw), _CHUNK)
        ]
        if self.now_s - self.ground_station_s < _GROUND_STATION_S:
            self._send_text(chunks)
        else:
            self._texts.append(chunks)

    def _send_text(self, chunks: list[Message]) -> None:
        self._text_s = max(self.now_s + _TEXT_DELAY_S, self._text_s + _BETWEEN_TEXTS_S)
        self.outbox.add(self._text_s, chunks)

    def event(self, kind: facts.EventType, arguments: bytes = b"") -> None:
        """An EVENT, for everybody; no ground station is needed."""
        self._event_number += 1
        self.say(self._messages.event(kind, self._event_number, arguments))

    def _enter(self, mode: int) -> None:
        """Change the mode; the next heartbeat tells."""
        self.mode = mode
        activity = _ACTIVITIES.get(mode, Activity.HOLD)
        if activity is Activity.TAKE_OFF:
            if self.flight.armed and self.flight.craft.flies:
                if self._take_off_up == facts.DEFAULT_TAKE_OFF_M:
                    self.event(facts.DEFAULT_HEIGHT, struct.pack("<f", self._take_off_up))
                    self.text(
                        Severity.INFO,
                        f"Using default takeoff altitude: {self._take_off_up:.1f} m",
                    )
                self.flight.take_off(self._take_off_up)
            return
        if activity is Activity.MISSION and self.flight.armed:
            self._mission_started = True
            self.event(facts.MISSION_BEGINS)
        if activity is Activity.RETURN and self.flight.armed:
            self._tell_of_return()
        self.switch_activity(activity)

    def _tell_of_return(self) -> None:
        up = max(self.flight.motion.up, self.flight.craft.limits.return_height)
        above_sea = round(self.platform.home.alt_m + up)
        self.event(facts.RETURN_AT, struct.pack("<ii", above_sea, round(up)))
        self.text(
            Severity.INFO,
            f"RTL: start return at {above_sea} m ({round(up)} m above destination)",
        )

    def _arm(self, reason: int) -> None:
        self.flight.arm()
        self._idle_s = self.platform.now_s
        self.event(facts.ARMED_BY, bytes((reason,)))
        by = "mission start" if reason == facts.BY_MISSION else "external command"
        self.text(Severity.INFO, f"Armed by {by}")
        self._enter(self.mode)

    def _disarm(self, reason: int, text: str) -> None:
        self.flight.disarm()
        self._failsafe = self._mission_started = False
        self._hold_until_s = None
        self.event(facts.DISARMED_BY, bytes((reason,)))
        self.text(Severity.INFO, text)
        if self.flight.craft.flies:
            self.mode = facts.LOITER

    def answer(self, early: list[Message], ack: list[Message], late: list[Message]) -> None:
        """What was asked for goes at once; acknowledgements follow one by one."""
        now_s = self.now_s
        self.outbox.add(now_s + _AT_ONCE_S, early)
        self._answered_s = max(now_s + self.delay_s(), self._answered_s + _BETWEEN_ACKS_S)
        self.outbox.add(self._answered_s, [*ack, *late])

    # --- commands ------------------------------------------------------------------------------

    def on_arm_disarm(self, command: Command) -> Result:
        """Reasons come as events, and as texts for ground stations."""
        self.commanded()
        forced = command.number(2) == FORCE
        if command.params[0] >= 0.5:
            if self.flight.armed:
                return Result.ACCEPTED
            if not self.armable and not forced:
                self.event(facts.ARMING_DENIED)
                self.text(Severity.CRITICAL, "Arming denied: Resolve system health failures first")
                return Result.TEMPORARILY_REJECTED
            self._arm(facts.BY_COMMAND)
            return Result.ACCEPTED
        if not self.flight.armed:
            return Result.ACCEPTED
        if self.flight.craft.flies and self.flight.flying and not forced:
            self.event(facts.DISARMING_DENIED)
            self.text(Severity.CRITICAL, "Disarming denied: not landed")
            return Result.TEMPORARILY_REJECTED
        self._disarm(facts.BY_COMMAND, "Disarmed by external command")
        return Result.ACCEPTED

    def on_set_mode(self, command: Command) -> Result:
        """An unknown main mode is accepted and does nothing; an unknown sub-mode is not."""
        return self._try_mode(command.number(2), command.number(3))

    def on_old_mode(self, base_mode: int, custom_mode: int) -> Result | None:  # noqa: ARG002
        """SET_MODE is acknowledged as if it were the command."""
        return self._try_mode(custom_mode >> 16 & 0xFF, custom_mode >> 24 & 0xFF)

    def _try_mode(self, main: int, sub: int) -> Result:
        self.commanded()
        mode = facts.custom_mode(main, sub if main == facts.AUTO else 0)
        if mode not in _ACTIVITIES:
            if main != facts.AUTO:
                return Result.ACCEPTED
            self.event(facts.UNSUPPORTED_AUTO_MODE)
            return Result.TEMPORARILY_REJECTED
        if mode in (facts.POSCTL, facts.ALTCTL) and self.flight.flying:
            return Result.TEMPORARILY_REJECTED
        if mode != self.mode:
            self._enter(mode)
        return Result.ACCEPTED

    def on_take_off(self, command: Command) -> Result:
        """Armed or not; the altitude is above sea level whatever the frame says."""
        if not self.flight.craft.flies:
            return Result.UNSUPPORTED
        self.commanded()
        self._take_off_up = facts.DEFAULT_TAKE_OFF_M
        if math.isfinite(command.z):
            up = command.z - self.platform.home.alt_m
            if self.flight.armed and up <= self.flight.motion.up:
                self.event(facts.ALREADY_HIGHER)
                self.text(Severity.CRITICAL, "Already higher than takeoff altitude")
                return Result.ACCEPTED
            self._take_off_up = up
        self._enter(facts.TAKE_OFF)
        return Result.ACCEPTED

    def on_land(self, _command: Command) -> Result:
        """AUTO.LAND, in the air or not."""
        self.commanded()
        self.event(facts.LANDING_HERE)
        self._enter(facts.LAND)
        return Result.ACCEPTED

    def on_return(self, _command: Command) -> Result:
        """AUTO.RTL."""
        self.commanded()
        self.event(facts.RETURNING)
        self.text(Severity.INFO, "Returning to launch")
        self._enter(facts.RTL)
        return Result.ACCEPTED

    def on_mission_start(self, _command: Command) -> Result:
        """It arms, if it is not armed yet."""
        self.commanded()
        if not self.flight.armed:
            if not self._healthy:
                self.event(facts.ARMING_DENIED)
                return Result.TEMPORARILY_REJECTED
            self._arm(facts.BY_MISSION)
        self._enter(facts.MISSION)
        if self.flight.craft.flies and self.flight.motion.grounded:
            self.flight.take_off(self.flight.craft.limits.take_off_height)
        return Result.ACCEPTED

    def on_reposition(self, command: Command) -> Result:
        """Without the flag it refuses, and flies there all the same; altitudes are above sea."""
        flight = self.flight
        if not flight.armed or (flight.craft.flies and flight.motion.grounded):
            return Result.UNSUPPORTED
        self.commanded()
        flagged = bool(command.number(2) & 1)
        if self.mode != facts.LOITER and not flagged:
            return Result.UNSUPPORTED
        self.mode = facts.LOITER
        motion = flight.motion
        north, east, up = motion.north, motion.east, motion.up
        if math.isfinite(command.x) and math.isfinite(command.y):
            north, east = self.platform.home.metres_to(command.x, command.y)
        if math.isfinite(command.z) and flight.craft.flies:
            up = command.z - self.platform.home.alt_m
        flight.go_to(north, east, up)
        return Result.ACCEPTED if flagged else Result.UNSUPPORTED

    def on_change_speed(self, command: Command) -> Result:
        """Any speed is accepted; one that makes no sense changes nothing."""
        speed = command.params[1]
        if 0.0 < speed <= self.flight.craft.limits.top_speed:
            self.flight.speed = speed
        return Result.ACCEPTED

    def on_set_interval(self, command: Command) -> Result:
        """Any interval is accepted; an unknown message fails, without a word."""
        message_id, interval_us = command.number(1), command.number(2)
        if message_id in self.builders:
            self.streams.set(message_id, interval_us, self.platform.now_s)
            return Result.ACCEPTED
        return Result.ACCEPTED if message_id in facts.SILENT else Result.FAILED

    def on_request_message(self, command: Command) -> Result:
        """The message comes before the acknowledgement; an unknown one is denied."""
        message_id = command.number(1)
        if message_id == dialect.MAVLINK_MSG_ID_AUTOPILOT_VERSION:
            self.say(self.version(), early=True)
            return Result.ACCEPTED
        builder = self.builders.get(message_id)
        message = None if builder is None else builder(self.platform.now_s)
        if message is None:
            return Result.DENIED
        self.say(message, early=True)
        return Result.ACCEPTED

    def on_protocol_version(self, _command: Command) -> Result:
        """PROTOCOL_VERSION, which few still know."""
        payload = struct.pack(
            "<HHH8s8s", 200, 100, 200, bytes(8), bytes.fromhex("f76be9bcb788caf7")
        )
        self.say(
            RawMessage(facts.PROTOCOL_VERSION, facts.PROTOCOL_VERSION_CRC, payload), early=True
        )
        return Result.ACCEPTED

    def on_prearm_checks(self, _command: Command) -> Result:
        """They run all the time."""
        return Result.ACCEPTED

    def on_reboot(self, command: Command) -> Result:
        """The recorded build cannot; to do nothing it can."""
        return Result.DENIED if command.number(1) or command.number(2) else Result.ACCEPTED

    # --- the operator's orders --------------------------------------------------------------

    def order_preparation(self) -> None:
        """AUTO.LOITER can be armed."""
        self._enter(facts.LOITER)

    def order_arm(self) -> None:
        """Arm."""
        if self.armable and not self.flight.armed:
            self._arm(facts.BY_COMMAND)

    def order_take_off(self) -> None:
        """AUTO.TAKEOFF."""
        if self.flight.craft.flies:
            self._take_off_up = self.flight.craft.limits.take_off_height
            self._enter(facts.TAKE_OFF)

    def order_mission(self) -> None:
        """AUTO.MISSION."""
        self.platform.round.restart()
        self._enter(facts.MISSION)

    def order_home(self) -> None:
        """AUTO.RTL, which lands."""
        if self.flight.activity not in (Activity.RETURN, Activity.LAND):
            self.event(facts.RETURNING)
            self.text(Severity.INFO, "Returning to launch")
            self._enter(facts.RTL)

    def order_disarm(self) -> None:
        """Disarm."""
        self._disarm(facts.BY_COMMAND, "Disarmed by external command")
