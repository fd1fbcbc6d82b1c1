"""ArduPilot's flight modes."""

from collections.abc import Callable

from aerostream_sim.autopilots.ardupilot.mission import ArduPilotMission
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.ardupilot.vehicles import VehicleFacts
from aerostream_sim.autopilots.commands import CUSTOM_MODE, Command, Result
from aerostream_sim.autopilots.modes import Modes
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.flight import Activity
from aerostream_sim.flight.platform import Platform


class ArduPilotModes(Modes):
    """The modes of one of ArduPilot's vehicles.

    Args:
        platform: the vehicle.
        facts: which of ArduPilot's vehicles.
        mission: is begun by AUTO.
        texts: what it says.
        changed: tells a new mode at once.
        commanded: is called when somebody on the link changes the mode.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        facts: VehicleFacts,
        mission: ArduPilotMission,
        texts: ArduPilotTexts,
        changed: Callable[[], None],
        commanded: Callable[[], None],
    ) -> None:
        super().__init__(platform=platform, commanded=commanded)
        self._facts = facts
        self._mission = mission
        self._texts = texts
        self._changed = changed
        self._chosen = False
        """Whether a mode was entered since power-on, or that is long ago."""

    @property
    def arming_mode(self) -> int:
        """GUIDED of a copter, TAKEOFF of a plane, HOLD of a rover."""
        return self._facts.arming_mode

    @property
    def mission_mode(self) -> int:
        """AUTO."""
        return self._facts.auto

    @property
    def name(self) -> str:
        """Of the mode that it is in; empty: it has none."""
        known = self._facts.modes.get(self.mode)
        return known.name if known else ""

    @property
    def booting(self) -> bool:
        """Whether heartbeats still tell the mode and state of the boot."""
        return self._platform.boot_s < self._facts.boot_s and not self._chosen

    def restart(self) -> None:
        """The mode of the start."""
        self.mode = self._facts.start_mode
        self._chosen = True

    def boot(self) -> None:
        """Heartbeats tell of it."""
        self._chosen = False

    def enter(self, mode: int) -> None:
        """Change the mode; a heartbeat tells at once."""
        changed = mode != self.mode
        self.mode = mode
        self._chosen = True
        flight = self._flight
        activity = self._facts.modes[mode].activity
        if activity is Activity.MISSION:
            self._mission.started = self._mission.started or flight.armed
        self.perform(activity)
        if changed:
            self._changed()
        if mode != self._facts.auto:
            return
        if flight.armed and flight.craft.flies and flight.motion.grounded:
            flight.take_off(flight.craft.limits.take_off_height)
        self._mission.tell_item()

    def perform_again(self) -> None:
        """Do what the mode means, now that the vehicle is armed."""
        self.perform(self._facts.modes[self.mode].activity)
        if self.mode == self._facts.auto:
            self._mission.started = True

    def on_set_mode(self, command: Command) -> Result:
        """DO_SET_MODE; only with the flag of custom modes."""
        if not command.number(1) & CUSTOM_MODE:
            return Result.DENIED
        return self._try(command.number(2))

    def on_old_mode(self, base_mode: int, custom_mode: int) -> Result | None:
        """SET_MODE works, and is never acknowledged."""
        if base_mode & CUSTOM_MODE:
            self._try(custom_mode)
        return None

    def _try(self, mode: int) -> Result:
        self._commanded()
        if mode not in self._facts.modes:
            self._texts.say(Severity.WARNING, f"No such mode {mode}")
            return Result.FAILED
        if mode != self.mode:
            self.enter(mode)
        return Result.ACCEPTED
