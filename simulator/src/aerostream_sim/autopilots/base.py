"""What every autopilot does: it beats, streams, listens and answers."""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.missions import MissionItem, MissionServer
from aerostream_sim.autopilots.outbox import Outbox
from aerostream_sim.autopilots.params import Params
from aerostream_sim.autopilots.streams import Streams
from aerostream_sim.flight.flight import Activity, News
from aerostream_sim.flight.operator import Pilotable
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder
from aerostream_sim.mavlink.wire import Message

_HEARTBEAT_S = 1.0
_OFF_S = 12.0
_GROUND_STATION = 6
#: The largest that fits into MESSAGE_INTERVAL.
_LAST_MESSAGE_ID = 0xFFFF

#: Answers a command.
Handler = Callable[[Command], Result]


class Autopilot(Pilotable, ABC):
    """One autopilot on one link.

    Args:
        platform: the vehicle it sits in.
        system: its MAVLink system id.
        rnd: where its delays come from.
    """

    #: MAV_AUTOPILOT.
    number: int
    #: Milliseconds to an answer, recorded: median, and 95 of 100.
    ack_ms: tuple[float, float]
    #: Seconds from power-on to the first heartbeat.
    first_heartbeat_s: float
    #: Seconds from power-on until the GPS receiver is found, and until its fix.
    gps_found_s: float
    gps_fix_s: float
    #: Whether whole numbers of parameters travel as the bits of the float field.
    params_as_bits = False
    #: Whether a message that was asked for comes before the acknowledgement.
    answers_early = False

    def __init__(self, *, platform: Platform, system: int, rnd: random.Random) -> None:
        self.platform = platform
        self.flight = platform.flight
        self.system = system
        self.rnd = rnd
        self.outbox = Outbox()
        self.mode = 0
        """HEARTBEAT.custom_mode."""
        self.commanded: Callable[[], None] = lambda: None
        """Called when somebody else than the operator commands the vehicle."""
        self.streams = Streams(self.default_streams(), rnd.random())
        self.params = Params(self.parameters(), as_bits=self.params_as_bits)
        self.missions = MissionServer()
        self.builders: dict[int, Builder] = {}
        self._handlers: dict[int, Handler] = {
            Cmd.COMPONENT_ARM_DISARM: self.on_arm_disarm,
            Cmd.DO_SET_MODE: self.on_set_mode,
            Cmd.NAV_TAKEOFF: self.on_take_off,
            Cmd.NAV_LAND: self.on_land,
            Cmd.NAV_RETURN_TO_LAUNCH: self.on_return,
            Cmd.MISSION_START: self.on_mission_start,
            Cmd.DO_REPOSITION: self.on_reposition,
            Cmd.DO_CHANGE_SPEED: self.on_change_speed,
            Cmd.SET_MESSAGE_INTERVAL: self.on_set_interval,
            Cmd.GET_MESSAGE_INTERVAL: self.on_get_interval,
            Cmd.REQUEST_MESSAGE: self.on_request_message,
            Cmd.REQUEST_AUTOPILOT_CAPABILITIES: self._on_capabilities,
            Cmd.REQUEST_PROTOCOL_VERSION: self.on_protocol_version,
            Cmd.RUN_PREARM_CHECKS: self.on_prearm_checks,
            Cmd.PREFLIGHT_REBOOT_SHUTDOWN: self.on_reboot,
        }
        self._listeners: dict[str, Callable[[Any], None]] = {
            "HEARTBEAT": self._on_heartbeat,
            "COMMAND_LONG": self._on_command,
            "COMMAND_INT": self._on_command,
            "SET_MODE": self._on_old_set_mode,
            "REQUEST_DATA_STREAM": self._on_data_stream,
            "PARAM_REQUEST_LIST": self._on_param_list,
            "PARAM_REQUEST_READ": self._on_param_read,
            "PARAM_SET": self._on_param_set,
            "MISSION_REQUEST_LIST": self._on_mission,
            "MISSION_REQUEST": self._on_mission,
            "MISSION_REQUEST_INT": self._on_mission,
            "MISSION_COUNT": self._on_mission,
            "TIMESYNC": self._on_timesync,
        }
        self._early: list[Message] | None = None
        self._late: list[Message] | None = None
        self._beat_s = 0.0
        self._back_s: float | None = None
        """While the power is off: when it comes back."""
        self._heard_s = 0.0
        self.ground_station_s = -1e9
        """When a ground station was heard last."""

    # --- what each autopilot defines ----------------------------------------------------------

    @abstractmethod
    def default_streams(self) -> dict[int, int]:
        """Messages that it sends unasked, and their interval in µs."""

    @abstractmethod
    def parameters(self) -> list[tuple[str, float, int]]:
        """Name, value and MAV_PARAM_TYPE of the parameters that it shows."""

    @abstractmethod
    def heartbeat(self) -> Message:
        """HEARTBEAT."""

    @abstractmethod
    def version(self) -> Message:
        """AUTOPILOT_VERSION."""

    @abstractmethod
    def started(self, *, ready: bool) -> None:
        """Power is on: take the mode of the start, and begin to boot unless it did long ago."""

    @abstractmethod
    def watch(self, news: list[News]) -> None:
        """Look after the flight: modes that end by themselves, texts, failsafes."""

    @abstractmethod
    def accepts(self, system: int, component: int) -> bool:
        """Whether a command to this target is for it."""

    @abstractmethod
    def mission_items(self) -> list[MissionItem]:
        """The round as a mission of this autopilot."""

    @property
    @abstractmethod
    def armable(self) -> bool:
        """Whether it would arm now in a fitting mode."""

    @abstractmethod
    def on_arm_disarm(self, command: Command) -> Result:
        """COMPONENT_ARM_DISARM."""

    @abstractmethod
    def on_set_mode(self, command: Command) -> Result:
        """DO_SET_MODE."""

    @abstractmethod
    def on_take_off(self, command: Command) -> Result:
        """NAV_TAKEOFF."""

    @abstractmethod
    def on_land(self, command: Command) -> Result:
        """NAV_LAND."""

    @abstractmethod
    def on_return(self, command: Command) -> Result:
        """NAV_RETURN_TO_LAUNCH."""

    @abstractmethod
    def on_mission_start(self, command: Command) -> Result:
        """MISSION_START."""

    @abstractmethod
    def on_reposition(self, command: Command) -> Result:
        """DO_REPOSITION."""

    @abstractmethod
    def on_change_speed(self, command: Command) -> Result:
        """DO_CHANGE_SPEED."""

    @abstractmethod
    def on_set_interval(self, command: Command) -> Result:
        """SET_MESSAGE_INTERVAL."""

    @abstractmethod
    def on_request_message(self, command: Command) -> Result:
        """REQUEST_MESSAGE."""

    @abstractmethod
    def on_protocol_version(self, command: Command) -> Result:
        """REQUEST_PROTOCOL_VERSION."""

    @abstractmethod
    def on_prearm_checks(self, command: Command) -> Result:
        """RUN_PREARM_CHECKS."""

    @abstractmethod
    def on_reboot(self, command: Command) -> Result:
        """PREFLIGHT_REBOOT_SHUTDOWN."""

    @abstractmethod
    def on_old_mode(self, base_mode: int, custom_mode: int) -> Result | None:
        """The message SET_MODE; none: it is never acknowledged."""

    def on_data_stream(self, stream: int, interval_us: int) -> None:
        """REQUEST_DATA_STREAM; not every autopilot has it."""

    # --- power and time -------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._back_s is None

    def power_on(self, *, ready_for_s: float = 0.0) -> None:
        """Switch on.

        Args:
            ready_for_s: it was switched on so long ago, and all is well; 0: now.
        """
        now_s = self.platform.now_s
        ready = ready_for_s > 0.0
        self._back_s = None
        self.platform.power_on(
            booted_s=now_s - ready_for_s, gps_found_s=self.gps_found_s, gps_fix_s=self.gps_fix_s
        )
        self.streams.restart(now_s + (0.0 if ready else self.first_heartbeat_s))
        self._beat_s = now_s + (self.rnd.random() if ready else self.first_heartbeat_s)
        self.started(ready=ready)

    def power_off(self, for_s: float = _OFF_S) -> None:
        """Cut the power for a while: it forgets what it was asked for, and boots again."""
        self.flight.disarm()
        self.outbox.clear()
        self._back_s = self.platform.now_s + for_s

    def step(self, news: list[News], *, heard: bool) -> list[list[Message]]:
        """Do what is due at the platform's time; gives what to send, each bundle together."""
        now_s = self.platform.now_s
        if self._back_s is not None:
            if now_s < self._back_s:
                return []
            self.power_on()
        self.watch(news)
        bundles = [list(each) for each in self.outbox.due(now_s)]
        if now_s >= self._beat_s:
            self._beat_s += _HEARTBEAT_S
            bundles.append([self.heartbeat()])
        if not heard:
            self.streams.skip(now_s)
            return []
        streamed = [self.builders[message_id](at_s) for message_id, at_s in self.streams.due(now_s)]
        bundles.append([message for message in streamed if message is not None])
        return bundles

    # --- talking ---------------------------------------------------------------------------------

    def say(self, *messages: Message, early: bool = False) -> None:
        """Send messages now; while a command is answered, with or before its answer."""
        if self._late is None or self._early is None:
            self.outbox.add(self.platform.now_s, messages)
        elif early:
            self._early.extend(messages)
        else:
            self._late.extend(messages)

    def delay_s(self) -> float:
        """How long this answer takes."""
        median, longest = self.ack_ms
        return min(longest, self.rnd.lognormvariate(0.0, 0.45) * median) * 1e-3

    def after(self, delay_s: float, *messages: Message) -> None:
        """Send messages later."""
        self.outbox.add(self.now_s + delay_s, messages)

    @property
    def now_s(self) -> float:
        """The moment: of the last step, or of what was heard since."""
        return max(self.platform.now_s, self._heard_s)

    def switch_activity(self, activity: Activity) -> None:
        """Let the flight do what a mode means."""
        flight = self.flight
        match activity:
            case Activity.HOLD:
                flight.hold()
            case Activity.MISSION:
                flight.fly_round()
            case Activity.RETURN:
                flight.return_home()
            case Activity.LAND:
                flight.land()
            case Activity.SINK:
                flight.sink()
            case Activity.TAKE_OFF:
                if flight.armed:
                    flight.take_off(flight.craft.limits.take_off_height)
            case Activity.IDLE:
                flight.idle()

    # --- listening ---------------------------------------------------------------------------

    def take(self, message: Any, now_s: float) -> None:
        """Take a message that came over the link at a moment."""
        self._heard_s = now_s
        if not self.powered or self.platform.boot_s < self.first_heartbeat_s:
            return
        listener = self._listeners.get(message.get_type())
        if listener is not None:
            listener(message)

    def _on_heartbeat(self, message: Any) -> None:
        if message.type == _GROUND_STATION:
            self.ground_station_s = self.platform.now_s

    def _on_command(self, message: Any) -> None:
        if not self.accepts(message.target_system, message.target_component):
            return
        command = Command.of(message)
        self._early, self._late = [], []
        handler = self._handlers.get(command.id)
        result = Result.UNSUPPORTED if handler is None else handler(command)
        ack = dialect.MAVLink_command_ack_message(
            command.id, result, 0, 0, command.system, command.component
        )
        self._answer(ack)

    def _on_old_set_mode(self, message: Any) -> None:
        if message.target_system not in (self.system, 0):
            return
        self._early, self._late = [], []
        result = self.on_old_mode(message.base_mode, message.custom_mode)
        if result is None:
            self._answer()
            return
        sender = (message.get_srcSystem(), message.get_srcComponent())
        self._answer(dialect.MAVLink_command_ack_message(Cmd.DO_SET_MODE, result, 0, 0, *sender))

    def _answer(self, *ack: Message) -> None:
        """Send an acknowledgement together with what came up while it was found."""
        early, late = self._early or [], self._late or []
        self._early = self._late = None
        self.answer(early, list(ack), late)

    @abstractmethod
    def answer(self, early: list[Message], ack: list[Message], late: list[Message]) -> None:
        """Send these in this autopilot's order and time; answers never overtake each other."""

    def on_get_interval(self, command: Command) -> Result:
        """GET_MESSAGE_INTERVAL: the answer comes before the acknowledgement."""
        message_id = command.number(1)
        if not 0 <= message_id <= _LAST_MESSAGE_ID:
            return Result.DENIED
        interval_us = self.streams.intervals_us.get(message_id, -1)
        if message_id not in self.builders:
            interval_us = 0
        self.say(dialect.MAVLink_message_interval_message(message_id, interval_us), early=True)
        return Result.ACCEPTED

    def _on_capabilities(self, _command: Command) -> Result:
        self.say(self.version(), early=self.answers_early)
        return Result.ACCEPTED

    def _on_data_stream(self, message: Any) -> None:
        rate_hz = message.req_message_rate if message.start_stop else 0
        self.on_data_stream(message.req_stream_id, round(1e6 / rate_hz) if rate_hz > 0 else -1)

    def _on_timesync(self, message: Any) -> None:
        if message.tc1 == 0:
            own_ns = round(self.platform.boot_s * 1e9)
            self.after(self.delay_s(), dialect.MAVLink_timesync_message(own_ns, message.ts1))

    def _on_param_list(self, message: Any) -> None:
        if message.target_system not in (self.system, 0):
            return
        start_s = 0.05
        for index, value in enumerate(self.params.all()):
            self.after(start_s + index * 0.001, value)

    def _on_param_read(self, message: Any) -> None:
        if message.target_system in (self.system, 0):
            found = self.params.read(message.param_id, message.param_index)
            if found is not None:
                self.after(self.delay_s() * 4, found)

    def _on_param_set(self, message: Any) -> None:
        if message.target_system in (self.system, 0):
            found = self.params.set(message.param_id, message.param_value)
            if found is not None:
                self.after(self.delay_s(), found)

    def _on_mission(self, message: Any) -> None:
        if message.target_system in (self.system, 0):
            for answer in self.missions.take(message, self.mission_items()):
                self.after(self.delay_s(), answer)

    # --- what the operator sees -------------------------------------------------------------------

    @property
    def armed(self) -> bool:
        """Whether its motors may turn."""
        return self.flight.armed

    @property
    def battery_percent(self) -> int:
        """Charge left."""
        return self.platform.battery.percent

    @property
    def settled(self) -> bool:
        """Whether the take-off is complete, or was not needed."""
        return self.flight.activity is not Activity.TAKE_OFF

    @property
    def parked(self) -> bool:
        """Whether it drove home and stands."""
        flight = self.flight
        away = math.hypot(flight.motion.north, flight.motion.east)
        near = away < 2.0 * flight.craft.limits.arrival
        return not flight.craft.flies and near and flight.motion.ground_speed < 0.3

    def order_battery_swap(self) -> None:
        """Pull the battery and put in a fresh one: it boots again."""
        self.platform.new_battery()
        self.power_off()
