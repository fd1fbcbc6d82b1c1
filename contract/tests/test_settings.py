"""Settings from variables, file and command line; each bad value gets one sentence naming it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
import pytest
from aerostream_contract.errors import InvalidSetting
from aerostream_contract.names import check_id
from aerostream_contract.settings import MqttUrl, load_settings, unknown_variables
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct


class Policy(StrEnum):
    FULL = "full"
    STANDARD = "standard"


class Settings(Struct, frozen=True, kw_only=True):
    drone: str
    mqtt_url: str = "mqtt://127.0.0.1:1883"
    store_url: str = ""
    admin_password: str | None = None
    data_dir: Path = Path("data")
    http_port: Annotated[int, Meta(ge=1, le=65_535)] = 8000
    uplink_budget: Annotated[float, Meta(gt=0)] | None = None
    rate_policy: Policy = Policy.STANDARD
    log_level: Literal["debug", "info", "error"] = "info"
    verbose: bool = False

    def __post_init__(self) -> None:
        MqttUrl.parse(self.mqtt_url)
        check_id(self.drone, "AEROSTREAM_DRONE")


def load(**variables: str) -> Settings:
    return load_settings(Settings, {"AEROSTREAM_DRONE": "eagle", **variables})


def test_variables_are_converted_to_their_types() -> None:
    settings = load(
        AEROSTREAM_HTTP_PORT="9000",
        AEROSTREAM_UPLINK_BUDGET="1500.5",
        AEROSTREAM_DATA_DIR="/var/lib/aerostream",
        AEROSTREAM_RATE_POLICY="full",
        AEROSTREAM_VERBOSE="true",
        AEROSTREAM_STORE_URL="",
        UNRELATED="x",
    )
    assert settings == Settings(
        drone="eagle",
        http_port=9000,
        uplink_budget=1500.5,
        data_dir=Path("/var/lib/aerostream"),
        rate_policy=Policy.FULL,
        verbose=True,
    )


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('drone = "file"\nhttp_port = 1\nAEROSTREAM_LOG_LEVEL = "error"\n')
    environ = {"AEROSTREAM_DRONE": "variable", "AEROSTREAM_HTTP_PORT": ""}

    assert load_settings(Settings, environ, file) == Settings(
        drone="variable", http_port=1, log_level="error"
    )
    assert load_settings(Settings, environ, file, {"drone": "line", "http_port": None}) == Settings(
        drone="line", http_port=1, log_level="error"
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "HTTP_PORT",
            "web",
            "AEROSTREAM_HTTP_PORT is 'web', expected a whole number from 1 to 65535",
        ),
        ("HTTP_PORT", "0", "AEROSTREAM_HTTP_PORT is '0', expected a whole number from 1 to 65535"),
        (
            "HTTP_PORT",
            "65536",
            "AEROSTREAM_HTTP_PORT is '65536', expected a whole number from 1 to 65535",
        ),
        ("HTTP_PORT", "80.5", "AEROSTREAM_HTTP_PORT is '80.5', expected a whole number"),
        ("UPLINK_BUDGET", "-1", "AEROSTREAM_UPLINK_BUDGET is '-1', expected a number above 0"),
        ("UPLINK_BUDGET", "inf", "AEROSTREAM_UPLINK_BUDGET is 'inf', expected a finite number"),
        ("UPLINK_BUDGET", "nan", "AEROSTREAM_UPLINK_BUDGET is 'nan', expected"),
        ("RATE_POLICY", "all", "AEROSTREAM_RATE_POLICY is 'all', expected full or standard"),
        ("LOG_LEVEL", "loud", "AEROSTREAM_LOG_LEVEL is 'loud', expected debug, info or error"),
        ("VERBOSE", "perhaps", "AEROSTREAM_VERBOSE is 'perhaps', expected `bool`"),
        ("DRONE", "Eagle 1", "AEROSTREAM_DRONE 'Eagle 1' is not an id: expected 1-31 characters"),
        ("DRONE", "", "AEROSTREAM_DRONE is required and not set"),
        ("MQTT_URL", "http://host", "AEROSTREAM_MQTT_URL is unusable, its scheme is not mqtt"),
    ],
)
def test_a_bad_variable_gets_one_sentence_that_names_it(
    variable: str, value: str, sentence: str
) -> None:
    with pytest.raises(InvalidSetting) as raised:
        load(**{f"AEROSTREAM_{variable}": value})
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_a_huge_value_does_not_flood_the_message() -> None:
    with pytest.raises(InvalidSetting) as raised:
        load(AEROSTREAM_HTTP_PORT="9" * 50_000)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'drone = "eagle"\ncolour = "red"\n', "unknown name 'colour'"),
        (b"drone = \n", "is not TOML"),
        (b'drone = "\xff"\n', "is not UTF-8"),
        (b"drone = 5\n", "drone in .*toml is 5, expected `str`"),
        (b'drone = "eagle"\n[data_dir]\n', r"data_dir in .*toml is \{\}, expected a path"),
        (
            b'drone = "eagle"\nhttp_port = true\n',
            "http_port in .*toml is True, expected a whole number",
        ),
    ],
)
def test_a_bad_file_gets_one_sentence_that_names_it(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "agent.toml"
    file.write_bytes(content)
    with pytest.raises(InvalidSetting, match=said) as raised:
        load_settings(Settings, {}, file)
    assert "agent.toml" in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"missing\.toml: No such file"):
        load_settings(Settings, {}, tmp_path / "missing.toml")


def test_a_bad_option_is_named_as_on_the_command_line() -> None:
    with pytest.raises(InvalidSetting, match=r"^--http-port is 0, expected a whole number"):
        load_settings(Settings, {}, None, {"drone": "eagle", "http_port": 0})
    with pytest.raises(InvalidSetting, match=r"^--port is 0, expected a whole number"):
        load_settings(
            Settings, {}, None, {"drone": "eagle", "http_port": 0}, {"http_port": "--port"}
        )


def test_what_a_model_refuses_is_named_as_the_user_wrote_it(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('drone = "eagle"\nmqtt_url = "http://h"\n')
    with pytest.raises(InvalidSetting, match=r"^mqtt_url in .*agent\.toml is unusable, its scheme"):
        load_settings(Settings, {}, file)
    with pytest.raises(InvalidSetting, match=r"^--mqtt is unusable, its scheme"):
        load_settings(Settings, {}, file, {"mqtt_url": "http://h"}, {"mqtt_url": "--mqtt"})
    with pytest.raises(InvalidSetting, match=r"^--drone 'E' is not an id"):
        load_settings(Settings, {}, None, {"drone": "E"})


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "a whole number"),
        (Annotated[int, Meta(ge=1, le=255)] | None, "a whole number from 1 to 255"),
        (Annotated[int, Meta(ge=65_536)], "a whole number of at least 65536"),
        (Annotated[float, Meta(le=0.5)], "a number of at most 0.5"),
        (Annotated[float, Meta(gt=0, lt=1)], "a number above 0 and below 1"),
        (Annotated[float, Meta(description="any")], "a number"),
    ],
)
def test_a_number_that_is_refused_is_told_its_whole_range(kind: Any, words: str) -> None:
    model = msgspec.defstruct("Model", [("sysid", kind)])
    with pytest.raises(InvalidSetting) as raised:
        load_settings(model, {"AEROSTREAM_SYSID": "x"})
    assert str(raised.value) == f"AEROSTREAM_SYSID is 'x', expected {words}"


def test_variables_that_nobody_knows_are_listed() -> None:
    environ = {"AEROSTREAM_DRONES": "x", "AEROSTREAM_DRONE": "x", "PATH": "x", "AEROSTREAM_": "x"}
    assert unknown_variables(environ, {"drone"}) == ["AEROSTREAM_", "AEROSTREAM_DRONES"]


SECRET = "s3cr"


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@host",
        f"mqtt://user:{SECRET}/et@host",
        f"mqtt://user:12/{SECRET}@host",
        f"mqtt://user:12?{SECRET}@host",
        f"mqtt://user:12#{SECRET}@host",
        f"mqtt://user:[{SECRET}@host",
        f"mqtt://user:[{SECRET}]@host",
        f"mqtt://user:{SECRET}℀@host",
        f"mqtt://user:{SECRET}@",
        f"mqtt://user:{SECRET}@:1883",
        f"mqtt://user:{SECRET}@host:port",
        f"mqtt://user:{SECRET}@host:99999",
        f"mqtt://user:{SECRET}@host:0",
        f"mqtt://user:{SECRET}@host/path",
        f"mqtt://user:{SECRET} {SECRET}@host",
        f"user:{SECRET}@host",
        f"mqtt:user:{SECRET}@host",
        SECRET,
        "",
    ],
)
def test_an_unusable_broker_url_is_refused_without_showing_any_of_it(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"^AEROSTREAM_MQTT_URL is unusable, ") as raised:
        MqttUrl.parse(url)
    error: BaseException | None = raised.value
    assert SECRET not in str(error)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    if url:
        with pytest.raises(InvalidSetting) as again:
            load(AEROSTREAM_MQTT_URL=url)
        assert SECRET not in str(again.value)


@pytest.mark.parametrize("name", ["mqtt_url", "store_url", "admin_password"])
def test_a_secret_of_a_wrong_type_is_not_shown(tmp_path: Path, name: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(f'drone = "eagle"\n{name} = ["{SECRET}"]\n')
    with pytest.raises(InvalidSetting, match=f"{name} in .*toml is unusable, expected") as raised:
        load_settings(Settings, {}, file)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "parts", "shown"),
    [
        ("mqtt://host", ("host", 1883, False, None, None), "mqtt://host:1883"),
        ("mqtts://host", ("host", 8883, True, None, None), "mqtts://host:8883"),
        ("mqtt://127.0.0.1:1/", ("127.0.0.1", 1, False, None, None), "mqtt://127.0.0.1:1"),
        ("mqtt://[::1]:5", ("::1", 5, False, None, None), "mqtt://[::1]:5"),
        ("mqtt://u@host", ("host", 1883, False, "u", None), "mqtt://host:1883"),
        ("mqtt://@host", ("host", 1883, False, None, None), "mqtt://host:1883"),
        (
            "mqtts://north%2Feagle:p%40ss%3A%2F@h:9",
            ("h", 9, True, "north/eagle", "p@ss:/"),
            "mqtts://h:9",
        ),
    ],
)
def test_a_broker_url_is_taken_apart(
    url: str, parts: tuple[str, int, bool, str | None, str | None], shown: str
) -> None:
    found = MqttUrl.parse(url)
    assert (found.host, found.port, found.tls, found.username, found.password) == parts
    assert str(found) == shown


@given(
    user=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1),
    password=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_any_user_and_password_survive_percent_encoding_and_never_show(
    user: str, password: str
) -> None:
    url = f"mqtts://{quote(user, safe='')}:{quote(password, safe='')}@broker.example:1"

    found = MqttUrl.parse(url)

    assert (found.username, found.password) == (user, password)
    assert str(found) == "mqtts://broker.example:1"
    assert repr(found) == "MqttUrl('mqtts://broker.example:1')"
