"""The agents of a swarm get ports that the vehicles' own sockets cannot take from them."""

from pathlib import Path

from aerostream_sim.swarm import _free_ports


def test_the_system_gives_none_of_the_agents_ports_to_others() -> None:
    ports = _free_ports(300)
    assert len(set(ports)) == 300
    given_out = Path("/proc/sys/net/ipv4/ip_local_port_range")
    least = int(given_out.read_text().split()[0]) if given_out.exists() else 32_768
    assert max(ports) < least
