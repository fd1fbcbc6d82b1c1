"""`python -m aerostream_cloud` is `aerostream-cloud`."""

from aerostream_cloud.cli import main

main()
