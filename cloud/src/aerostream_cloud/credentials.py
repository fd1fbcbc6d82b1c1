"""What a new account's owner is given: the password, and a configuration that uses it."""

import secrets
from urllib.parse import quote

from aerostream_contract.errors import InvalidSetting
from aerostream_contract.names import MAX_CONFIGURED_DRONE, DroneName
from aerostream_contract.roles import Role
from aerostream_contract.settings import MqttUrl

from aerostream_cloud.accounts import Account

_PASSWORD_BYTES = 32


def new_password() -> str:
    """256 random bits in characters that need no quoting in URLs, TOML and shells."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def default_broker(role: Role) -> MqttUrl:
    """Where an account of this role connects on the machine of the broker itself."""
    return MqttUrl.parse(f"mqtt://127.0.0.1:{1883 if role is Role.DRONE else 1884}")


def url_with_account(broker: MqttUrl, account: Account, password: str) -> str:
    """The broker's URL with user name and password, percent-encoded.

    Raises:
        InvalidSetting: the URL already names an account.
    """
    if broker.username is not None:
        raise InvalidSetting(f"the broker URL names the account {broker.username!r}: leave it out")
    scheme, _, address = str(broker).partition("://")
    return f"{scheme}://{quote(account.user, safe='')}:{quote(password, safe='')}@{address}"


def files_for(account: Account, password: str, broker: MqttUrl) -> dict[str, str]:
    """Contents by relative path: the password, and a configuration where one is of use.

    A drone gets `FLEET/DRONE.password` and `FLEET/DRONE.toml`, any other account
    `NAME.password` and `NAME.env`. All of them are secrets.

    Raises:
        InvalidSetting: the URL already names an account.
    """
    url = url_with_account(broker, account, password)
    files = {f"{account.user}.password": password + "\n"}
    if account.role is not Role.DRONE:
        files[f"{account.user}.env"] = f"AEROSTREAM_MQTT_URL={url}\n"
        return files
    name = DroneName.parse(account.user)
    # A longer id can only be that of a further vehicle on a link, which has no agent of its own.
    if len(name.drone) <= MAX_CONFIGURED_DRONE:
        files[f"{account.user}.toml"] = _agent_toml(name, url)
    return files


def _agent_toml(name: DroneName, url: str) -> str:
    return f"""\
# Agent of {name}: aerostream-edge run --config {name.drone}.toml
# It holds a password: keep it readable by the agent alone.
fleet = "{name.fleet}"
drone = "{name.drone}"
mqtt_url = "{url}"

# Further vehicles on the same link have accounts of their own; a folder of their
# DRONE.password files:
# mqtt_credentials = "/etc/aerostream/credentials"
"""
