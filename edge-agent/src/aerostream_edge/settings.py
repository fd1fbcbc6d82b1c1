"""Settings of the edge agent; docs/configuration.md is held to this class by a test."""

import os
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from aerostream_contract.errors import InvalidName, InvalidSetting
from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.names import MAX_CONFIGURED_DRONE, DroneName
from aerostream_contract.setting_names import ALL_SETTINGS
from aerostream_contract.settings import MqttUrl, load_settings, unknown_variables
from msgspec import Meta, Struct

from aerostream_edge.policy import RatePolicyName
from aerostream_edge.rates import RatesMode

#: Smaller, a spool would hold its own bookkeeping and little else.
MIN_SPOOL_BYTES = 1024 * 1024
#: Options of the command line that are not called like their setting.
_OPTIONS = {"mavlink_url": "--mavlink", "mqtt_url": "--mqtt", "rate_policy": "--policy"}


class EdgeSettings(Struct, frozen=True, kw_only=True):
    """All settings of `aerostream-edge`, with their defaults."""

    drone: str
    """Name of the vehicle: 1-27 characters of a-z, 0-9, `_` and `-`."""
    fleet: str = "default"
    """Fleet that the vehicle belongs to."""
    mavlink_url: str = "udpin:127.0.0.1:14550"
    """Where MAVLink comes from: `udpin:host:port`, `udpout:`, `tcp:`, `tcpin:`, or
    `serial:/dev/…:baud`."""
    mqtt_url: str = "mqtt://127.0.0.1:1883"
    """The broker: `mqtt://user:password@host:port`, or `mqtts://`."""
    mqtt_ca: Path | None = None
    """Certificate authority for `mqtts://`; none: the system's."""
    mqtt_cert: Path | None = None
    """The agent's own certificate."""
    mqtt_key: Path | None = None
    """Key of that certificate."""
    mqtt_credentials: Path | None = None
    """Folder with `{drone}.password` (and later `.crt`, `.key`) of each vehicle on the link."""
    data_dir: Path = Path(platformdirs.user_data_dir("aerostream"))
    """Where the agent keeps its spool, and which system id is which drone."""
    sysid: Annotated[int, Meta(ge=1, le=255)] | None = None
    """MAVLink system id of the vehicle; none: the first one seen, then kept."""
    max_vehicles: Annotated[int, Meta(ge=1, le=255)] = 32
    """Vehicles of the link that are published where there are no accounts; these decide else."""
    rate_policy: RatePolicyName = RatePolicyName.STANDARD
    """`full`: every sample; `standard`: rates and deadbands of each channel."""
    mavlink_rates: RatesMode = RatesMode.ASK
    """`ask` the autopilot for the rates that are needed, or only `listen`."""
    passthrough: str = ""
    """Further MAVLink messages to pass through with policy `standard`, by name, separated by
    commas."""
    batch_interval: Annotated[float, Meta(ge=0.05, le=60)] = 1.0
    """Seconds of live data that make a frame."""
    frame_values: Annotated[int, Meta(ge=20, le=20_000)] = 8_000
    """Values that fill a frame before its time: small frames for links that lose much."""
    spool_bytes: Annotated[int, Meta(ge=0)] = 512 * 1024 * 1024
    """Size of the file that keeps what is not yet stored; 0: in memory only, 16 MB."""
    spool_days: Annotated[float, Meta(ge=0.01)] = 30
    """What is older is given up, where the autopilot's time and the host's agree."""
    spool_fsync: Annotated[float, Meta(ge=0, le=60)] = 1.0
    """Seconds of telemetry that a power cut may take; events are never at risk."""
    backfill_rate: Annotated[int, Meta(ge=1000)] = 50_000
    """Bytes per second for what could not be sent or stored in time."""
    window_bytes: Annotated[int, Meta(ge=65536)] = 8 * 1024 * 1024
    """Bytes of history, or of an import, that may be sent and not yet stored."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    def __post_init__(self) -> None:
        if len(self.drone) > MAX_CONFIGURED_DRONE:
            raise ValueError(
                f"AEROSTREAM_DRONE {self.drone!r} has {len(self.drone)} characters, "
                f"expected at most {MAX_CONFIGURED_DRONE}"
            )
        try:
            DroneName(self.fleet, self.drone)
        except InvalidName as error:
            raise ValueError(f"AEROSTREAM_DRONE or AEROSTREAM_FLEET: {error}") from error
        if 0 < self.spool_bytes < MIN_SPOOL_BYTES:
            raise ValueError(
                f"AEROSTREAM_SPOOL_BYTES {self.spool_bytes} is neither 0 nor at least "
                f"{MIN_SPOOL_BYTES}"
            )
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise ValueError(
                f"AEROSTREAM_LOG_LEVEL {self.log_level!r} is not debug, info, warning or error"
            )
        unknown = [name for name in self.passthrough_names if name not in MESSAGES.names]
        if unknown:
            raise ValueError(
                f"AEROSTREAM_PASSTHROUGH {unknown[0]!r} is not the name of a MAVLink message"
            )
        MqttUrl.parse(self.mqtt_url)

    @property
    def name(self) -> DroneName:
        """Name of the first vehicle on the link."""
        return DroneName(self.fleet, self.drone)

    @property
    def passthrough_names(self) -> list[str]:
        """Messages that pass through besides the named channels."""
        return [name.strip().upper() for name in self.passthrough.split(",") if name.strip()]

    @property
    def broker(self) -> MqttUrl:
        """The broker's URL in parts."""
        return MqttUrl.parse(self.mqtt_url)


def edge_settings(file: Path | None, overrides: dict[str, Any]) -> EdgeSettings:
    """Settings from a file, the environment and the command line.

    Raises:
        InvalidSetting: one of them is unusable.
    """
    return load_settings(EdgeSettings, os.environ, file, overrides, _OPTIONS)


def check_own_account(settings: EdgeSettings) -> None:
    """Refuse an account in the broker's URL that is not the drone's own.

    Raises:
        InvalidSetting: it is another's; under it the agent would speak for that drone.
    """
    username = settings.broker.username
    if username is not None and username != str(settings.name):
        raise InvalidSetting(
            f"the broker's URL has the account {username!r}, but the agent is "
            f"{str(settings.name)!r}: a drone connects with its own account only"
        )


def unknown_names() -> list[str]:
    """`AEROSTREAM_*` variables that no part of AeroStream knows: a typing error is likely."""
    return unknown_variables(os.environ, ALL_SETTINGS)
