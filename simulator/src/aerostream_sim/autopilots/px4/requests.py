"""How PX4 lets others choose what it sends."""

from aerostream_sim.autopilots.commands import Command, Result
from aerostream_sim.autopilots.px4 import raw
from aerostream_sim.autopilots.px4.stream_table import SILENT
from aerostream_sim.autopilots.requests import Requests


class Px4Requests(Requests):
    """Intervals and single messages."""

    answers_early = True

    def on_set_interval(self, command: Command) -> Result:
        """Any interval is accepted; an unknown message fails, without a word."""
        message_id, interval_us = command.number(1), command.number(2)
        if message_id in self._builders:
            self._streams.set(message_id, interval_us, self._platform.now_s)
            return Result.ACCEPTED
        return Result.ACCEPTED if message_id in SILENT else Result.FAILED

    def unsent(self, _message_id: int) -> Result:
        """One that is unknown, or has nothing to tell, is denied."""
        return Result.DENIED

    def on_protocol_version(self, _command: Command) -> Result:
        """PROTOCOL_VERSION."""
        self._sender.say(raw.protocol_version(), early=self.answers_early)
        return Result.ACCEPTED
