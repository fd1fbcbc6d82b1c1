"""How ArduPilot lets others choose what it sends."""

from collections.abc import Callable, Mapping
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.ardupilot.stream_table import DATA_STREAMS, WITHOUT_HARDWARE
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.part import Listener
from aerostream_sim.autopilots.requests import Requests
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.streams import Streams
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder
from aerostream_sim.mavlink.wire import Message

#: A loop runs 400 (Copter), 50 times a second: nothing is streamed faster than four fifths of it.
_SHORTEST_US = {Kind.COPTER: 3125, Kind.PLANE: 25_000, Kind.ROVER: 25_000, Kind.BOAT: 25_000}


class ArduPilotRequests(Requests):
    """Intervals, data streams and single messages.

    Args:
        platform: the vehicle.
        sender: sends what was asked for.
        streams: what is sent in intervals.
        builders: what can be sent, by message id.
        version: makes AUTOPILOT_VERSION.
        texts: what it says.
    """

    answers_early = False

    def __init__(
        self,
        *,
        platform: Platform,
        sender: Sender,
        streams: Streams,
        builders: Mapping[int, Builder],
        version: Callable[[], Message],
        texts: ArduPilotTexts,
    ) -> None:
        super().__init__(
            platform=platform, sender=sender, streams=streams, builders=builders, version=version
        )
        self._texts = texts

    def listeners(self) -> Mapping[str, Listener]:
        """REQUEST_DATA_STREAM."""
        return {"REQUEST_DATA_STREAM": self._on_data_stream}

    def on_set_interval(self, command: Command) -> Result:
        """Unknown messages and too short intervals are denied, with a text."""
        message_id, interval_us = command.number(1), command.number(2)
        if message_id not in self._builders and message_id not in WITHOUT_HARDWARE:
            self._texts.say(Severity.INFO, f"No ap_message for mavlink id ({message_id})")
            return Result.DENIED
        if 0 < interval_us < _SHORTEST_US[self._platform.kind]:
            text = f"Requested rate for message ID {message_id} too fast. Increase SCHED_LOOP_RATE"
            self._texts.say_long(Severity.INFO, text)
            return Result.DENIED
        if message_id in self._builders:
            self._streams.set(message_id, interval_us, self._platform.now_s)
        return Result.ACCEPTED

    def on_request_message(self, command: Command) -> Result:
        """The message follows the acknowledgement, but for MESSAGE_INTERVAL."""
        if command.number(1) == dialect.MAVLINK_MSG_ID_MESSAGE_INTERVAL:
            asked = command._replace(params=(command.params[1], 0.0, 0.0, 0.0))
            return self.on_get_interval(asked)
        return super().on_request_message(command)

    def unsent(self, message_id: int) -> Result:
        """One that has nothing to tell, or no hardware, is accepted and never comes."""
        known = message_id in self._builders or message_id in WITHOUT_HARDWARE
        return Result.ACCEPTED if known else Result.FAILED

    def on_protocol_version(self, _command: Command) -> Result:
        """It has none."""
        return Result.UNSUPPORTED

    def _on_data_stream(self, message: Any) -> None:
        rate_hz = message.req_message_rate if message.start_stop else 0
        interval_us = round(1e6 / rate_hz) if rate_hz > 0 else -1
        stream = message.req_stream_id
        # 0 is all.
        chosen = DATA_STREAMS.values() if stream == 0 else [DATA_STREAMS.get(stream, ())]
        for messages in chosen:
            for message_id in messages:
                self._streams.set(message_id, interval_us, self._platform.now_s)
