"""The vehicles' links: UDP and TCP, each in both directions."""

from aerostream_sim.links.base import Link, Receive
from aerostream_sim.links.tcp import TcpClientLink, TcpServerLink
from aerostream_sim.links.udp import UdpLink
from aerostream_sim.links.url import LinkUrl

__all__ = ["Link", "LinkUrl", "Receive", "link_for"]


def link_for(url: LinkUrl, receive: Receive) -> Link:
    """The link of an address, not yet open."""
    if url.scheme == "tcp":
        return TcpClientLink(url=url, receive=receive)
    if url.scheme == "tcpin":
        return TcpServerLink(url=url, receive=receive)
    return UdpLink(url=url, receive=receive)
