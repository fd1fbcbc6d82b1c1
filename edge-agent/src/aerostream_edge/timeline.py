"""Stamps the samples of one vehicle, live or in the second pass over a log."""

from bisect import bisect_right
from collections import defaultdict
from typing import NamedTuple

from aerostream_contract.frame import Clock
from aerostream_contract.mavlink import MESSAGES

from aerostream_edge.boots import MOST_SERIES, Boot, ComponentClock, FreeTimes, clock_of
from aerostream_edge.mapping import Sample
from aerostream_edge.mavlink.frames import Frame
from aerostream_edge.mavlink.messages import read_fields
from aerostream_edge.recent import Recent

SYSTEM_TIME = MESSAGES.named("SYSTEM_TIME").id


class SectionKey(NamedTuple):
    """What samples of one section of a frame share."""

    component: int
    boot: int
    clock: Clock
    offset_us: int
    """UTC minus the clock."""


class Shift(NamedTuple):
    """Sections whose offset was the host's guess and is known now."""

    component: int
    boot: int
    clock: Clock
    by_us: int
    leans: bool = False
    """The guess was the autopilot's: what came before the autopilot's boot leaned on another."""


class Timeline:
    """The clocks of all components of one vehicle, followed live.

    Args:
        autopilot: component whose SYSTEM_TIME corrects the host's clock.
        live: it runs for ever: what is over and what others make up is forgotten, and two
            components that share an id are noticed. Nobody asks for a schedule then.
    """

    def __init__(self, autopilot: int, *, live: bool = False) -> None:
        self.autopilot = autopilot
        self._live = live
        self._receipt_offset_us = 0
        self._told = False
        self._clocks: dict[int, ComponentClock] = {}
        self._free: defaultdict[tuple[int, int], Recent[tuple[str, str], FreeTimes]]
        self._free = defaultdict(lambda: Recent(MOST_SERIES if live else None))

    def move_to(self, index: int) -> None:
        """The stream is at the message with this index; live that says nothing."""

    def observe(self, frame: Frame, sample: Sample, receipt_us: int, index: int) -> list[Shift]:
        """Let a message move the clocks; gives what became known about earlier samples."""
        component = frame.component
        clock = self._clock(component)
        boot_before = clock.boot.index
        own_us = self.own_us(component, sample, receipt_us)
        if own_us is not None:
            series = (sample.channel.name, sample.instance)
            clock.observe_own_time(series, own_us, receipt_us, index, wraps=sample.own_wraps)
        shifts: list[Shift] = []
        if frame.message_id == SYSTEM_TIME:
            shifts = self._observe_system_time(frame, sample, receipt_us, index)
        if clock.boot.index != boot_before:
            self._free.pop((component, boot_before), None)
        return shifts

    def own_us(self, component: int, sample: Sample, receipt_us: int) -> int | None:
        """The own time of a sample, unwrapped; None where it has none."""
        own_us = sample.own_us
        if own_us is None or clock_of(own_us) is Clock.RECEIPT:
            return None
        if sample.own_wraps:
            series = (sample.channel.name, sample.instance)
            return self._clock(component).unwrapped(own_us, series, receipt_us)
        return own_us

    def stamp(self, component: int, sample: Sample, receipt_us: int) -> tuple[SectionKey, int]:
        """Section and time, in the section's clock, of a sample that was observed."""
        clock = self._clock(component)
        return self._placed(
            component,
            clock.boot,
            clock.receipt_offset_us,
            self.own_us(component, sample, receipt_us),
            (sample.channel.name, sample.instance),
            receipt_us,
        )

    def receipt_time(self, component: int, series: tuple[str, str], receipt_us: int) -> int:
        """UTC of something without a time of its own, unique in its series."""
        clock = self._clock(component)
        offset = clock.receipt_offset_us
        return self._free_times(component, clock.boot, series).place(
            receipt_us + offset, Clock.RECEIPT
        )

    @property
    def told(self) -> bool:
        """Whether the autopilot has told the true time; in a log nobody waits for that."""
        return self._told

    @property
    def receipt_offset_us(self) -> int:
        """UTC minus the host's clock, as far as the autopilot has told."""
        return self._receipt_offset_us

    def boot_count(self, component: int) -> int:
        """How many boots of a component were seen."""
        return self._clock(component).boot.index + 1

    def is_shared(self, component: int) -> bool:
        """Whether two seem to speak as this component now."""
        return self._clock(component).boot.shared

    def schedule(self, autopilot: int) -> "Schedule":
        """The boots as they turned out, to stamp a whole log by."""
        return Schedule(autopilot, {c: clock.boots for c, clock in self._clocks.items()})

    def _placed(
        self,
        component: int,
        boot: Boot,
        receipt_offset_us: int,
        own_us: int | None,
        series: tuple[str, str],
        receipt_us: int,
    ) -> tuple[SectionKey, int]:
        clock = clock_of(own_us)
        if own_us is None or (clock is Clock.BOOT and boot.utc_minus_boot_us is None):
            clock, offset, time_us = Clock.RECEIPT, receipt_offset_us, receipt_us
        elif clock is Clock.UTC:
            offset, time_us = 0, own_us
        else:
            assert boot.utc_minus_boot_us is not None
            offset, time_us = boot.utc_minus_boot_us, own_us
        placed = self._free_times(component, boot, series).place(time_us + offset, clock)
        return SectionKey(component, boot.index, clock, offset), placed - offset

    def _free_times(self, component: int, boot: Boot, series: tuple[str, str]) -> FreeTimes:
        of_boot = self._free[component, boot.index]
        free = of_boot.used(series)
        if free is None:
            free = FreeTimes()
            of_boot.keep(series, free)
        return free

    def _clock(self, component: int) -> ComponentClock:
        clock = self._clocks.get(component)
        if clock is None:
            clock = ComponentClock(lambda: self._receipt_offset_us, live=self._live)
            self._clocks[component] = clock
        return clock

    def _observe_system_time(
        self, frame: Frame, sample: Sample, receipt_us: int, index: int
    ) -> list[Shift]:
        clock = self._clock(frame.component)
        series = (sample.channel.name, sample.instance)
        values = read_fields(SYSTEM_TIME, frame.payload)
        boot_us = values["time_boot_ms"] * 1000
        before = clock.boot
        guessed_boot_us, guessed_receipt_us = before.utc_minus_boot_us, clock.receipt_offset_us
        unix_us = values["time_unix_usec"]
        if not clock.observe_system_time(series, unix_us, boot_us, receipt_us, index):
            return []
        boot = clock.boot
        assert boot.utc_minus_receipt_us is not None
        if frame.component == self.autopilot:
            self._receipt_offset_us = boot.utc_minus_receipt_us
            self._told = True
        if boot is not before:
            return []  # what came before belongs to another boot, whose offsets stay
        moved_us = boot.utc_minus_receipt_us - guessed_receipt_us
        shifts = [Shift(frame.component, boot.index, Clock.RECEIPT, moved_us)]
        if guessed_boot_us is not None and boot.utc_minus_boot_us is not None:
            by_us = boot.utc_minus_boot_us - guessed_boot_us
            shifts.append(Shift(frame.component, boot.index, Clock.BOOT, by_us))
        if frame.component == self.autopilot:
            shifts += self._move_guesses(moved_us, boot.start)
        shifts = [shift for shift in shifts if shift.by_us]
        for shift in shifts:
            for free in self._free[shift.component, shift.boot].values():
                free.move(shift.clock, shift.by_us)
        return shifts

    def _move_guesses(self, by_us: int, since: int) -> list[Shift]:
        """Components without a SYSTEM_TIME lean on the host's clock, which was off by this much.

        Clocks that began in an earlier boot of the autopilot lean on that one's offset, and stay,
        as do samples without a clock that were received in it.
        """
        shifts: list[Shift] = []
        for component, clock in self._clocks.items():
            boot = clock.boot
            if boot.from_system_time:
                continue
            shifts.append(Shift(component, boot.index, Clock.RECEIPT, by_us, leans=True))
            first = boot.first_timed
            if boot.utc_minus_boot_us is not None and first is not None and first.ordinal >= since:
                boot.utc_minus_boot_us += by_us
                shifts.append(Shift(component, boot.index, Clock.BOOT, by_us))
        return shifts


