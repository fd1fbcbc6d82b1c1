"""Which drones are inside a box, and since when: what enters is told whole, what leaves is gone.

Pure. One area serves all subscriptions of a group; its versions are those of the fleet's log.
"""

from collections import OrderedDict
from operator import itemgetter

from aerostream_contract.names import DroneName

from aerostream_cloud.bridge.live.changes import Change, GoneEntry
from aerostream_cloud.bridge.live.filter import Box, Filter
from aerostream_cloud.bridge.live.fleet import Fleet, is_wanted


class Area:
    """Follows the drones that a filter with a box wants."""

    def __init__(self, fleet: Fleet, wanted: Filter, box: Box) -> None:
        self._fleet = fleet
        self._wanted = wanted
        self._box = box
        self._left: OrderedDict[DroneName, GoneEntry] = OrderedDict()
        self._inside: OrderedDict[DroneName, int] = OrderedDict()
        self.is_built = False
        """Whether it is known who is inside; before that nothing can be told."""
        self.floor = self._checked = fleet.version
        """Who left before this version is not known."""

    def build(self) -> None:
        """Look at all drones; this takes a while."""
        self.floor = self._checked = self._fleet.version
        for name in self._fleet.names():
            if self._wanted.wants(name.drone, name.fleet) and self._is_inside(name):
                self._inside[name] = 0
        self.is_built = True

    def update(self) -> None:
        """Look at what has changed since the last time."""
        moved: set[DroneName] = set()
        gone: set[DroneName] = set()
        for entry in self._fleet.changes.back_to(self._checked):
            if self._wanted.wants(entry.name.drone, entry.name.fleet):
                (gone if isinstance(entry, GoneEntry) else moved).add(entry.name)
        for name in gone & self._inside.keys():
            self._leave(name)
        for name in moved:
            inside = self._is_inside(name)
            if inside and name not in self._inside:
                self._inside[name] = self._fleet.changes.take_version()
            elif not inside and name in self._inside:
                self._leave(name)
        self._checked = self._fleet.version

    def since(self, version: int) -> list[Change]:
        """What is to be told to one who knows everything up to a version, oldest change first."""
        changes: list[Change] = [
            (entry.version, entry)
            for entry in self._fleet.since(version, self._wanted)
            if self._inside.get(entry.name, version + 1) <= version
            and not isinstance(entry, GoneEntry)
        ]
        for name, entered in reversed(self._inside.items()):
            if entered <= version:
                break
            changes += [
                (max(entered, entry.version), entry)
                for entry in self._fleet.entries_of(name.drone)
                if is_wanted(entry, self._wanted)
            ]
        for gone in reversed(self._left.values()):
            if gone.version <= version:
                break
            changes.append((gone.version, gone))
        changes.sort(key=itemgetter(0))
        return changes

    def _leave(self, name: DroneName) -> None:
        del self._inside[name]
        gone = self._left[name] = GoneEntry(name)
        gone.version = self._fleet.changes.take_version()
        self._left.move_to_end(name)

    def _is_inside(self, name: DroneName) -> bool:
        place = self._fleet.place(name)
        return place is not None and self._box.contains(*place)
