"""What the ingest services say of themselves."""

from aerostream_contract.models import ServiceState, ServiceStatus

MOST_INSTANCES = 1000
"""More of them are not remembered: their names come from the broker."""
_EVERY_FLEET = "*"
_RUNNING = (ServiceStatus.ONLINE, ServiceStatus.PAUSED)


class Ingests:
    """Remembers the retained state of each instance of ingest."""

    def __init__(self) -> None:
        self._states: dict[str, ServiceState] = {}

    def apply(self, instance: str, state: ServiceState | None) -> None:
        """Take an instance's state; None: somebody cleared it."""
        if state is None:
            self._states.pop(instance, None)
        elif instance in self._states or len(self._states) < MOST_INSTANCES:
            self._states[instance] = state

    def forget(self) -> None:
        """Know nothing: a new connection to the broker tells all of it again."""
        self._states.clear()

    @property
    def is_heard(self) -> bool:
        """Whether any instance has said anything."""
        return bool(self._states)

    @property
    def failure(self) -> str:
        """Why samples are not stored, in a sentence; empty where nothing says so.

        An instance that stopped cleanly, or was lost, leaves its state on the broker for ever.
        One that was lost is missed until others store its fleets; one that was stopped is what
        somebody wanted, and missed only where none is left. The reasons of a pause are for
        those who run ingest: they name files and hosts.
        """
        if not self._states:
            return ""
        running = [state for state in self._states.values() if state.status in _RUNNING]
        paused = self._named(ServiceStatus.PAUSED)
        lost = [
            name
            for name in self._named(ServiceStatus.LOST)
            if not _is_covered(self._states[name], running)
        ]
        found = []
        if paused:
            found.append(f"ingest cannot store now: {', '.join(paused)}")
        if lost:
            found.append(f"ingest {', '.join(lost)} {'was' if len(lost) == 1 else 'were'} lost")
        elif not running:
            found.append("no ingest is running")
        return "; ".join(found)

    def _named(self, status: ServiceStatus) -> list[str]:
        return sorted(name for name, state in self._states.items() if state.status is status)


def _is_covered(lost: ServiceState, running: list[ServiceState]) -> bool:
    """Whether others store the fleets of an instance that was lost."""
    stored = {fleet for state in running for fleet in state.fleets}
    return bool(running) and (_EVERY_FLEET in stored or stored.issuperset(lost.fleets))
