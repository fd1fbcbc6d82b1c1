"""Holds an SQLite file locked until it is killed: `python -m aerostream_sim.faults.lock FILE`.

A process of its own that ends by SIGKILL: a connection that is closed in an orderly way may tidy
up the file behind the back of whoever compares its bytes.
"""

import signal
import sqlite3
import sys
from contextlib import closing

_PATIENCE_S = 3600.0


def hold(file: str) -> None:
    """Lock the file against all other writers, and wait to be killed."""
    with closing(sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        signal.pause()


if __name__ == "__main__":
    hold(sys.argv[1])
