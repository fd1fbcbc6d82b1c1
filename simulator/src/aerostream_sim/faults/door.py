"""A broker's door: connecting as somebody, and being let in or not."""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from aerostream_contract.errors import ContractError
from aerostream_contract.models import ServiceState, ServiceStatus, decode
from aerostream_contract.settings import MqttUrl
from aerostream_contract.topics import service_state_topic
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from aerostream_sim.errors import BadInput, LabError, reason

INGEST_STATES = service_state_topic("ingest", "+")
_TIMEOUT_S = 10.0


class Account(NamedTuple):
    """User name and password; both None where the broker has no accounts."""

    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """A broker, and how its certificate is checked; None: it does not speak TLS."""

    url: MqttUrl
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, url: MqttUrl, *, ca: Path | None, cert: Path | None, key: Path | None) -> "Door":
        """The door of a broker.

        Args:
            url: the broker's.
            ca: certificate authority for `mqtts://`; None: the system's.
            cert: certificate to show; None: none.
            key: key of that certificate.

        Raises:
            BadInput: one of the files is unusable.
        """
        if not url.tls:
            return cls(url)
        try:
            tls = ssl.create_default_context(cafile=None if ca is None else str(ca))
            if cert is not None:
                tls.load_cert_chain(cert, key)
        except OSError as error:
            files = ", ".join(str(file) for file in (ca, cert, key) if file)
            raise BadInput(f"certificates for {url} ({files}): {reason(error)}") from error
        return cls(url, tls)

    @property
    def account(self) -> Account:
        """The one in the URL."""
        return Account(self.url.username, self.url.password)

    def client(self, account: Account, client_id: str = "") -> Client:
        """An MQTT client for it, that is not connected yet."""
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
        client.connect_timeout = _TIMEOUT_S
        if account.username is not None:
            client.username_pw_set(account.username, account.password)
        if self.tls is not None:
            client.tls_set_context(self.tls)
        return client


class Refused(LabError):
    """The broker answers, and does not let in who asks."""


@contextmanager
def let_in(door: Door, account: Account, client_id: str = "") -> Iterator[Client]:
    """A client that the broker has let in; it disconnects with the block.

    Raises:
        Refused: it is not let in.
        LabError: the broker cannot be reached, or speaks something else.
    """
    client = door.client(account, client_id)
    answered = threading.Event()
    refusal = []

    def connected(_client: Client, _data: object, _flags: object, code: Any, _: object) -> None:
        if code.is_failure:
            refusal.append(str(code))
        answered.set()

    client.on_connect = connected
    # A broker that hangs up without an answer is no broker of MQTT 5.
    client.on_disconnect = lambda *_: answered.set()
    try:
        client.connect(door.url.host, door.url.port)
    except ssl.SSLError as error:
        raise LabError(f"the broker {door.url} cannot be trusted: {_why(error)}") from error
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise LabError(f"the broker {door.url} cannot be reached: {why}") from error
    client.loop_start()
    try:
        answered.wait(_TIMEOUT_S)
        if refusal:
            raise Refused(refusal[0])
        if not client.is_connected():
            raise LabError(f"{door.url} is no MQTT 5 broker: it does not answer as one")
        yield client
    finally:
        client.on_disconnect = None
        client.disconnect()
        client.loop_stop()


def ingest_states(client: Client, timeout_s: float = _TIMEOUT_S) -> dict[str, ServiceState]:
    """What the instances of ingest say of themselves, by topic; empty where none says anything.

    It waits until one says that it is online.
    """
    found: dict[str, ServiceState] = {}

    def received(_client: Client, _data: object, message: MQTTMessage) -> None:
        with contextlib.suppress(ContractError):
            found[message.topic] = decode(bytes(message.payload), ServiceState)

    client.on_message = received
    client.subscribe(INGEST_STATES)
    _wait(
        lambda: any(each.status is ServiceStatus.ONLINE for each in list(found.values())),
        timeout_s,
    )
    return dict(found)


def clear_retained(client: Client, topics: Iterable[str]) -> None:
    """Have the broker forget what it keeps on some topics."""
    sent = [client.publish(topic, b"", qos=1, retain=True) for topic in topics]
    with contextlib.suppress(ValueError, RuntimeError):
        for each in sent:
            each.wait_for_publish(_TIMEOUT_S)


def _wait(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.05)


def _why(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return error.reason or str(error)
