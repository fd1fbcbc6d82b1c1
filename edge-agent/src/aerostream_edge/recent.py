"""What was used last: a memory that others could fill with names they make up has an end."""

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(OrderedDict[K, V]):
    """Forgets what was used longest ago once there is too much.

    Args:
        most: how many it remembers; None: all.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self._most = most

    def used(self, key: K) -> V | None:
        """The value of a key, which is in use again; None where it is not known."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value

    def keep(self, key: K, value: V) -> None:
        """Remember a value; its key is the one used last."""
        self[key] = value
        self.move_to_end(key)
        if self._most is not None and len(self) > self._most:
            self.popitem(last=False)
