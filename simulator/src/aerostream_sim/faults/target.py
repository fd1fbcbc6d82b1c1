"""Somebody's own deployment: where it is, who gets in, and what is looked at before a flight."""

import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aerostream_contract.errors import ContractError, shown
from aerostream_contract.models import ServiceState, ServiceStatus
from aerostream_contract.names import DroneName, check_id
from aerostream_contract.settings import MqttUrl, load_settings
from aerostream_contract.words import counted
from msgspec import Struct

from aerostream_sim.errors import BadInput, LabError, reason
from aerostream_sim.faults.door import Account, Door, Refused, ingest_states, let_in
from aerostream_sim.faults.kinds import NATURES, FaultKind
from aerostream_sim.faults.stored import Store, flown_before
from aerostream_sim.faults.stored_api import ApiStore
from aerostream_sim.faults.stored_sqlite import SqliteStore

DEFAULT_FLEET = "faultlab"
ON_DEPLOYMENT = tuple(kind for kind in FaultKind if NATURES[kind].strikes_drone)
"""Kinds of faults that strike what is the laboratory's own: its agents and their links."""

#: With seed and number it must stay a name that an agent may have.
_RUN = re.compile(r"[a-z0-9][a-z0-9_-]{0,9}\Z")
_SQLITE = "sqlite:///"
_SHOWN_DRONES = 6


class _MqttSettings(Struct, frozen=True, kw_only=True):
    """What the usual variables say of the way to a broker."""

    mqtt_url: str = ""
    mqtt_ca: Path | None = None
    mqtt_cert: Path | None = None
    mqtt_key: Path | None = None
    mqtt_credentials: Path | None = None


