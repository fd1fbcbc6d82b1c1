"""A real Mosquitto with the configurations of `broker/`, and accounts by the real command."""

import os
from pathlib import Path

import typer
from aerostream_cloud.accounts import hash_password
from aerostream_cloud.provision import register
from typer.testing import CliRunner, Result

from support.broker import Broker
from support.ports import free_port

_CONFIGS = Path(__file__).parents[2] / "broker"

#: An account that may read and write everything: it shows what the others may not.
WITNESS, _WITNESS_PASSWORD = "witness", "of a test"


class SecureBroker(Broker):
    """The broker with accounts on two free ports; its files lie in `folder`.

    `port` is the drones' listener, `services_port` the other one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.services_port = free_port()
        self.accounts = folder / "accounts"
        self.credentials = folder / "credentials"
        changes = {
            "\nlistener 1883 ": f"\nlistener {self.port} ",
            "\nlistener 1884 ": f"\nlistener {self.services_port} ",
            "\npassword_file /etc/mosquitto/aerostream/": f"\npassword_file {self.accounts}/",
            "\nacl_file /etc/mosquitto/aerostream/": f"\nacl_file {self.accounts}/",
            "/var/lib/mosquitto/": f"{folder}/",
            "/run/mosquitto/": f"{folder}/",
        }
        text = _changed(_CONFIGS / "secure.conf", changes)
        if os.geteuid() == 0:
            # Root's temporary folders are closed to the user that Mosquitto would become.
            text += "\nuser root\n"
        self._file.write_text(text, encoding="utf-8")

    def provision(self, *arguments: str) -> Result:
        """Run `aerostream-cloud provision` on this broker's files."""
        return run_provision(
            *arguments, "--broker-folder", str(self.accounts), "--out", str(self.credentials)
        )

    def password(self, user: str) -> str:
        """The password that provisioning handed out."""
        if user == WITNESS:
            return _WITNESS_PASSWORD
        return (self.credentials / f"{user}.password").read_text(encoding="utf-8").strip()

    def add_witness(self) -> None:
        """Append the witness by hand; afterwards, provisioning refuses these files."""
        with (self.accounts / "passwords").open("a") as passwords:
            passwords.write(f"{WITNESS}:{hash_password(_WITNESS_PASSWORD, bytes(12))}\n")
        with (self.accounts / "acl").open("a") as acl:
            acl.write(f"\nuser {WITNESS}\ntopic readwrite #\ntopic read $SYS/#\n")


class DevelopmentBroker(Broker):
    """The broker of `broker/mosquitto.conf`, on a free port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        changes = {"\nlistener 1883 127.0.0.1\n": f"\nlistener {self.port} 127.0.0.1\n"}
        self._file.write_text(_changed(_CONFIGS / "mosquitto.conf", changes), encoding="utf-8")


def _changed(config: Path, changes: dict[str, str]) -> str:
    """The configuration with its ports and paths replaced by the test's."""
    text = config.read_text(encoding="utf-8")
    for found, instead in changes.items():
        assert text.count(found) == 1, f"{found!r} is not once in {config}"
        text = text.replace(found, instead)
    return text


def run_provision(*arguments: str) -> Result:
    """Run `aerostream-cloud provision`."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    register(app)
    # A second command, as an app with a single one has no names for commands.
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["provision", *arguments])
