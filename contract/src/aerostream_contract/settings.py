"""Settings: a class of fields, filled from `AEROSTREAM_*` variables or a TOML file.

Each part describes its settings as a msgspec Struct whose fields are the variables' names in
lower case without the prefix. Environment wins over file, file over default. The same code
validates both, and `docs/configuration.md` is held to the same classes by a test.
"""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from aerostream_contract.errors import InvalidSetting

PREFIX = "AEROSTREAM_"
_Settings = TypeVar("_Settings", bound=Struct)


def load_settings(
    model: type[_Settings],
    environ: Mapping[str, str],
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> _Settings:
    """Fill `model` from a TOML file, then the environment, then `overrides` (command line).

    Raises:
        InvalidSetting: a value is unusable, a required one is missing, the file cannot be
            read, or it has a name that the model has not.
    """
    names = {field.name for field in msgspec.structs.fields(model)}
    values: dict[str, tuple[str, Any]] = {}
    if file is not None:
        values |= _from_file(file, names)
    for variable, text in environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name in names and text != "":
            values[name] = (variable, text)
    for name, value in (overrides or {}).items():
        if value is not None:
            values[name] = (f"--{name.replace('_', '-')}", value)
    return _built(model, values)


def unknown_variables(environ: Mapping[str, str], known: Collection[str]) -> list[str]:
    """`AEROSTREAM_*` variables that no part knows, to warn about; `known` in lower case."""
    return sorted(
        variable
        for variable in environ
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX).lower() not in known
    )


class MqttUrl(Struct, frozen=True):
    """The parts of an `mqtt://` or `mqtts://` URL."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, text: str) -> "MqttUrl":
        """Read `mqtt[s]://[user[:password]@]host[:port]`, user and password percent-encoded.

        Raises:
            InvalidSetting: the URL has another shape.
        """
        parts = urlsplit(text)
        expected = "expected mqtt://[user:password@]host[:port] or mqtts://…"
        try:
            port = parts.port
        except ValueError as error:
            raise InvalidSetting(f"the port of the broker URL is unusable: {error}") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/"):
            shown = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
            raise InvalidSetting(f"broker URL {shown!r} is unusable: {expected}")
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=port or (8883 if tls else 1883),
            tls=tls,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )

    def __str__(self) -> str:
        """Without user and password: for logs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


def _from_file(file: Path, names: set[str]) -> dict[str, tuple[str, Any]]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSetting(f"configuration file {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"configuration file {file} is not TOML: {error}") from error
    values = {}
    for key, value in content.items():
        name = key.lower().removeprefix(PREFIX.lower())
        if name not in names:
            raise InvalidSetting(f"configuration file {file} has the unknown name {key!r}")
        values[name] = (f"{key} in {file}", value)
    return values


def _built(model: type[_Settings], values: Mapping[str, tuple[str, Any]]) -> _Settings:
    plain: dict[str, Any] = {}
    for field in msgspec.structs.fields(model):
        if field.name not in values:
            if field.required:
                raise InvalidSetting(f"{PREFIX}{field.name.upper()} is required and not set")
            continue
        origin, value = values[field.name]
        try:
            plain[field.name] = msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError as error:
            raise InvalidSetting(f"{origin} is {value!r}: {error}") from error
    try:
        return model(**plain)
    except (ValueError, TypeError) as error:
        raise InvalidSetting(str(error)) from error
