"""`aerostream-cloud provision`: accounts for drones, services and people on the broker."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from aerostream_contract.errors import ContractError
from aerostream_contract.roles import Role
from aerostream_contract.settings import MqttUrl

from aerostream_cloud.accounts import SALT_BYTES, Account, Accounts, hash_password
from aerostream_cloud.broker_process import pid_in_file, reload_broker
from aerostream_cloud.command_line import one_sentence, whole_number
from aerostream_cloud.credentials import default_broker, files_for, new_password
from aerostream_cloud.errors import BrokerNotReloaded, BrokerNotRunning, ProvisionRefused
from aerostream_cloud.secret_files import (
    locked,
    make_broker_folder,
    make_private_folder,
    read_or_empty,
    write_secret,
)

#: Names of the two files in the broker's folder, as `broker/secure.conf` has them.
PASSWORDS, ACL = "passwords", "acl"

# \b keeps the lines of the paragraph that it begins.
_HELP = """\
Make an account on the broker, with what its role may write and read.

Writes the broker's password and ACL file, has the broker read them, and puts a fresh random
password with a ready configuration into the output folder. Needs the broker to run with
broker/secure.conf. Ends with 0 when done, 1 when refused or not reloaded, 2 on bad input.

\b
Examples:
  aerostream-cloud provision north/d1 --url mqtt://10.8.0.1:1883
  aerostream-cloud provision --role cloud
  aerostream-cloud provision --role person --name anna
  aerostream-cloud provision north/d1 --rotate
  aerostream-cloud provision north/d1 --revoke
