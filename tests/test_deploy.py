"""The files in `deploy/` are held to the code that they configure."""

import re
import shutil
import subprocess
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest
from aerostream_cloud.bridge.connections import WANTED_FILES
from aerostream_contract.setting_names import EDGE_SETTINGS
from aerostream_contract.settings import load_settings
from aerostream_edge.settings import EdgeSettings

_DEPLOY = Path(__file__).parents[1] / "deploy"
_EXAMPLE = _DEPLOY / "aerostream-edge.toml"
_UNITS = ["aerostream-edge.service", "aerostream-cloud.service"]


def _uncommented() -> str:
    """The example with its commented settings in force."""
    return re.sub(
        r"^# (?=[a-z_]+ = )", "", _EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )


def _service(unit: str) -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    parser.read(_DEPLOY / unit)
    return dict(parser["Service"])


def test_the_example_is_a_valid_configuration() -> None:
    settings = load_settings(EdgeSettings, {}, _EXAMPLE)
    assert str(settings.name) == "north/d1"


def test_the_example_shows_every_setting_with_a_valid_value(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(_uncommented(), encoding="utf-8")
    load_settings(EdgeSettings, {}, file)
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))) == EDGE_SETTINGS


@pytest.mark.parametrize("name", ["rate_policy", "mavlink_rates", "batch_interval", "log_level"])
def test_the_example_shows_the_default(name: str) -> None:
    shown = tomllib.loads(_uncommented())[name]
    assert shown == getattr(EdgeSettings(drone="d1"), name)


def test_an_agent_that_was_taken_over_or_set_up_wrongly_is_not_restarted() -> None:
    assert _service("aerostream-edge.service")["RestartPreventExitStatus"].split()[:2] == ["2", "3"]


def test_the_cloud_may_have_as_many_files_open_as_it_wants() -> None:
    assert int(_service("aerostream-cloud.service")["LimitNOFILE"]) >= WANTED_FILES


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", _UNITS)
def test_systemd_accepts_the_unit(unit: str, tmp_path: Path) -> None:
    text = (_DEPLOY / unit).read_text(encoding="utf-8")
    # The program's place and user exist on the machines that the unit is for.
    text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text).replace("User=aerostream\n", "")
    file = tmp_path / unit
    file.write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    complaints = [line for line in result.stderr.splitlines() if unit in line]
    assert (result.returncode, complaints) == (0, [])
