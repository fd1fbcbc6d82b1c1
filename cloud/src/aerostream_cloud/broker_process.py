"""The running broker, as far as provisioning needs it: telling it to read its files again."""

import os
import signal
from pathlib import Path

from aerostream_cloud.errors import BrokerNotReloaded, BrokerNotRunning

_PROGRAM = "mosquitto"


def pid_in_file(pid_file: Path) -> int:
    """The process id that the broker wrote to its pid file.

    Raises:
        BrokerNotRunning: there is no such file.
        BrokerNotReloaded: it cannot be read, or has no number in it.
    """
    try:
        return int(pid_file.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise BrokerNotRunning(f"there is no {pid_file}") from error
    except OSError as error:
        raise BrokerNotReloaded(f"pid file {pid_file}: {error.strerror}") from error
    except ValueError as error:
        raise BrokerNotReloaded(f"pid file {pid_file} has no process id in it") from error


def reload_broker(pid: int) -> None:
    """Make the broker read passwords and ACL again; who lost access is disconnected.

    Raises:
        BrokerNotRunning: there is no such process.
        BrokerNotReloaded: it is not ours to signal, or it is not Mosquitto. (SIGHUP would end
            another program that has inherited a stale id.)
    """
    try:
        name = _program_name(pid)
        if name not in (None, _PROGRAM):
            raise BrokerNotReloaded(f"process {pid} is {name!r}, not {_PROGRAM}")
        os.kill(pid, signal.SIGHUP)
    except ProcessLookupError as error:
        raise BrokerNotRunning(f"there is no process {pid}") from error
    except PermissionError as error:
        raise BrokerNotReloaded(f"this user must not signal process {pid}") from error


def _program_name(pid: int) -> str | None:
    """Name of a process; None on systems without /proc."""
    if not Path("/proc/self").exists():
        return None
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error