"""


class Change(Enum):
    """What to do with an account."""

    ADD = "add"
    ROTATE = "rotate"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioner:
    """Changes accounts on disk. The broker knows of it after a reload.

    Args:
        broker_folder: the broker's folder of account files.
        output: folder for what the accounts' owners are given.
    """

    broker_folder: Path
    output: Path

    def add(self, account: Account, broker: MqttUrl, *, rotate: bool = False) -> list[Path]:
        """Make the account, or with `rotate` give it a new password; returns its files.

        The owner's files come first and the password file last: after a crash in between, the
        account does not exist and can be made again.

        Raises:
            ProvisionRefused: it exists (or, with `rotate`, does not), or a file is unusable.
            InvalidSetting: the broker's URL already names an account.
        """
        password = new_password()
        password_hash = hash_password(password, secrets.token_bytes(SALT_BYTES))
        with _files_usable(), self._changing() as known:
            change = known.rotated if rotate else known.added
            accounts = change(account, password_hash)
            paths = self._hand_out(files_for(account, password, broker))
            self._write(ACL, accounts.render_acl())
            self._write(PASSWORDS, accounts.render_passwords())
        return paths

    def revoke(self, account: Account) -> None:
        """Remove the account; its password goes first.

        Raises:
            ProvisionRefused: there is no such account, or a file is unusable.
        """
        with _files_usable(), self._changing() as known:
            accounts = known.revoked(account)
            self._write(PASSWORDS, accounts.render_passwords())
            self._write(ACL, accounts.render_acl())

    @contextmanager
    def _changing(self) -> Iterator[Accounts]:
        make_broker_folder(self.broker_folder)
        with locked(self.broker_folder):
            yield Accounts.parse(
                passwords=read_or_empty(self.broker_folder / PASSWORDS),
                acl=read_or_empty(self.broker_folder / ACL),
            )

    def _write(self, name: str, text: str) -> None:
        write_secret(self.broker_folder / name, text, mode=0o640)

    def _hand_out(self, files: dict[str, str]) -> list[Path]:
        paths = []
        for name, text in files.items():
            path = self.output / name
            make_private_folder(path.parent)
            write_secret(path, text, mode=0o600)
            paths.append(path)
        return paths


def register(app: typer.Typer) -> None:
    """Add the command `provision` to the command line."""
    app.command(help=_HELP)(provision)


def provision(
    drone: Annotated[
        str | None, typer.Argument(metavar="FLEET/DRONE", help="The drone to make an account for.")
    ] = None,
    role: Annotated[
        Role | None, typer.Option(help="Make an account for this role instead of a drone.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the role's account; without it, the role's name.")
    ] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Give an existing account a new password.")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Remove the account and disconnect its user.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the account connects, for its configuration. Without it: "
            "mqtt://127.0.0.1:1883 for a drone, port 1884 for the other roles.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for password and configuration.")
    ] = Path("credentials"),
    broker_folder: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder of the broker's files `passwords` and `acl`."),
    ] = Path("/etc/mosquitto/aerostream"),
    pid_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Pid file of the broker that is to be reloaded."),
    ] = None,
    broker_pid: Annotated[
        int | None,
        typer.Option(parser=whole_number(1), metavar="PID", help="Process id of that broker."),
    ] = None,
) -> None:
    """Make, change or remove an account, have the broker know, and say what was done."""
    with one_sentence():
        account = _account(drone, role, name)
        change = _change(rotate=rotate, revoke=revoke)
        broker = default_broker(account.role) if url is None else MqttUrl.parse(url, "--url")
        provisioner = Provisioner(broker_folder=broker_folder, output=out)
        if change is Change.REVOKE:
            provisioner.revoke(account)
            typer.echo(f"account {account.user} is removed")
        else:
            paths = provisioner.add(account, broker, rotate=change is Change.ROTATE)
            done = "has a new password" if change is Change.ROTATE else "is made"
            typer.echo(f"account {account.user} ({account.role.value}) {done}")
            for path in paths:
                typer.echo(f"  {path}")
        _reload(pid_file, broker_pid)


#: Where Mosquitto's packages and `broker/secure.conf` have the pid file.
_PID_FILE = Path("/run/mosquitto/mosquitto.pid")


def _reload(pid_file: Path | None, broker_pid: int | None) -> None:
    """Reload the broker; one that does not run reads the files when it starts.

    Raises:
        BrokerNotReloaded: it runs and could not be reloaded, or the named process is none.
    """
    try:
        pid = pid_in_file(pid_file or _PID_FILE) if broker_pid is None else broker_pid
        reload_broker(pid)
    except BrokerNotReloaded as error:
        if isinstance(error, BrokerNotRunning) and broker_pid is None:
            typer.echo(_not_running(error, is_named=pid_file is not None), err=True)
            return
        raise BrokerNotReloaded(
            f"the files are written, but the broker was not reloaded: {error}. "
            "It knows of the change after a SIGHUP."
        ) from error
    typer.echo(f"the broker (process {pid}) was told to read its accounts again")


def _not_running(error: BrokerNotRunning, *, is_named: bool) -> str:
    if is_named:
        return f"the broker does not run ({error}): it reads the accounts when it is started"
    return (
        f"no broker was reloaded: {error}. One that runs elsewhere needs a SIGHUP (or --pid-file, "
        "--broker-pid) before it knows of the change."
    )


def _account(drone: str | None, role: Role | None, name: str | None) -> Account:
    if drone is not None and role is None and name is None:
        return Account.of_drone(drone)
    if drone is None and role is not None:
        return Account.of_role(role, name)
    raise ContractError("expected either FLEET/DRONE, or --role and perhaps --name")


def _change(*, rotate: bool, revoke: bool) -> Change:
    if rotate and revoke:
        raise ContractError("--rotate and --revoke exclude each other")
    if revoke:
        return Change.REVOKE
    return Change.ROTATE if rotate else Change.ADD


@contextmanager
def _files_usable() -> Iterator[None]:
    """Name the file that could not be read or written.

    Raises:
        ProvisionRefused: one could not.
    """
    try:
        yield
    except OSError as error:
        raise ProvisionRefused(f"{error.filename or 'a file'}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProvisionRefused(f"an account file is not UTF-8: {error}") from error
