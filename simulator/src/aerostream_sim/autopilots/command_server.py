"""Commands as they come in, and their acknowledgements as they go."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.autopilots.commands import Cmd, Command, Result
from aerostream_sim.autopilots.modes import Modes
from aerostream_sim.autopilots.part import Handler, Listener, Part, addressed
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.mavlink.wire import Message


class CommandServer(Part):
    """Lets each command be answered by the part that knows it.

    Args:
        system: the autopilot's system id.
        accepts: whether a command to a system and component is for it.
        sender: sends the answers.
        modes: takes the message SET_MODE, which is older than commands.
        parts: those that know commands; what none knows is unsupported.
    """

    def __init__(
        self,
        *,
        system: int,
        accepts: Callable[[int, int], bool],
        sender: Sender,
        modes: Modes,
        parts: Iterable[Part],
    ) -> None:
        self._system = system
        self._accepts = accepts
        self._sender = sender
        self._modes = modes
        self._handlers: dict[int, Handler] = {}
        for part in parts:
            self._handlers.update(part.handlers())

    def listeners(self) -> Mapping[str, Listener]:
        """Commands in both forms, and SET_MODE."""
        return {
            "COMMAND_LONG": self._on_command,
            "COMMAND_INT": self._on_command,
            "SET_MODE": self._on_old_set_mode,
        }

    def _on_command(self, message: Any) -> None:
        if not self._accepts(message.target_system, message.target_component):
            return
        command = Command.of(message)
        handler = self._handlers.get(command.id)

        def find() -> Message:
            result = Result.UNSUPPORTED if handler is None else handler(command)
            return _ack(command.id, result, (command.system, command.component))

        self._sender.answer(find)

    def _on_old_set_mode(self, message: Any) -> None:
        if not addressed(message, self._system):
            return
        sender = (message.get_srcSystem(), message.get_srcComponent())

        def find() -> Message | None:
            result = self._modes.on_old_mode(message.base_mode, message.custom_mode)
            return None if result is None else _ack(Cmd.DO_SET_MODE, result, sender)

        self._sender.answer(find)


def _ack(number: int, result: Result, target: tuple[int, int]) -> Message:
    return dialect.MAVLink_command_ack_message(number, result, 0, 0, *target)
