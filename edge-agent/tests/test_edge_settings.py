"""Settings of the agent: each bad value is one sentence that names it."""

import subprocess
import sys
from pathlib import Path

import pytest
from aerostream_contract.errors import InvalidSetting
from aerostream_contract.names import DroneName
from aerostream_edge.accounts import Account, account_of
from aerostream_edge.links import LinkUrl
from aerostream_edge.settings import EdgeSettings, check_own_account, edge_settings, unknown_names

BAD = {
    "AEROSTREAM_DRONE": ["A B", "-x", "x" * 28, "ä", "a/b"],
    "AEROSTREAM_FLEET": ["North", "a b", "x" * 32],
    "AEROSTREAM_SYSID": ["0", "256", "one", "1.5", "-1"],
    "AEROSTREAM_RATE_POLICY": ["fast", "FULL!"],
    "AEROSTREAM_MAVLINK_RATES": ["shout"],
    "AEROSTREAM_BATCH_INTERVAL": ["0", "61", "soon", "nan", "inf"],
    "AEROSTREAM_SPOOL_BYTES": ["1", "-1", "1048575", "lots"],
    "AEROSTREAM_SPOOL_DAYS": ["0", "-1", "soon", "nan"],
    "AEROSTREAM_SPOOL_FSYNC": ["-1", "61", "nan"],
    "AEROSTREAM_BACKFILL_RATE": ["0", "999", "fast"],
    "AEROSTREAM_WINDOW_BYTES": ["1", "lots", "-5"],
    "AEROSTREAM_LOG_LEVEL": ["loud"],
    "AEROSTREAM_PASSTHROUGH": ["ATTITUDE,NONSENSE", "17"],
    "AEROSTREAM_MQTT_URL": [
        "http://h",
        "mqtt://",
        "mqtt://h:99999",
        "mqtt://h:0",
        "mqtt://h/x",
        "h:1883",
    ],
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BAD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AEROSTREAM_DRONE", "d1")


@pytest.mark.parametrize(
    ("variable", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_bad_value_is_one_sentence_that_names_it(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSetting, match=variable) as caught:
        edge_settings(None, {})
    assert "\n" not in str(caught.value)


def test_a_drone_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AEROSTREAM_DRONE")
    with pytest.raises(InvalidSetting, match="AEROSTREAM_DRONE is required"):
        edge_settings(None, {})


def test_the_longest_drone_leaves_room_for_a_second_vehicle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AEROSTREAM_DRONE", "x" * 27)
    assert DroneName("default", edge_settings(None, {}).drone + "-255")


def test_command_line_beats_environment_beats_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('drone = "from-file"\nfleet = "from-file"\nrate_policy = "full"\n')
    monkeypatch.setenv("AEROSTREAM_DRONE", "from-env")
    monkeypatch.setenv("AEROSTREAM_FLEET", "from-env")
    settings = edge_settings(file, {"fleet": "from-line"})
    assert (settings.drone, settings.fleet, str(settings.rate_policy)) == (
        "from-env",
        "from-line",
        "full",
    )


def test_passthrough_takes_names_in_any_case_with_spaces() -> None:
    settings = EdgeSettings(drone="d1", passthrough=" esc_telemetry_1_to_4, ,MEMINFO ")
    assert settings.passthrough_names == ["ESC_TELEMETRY_1_TO_4", "MEMINFO"]


def test_variables_that_no_part_knows_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEROSTREAM_DORNE", "d1")
    monkeypatch.setenv("AEROSTREAM_STORE_URL", "sqlite:///x")
    assert unknown_names() == ["AEROSTREAM_DORNE"]


def test_another_drones_account_is_refused_without_its_password() -> None:
    settings = EdgeSettings(drone="d1", mqtt_url="mqtt://default%2Fd2:hunter2@h")
    with pytest.raises(InvalidSetting, match="'default/d2', but the agent is") as error:
        check_own_account(settings)
    assert "hunter2" not in str(error.value)
    check_own_account(EdgeSettings(drone="d1", mqtt_url="mqtt://default%2Fd1:hunter2@h"))


def test_without_accounts_every_vehicle_connects() -> None:
    settings = EdgeSettings(drone="d1")
    assert account_of(settings, DroneName("default", "d1-7")) == Account(None, None)


def test_the_urls_account_is_the_first_vehicles_only(tmp_path: Path) -> None:
    settings = EdgeSettings(
        drone="d1", mqtt_url="mqtt://default%2Fd1:p%40ss@h", mqtt_credentials=tmp_path
    )
    assert account_of(settings, settings.name) == Account("default/d1", "p@ss")
    second = DroneName("default", "d1-7")
    assert account_of(settings, second) is None
    (tmp_path / "d1-7.password").write_text("secret\n")
    assert account_of(settings, second) == Account("default/d1-7", "secret")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("udpin:0.0.0.0:14550", LinkUrl("udpin", "0.0.0.0", 14550)),
        ("udpout:host.example:14550", LinkUrl("udpout", "host.example", 14550)),
        ("tcp:127.0.0.1:5760", LinkUrl("tcp", "127.0.0.1", 5760)),
        ("tcpin:[::1]:5760", LinkUrl("tcpin", "::1", 5760)),
        ("tcp://10.0.0.1:5760", LinkUrl("tcp", "10.0.0.1", 5760)),
        ("serial:/dev/ttyAMA0:921600", LinkUrl("serial", "/dev/ttyAMA0", 921600)),
        ("serial:/dev/ttyUSB0", LinkUrl("serial", "/dev/ttyUSB0", 57600)),
    ],
)
def test_links_are_named_as_the_documents_say(text: str, url: LinkUrl) -> None:
    assert LinkUrl.parse(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "udp:127.0.0.1:14550",
        "udpin:14550",
        "udpin:127.0.0.1",
        "udpin:127.0.0.1:",
        "udpin:127.0.0.1:0",
        "udpin:127.0.0.1:65536",
        "tcp::5760",
        "tcp:host:port",
        "serial:",
        "serial:/dev/ttyUSB0:fast",
        "serial:/dev/ttyUSB0:0",
        "serial:/dev/ttyUSB0:49",
        "serial:/dev/ttyUSB0:-57600",
        "serial:/dev/ttyUSB0:5760000000",
        "serial:/dev/ttyUSB0:" + "9" * 5000,
        "udpin:127.0.0.1:" + "9" * 5000,
        "/dev/ttyUSB0",
    ],
)
def test_a_bad_link_is_one_sentence_that_names_it(text: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        LinkUrl.parse(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("command", [[], ["run"], ["check"], ["import"]])
def test_every_command_has_help_that_teaches(command: list[str]) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "aerostream_edge", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "usage:" in found.stdout
    assert not command or "Example: aerostream-edge" in " ".join(found.stdout.split())


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("policy", "fast", "--policy is 'fast', expected full or standard"),
        ("mqtt", "http://h", "--mqtt is unusable, its scheme is not mqtt or mqtts"),
        ("mavlink", "udp:1", "MAVLink link 'udp:1' is unusable"),
        ("drone", "No Name", "--drone or AEROSTREAM_FLEET: drone 'No Name' is not an id"),
        ("drone", "x" * 28, "--drone 'xxxx"),
    ],
)
def test_an_error_names_the_option_that_the_user_wrote(
    tmp_path: Path, option: str, value: str, sentence: str
) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "aerostream_edge", "run", "--drone", "d1", f"--{option}", value],
        capture_output=True,
        text=True,
        env={"AEROSTREAM_DATA_DIR": str(tmp_path)},
        check=False,
    )
    assert (found.returncode, found.stdout) == (2, "")
    (line,) = found.stderr.splitlines()
    assert line.startswith(f"aerostream-edge: {sentence}")
