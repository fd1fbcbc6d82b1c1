"""`python -m aerostream_sim`."""

from aerostream_sim.cli import main

main()
