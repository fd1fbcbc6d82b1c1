"""The few parameters that a simulated autopilot shows."""

import math
import struct

from pymavlink.dialects.v20 import all as dialect

from aerostream_sim.mavlink.wire import Message, text_of

REAL32, INT32, INT16, INT8 = 9, 6, 4, 2
_NO_INDEX = 65535


class Params:
    """Parameters by name, in order.

    Args:
        table: name, value, MAV_PARAM_TYPE.
        as_bits: integers travel as the bits of the float field, as PX4 does; else as its value.
    """

    def __init__(self, table: list[tuple[str, float, int]], *, as_bits: bool = False) -> None:
        self._names = [name for name, _, _ in table]
        self._values = {name: (value, kind) for name, value, kind in table}
        self._as_bits = as_bits

    def __getitem__(self, name: str) -> float:
        return self._values[name][0]

    def all(self) -> list[Message]:
        """A PARAM_VALUE of each."""
        return [self._message(name, index) for index, name in enumerate(self._names)]

    def read(self, param_id: str | bytes, index: int) -> Message | None:
        """The one with this index, or if that is -1 with this name; none: there is no such."""
        if index >= 0:
            return self._message(self._names[index], index) if index < len(self._names) else None
        name = text_of(param_id)
        return self._message(name, _NO_INDEX) if name in self._values else None

    def set(self, param_id: str | bytes, value: float) -> Message | None:
        """Set one and give its value; neither autopilot answers for an unknown name."""
        name = text_of(param_id)
        if name not in self._values:
            return None
        kind = self._values[name][1]
        if self._as_bits and kind != REAL32:
            value = struct.unpack("<i", struct.pack("<f", value))[0]
        if math.isfinite(value):
            self._values[name] = (value, kind)
        return self._message(name, _NO_INDEX)

    def _message(self, name: str, index: int) -> Message:
        value, kind = self._values[name]
        if self._as_bits and kind != REAL32:
            value = struct.unpack("<f", struct.pack("<i", int(value)))[0]
        return dialect.MAVLink_param_value_message(
            name.encode("ascii"), value, kind, len(self._names), index
        )
