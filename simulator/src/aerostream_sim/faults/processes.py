"""The programs under test as child processes: started, killed, watched, and none left behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aerostream_sim.errors import LabError
from aerostream_sim.faults import launch

_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_END_S = 10.0
#: A program that ended by itself is started again after so long, as a service manager does.
_RESTART_S = 1.0
_SHOWN_LINES = 3
#: Whatever ends the laboratory, also SIGKILL, ends what it started.
_LAUNCH = (sys.executable, "-I", "-S", str(Path(launch.__file__)))


@dataclass(frozen=True, slots=True)
class Programs:
    """Command lines of the programs; the laboratory adds what it configures them with."""

    agent: Sequence[str]
    """`aerostream-edge run`, or a stand-in that is configured alike."""
    cloud: Sequence[str]
    """`aerostream-cloud ingest`."""
    broker: Sequence[str]
    """`mosquitto`, to which `-c FILE` is added."""

    @classmethod
    def installed(cls, *, cloud: bool = True) -> "Programs":
        """The programs beside this Python, or on the PATH.

        Args:
            cloud: whether broker and ingest are needed too.

        Raises:
            LabError: one of them is missing.
        """
        agent = [_found("aerostream-edge", "install aerostream-edge"), "run"]
        if not cloud:
            return cls(agent=agent, cloud=(), broker=())
        return cls(
            agent=agent,
            cloud=[_found("aerostream-cloud", "install aerostream-cloud"), "ingest"],
            broker=[_found("mosquitto", "install the system's package mosquitto")],
        )


class Child:
    """One program, that is down while anything holds it down.

    Args:
        name: for its log and for people.
        command: its command line.
        environment: variables in place of this process's `AEROSTREAM_*`.
        log: file that its output is appended to.
    """

    def __init__(
        self,
        *,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
    ) -> None:
        self.name = name
        self.own_ends = 0
        """How often it ended though nobody killed it."""
        self._command = list(command)
        self._environment = _environment(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._held_down = 0
        self._restart_s: float | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # the programs under test
                [*_LAUNCH, str(os.getpid()), *self._command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the laboratory, which ends them in its own order.
                start_new_session=True,
            )

    def hold_down(self) -> None:
        """SIGKILL it, and keep it down until as many `let_up` have come."""
        self._held_down += 1
        self._restart_s = None
        if self._process is not None:
            if self._process.poll() is not None:
                self.own_ends += 1
            self._process.send_signal(signal.SIGKILL)

    def buried(self) -> None:
        """Wait until a killed process is gone, with its sockets and locks."""
        if self._process is not None and self._held_down:
            self._process.wait(_END_S)
            self._process = None

    def let_up(self) -> None:
        """Start it again, if nothing else holds it down."""
        self._held_down -= 1
        if not self._held_down:
            self.start()

    def look_after(self, now_s: float) -> None:
        """Notice that it ended by itself, and start it again a moment later."""
        if self._held_down:
            return
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            self.own_ends += 1
            self._restart_s = now_s + _RESTART_S
        if self._restart_s is not None and now_s >= self._restart_s:
            self._restart_s = None
            self.start()

    def last_words(self) -> str:
        """The end of its log, in one line."""
        try:
            lines = self._log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return " / ".join(lines[-_SHOWN_LINES:]) or "nothing"

    def resident_bytes(self) -> int | None:
        """Memory that it uses; None where it does not run or the system does not tell."""
        if self._process is None:
            return None
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")

    def ask_to_end(self) -> None:
        """SIGTERM: it may say goodbye; see `end`."""
        self._restart_s = None
        if self._process is not None:
            self._process.terminate()

    def wait_for_end(self, timeout_s: float) -> None:
        """Wait until it has ended, not longer than this."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)

    def end(self) -> None:
        """End it for good; it may be called often."""
        self._restart_s = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def monotonic_s() -> float:
    """The laboratory's clock."""
    return time.monotonic()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process without settings that somebody has for another purpose."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AEROSTREAM_")}
    return own | dict(settings)


def _found(name: str, remedy: str) -> str:
    beside = str(Path(sys.executable).parent)
    path = f"{beside}:{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}"
    found = shutil.which(name, path=path)
    if found is None:
        raise LabError(f"{name} is not installed: {remedy}")
    return found
