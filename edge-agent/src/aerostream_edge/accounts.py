"""With which account each vehicle of a link connects to the broker."""

from dataclasses import dataclass

from aerostream_contract.names import DroneName

from aerostream_edge.settings import EdgeSettings


@dataclass(frozen=True, slots=True)
class Account:
    """User name and password; both None where the broker has no accounts."""

    username: str | None
    password: str | None


def account_of(settings: EdgeSettings, name: DroneName) -> Account | None:
    """The account of a vehicle; None where there are accounts and this one has none.

    The broker's URL holds the configured drone's, the credentials folder anybody's.
    """
    broker = settings.broker
    if name == settings.name and broker.username is not None:
        return Account(broker.username, broker.password)
    folder = settings.mqtt_credentials
    if folder is not None:
        try:
            password = (folder / f"{name.drone}.password").read_text().strip()
        except OSError:
            return None
        return Account(str(name), password)
    return Account(None, None) if broker.username is None else None
