"""The demonstration's processes: started one after the other, ended in the reverse order."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoError(Exception):
    """The demonstration cannot go on; the text is for the person who started it."""


class Processes:
    """Child processes with a log each; all of them end with the block.

    Args:
        folder: where the logs go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Somebody who presses Ctrl-C twice must not leave half of them running.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        # Drones first, the broker last: each may say goodbye.
        for _, process in reversed(self._running):
            process.terminate()
            try:
                process.wait(timeout=_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, command: list[str], **settings: str) -> None:
        """Start a program with `AEROSTREAM_*` settings, given in lower case, and no others."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith("AEROSTREAM_")}
        environ |= {f"AEROSTREAM_{name.upper()}": value for name, value in settings.items()}
        with self._log(name).open("wb") as log, _held_signals():
            process = subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the demonstration alone, which then ends them in order.
                start_new_session=True,
            )
            self._running.append((name, process))

    def check(self) -> None:
        """Notice a program that has ended by itself.

        Raises:
            DemoError: one has; the text has the last of its log.
        """
        for name, process in self._running:
            if process.poll() is not None:
                said = self._log(name).read_text(errors="replace").strip().splitlines()[-3:]
                raise DemoError(
                    f"{name} stopped by itself (exit code {process.returncode}); its log, "
                    f"{shown(self._log(name))}, ends with:\n" + "\n".join(f"  {s}" for s in said)
                )

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Poll a condition while the programs run.

        Raises:
            DemoError: it did not come true in time, or a program ended.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self.check()
            if condition():
                return
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{what} within {timeout_s:g} s; the logs are in {shown(self._folder)}"
                )
            time.sleep(_POLL_S)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


@contextmanager
def _held_signals() -> Iterator[None]:
    """Signals wait: between a process's start and our knowing it, one would leave it behind.

    They are not blocked, for the process would inherit that.
    """
    held: list[int] = []
    former = {
        int(number): signal.signal(number, lambda number, _frame: held.append(number))
        for number in _SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for number in held:
            signal.raise_signal(number)


def python(module: str, *arguments: str) -> list[str]:
    """The command line of one of our programs, with this very Python."""
    return [sys.executable, "-m", module, *arguments]


def mosquitto(config: Path) -> list[str]:
    """The broker's command line.

    Raises:
        DemoError: it is not installed.
    """
    binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if binary is None:
        raise DemoError("Mosquitto is not installed: `make mosquitto` installs it")
    return [binary, "-c", str(config)]


def shown(path: Path) -> str:
    """A path as the user sees it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
