"""What is stored: the other side of the comparison, and how it is read."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from aerostream_contract.times import us_from_iso

from aerostream_sim.errors import LabError
from aerostream_sim.faults.ledger import TEXT_PREFIX, Kind, sequence_of

#: Component of the samples that are compared: the autopilot's.
AUTOPILOT = 1
#: Of a sample that no vehicle sent.
NO_SEQUENCE = -1
EVENTS = "event"
EVENT_FIELDS = ("text", "data")
#: Instance of the event by which an agent reports what it dropped.
_DROPPED = "dropped"
_LAT_PER_DEGREE = 10_000_000


class Stored(NamedTuple):
    """A sample in the store."""

    kind: Kind
    sequence: int
    time_us: int
    """UTC that it is stored under."""


class Drop(NamedTuple):
    """An agent's report of what it dropped."""

    drone: str
    from_us: int
    to_us: int
    """UTC of the oldest and the newest of it."""
    samples: int
    events: int
    reason: str


class Content(NamedTuple):
    """All that is stored of some drones."""

    samples: dict[str, list[Stored]]
    """By drone, every row."""
    drops: list[Drop]


class Store(Protocol):
    """Where the samples of some drones end, as far as it can be read."""

    def read(self) -> Content:
        """Everything that is stored of the drones.

        Raises:
            LabError: it cannot be read now.
        """

    def known(self) -> list[str]:
        """Those of the drones that there are already.

        Raises:
            LabError: it cannot be read, or is something else.
        """

    def meet(self) -> None:
        """Come to know the drones, whose agents run now; nothing may be stored of them yet.

        Raises:
            LabError: it does not know them, or something is.
        """

    def mark(self) -> object | None:
        """What differs after each commit; None: nothing here tells."""


def flown_before(drone: str) -> LabError:
    """Why a drone that is stored already cannot fly."""
    return LabError(
        f"the deployment has {drone} already: expected drones that never flew, leave out --run or "
        "give another one"
    )


class Counted(NamedTuple):
    """Where the samples of a kind are stored, and what tells their sequence."""

    kind: Kind
    channel: str
    fields: tuple[str, ...]
    sequence: Callable[..., int]
    """Of the fields' values."""

    def stored(self, time_us: int, values: Iterable[float | None]) -> Stored:
        """A row as a sample."""
        numbers = list(values)
        known = None not in numbers
        return Stored(self.kind, self.sequence(*numbers) if known else NO_SEQUENCE, time_us)


COUNTED = (
    Counted(Kind.HEARTBEAT, "heartbeat", ("custom_mode",), round),
    Counted(Kind.SYSTEM_TIME, "system_time", ("time_unix_usec",), round),
    Counted(Kind.POSITION, "position", ("lat",), lambda lat: round(lat * _LAT_PER_DEGREE)),
    Counted(Kind.ATTITUDE, "attitude", ("roll", "pitch"), sequence_of),
    Counted(Kind.NAMED_VALUE, "mav_named_value_int", ("value",), round),
)
"""All kinds but texts, which are events."""


def texts(time_us: int, text: str) -> Iterator[Stored]:
    """The sample that an event of the autopilot is, if it is any."""
    if text.startswith(TEXT_PREFIX):
        count = text.removeprefix(TEXT_PREFIX)
        yield Stored(Kind.TEXT, int(count) if count.isdecimal() else NO_SEQUENCE, time_us)


def drops(drone: str, instance: str, data: str) -> Iterator[Drop]:
    """The report that an event is, if it is any.

    Args:
        drone: whose event it is.
        instance: its kind.
        data: its details, JSON.
    """
    if instance != _DROPPED:
        return
    told = json.loads(data)
    if "from" in told and "to" in told:
        yield Drop(
            drone,
            us_from_iso(told["from"]),
            us_from_iso(told["to"]),
            int(told.get("samples", 0)),
            int(told.get("events", 0)),
            str(told.get("reason", "")),
        )
