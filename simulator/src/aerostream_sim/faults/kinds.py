"""What the laboratory breaks."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """A way in which something goes wrong: its name, and a sentence on what happens."""

    KILL_AGENT = (
        "kill-agent",
        "SIGKILL of a drone's agent, started again after a moment.",
    )
    KILL_BROKER = (
        "kill-broker",
        "SIGKILL of the broker, started again with what it had persisted.",
    )
    KILL_INGEST = (
        "kill-ingest",
        "SIGKILL of ingest, started again after a moment.",
    )
    BROKER_WIPED = (
        "broker-wiped",
        "SIGKILL of the broker, started again without any memory of sessions and messages.",
    )
    NETWORK_CUT = (
        "network-cut",
        "No byte passes between one drone, or the cloud, and the broker.",
    )
    NETWORK_BAD = (
        "network-bad",
        "A link loses 5 % of what it carries and delays the rest by 800 ms.",
    )
    STORE_LOCKED = (
        "store-locked",
        "Another program holds the store's file locked: nothing can be written.",
    )
    STORE_FULL = (
        "store-full",
        "The cloud's disk is full.",
    )
    SPOOL_FULL = (
        "spool-full",
        "The disk of a drone's agent is full.",
    )
    CLOCK_JUMP = (
        "clock-jump",
        "The clock of a drone's host jumps, by hours to a year, and later back.",
    )
    POWER_CUT_AGENT = (
        "power-cut-agent",
        "A drone's host loses power: files are as they were at their last fsync.",
    )
    POWER_CUT_CLOUD = (
        "power-cut-cloud",
        "The cloud's host loses power: files are as they were at their last fsync.",
    )
    KILL_ALL = (
        "kill-all",
        "SIGKILL of every agent, the broker and ingest at the same instant.",
    )

    sentence: str

    def __new__(cls, name: str, sentence: str = "") -> "FaultKind":
        """A member whose value is its name."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.sentence = sentence
        return kind


@dataclass(frozen=True, slots=True)
class Nature:
    """How a kind of fault behaves.

    Args:
        shortest_s: least duration.
        longest_s: greatest duration.
        strikes_drone: whether it strikes a drone.
        strikes_cloud: whether it strikes the cloud.
        exclusive: what two faults cannot have at the same time: on the same drone, or in the
            cloud.
    """

    shortest_s: float
    longest_s: float
    strikes_drone: bool = False
    strikes_cloud: bool = False
    exclusive: frozenset[str] = frozenset()


#: A dead process cannot be killed again, and the files of a host without power are not locked.
_PROCESS, _DISK, _NETWORK, _CLOCK = (
    frozenset({each}) for each in ("process", "disk", "network", "clock")
)
_BROKER = frozenset({"broker"})

NATURES: dict[FaultKind, Nature] = {
    FaultKind.KILL_AGENT: Nature(0.5, 5.0, strikes_drone=True, exclusive=_PROCESS),
    FaultKind.KILL_BROKER: Nature(0.5, 5.0, exclusive=_BROKER),
    FaultKind.KILL_INGEST: Nature(0.5, 5.0, strikes_cloud=True, exclusive=_PROCESS),
    FaultKind.BROKER_WIPED: Nature(0.5, 5.0, exclusive=_BROKER),
    FaultKind.NETWORK_CUT: Nature(
        2.0, 12.0, strikes_drone=True, strikes_cloud=True, exclusive=_NETWORK
    ),
    FaultKind.NETWORK_BAD: Nature(
        4.0, 15.0, strikes_drone=True, strikes_cloud=True, exclusive=_NETWORK
    ),
    FaultKind.STORE_LOCKED: Nature(3.0, 12.0, strikes_cloud=True, exclusive=_DISK),
    FaultKind.STORE_FULL: Nature(3.0, 10.0, strikes_cloud=True, exclusive=_DISK),
    FaultKind.SPOOL_FULL: Nature(3.0, 10.0, strikes_drone=True, exclusive=_DISK),
    FaultKind.CLOCK_JUMP: Nature(3.0, 20.0, strikes_drone=True, exclusive=_CLOCK),
    FaultKind.POWER_CUT_AGENT: Nature(0.5, 5.0, strikes_drone=True, exclusive=_PROCESS | _DISK),
    FaultKind.POWER_CUT_CLOUD: Nature(0.5, 5.0, strikes_cloud=True, exclusive=_PROCESS | _DISK),
    FaultKind.KILL_ALL: Nature(0.5, 4.0),
}

#: What needs more than Mosquitto: a C compiler, for what is preloaded.
NEEDS_SHIM = frozenset(
    {
        FaultKind.CLOCK_JUMP,
        FaultKind.STORE_FULL,
        FaultKind.SPOOL_FULL,
        FaultKind.POWER_CUT_AGENT,
        FaultKind.POWER_CUT_CLOUD,
    }
)

#: What takes time from a drone's samples: before a kill, what was not yet on the disk.
KILLS_AGENT = frozenset({FaultKind.KILL_AGENT, FaultKind.POWER_CUT_AGENT, FaultKind.KILL_ALL})
