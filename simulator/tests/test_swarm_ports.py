"""Ports that are chosen are not taken by others before they are used."""

import socket
from pathlib import Path

import pytest
from aerostream_sim.ports import free_port
from aerostream_sim.swarm import _free_ports


def test_the_system_gives_none_of_the_agents_ports_to_others() -> None:
    ports = _free_ports(300)
    assert len(set(ports)) == 300
    assert max(ports) < least_given_out()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_the_port_of_a_server_that_is_away_is_given_to_nobody(kind: socket.SocketKind) -> None:
    port = free_port(kind)
    assert port < least_given_out()
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", port))


def least_given_out() -> int:
    given_out = Path("/proc/sys/net/ipv4/ip_local_port_range")
    return int(given_out.read_text().split()[0]) if given_out.exists() else 32_768
