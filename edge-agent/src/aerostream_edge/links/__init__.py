"""MAVLink links: `udpin`, `udpout`, `tcp`, `tcpin`, `serial`, behind one interface."""

from aerostream_edge.links.base import Link, LinkUrl
from aerostream_edge.links.serial import SerialLink
from aerostream_edge.links.tcp import TcpClientLink, TcpServerLink
from aerostream_edge.links.udp import UdpLink

__all__ = ["Link", "LinkUrl", "open_link"]


async def open_link(url: LinkUrl) -> Link:
    """Open a link.

    Raises:
        LinkError: it cannot be opened; the text names it and the reason.
    """
    match url.scheme:
        case "udpin":
            return await UdpLink.listening(url)
        case "udpout":
            return await UdpLink.sending(url)
        case "tcp":
            return await TcpClientLink.connected(url)
        case "tcpin":
            return await TcpServerLink.listening(url)
        case "serial":
            return SerialLink.opened(url)
