"""Settings of the cloud services: `AEROSTREAM_*` variables or the same names in a TOML file."""

import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
import platformdirs
from aerostream_contract.errors import InvalidSetting, shown
from aerostream_contract.names import check_id
from aerostream_contract.settings import MqttUrl, is_host, load_settings
from msgspec import Meta, Struct

#: Both go into headers of every page, so they are spelled out strictly.
_AUTHORITY = r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d{1,5})?"
_ORIGIN = re.compile(_AUTHORITY)
_STYLE = re.compile(rf"{_AUTHORITY}/[!-~]*", re.IGNORECASE)


def _origins(given: str | list[str]) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    return tuple(dict.fromkeys(name.strip().lower() for name in names if name.strip()))


def _default_instance() -> str:
    """The host's name as an id."""
    name = re.sub(r"[^a-z0-9_-]+", "-", platform.node().lower())[:31].strip("-_")
    return name or "main"


class CloudSettings(Struct, frozen=True, kw_only=True):
    """All settings of `aerostream-cloud`; each command uses what it needs."""

    mqtt_url: str = "mqtt://127.0.0.1:1883"
    """The broker: mqtt:// or mqtts://user:password@host:port."""
    mqtt_ca: str = ""
    """File with the certificate authority of the broker; empty: the system's."""
    mqtt_cert: str = ""
    """File with our own certificate, for brokers that ask for one."""
    mqtt_key: str = ""
    """File with the key of our certificate."""
    store_url: str = ""
    """Where samples go: sqlite:///path; empty: telemetry.sqlite in the data directory."""
    database_url: str = ""
    """Registry: an SQLAlchemy URL; empty: registry.sqlite in the data directory."""
    data_dir: Path = msgspec.field(
        default_factory=lambda: Path(platformdirs.user_data_dir("aerostream"))
    )
    """Folder of everything that is kept on this machine."""
    instance: str = msgspec.field(default_factory=_default_instance)
    """Name of this instance of a service; two on one host need two names."""
    ingest_fleets: str | list[str] = "*"
    """Fleets to store, separated by commas; * for all."""
    dead_letter_max_bytes: Annotated[int, Meta(ge=65_536)] = 64 * 1024 * 1024
    """Size of the dead letter store; the oldest letters go first."""
    mirror_rate: Annotated[float, Meta(ge=0, le=100_000)] = 500.0
    """JSON mirror messages per second of this process; 0 turns the mirror off."""
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """Port for Prometheus on 127.0.0.1; 0 for none."""
    http_host: str = "127.0.0.1"
    """Address that the bridge listens on; 0.0.0.0 for all."""
    http_port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    """Port of the bridge; 0 for a free one, which its log tells."""
    http_origins: str | list[str] = ""
    """Web origins besides the bridge's own whose pages may use it, separated by commas."""
    map_style: str = ""
    """URL of a MapLibre style for the page's map; empty: the bundled base map."""
    map_origins: str | list[str] = ""
    """Web origins besides that of the style which it loads from, separated by commas."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is logged."""

    def __post_init__(self) -> None:
        """Refuse what the types cannot express."""
        MqttUrl.parse(self.mqtt_url)
        check_id(self.instance, "AEROSTREAM_INSTANCE")
        for fleet in self.fleets:
            if fleet != "*":
                check_id(fleet, "AEROSTREAM_INGEST_FLEETS: fleet")
        if not self.fleets:
            raise InvalidSetting("AEROSTREAM_INGEST_FLEETS names no fleet: expected ids or *")
        if bool(self.mqtt_cert) != bool(self.mqtt_key):
            raise InvalidSetting("AEROSTREAM_MQTT_CERT and AEROSTREAM_MQTT_KEY need each other")
        if not self.http_host or not is_host(self.http_host):
            raise InvalidSetting(
                f"AEROSTREAM_HTTP_HOST is {shown(self.http_host)}, expected a name or address"
            )
        for name, origins in (
            ("AEROSTREAM_HTTP_ORIGINS", self.origins),
            ("AEROSTREAM_MAP_ORIGINS", _origins(self.map_origins)),
        ):
            for origin in origins:
                if not _ORIGIN.fullmatch(origin):
                    raise InvalidSetting(
                        f"{name} names {shown(origin)}, expected origins such as "
                        "https://fleet.example.com, without a path"
                    )
        if self.map_style and not _STYLE.fullmatch(self.map_style):
            raise InvalidSetting(
                f"AEROSTREAM_MAP_STYLE is {shown(self.map_style)}, expected an http:// or "
                "https:// URL of a MapLibre style"
            )

    @property
    def fleets(self) -> tuple[str, ...]:
        """The fleets to store; `*` alone for all."""
        given = self.ingest_fleets
        names = given.split(",") if isinstance(given, str) else given
        fleets = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
        return ("*",) if "*" in fleets else fleets

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins whose pages may use the bridge, besides its own."""
        return _origins(self.http_origins)

    @property
    def map_sources(self) -> tuple[str, ...]:
        """Origins that the page's map may load from: that of its style, and those named."""
        style = urlsplit(self.map_style)
        own = (f"{style.scheme}://{style.netloc}".lower(),) if self.map_style else ()
        return tuple(dict.fromkeys((*own, *_origins(self.map_origins))))

    @property
    def broker(self) -> MqttUrl:
        """The broker's URL, split."""
        return MqttUrl.parse(self.mqtt_url)

    @property
    def effective_store_url(self) -> str:
        """The store's URL, the default filled in."""
        return self.store_url or f"sqlite:///{self.data_dir / 'telemetry.sqlite'}"

    @property
    def effective_database_url(self) -> str:
        """The registry's URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'registry.sqlite'}"

    @property
    def dead_letter_file(self) -> Path:
        """File of the dead letter store."""
        return self.data_dir / "dead-letters.sqlite"


def load_cloud_settings(
    environ: Mapping[str, str],
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> CloudSettings:
    """Settings from file, environment and command line.

    Raises:
        InvalidSetting: a value is unusable, or the file has an unknown name.
    """
    return load_settings(CloudSettings, environ, file, overrides)
