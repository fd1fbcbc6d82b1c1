"""Keeps a link open: opens it again whenever it ends, and says each trouble once."""

import asyncio
from collections.abc import Callable

from aerostream_edge.errors import LinkError
from aerostream_edge.links import Link, LinkUrl, open_link
from aerostream_edge.logs import BoundLog

#: Asking for losses costs a system call. Nothing is lost before the system's buffer is full, and
#: whoever is behind reads much at once.
_MUCH_BYTES = 4096
_LEAST_BACKOFF_S, _MOST_BACKOFF_S = 1.0, 30.0


class LinkKeeper:
    """A link that comes back.

    Args:
        url: where it is.
        receive: called with the bytes that come.
        ended: called when the link has ended: the rest of a frame will not come.
        log: where troubles are said.
    """

    def __init__(
        self,
        *,
        url: LinkUrl,
        receive: Callable[[bytes], None],
        ended: Callable[[], None],
        log: BoundLog,
    ) -> None:
        self._url = url
        self._receive = receive
        self._ended = ended
        self._log = log
        self._link: Link | None = None
        self._overflowed = 0

    async def run(self) -> None:
        """Read for ever."""
        backoff_s = _LEAST_BACKOFF_S
        said = ""
        while True:
            try:
                link = await open_link(self._url)
            except LinkError as error:
                if str(error) != said:
                    said = str(error)
                    self._log.warning("the link does not open; trying on", extra={"reason": said})
            else:
                said = ""
                self._log.info("link open")
                if await self._read(link):
                    backoff_s = _LEAST_BACKOFF_S
                self._log.warning("the link ended; opening it again")
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _MOST_BACKOFF_S)

    def send(self, data: bytes) -> None:
        """Send; lost while the link is not open."""
        if self._link is not None:
            self._link.send(data)

    @property
    def overflowed(self) -> int:
        """What was lost since the start because it came too fast (see `Link.overflowed`)."""
        return self._overflowed

    async def _read(self, link: Link) -> bool:
        """Read until the link ends; gives whether anything came."""
        heard = False
        self._link = link
        counted = 0
        try:
            while data := await link.receive():
                heard = True
                self._receive(data)
                if len(data) >= _MUCH_BYTES:
                    overflowed = link.overflowed
                    self._count_overflow(overflowed - counted)
                    counted = overflowed
        finally:
            self._link = None
            link.close()
            self._ended()
        return heard

    def _count_overflow(self, lost: int) -> None:
        if lost and not self._overflowed:
            what = "bytes" if self._url.scheme == "serial" else "datagrams"
            self._log.warning(
                "more comes over the link than the agent can read, and some of it is lost; "
                "channel link counts on as overflow",
                extra={what: lost},
            )
        self._overflowed += lost
