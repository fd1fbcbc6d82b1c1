"""What every link of a vehicle does."""

from collections.abc import Callable
from typing import Protocol

#: Takes bytes that came over a link.
Receive = Callable[[bytes], None]


class Link(Protocol):
    """One vehicle's link to whoever listens to it."""

    @property
    def heard(self) -> bool:
        """Whether there is anybody to send to."""
        ...

    @property
    def refused(self) -> bool:
        """Whether the other machine said lately that nobody listens there."""
        ...

    def send(self, data: bytes) -> None:
        """Send what belongs together; lost where nobody is, or nobody keeps up."""
        ...

    async def open(self) -> None:
        """Open it.

        Raises:
            LinkError: the address cannot be used.
        """
        ...

    async def close(self) -> None:
        """Close it: no socket is left."""
        ...
