"""Messages on request: in intervals, or once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.part import Handler, Part
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.streams import Streams
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder
from aerostream_sim.mavlink.wire import Message

#: The largest that fits into MESSAGE_INTERVAL.
_LAST_MESSAGE_ID = 0xFFFF


class Requests(Part, ABC):
    """Lets others choose what is sent.

    Args:
        platform: the vehicle.
        sender: sends what was asked for.
        streams: what is sent in intervals.
        builders: what can be sent, by message id.
        version: makes AUTOPILOT_VERSION.
    """

    #: Whether a message that was asked for comes before the acknowledgement.
    answers_early: bool

    def __init__(
        self,
        *,
        platform: Platform,
        sender: Sender,
        streams: Streams,
        builders: Mapping[int, Builder],
        version: Callable[[], Message],
    ) -> None:
        self._platform = platform
        self._sender = sender
        self._streams = streams
        self._builders = builders
        self._version = version

    def handlers(self) -> Mapping[int, Handler]:
        """Intervals, single messages, and the versions."""
        return {
            Cmd.SET_MESSAGE_INTERVAL: self.on_set_interval,
            Cmd.GET_MESSAGE_INTERVAL: self.on_get_interval,
            Cmd.REQUEST_MESSAGE: self.on_request_message,
            Cmd.REQUEST_AUTOPILOT_CAPABILITIES: self._on_capabilities,
            Cmd.REQUEST_PROTOCOL_VERSION: self.on_protocol_version,
        }

    @abstractmethod
    def on_set_interval(self, command: Command) -> Result:
        """SET_MESSAGE_INTERVAL."""

    @abstractmethod
    def on_protocol_version(self, command: Command) -> Result:
        """REQUEST_PROTOCOL_VERSION."""

    @abstractmethod
    def unsent(self, message_id: int) -> Result:
        """The answer where a message that was asked for does not come."""

    def on_get_interval(self, command: Command) -> Result:
        """GET_MESSAGE_INTERVAL: the answer comes before the acknowledgement."""
        message_id = command.number(1)
        if not 0 <= message_id <= _LAST_MESSAGE_ID:
            return Result.DENIED
        interval_us = self._streams.intervals_us.get(message_id, -1)
        if message_id not in self._builders:
            interval_us = 0
        told = dialect.MAVLink_message_interval_message(message_id, interval_us)
        self._sender.say(told, early=True)
        return Result.ACCEPTED

    def on_request_message(self, command: Command) -> Result:
        """REQUEST_MESSAGE."""
        message_id = command.number(1)
        message = self._message(message_id)
        if message is None:
            return self.unsent(message_id)
        self._sender.say(message, early=self.answers_early)
        return Result.ACCEPTED

    def _message(self, message_id: int) -> Message | None:
        if message_id == dialect.MAVLINK_MSG_ID_AUTOPILOT_VERSION:
            return self._version()
        builder = self._builders.get(message_id)
        return None if builder is None else builder(self._platform.now_s)

    def _on_capabilities(self, _command: Command) -> Result:
        self._sender.say(self._version(), early=self.answers_early)
        return Result.ACCEPTED
