"""Asks the autopilot for the messages that the policy needs, and no more."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from aerostream_contract.channels import AGENT_SOURCE, CHANNELS
from aerostream_contract.mavlink import MESSAGES

from aerostream_edge.mavlink.messages import Value
from aerostream_edge.policy import RatePolicyName

SET_MESSAGE_INTERVAL, REQUEST_MESSAGE = 511, 512
_UNSUPPORTED = 3
_ACK_TIMEOUT_S = 1.0
_MAX_TRIES = 3
#: With policy `full` even channels that `standard` leaves out are asked for.
_FULL_HZ = 4.0
_ONCE = ("AUTOPILOT_VERSION", "HOME_POSITION")
_UNASKED = frozenset({"HEARTBEAT", "RADIO_STATUS", "STATUSTEXT"})
#: MAV_DATA_STREAM by number, for autopilots that know no SET_MESSAGE_INTERVAL.
_STREAMS = (1, 2, 3, 6, 10, 11, 12)


class RatesMode(StrEnum):
    """Whether the agent asks for message rates."""

    ASK = "ask"
    """It asks for what its policy needs."""
    LISTEN = "listen"
    """It never asks for anything: a ground station shares the link."""


class Question(NamedTuple):
    """A message to the autopilot, without its target."""

    message: str
    fields: dict[str, Value]


@dataclass(slots=True)
class _Wanted:
    command: int
    message_id: int
    interval_us: int
    tries: int = 0


class RateRequests:
    """One autopilot's requests, one at a time: an answer does not say which question it answers.

    Args:
        policy: decides what is asked for.
    """

    def __init__(self, policy: RatePolicyName) -> None:
        self._policy = policy
        self._attended: Collection[str] = frozenset()
        self._queue: deque[_Wanted] = deque()
        self._asked: dict[int, int] = {}
        """Interval in µs that the autopilot was last asked for, by message id."""
        self._takes_intervals = False
        """It was asked, and did not say that it knows no SET_MESSAGE_INTERVAL."""
        self._streams: deque[int] = deque()
        self._asked_s: float | None = None
        self._answered = False
        self.refused: list[str] = []
        """Messages that the autopilot does not have."""

    def begin(self, arriving: Collection[int] = ()) -> None:
        """Ask for everything: the vehicle was found, came back or was booted.

        Args:
            arriving: messages that come already. With policy `full` their rate is left alone:
                asking could only slow them down.
        """
        full = self._policy is RatePolicyName.FULL
        self._queue = deque(
            [
                _Wanted(SET_MESSAGE_INTERVAL, message_id, interval_us)
                for message_id, interval_us in intervals(self._policy, self._attended).items()
                if not (full and message_id in arriving)
            ]
            + [_Wanted(REQUEST_MESSAGE, MESSAGES.named(name).id, 0) for name in _ONCE]
        )
        self._streams.clear()
        self._asked.clear()
        self._takes_intervals = True
        self._asked_s = None
        self._answered = False
        self.refused = []

    def attend(self, channels: Collection[str]) -> None:
        """Somebody looks at these channels, and at no others any more.

        Their messages are asked for at the rate of a page, those of the others at the policy's
        again; what was asked for already is not asked again. With policy `full` nothing is: it
        leaves alone what the autopilot sends, and could not put it back.
        """
        self._attended = frozenset(channels)
        if not self._takes_intervals or self._policy is RatePolicyName.FULL:
            return
        waiting = {
            wanted.message_id: wanted
            for wanted in self._queue
            if wanted.command == SET_MESSAGE_INTERVAL and not wanted.tries
        }
        for message_id, interval_us in intervals(self._policy, self._attended).items():
            if message_id in waiting:
                waiting[message_id].interval_us = interval_us
            elif interval_us != self._asked.get(message_id) and not self._is_refused(message_id):
                self._queue.append(_Wanted(SET_MESSAGE_INTERVAL, message_id, interval_us))

    def next(self, now_s: float) -> Question | None:
        """What to ask now, None while an answer is awaited or all is said."""
        if self._streams:
            rate_hz = round(_FULL_HZ if self._policy is RatePolicyName.FULL else 2)
            fields: dict[str, Value] = {"req_stream_id": self._streams.popleft()}
            fields |= {"req_message_rate": rate_hz, "start_stop": 1}
            return Question("REQUEST_DATA_STREAM", fields)
        if self._asked_s is not None and now_s - self._asked_s < _ACK_TIMEOUT_S:
            return None
        while self._queue and self._is_said(self._queue[0]):
            self._queue.popleft()
        if self._queue and self._queue[0].tries >= _MAX_TRIES:
            self._give_up()
            return self.next(now_s) if self._queue or self._streams else None
        if not self._queue:
            return None
        wanted = self._queue[0]
        wanted.tries += 1
        self._asked_s = now_s
        fields = {"command": wanted.command, "param1": float(wanted.message_id)}
        fields["confirmation"] = wanted.tries - 1
        if wanted.command == SET_MESSAGE_INTERVAL:
            fields["param2"] = float(wanted.interval_us)
            self._asked[wanted.message_id] = wanted.interval_us
        return Question("COMMAND_LONG", fields)

    def answered(self, command: int, result: int) -> None:
        """Take a COMMAND_ACK of this autopilot."""
        if not self._queue or self._asked_s is None or command != self._queue[0].command:
            return
        self._answered = True
        self._asked_s = None
        if command == SET_MESSAGE_INTERVAL and result == _UNSUPPORTED:
            self._fall_back()
            return
        wanted = self._queue.popleft()
        message = MESSAGES.get(wanted.message_id)
        if result and message is not None:
            self.refused.append(message.name)

    def _give_up(self) -> None:
        """No answer: the first time that means that the command is not known at all."""
        self._asked_s = None
        if self._answered:
            self._queue.popleft()
        else:
            self._fall_back()

    def _is_said(self, wanted: _Wanted) -> bool:
        """Whether a question became needless while it waited."""
        return (
            wanted.command == SET_MESSAGE_INTERVAL
            and not wanted.tries
            and self._asked.get(wanted.message_id) == wanted.interval_us
        )

    def _is_refused(self, message_id: int) -> bool:
        message = MESSAGES.get(message_id)
        return message is not None and message.name in self.refused

    def _fall_back(self) -> None:
        self._takes_intervals = False
        self._queue.clear()
        self._streams = deque(_STREAMS)


def intervals(policy: RatePolicyName, attended: Collection[str] = ()) -> dict[int, int]:
    """Interval in µs of each message that a policy needs from the autopilot, by message id.

    Args:
        policy: the policy.
        attended: channels that somebody looks at.
    """
    wanted: dict[int, int] = {}
    for channel in CHANNELS.values():
        rate = channel.attended_rate if channel.name in attended else channel.rate
        rate_hz = rate.rate_hz
        if policy is RatePolicyName.FULL:
            rate_hz = max(rate_hz, _FULL_HZ)
        for source in channel.sources:
            if rate_hz > 0 and source.message != AGENT_SOURCE and source.message not in _UNASKED:
                wanted[MESSAGES.named(source.message).id] = round(1e6 / rate_hz)
    return wanted
