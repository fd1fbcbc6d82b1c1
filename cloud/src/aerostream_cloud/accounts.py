"""The broker's accounts as text: Mosquitto's password file and ACL file, read and written.

Every account has a block of its own in the ACL file, with its topics spelt out. Mosquitto's
`pattern` lines would be shorter, but they hold for everybody: with `aero/1/%u/up/#` a person
called `alpha` could write as the drone `alpha/up`.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aerostream_contract.errors import InvalidName
from aerostream_contract.names import DroneName, check_id
from aerostream_contract.roles import ACCESS, Role, topic_filter

from aerostream_cloud.errors import ProvisionRefused

#: Rounds of PBKDF2, as `mosquitto_passwd` has them. Stretching is for passwords that people
#: choose; ours are random, and the broker hashes in its only thread at every connection.
_ROUNDS = 101
#: Bytes of salt; Mosquitto 2.0 reads no other length.
SALT_BYTES = 12

_HEADER = """\
# Written by `aerostream-cloud provision` from the table of roles: changes by hand are lost.
# Each account's role stands above its name.
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A name that the broker lets in, and what it is for."""

    role: Role
    user: str

    @classmethod
    def of_drone(cls, text: str) -> "Account":
        """The account of the drone `FLEET/DRONE`.

        Raises:
            InvalidName: the text does not name a drone.
        """
        return cls(Role.DRONE, str(DroneName.parse(text)))

    @classmethod
    def of_role(cls, role: Role, name: str | None = None) -> "Account":
        """An account for a role other than a drone's, called `name` or like the role.

        Raises:
            InvalidName: the name is not an id.
            ProvisionRefused: the role is a drone's, whose account is named after the drone.
        """
        if role is Role.DRONE:
            raise ProvisionRefused("a drone's account is named FLEET/DRONE: leave --role out")
        return cls(role, check_id(role.value if name is None else name, "account name"))


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts of a broker. Each change gives a new value; rendering is deterministic."""

    roles: Mapping[str, Role]
    """Role by user name: what the ACL file grants."""
    hashes: Mapping[str, str]
    """Password hash by user name. Who has none does not exist for the broker."""

    @classmethod
    def parse(cls, passwords: str, acl: str) -> "Accounts":
        """Read both files.

        Raises:
            ProvisionRefused: a line is none of ours; rewriting the file would lose it.
        """
        return cls(_parse_acl(acl), _parse_passwords(passwords))

    def added(self, account: Account, password_hash: str) -> "Accounts":
        """With a new account.

        Raises:
            ProvisionRefused: the name is taken, or another fleet has a drone of that id.
        """
        if account.user in self.hashes:
            raise ProvisionRefused(
                f"account {account.user!r} exists: --rotate gives it a new password, "
                "--revoke removes it"
            )
        if account.role is Role.DRONE:
            self._check_unique(DroneName.parse(account.user))
        return self._with(account, password_hash)

    def rotated(self, account: Account, password_hash: str) -> "Accounts":
        """With another password for an existing account.

        Raises:
            ProvisionRefused: there is no such account, or it has another role.
        """
        self._check_known(account)
        return self._with(account, password_hash)

    def revoked(self, account: Account) -> "Accounts":
        """Without the account.

        Raises:
            ProvisionRefused: there is no such account, or it has another role.
        """
        self._check_known(account)
        return Accounts(
            roles={user: role for user, role in self.roles.items() if user != account.user},
            hashes={user: text for user, text in self.hashes.items() if user != account.user},
        )

    def render_passwords(self) -> str:
        """The password file."""
        return "".join(f"{user}:{text}\n" for user, text in sorted(self.hashes.items()))

    def render_acl(self) -> str:
        """The ACL file."""
        blocks = (_acl_block(Account(role, user)) for user, role in sorted(self.roles.items()))
        return _HEADER + "".join(blocks)

    def _with(self, account: Account, password_hash: str) -> "Accounts":
        return replace(
            self,
            roles={**self.roles, account.user: account.role},
            hashes={**self.hashes, account.user: password_hash},
        )

    def _check_known(self, account: Account) -> None:
        if account.user not in self.hashes:
            raise ProvisionRefused(f"there is no account {account.user!r}")
        role = self.roles.get(account.user, account.role)
        if role is not account.role:
            raise ProvisionRefused(
                f"account {account.user!r} has the role {role.value}, not {account.role.value}"
            )

    def _check_unique(self, name: DroneName) -> None:
        for user in self.hashes:
            fleet, slash, drone = user.partition("/")
            if slash and drone == name.drone and fleet != name.fleet:
                raise ProvisionRefused(
                    f"drone id {name.drone!r} is taken by {user!r}: "
                    "drone ids are unique in an installation"
                )


def hash_password(password: str, salt: bytes) -> str:
    """The password in Mosquitto's format 7: PBKDF2 with SHA-512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$7${_ROUNDS}${'$'.join(encoded)}"


def _acl_block(account: Account) -> str:
    access = ACCESS[account.role]
    lines = [f"\n# {account.role.value}", f"user {account.user}"]
    for verb, filters in (("write", access.write), ("read", access.read)):
        lines += [f"topic {verb} {topic_filter(each, account.user)}" for each in filters]
    return "\n".join(lines) + "\n"


def _parse_passwords(text: str) -> dict[str, str]:
    hashes = {}
    for number, line in enumerate(text.splitlines(), 1):
        user, colon, password_hash = line.partition(":")
        if not user or not colon or not password_hash.startswith("$"):
            raise ProvisionRefused(f"line {number} of the password file is not USER:HASH")
        hashes[user] = password_hash
    return hashes


def _parse_acl(text: str) -> dict[str, Role]:
    """User names and the roles that stand above them; the topics follow from the roles."""
    roles: dict[str, Role] = {}
    role: Role | None = None
    for number, line in enumerate(text.removeprefix(_HEADER).splitlines(), 1):
        word, _, rest = line.partition(" ")
        if word == "#" and rest in {known.value for known in Role}:
            role = Role(rest)
        elif word == "user" and role is not None and _is_user(rest):
            roles[rest] = role
            role = None
        elif line and not (word == "topic" and roles and role is None):
            raise ProvisionRefused(
                f"line {number} of the ACL file, after its heading, was not written by "
                f"`aerostream-cloud provision`: {line!r}"
            )
    return roles


def _is_user(text: str) -> bool:
    try:
        for part in text.split("/", 1):
            check_id(part, "account")
    except InvalidName:
        return False
    return True
