"""Addresses of MAVLink links."""

from dataclasses import dataclass
from typing import Literal

from aerostream_contract.errors import shown
from aerostream_contract.settings import is_host

from aerostream_sim.errors import BadInput

Scheme = Literal["udpin", "udpout", "tcp", "tcpin"]
_EXPECTED = "expected udpin:host:port, udpout:host:port, tcp:host:port or tcpin:host:port"
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class LinkUrl:
    """A link's address. `udpin` and `tcpin` listen; `udpout` and `tcp` go to the other side."""

    scheme: Scheme
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "LinkUrl":
        """Read `scheme:host:port`.

        Raises:
            BadInput: it has another shape.
        """
        scheme, _, rest = text.partition(":")
        host, _, port = rest.removeprefix("//").rpartition(":")
        if scheme not in ("udpin", "udpout", "tcp", "tcpin") or not host or not _is_number(port):
            raise BadInput(f"--mavlink {shown(text)} is not an address: {_EXPECTED}")
        if not is_host(host):
            raise BadInput(f"--mavlink {shown(text)} has no usable host: {_EXPECTED}")
        if not 1 <= int(port) <= _LAST_PORT:
            raise BadInput(f"--mavlink {shown(text)} has port {port}, expected 1 to {_LAST_PORT}")
        return cls(scheme, host.strip("[]"), int(port))  # type: ignore[arg-type]  # checked above

    def following(self, count: int) -> list["LinkUrl"]:
        """The address itself and those on the next ports, `count` in all.

        Raises:
            BadInput: there are not so many ports.
        """
        last = self.port + count - 1
        if last > _LAST_PORT:
            raise BadInput(
                f"{count} vehicles from {self} on need ports up to {last}, "
                f"but the last port is {_LAST_PORT}"
            )
        return [LinkUrl(self.scheme, self.host, self.port + index) for index in range(count)]

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}:{host}:{self.port}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
