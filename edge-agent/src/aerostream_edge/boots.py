"""The time of a sample: boots of components, and their offsets to UTC.

The rules are those of the contract's time chapter (docs/adr/0005-sample-times.md). One
`ComponentClock` follows one MAVLink component, message by message; a `Boot` holds the offsets
that every sample of that boot shares. Live, samples are stamped with what is known at the
time. An import runs the same clocks over the whole log first and stamps in a second pass.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from aerostream_contract.frame import Clock
from aerostream_contract.times import LATEST_US

from aerostream_edge.recent import Recent
from aerostream_edge.turns import Turns

#: From here on an own time is UTC already: 10^15 µs is September 2001.
UTC_FROM_US = 10**15
#: Later own times are none, such samples are stamped on receipt: times of a series that stands
#: still go on a little, and guessed ones are moved, and the calendar must not end meanwhile.
LATEST_OWN_US = LATEST_US - 200 * 366 * 86_400_000_000
_BACKWARD_US = 1_000_000
_PLAUSIBLE_UTC_US = (1_262_304_000_000_000, 4_102_444_800_000_000)
"""2010 to 2100."""
_WRAP_US = 1 << 32
#: Series of one component that a live vehicle remembers; a busy one has some hundred. A name that
#: is forgotten costs nothing unless its clock stands still.
MOST_SERIES = 1024
_UNWRAP_TOLERANCE_US = 120_000_000


class TimedMessage(NamedTuple):
    """The first message of a boot that has a time of its own."""

    receipt_us: int
    own_us: int
    ordinal: int
    """Its place in the stream."""
    wraps: bool
    """The own time is a 32-bit µs clock, which may have wrapped before."""


@dataclass(slots=True)
class Boot:
    """One run of a component, from power-up to power-down."""

    index: int
    start: int = 0
    """Index of its first message in the stream."""
    utc_minus_boot_us: int | None = None
    """Offset of the component's time since boot; None before its first timed message."""
    utc_minus_receipt_us: int | None = None
    """Correction of the host's clock; None: the one of the vehicle's autopilot."""
    from_system_time: bool = False
    """The offsets come from the component's own SYSTEM_TIME and stay."""
    first_timed: TimedMessage | None = None
    own_minus_receipt_us: int | None = None
    """Where the time since boot stands against receipt, for unwrapping 32-bit clocks."""
    shared: bool = False
    """No boot: two that share the component's id take turns. Time since boot says nothing then,
    and their samples are stamped on receipt."""

    def unwrapped(self, own_us: int, newest: int | None, receipt_us: int) -> int:
        """A 32-bit µs clock with the wraps added that the component's other clocks tell of.

        Args:
            own_us: the clock as sent.
            newest: the last unwrapped time of the same series, for want of another clock.
            receipt_us: when it was received.
        """
        elapsed = self.own_minus_receipt_us
        expected = newest if elapsed is None else receipt_us + elapsed
        if expected is None:
            return own_us
        wraps = max(0, round((expected - own_us) / _WRAP_US))
        candidate = own_us + wraps * _WRAP_US
        # Far off means another boot, not another wrap.
        return candidate if abs(candidate - expected) <= _UNWRAP_TOLERANCE_US else own_us


