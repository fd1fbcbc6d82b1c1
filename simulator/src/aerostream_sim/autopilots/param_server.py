"""Answers who lists, reads and sets parameters."""

from collections.abc import Callable, Mapping
from typing import Any

from aerostream_sim.autopilots.params import Params
from aerostream_sim.autopilots.part import Listener, Part, addressed
from aerostream_sim.autopilots.sender import Sender

_LIST_AFTER_S, _BETWEEN_S = 0.05, 0.001
#: Reading takes so many times as long as another answer.
_SLOW_READING = 4


class ParamServer(Part):
    """The parameter protocol.

    Args:
        system: the autopilot's system id.
        params: the parameters.
        sender: sends the answers.
        listed: is called before parameters are listed.
    """

    def __init__(
        self,
        *,
        system: int,
        params: Params,
        sender: Sender,
        listed: Callable[[], None] = lambda: None,
    ) -> None:
        self._system = system
        self._params = params
        self._sender = sender
        self._listed = listed

    def listeners(self) -> Mapping[str, Listener]:
        """The parameter protocol's requests."""
        return {
            "PARAM_REQUEST_LIST": self._on_list,
            "PARAM_REQUEST_READ": self._on_read,
            "PARAM_SET": self._on_set,
        }

    def _on_list(self, message: Any) -> None:
        self._listed()
        if addressed(message, self._system):
            for index, value in enumerate(self._params.all()):
                self._sender.after(_LIST_AFTER_S + index * _BETWEEN_S, value)

    def _on_read(self, message: Any) -> None:
        if addressed(message, self._system):
            found = self._params.read(message.param_id, message.param_index)
            if found is not None:
                self._sender.after(self._sender.delay_s() * _SLOW_READING, found)

    def _on_set(self, message: Any) -> None:
        if addressed(message, self._system):
            found = self._params.set(message.param_id, message.param_value)
            if found is not None:
                self._sender.after(self._sender.delay_s(), found)
