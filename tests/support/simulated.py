"""Simulated vehicles under test, without a link: time is stepped, packets are parsed."""

from dataclasses import dataclass
from typing import Any

from aerostream_sim.fleet import FleetPlan
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.models.geo import Place
from aerostream_sim.models.wind import WindSetting
from aerostream_sim.vehicle import AutopilotName, Vehicle
from pymavlink.dialects.v20 import all as dialect

#: 2026-01-01 UTC.
UTC_US = 1_767_225_600_000_000
#: Where the recorded flights took off: positions in recorded commands are near.
RECORDED_HOMES = {
    AutopilotName.ARDUPILOT: Place(-35.3632610, 149.1652299, 584.09),
    AutopilotName.PX4: Place(47.3977433, 8.5455947, 489.478),
}
CALM = WindSetting(0.0)


@dataclass(frozen=True)
class Heard:
    """A message that a vehicle sent."""

    at_s: float
    name: str
    message: Any


class Bench:
    """One vehicle, stepped by hand.

    Args:
        kind: its kind.
        autopilot: its autopilot.
        options: further fields of the `FleetPlan`.
    """

    def __init__(self, kind: str, autopilot: str, **options: Any) -> None:
        chosen: dict[str, Any] = {"seed": 1, "wind": CALM} | options
        plan = FleetPlan(
            vehicles=1, kinds=[Kind(kind)], autopilots=[AutopilotName(autopilot)], **chosen
        )
        self.vehicle = Vehicle(plan.specs()[0], utc_us=UTC_US)
        self.now_s = 0.0
        self._parser = dialect.MAVLink(None)
        self._parser.robust_parsing = True

    def run(self, seconds: float, step_s: float = 0.05) -> list[Heard]:
        """Go on; what was sent meanwhile."""
        heard = []
        for _ in range(round(seconds / step_s)):
            self.now_s += step_s
            for data in self.vehicle.advance(self.now_s):
                heard += [
                    Heard(self.now_s, message.get_type(), message)
                    for message in self._parser.parse_buffer(bytearray(data)) or ()
                ]
        return heard

    def send(self, message: Any, sender: tuple[int, int] = (1, 191)) -> None:
        """Let it hear a pymavlink message."""
        self.vehicle.receive(message.pack(dialect.MAVLink(None, *sender)), self.now_s)

    def command(self, number: int, *params: float) -> None:
        """Let it hear a COMMAND_LONG."""
        filled = [*params, *[0.0] * 7][:7]
        self.send(dialect.MAVLink_command_long_message(1, 1, number, 0, *filled))
