"""A real Mosquitto for one test, on a free port of the loopback interface."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from support.patience import PATIENCE_S
from support.ports import free_port


class Broker:
    """Mosquitto as a subprocess; kill and start it again to test what the parts make of it.

    Args:
        folder: where configuration and log go.
        config: lines of configuration after the listener's; none: an open broker with
            Mosquitto's own default limits.
    """

    def __init__(self, folder: Path, config: str = "allow_anonymous true\n") -> None:
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.folder = folder
        self.log = folder / "mosquitto.log"
        self._file = folder / "mosquitto.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\n{config}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        binary = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        assert binary, "needs mosquitto: `make mosquitto` installs it"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [binary, "-v", "-c", str(self._file)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"mosquitto ended: {self.log.read_text()}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto did not listen within {PATIENCE_S} s")

    def reload(self) -> None:
        """SIGHUP: read password and ACL files again."""
        assert self._process is not None
        self._process.send_signal(1)

    @property
    def pid(self) -> int:
        """Process id, for whoever reloads it from outside."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """SIGTERM and wait."""
        self._end(15)

    def kill(self) -> None:
        """SIGKILL: nothing is persisted, sessions and queues are gone."""
        self._end(9)

    def _end(self, signal: int) -> None:
        if self._process is not None:
            self._process.send_signal(signal)
            self._process.wait(timeout=PATIENCE_S)
            self._process = None
