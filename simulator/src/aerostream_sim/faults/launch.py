"""Becomes another program, and ends with whoever started it: `python launch.py PID COMMAND…`.

Run as a file by a Python without packages, in the process that is to be the program. Between fork
and exec nothing of Python may run in a process that has threads, so this is a program of its own.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    """Ask for SIGKILL at the end of the parent, and become the command; Linux only asks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            # It ended before the question was asked.
            return
    try:
        os.execvp(command[0], command)  # noqa: S606 - this is its purpose
    except OSError as error:
        raise SystemExit(f"{command[0]}: {error.strerror}") from error


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