class NoAccount(LabError):
    """A drone has no password in the folder of credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A deployment that the laboratory flies against."""

    drones_door: Door
    """Where agents connect."""
    own_door: Door
    """Where the laboratory listens itself, with its account where there are any."""
    credentials: Path | None
    """Folder of the drones' passwords; None: the broker has no accounts."""
    fleet: str
    run: str
    """Begins the names of all drones of this run."""
    api: str | None
    """The bridge through which the store is read; None: its file is."""
    store_file: Path | None
    """The file of an SQLite store; None: the bridge is asked."""

    @classmethod
    def of(
        cls,
        *,
        broker: str,
        api: str | None,
        store: str | None,
        fleet: str | None,
        run: str | None,
    ) -> "Target":
        """The deployment that the command line and the variables `AEROSTREAM_MQTT_*` describe.

        Raises:
            BadInput: something is unusable or missing.
        """
        try:
            url = MqttUrl.parse(broker, "--broker")
            settings = load_settings(_MqttSettings, os.environ)
            own_url = MqttUrl.parse(settings.mqtt_url) if settings.mqtt_url else url
            fleet = check_id(fleet or DEFAULT_FLEET, "--fleet")
        except ContractError as error:
            raise BadInput(str(error)) from error
        if run is not None and not _RUN.match(run):
            raise BadInput(
                f"--run {shown(run)}: expected 1 to 10 characters of a-z, 0-9, _ and -, the first "
                "a letter or digit"
            )
        if (api is None) == (store is None):
            raise BadInput(
                "--broker needs to know where what is stored can be read: expected either --api, "
                "such as http://127.0.0.1:8000, or --store, such as sqlite:///telemetry.sqlite"
            )
        files = {"ca": settings.mqtt_ca, "cert": settings.mqtt_cert, "key": settings.mqtt_key}
        return cls(
            drones_door=Door.of(url, **files),
            own_door=Door.of(own_url, **files),
            credentials=settings.mqtt_credentials,
            fleet=fleet,
            run=run or f"lab{secrets.token_hex(3)}",
            api=None if api is None else _checked_api(api),
            store_file=None if store is None else _checked_store(store),
        )

    def names(self, seed: int, drones: int) -> list[str]:
        """Ids of the drones of a flight; no other run has them."""
        return [f"{self.run}-{seed}-d{number}" for number in range(1, drones + 1)]

    def store(self, drones: Sequence[str]) -> Store:
        """What is stored of some drones."""
        if self.api is not None:
            return ApiStore(url=self.api, drones=drones)
        assert self.store_file is not None
        return SqliteStore(file=self.store_file, fleet=self.fleet, drones=drones)

    def account(self, drone: str) -> Account:
        """The account of a drone.

        Raises:
            NoAccount: there are accounts, and it has none.
        """
        if self.credentials is None:
            return Account()
        file = self.credentials / f"{drone}.password"
        try:
            password = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = reason(error) if isinstance(error, OSError) else "it is not UTF-8"
            raise NoAccount(f"{file}: {why}") from error
        return Account(str(DroneName(self.fleet, drone)), password)

    def left_behind(self) -> str:
        """What a run leaves in the deployment, in a sentence."""
        return (
            f"the deployment keeps drones {self.run}-… of the fleet {self.fleet}, in its registry "
            "and its store; docs/durability.md says how to remove them"
        )

    def check(self, drones: Sequence[str], say: Callable[[str], None]) -> None:
        """Look at all that a flight of some drones needs.

        Raises:
            LabError: something is missing; the text says what to do.
        """
        say(f"looking at {self.drones_door.url} and {self.store(drones)}")
        self._check_own_account()
        for number, drone in enumerate(drones):
            self._check_drone(drone, drones, with_ingest=not number)
        for known in self.store(drones).known():
            raise flown_before(known)

    def _check_own_account(self) -> None:
        try:
            with let_in(self.own_door, self.own_door.account):
                return
        except Refused as error:
            raise LabError(
                f"the broker {self.own_door.url} does not let the laboratory in ({error}): it "
                "needs an account that may read, made by `aerostream-cloud provision --role "
                "person --name faultlab`, and its AEROSTREAM_MQTT_URL from credentials/faultlab.env"
            ) from error

    def _check_drone(self, drone: str, drones: Sequence[str], *, with_ingest: bool) -> None:
        try:
            account = self.account(drone)
            with let_in(self.drones_door, account, f"{self.fleet}/{drone}") as client:
                if with_ingest:
                    self._check_ingest(list(ingest_states(client).values()))
        except Refused as error:
            what = f"the broker {self.drones_door.url} does not let {drone} in ({error})"
            raise self._needs_accounts(what, drones) from error
        except NoAccount as error:
            raise self._needs_accounts(f"{drone} has no password ({error})", drones) from error

    def _check_ingest(self, states: Sequence[ServiceState]) -> None:
        ours = [each for each in states if not {"*", self.fleet}.isdisjoint(each.fleets)]
        if any(each.status is ServiceStatus.ONLINE for each in ours):
            return
        for each in ours:
            if each.status is ServiceStatus.PAUSED:
                raise LabError(f"ingest cannot store now: {each.reason or 'it is paused'}")
        raise LabError(
            f"no ingest that stores the fleet {self.fleet} is at the broker "
            f"{self.drones_door.url}: start `aerostream-cloud serve` or `ingest` there"
        )

    def _needs_accounts(self, what: str, drones: Sequence[str]) -> LabError:
        names = [str(DroneName(self.fleet, drone)) for drone in drones]
        more = "" if len(names) <= _SHOWN_DRONES else f" and {len(names) - _SHOWN_DRONES} more"
        return LabError(
            f"{what}: this run needs {counted(len(names), 'account')}, made by "
            "`aerostream-cloud provision` for each of "
            f"{', '.join(names[:_SHOWN_DRONES])}{more}; then set AEROSTREAM_MQTT_CREDENTIALS to "
            f"credentials/{self.fleet} and add --run {self.run}"
        )


def check_kinds(kinds: Sequence[FaultKind]) -> None:
    """Refuse what would break somebody else's programs.

    Raises:
        BadInput: there is such a kind.
    """
    wrong = [kind for kind in kinds if kind not in ON_DEPLOYMENT]
    if wrong:
        raise BadInput(
            f"--faults {','.join(wrong)}: with --broker only what is the laboratory's own is "
            f"broken, {', '.join(ON_DEPLOYMENT)}, or none; break the rest yourself"
        )


def _checked_api(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or "?" in text or "#" in text:
        raise BadInput(f"--api {shown(text)}: expected http://host:port or https://…")
    return text.rstrip("/")


def _checked_store(text: str) -> Path:
    file = Path(text.removeprefix(_SQLITE)).expanduser()
    if not text.startswith(_SQLITE):
        raise BadInput(
            "--store: expected sqlite:///path on this machine; --api reads any other store"
        )
    if not file.is_file():
        raise BadInput(f"--store {text}: there is no such file")
    return file
