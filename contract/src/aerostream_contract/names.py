"""Fleet and drone ids, and the pair that names a vehicle everywhere."""

import re
from dataclasses import dataclass

from aerostream_contract.errors import InvalidName, shown

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}\Z")

#: A drone configured on an agent leaves room for `-{sysid}` of a second vehicle on its link.
MAX_CONFIGURED_DRONE = 27


def check_id(value: str, what: str) -> str:
    """Return `value` if it is a fleet or drone id; `what` names it in the error.

    Raises:
        InvalidName: it is not 1-31 characters of a-z, 0-9, `_`, `-`, starting with a-z or 0-9.
    """
    if not _ID.match(value):
        raise InvalidName(
            f"{what} {shown(value)} is not an id: expected 1-31 characters of a-z, 0-9, _ and -, "
            "the first a letter or digit"
        )
    return value


@dataclass(frozen=True, slots=True, order=True)
class DroneName:
    """A vehicle's name in an installation, written `fleet/drone`."""

    fleet: str
    drone: str

    def __post_init__(self) -> None:
        check_id(self.fleet, "fleet")
        check_id(self.drone, "drone")

    @classmethod
    def parse(cls, text: str) -> "DroneName":
        """Read `fleet/drone`.

        Raises:
            InvalidName: there is no single slash, or a part is not an id.
        """
        fleet, slash, drone = text.partition("/")
        if not slash:
            raise InvalidName(f"{shown(text)} does not name a drone: expected FLEET/DRONE")
        return cls(fleet, drone)

    def __str__(self) -> str:
        return f"{self.fleet}/{self.drone}"
