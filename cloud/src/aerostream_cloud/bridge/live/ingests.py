"""What the ingest services say of themselves."""

from aerostream_contract.models import ServiceState, ServiceStatus

MOST_INSTANCES = 1000
"""More of them are not remembered: their names come from the broker."""


class Ingests:
    """Remembers the retained state of each instance of ingest."""

    def __init__(self) -> None:
        self._paused: dict[str, str] = {}

    def apply(self, instance: str, state: ServiceState | None) -> None:
        """Take an instance's state; None: somebody cleared it."""
        if state is None or state.status is not ServiceStatus.PAUSED:
            self._paused.pop(instance, None)
        elif instance in self._paused or len(self._paused) < MOST_INSTANCES:
            self._paused[instance] = state.reason

    def forget(self) -> None:
        """Know nothing: a new connection to the broker tells all of it again."""
        self._paused.clear()

    @property
    def failure(self) -> str:
        """Which instances cannot store, in a sentence; empty where none says so.

        The reasons are for those who run them: they name files and hosts.
        """
        names = ", ".join(sorted(self._paused))
        return f"ingest cannot store now: {names}" if names else ""