class ComponentClock:
    """Follows the boots of one component.

    Args:
        autopilot_receipt_offset: gives the correction of the host's clock now in force, µs.
        live: forget boots that are over, and notice two components that share an id.
    """

    def __init__(self, autopilot_receipt_offset: Callable[[], int], *, live: bool = False) -> None:
        self.boots = [Boot(0)]
        """All boots; live the one that runs."""
        self._autopilot_receipt_offset = autopilot_receipt_offset
        self._live = live
        self._newest: Recent[tuple[str, str], int] = Recent(MOST_SERIES if live else None)
        self._turns = Turns()
        self._last_offset_us: int | None = None
        """UTC minus boot of the newest SYSTEM_TIME of a boot that is shared."""

    @property
    def boot(self) -> Boot:
        """The boot that runs."""
        return self.boots[-1]

    @property
    def receipt_offset_us(self) -> int:
        """UTC minus receipt for this component now."""
        own = self.boot.utc_minus_receipt_us
        return self._autopilot_receipt_offset() if own is None else own

    def observe_own_time(
        self, series: tuple[str, str], own_us: int, receipt_us: int, index: int, *, wraps: bool
    ) -> None:
        """Take the own time of a message; a series that goes back by over a second is a boot."""
        newest = self._newest.get(series)
        if newest is not None and own_us < newest - _BACKWARD_US:
            self._note_boot(index, receipt_us)
        elif self.boot.shared and self._turns.over(receipt_us):
            self._begin_boot(index, shared=False)
        self._newest.keep(series, own_us)
        if own_us < UTC_FROM_US and not self.boot.shared:
            self._take_first(TimedMessage(receipt_us, own_us, index, wraps))

    def observe_system_time(
        self, series: tuple[str, str], unix_us: int, boot_us: int, receipt_us: int, index: int
    ) -> bool:
        """Take a SYSTEM_TIME of this component; True where it fixed the boot's offsets."""
        low, high = _PLAUSIBLE_UTC_US
        if boot_us <= 0 or not low <= unix_us < high:
            return False
        offset = unix_us - boot_us
        if self.boot.shared:
            return self._observe_shared(offset, unix_us, receipt_us, index)
        known = self.boot.utc_minus_boot_us
        if self.boot.from_system_time and known is not None:
            if abs(offset - known) <= _BACKWARD_US:
                return False
            self._note_boot(index, receipt_us)
            if self.boot.shared:
                return self._observe_shared(offset, unix_us, receipt_us, index)
            self._newest.keep(series, boot_us)
            self._take_first(TimedMessage(receipt_us, boot_us, index, wraps=False))
        boot = self.boot
        boot.utc_minus_boot_us = offset
        boot.utc_minus_receipt_us = unix_us - receipt_us
        boot.from_system_time = True
        return True

    def unwrapped(self, own_us: int, series: tuple[str, str], receipt_us: int) -> int:
        """A 32-bit µs clock of this component, unwrapped (see `Boot.unwrapped`)."""
        return self.boot.unwrapped(own_us, self._newest.get(series), receipt_us)

    def _take_first(self, message: TimedMessage) -> None:
        boot = self.boot
        first = boot.first_timed
        if boot.own_minus_receipt_us is None and not message.wraps:
            boot.own_minus_receipt_us = message.own_us - message.receipt_us
            if first is not None and not boot.from_system_time:
                # The first one wraps, and only now is known how often it had.
                own_us = boot.unwrapped(first.own_us, None, first.receipt_us)
                assert boot.utc_minus_boot_us is not None
                boot.utc_minus_boot_us -= own_us - first.own_us
                boot.first_timed = first._replace(own_us=own_us)
        if first is None:
            boot.first_timed = message
            if boot.utc_minus_boot_us is None:
                guess = message.receipt_us - message.own_us + self.receipt_offset_us
                boot.utc_minus_boot_us = guess

    def _observe_shared(self, offset_us: int, unix_us: int, receipt_us: int, index: int) -> bool:
        """Take a SYSTEM_TIME of one of two that share an id: it tells the true time still."""
        last_us, self._last_offset_us = self._last_offset_us, offset_us
        if last_us is not None and abs(offset_us - last_us) > _BACKWARD_US:
            self._note_boot(index, receipt_us)
        boot = self.boot
        if boot.from_system_time:
            return False
        boot.utc_minus_receipt_us = unix_us - receipt_us
        boot.from_system_time = True
        return True

    def _note_boot(self, index: int, receipt_us: int) -> None:
        shared = self._live and self._turns.went_back(receipt_us)
        if not self.boot.shared:
            self._begin_boot(index, shared=shared)

    def _begin_boot(self, index: int, *, shared: bool) -> None:
        self._newest.clear()
        self._last_offset_us = None
        boot = Boot(self.boot.index + 1, start=index, shared=shared)
        if self._live:
            self.boots.clear()
        self.boots.append(boot)


def clock_of(own_us: int | None) -> Clock:
    """Which clock a sample's own time belongs to; zero and the absurd are none."""
    if own_us is None or own_us <= 0 or own_us > LATEST_OWN_US:
        return Clock.RECEIPT
    return Clock.UTC if own_us >= UTC_FROM_US else Clock.BOOT


class FreeTimes:
    """Keeps the newest times of one series unique: a taken one moves to the next free µs."""

    DEPTH = 1024

    def __init__(self) -> None:
        self._recent = array("q")
        self._clocks = bytearray()
        self._next = 0
        self._newest: int | None = None

    def place(self, time_us: int, clock: Clock) -> int:
        """The time itself, or the next microsecond that none of the last 1,024 has."""
        if self._newest is not None and time_us <= self._newest:
            taken = self._recent
            if time_us in taken:
                # A clock that stands still fills a long run: looked through once, not per step.
                taken_set = set(taken)
                while time_us in taken_set:
                    time_us += 1
        self._take(time_us, clock)
        return time_us

    def move(self, clock: Clock, by_us: int) -> None:
        """Times of a clock turned out to be others: those are taken now.

        The old ones stay taken, too: some were published, and will not move any more.
        """
        times = zip(self._recent, self._clocks, strict=True)
        for time_us in [time_us + by_us for time_us, their in times if their == clock]:
            self._take(time_us, clock)

    def _take(self, time_us: int, clock: Clock) -> None:
        if self._newest is None or time_us > self._newest:
            self._newest = time_us
        if len(self._recent) < self.DEPTH:
            self._recent.append(time_us)
            self._clocks.append(clock)
        else:
            self._recent[self._next] = time_us
            self._clocks[self._next] = clock
            self._next = (self._next + 1) % self.DEPTH
