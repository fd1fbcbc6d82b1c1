"""Memory of the programs before, during and after what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

from aerostream_sim.faults.processes import Child


@dataclass(slots=True)
class Memory:
    """Resident bytes of one program; 0 where the system does not tell."""

    before: int = 0
    """At the beginning of the first fault."""
    peak: int = 0
    """The most from then until all was caught up."""
    after: int = 0
    """At the end."""


class MemoryBook:
    """Keeps what the programs use.

    Args:
        children: the programs.
    """

    def __init__(self, children: Iterable[Child]) -> None:
        self._children = list(children)
        self.by_name: dict[str, Memory] = {child.name: Memory() for child in self._children}

    def note(self, *, broken: bool) -> None:
        """Look at all of them; `broken`: something has been broken before now."""
        for child in self._children:
            used = child.resident_bytes()
            if used is None:
                continue
            memory = self.by_name[child.name]
            memory.after = used
            memory.peak = max(memory.peak, used)
            if not broken:
                memory.before = memory.peak = used

    def largest(self, prefix: str) -> Memory:
        """The most of all programs whose names begin so."""
        chosen = [each for name, each in self.by_name.items() if name.startswith(prefix)]
        return Memory(
            max((each.before for each in chosen), default=0),
            max((each.peak for each in chosen), default=0),
            max((each.after for each in chosen), default=0),
        )
