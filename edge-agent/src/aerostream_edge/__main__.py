"""`python -m aerostream_edge`."""

from aerostream_edge.cli import main

main()
