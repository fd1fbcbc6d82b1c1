"""Settings: a class of fields, filled from `AEROSTREAM_*` variables or a TOML file.

Each part describes its settings as a msgspec Struct whose fields are the variables' names in
lower case without the prefix. Environment wins over file, file over default. The same code
validates both, and `docs/configuration.md` is held to the same classes by a test.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta, Struct

from aerostream_contract.errors import InvalidSetting, cut, shown

PREFIX = "AEROSTREAM_"
_Settings = TypeVar("_Settings", bound=Struct)

#: Values of settings with such a word in their name are never shown.
_SECRET = re.compile(r"url|password|secret|token")


def load_settings(
    model: type[_Settings],
    environ: Mapping[str, str],
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    options: Mapping[str, str] | None = None,
) -> _Settings:
    """Fill `model` from a TOML file, then the environment, then `overrides` (command line).

    `options` are the command line's names of fields that are called otherwise there. An empty
    variable counts as not set. Fields may be of any type that msgspec converts, or Path.

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
            option = (options or {}).get(name, f"--{name.replace('_', '-')}")
            values[name] = (option, value)
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
    def parse(cls, text: str, what: str = f"{PREFIX}MQTT_URL") -> "MqttUrl":
        """Read `mqtt[s]://[user[:password]@]host[:port]`, user and password percent-encoded.

        `what` names the setting in the error.

        Raises:
            InvalidSetting: the URL has another shape. The text shows nothing of it: where a
                password is not encoded, any part of the URL may be a piece of it.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise _bad_url(what, "it cannot be taken apart") from None
        if parts.scheme not in ("mqtt", "mqtts"):
            raise _bad_url(what, "its scheme is not mqtt or mqtts")
        if not parts.hostname:
            raise _bad_url(what, "it has no host")
        if not is_host(parts.hostname):
            raise _bad_url(what, "its host is no name or address")
        if port == 0:
            raise _bad_url(what, "its port is 0")
        if parts.path.strip("/") or "?" in text or "#" in text:
            raise _bad_url(what, "something follows the host and port")
        if re.search(r"\s", text):
            raise _bad_url(what, "it has a space in it")
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=port or (8883 if tls else 1883),
            tls=tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        """Without user and password: for logs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"

    def __repr__(self) -> str:
        """Without user and password too: a repr ends in logs and tracebacks."""
        return f"MqttUrl({str(self)!r})"


def is_host(name: str) -> bool:
    """Whether a name can be asked for: a resolver fails on others with no useful word."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _bad_url(what: str, reason: str) -> InvalidSetting:
    return InvalidSetting(
        f"{what} is unusable, {reason}: expected "
        "mqtt://[user[:password]@]host[:port] or mqtts://…, user and password percent-encoded"
    )


def _from_file(file: Path, names: set[str]) -> dict[str, tuple[str, Any]]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSetting(f"configuration file {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidSetting(f"configuration file {file} is not UTF-8: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting(f"configuration file {file} is not TOML: {error}") from error
    values = {}
    for key, value in content.items():
        name = key.lower().removeprefix(PREFIX.lower())
        if name not in names:
            raise InvalidSetting(f"configuration file {file} has the unknown name {shown(key)}")
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
        state = "unusable" if _SECRET.search(field.name) else shown(value)
        try:
            converted = msgspec.convert(value, field.type, strict=False, dec_hook=_as_path)
        except msgspec.ValidationError as error:
            # Not chained: the cause may show what must not be shown.
            raise InvalidSetting(f"{origin} is {state}, {_complaint(field.type, error)}") from None
        if isinstance(converted, float) and not isfinite(converted):
            raise InvalidSetting(f"{origin} is {state}, expected a finite number")
        plain[field.name] = converted
    try:
        return model(**plain)
    except (ValueError, TypeError) as error:
        # From None: what a model's own check was raised from may show what must not be shown.
        raise InvalidSetting(_as_given(str(error), values)) from None


def _as_given(sentence: str, values: Mapping[str, tuple[str, Any]]) -> str:
    """A model's sentence, which names variables, with the names that the user wrote."""

    def name_of(variable: re.Match[str]) -> str:
        return values.get(variable[1].lower(), (variable[0],))[0]

    return re.sub(rf"\b{PREFIX}([A-Z_]*[A-Z])\b", name_of, sentence)


def _as_path(kind: type, value: Any) -> Any:
    """Paths, which msgspec does not know, from their text."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("Expected a path")


def _complaint(kind: Any, error: msgspec.ValidationError) -> str:
    """What a setting wants instead, from its choices or from msgspec's complaint."""
    choices = _choices(kind)
    if choices:
        return "expected " + " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))
    number = _number(kind)
    if number:
        return f"expected {number}"
    # Such as: Expected `bool`, got `str`. Of a variable, the user knows that it is text.
    text = str(error).partition(", got ")[0]
    return cut(text[0].lower() + text[1:])


def _number(kind: Any) -> str:
    """What numbers a setting takes, both ends of the range; empty where it takes none."""
    if kind in (int, float):
        return "a whole number" if kind is int else "a number"
    found = next(filter(None, map(_number, get_args(kind))), "")
    metas = [meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, Meta)]
    return found + "".join(map(_range, metas)) if found else ""


def _range(meta: Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge} to {meta.le}"
    ends = [
        ("above", meta.gt),
        ("of at least", meta.ge),
        ("below", meta.lt),
        ("of at most", meta.le),
    ]
    said = [f"{word} {end}" for word, end in ends if end is not None]
    return " " + " and ".join(said) if said else ""


def _choices(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    return [choice for argument in get_args(kind) for choice in _choices(argument)]