class Schedule(Timeline):
    """The second pass over a log: boots and offsets are known from the first message on."""

    def __init__(self, autopilot: int, boots: dict[int, list[Boot]]) -> None:
        super().__init__(autopilot)
        self._boots = boots
        self._starts = {component: [b.start for b in found] for component, found in boots.items()}
        self._current: dict[int, Boot] = {}
        self._index = 0
        # Settling asks for the autopilot's boots, and makes them where it sent nothing.
        for found in list(boots.values()):
            for boot in found:
                self._settle(boot)

    def move_to(self, index: int) -> None:
        """The pass is at the message with this index."""
        self._index = index

    def observe(
        self,
        frame: Frame,
        sample: Sample,  # noqa: ARG002  # the first pass has looked at it
        receipt_us: int,  # noqa: ARG002
        index: int,
    ) -> list[Shift]:
        """Drop what does not outlive a boot; nothing new can become known."""
        component = frame.component
        boot = self._boot_at(component, index)
        before = self._current.get(component)
        if before is not boot:
            if before is not None:
                self._free.pop((component, before.index), None)
            self._current[component] = boot
        return []

    def own_us(self, component: int, sample: Sample, receipt_us: int) -> int | None:
        """The own time of a sample, unwrapped against its boot's other clocks."""
        own_us = sample.own_us
        if own_us is None or clock_of(own_us) is Clock.RECEIPT:
            return None
        boot = self._boot_at(component, self._index)
        return boot.unwrapped(own_us, None, receipt_us) if sample.own_wraps else own_us

    def stamp(self, component: int, sample: Sample, receipt_us: int) -> tuple[SectionKey, int]:
        """Section and time, in the section's clock, of a sample."""
        return self._placed(
            component,
            self._boot_at(component, self._index),
            self._receipt_offset_at(component, self._index),
            self.own_us(component, sample, receipt_us),
            (sample.channel.name, sample.instance),
            receipt_us,
        )

    def receipt_time(self, component: int, series: tuple[str, str], receipt_us: int) -> int:
        """UTC of something without a time of its own, unique in its series."""
        boot = self._boot_at(component, self._index)
        offset = self._receipt_offset_at(component, self._index)
        return self._free_times(component, boot, series).place(receipt_us + offset, Clock.RECEIPT)

    def _boot_at(self, component: int, index: int) -> Boot:
        boots = self._boots.get(component)
        if boots is None:
            boots = self._boots[component] = [Boot(0)]
            self._starts[component] = [0]
        return boots[max(0, bisect_right(self._starts[component], index) - 1)]

    def _receipt_offset_at(self, component: int, index: int) -> int:
        own = self._boot_at(component, index).utc_minus_receipt_us
        if own is None:
            own = self._boot_at(self.autopilot, index).utc_minus_receipt_us
        return own or 0

    def _settle(self, boot: Boot) -> None:
        """Redo the guess of a boot without SYSTEM_TIME with the autopilot's final offset."""
        if boot.from_system_time or boot.first_timed is None:
            return
        first = boot.first_timed
        own_us = first.own_us
        if boot.own_minus_receipt_us is None:
            # It has only clocks that wrap: they tell the time from the first one on.
            boot.own_minus_receipt_us = own_us - first.receipt_us
        if first.wraps:
            own_us = boot.unwrapped(own_us, None, first.receipt_us)
        offset = self._boot_at(self.autopilot, first.ordinal).utc_minus_receipt_us or 0
        boot.utc_minus_boot_us = first.receipt_us - own_us + offset
