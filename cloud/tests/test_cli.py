"""The command line as a person meets it: help that teaches, one sentence where input is bad."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from aerostream_cloud.cli import app
from aerostream_cloud.dead_letter import DeadLetters, Kind, Letter
from aerostream_cloud.settings import CloudSettings
from aerostream_cloud.store import SeriesBlock, open_store
from aerostream_contract.channels import CHANNELS
from aerostream_contract.frame import DecodedBlock
from aerostream_contract.names import DroneName
from aerostream_contract.setting_names import CLOUD_SETTINGS
from typer.testing import CliRunner


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AEROSTREAM_")}
    return subprocess.run(
        [sys.executable, "-m", "aerostream_cloud", *arguments],
        env=clean | {"COLUMNS": "100"} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "bridge",
        "ingest",
        "serve",
        "stats",
        "sub",
        "dead-letter list",
        "dead-letter show",
        "dead-letter delete",
    ],
)
def test_every_command_teaches_with_an_example(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout
    assert f"aerostream-cloud {command}" in done.stdout
    assert "--config" in done.stdout


def test_all_commands_are_listed() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("bridge", "ingest", "serve", "stats", "sub", "dead-letter", "provision"):
        assert command in done.stdout


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"AEROSTREAM_MQTT_URL": "http://x"}, "expected mqtt://"),
        (
            {"AEROSTREAM_STORE_URL": "influxdb://o:t@h/b"},
            "AEROSTREAM_STORE_URL 'influxdb:…' is unusable, expected sqlite:///path",
        ),
        ({"AEROSTREAM_DATABASE_URL": "nonsense"}, "AEROSTREAM_DATABASE_URL is unusable"),
        ({"AEROSTREAM_INGEST_FLEETS": "North"}, "AEROSTREAM_INGEST_FLEETS: fleet 'North'"),
        ({"AEROSTREAM_INGEST_FLEETS": ","}, "names no fleet"),
        ({"AEROSTREAM_INSTANCE": "a/b"}, "AEROSTREAM_INSTANCE 'a/b'"),
        ({"AEROSTREAM_MIRROR_RATE": "fast"}, "AEROSTREAM_MIRROR_RATE"),
        ({"AEROSTREAM_DEAD_LETTER_MAX_BYTES": "-1"}, "AEROSTREAM_DEAD_LETTER_MAX_BYTES"),
        ({"AEROSTREAM_METRICS_PORT": "70000"}, "AEROSTREAM_METRICS_PORT"),
        ({"AEROSTREAM_LOG_LEVEL": "loud"}, "AEROSTREAM_LOG_LEVEL"),
        ({"AEROSTREAM_MQTT_CERT": "a.crt"}, "AEROSTREAM_MQTT_CERT and AEROSTREAM_MQTT_KEY"),
        (
            {"AEROSTREAM_MQTT_URL": "mqtts://h", "AEROSTREAM_MQTT_CA": "/none.crt"},
            "AEROSTREAM_MQTT_CA: there is no file /none.crt",
        ),
    ],
)
def test_an_unusable_setting_ends_with_one_sentence(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    done = run("ingest", **({"AEROSTREAM_DATA_DIR": str(tmp_path)} | environ))
    assert done.returncode == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("aerostream-cloud: ")
    assert sentence in line


def test_a_configuration_file_is_read_and_its_mistakes_are_named(tmp_path: Path) -> None:
    file = tmp_path / "cloud.toml"
    file.write_text('data_dri = "/tmp"\n')
    done = run("ingest", "--config", str(file))
    assert done.returncode == 2
    assert "unknown name 'data_dri'" in done.stderr
    assert len(done.stderr.splitlines()) == 1

    file.write_text(f'data_dir = "{tmp_path / "data"}"\ningest_fleets = ["a", "b"]\n')
    done = run("stats", "--config", str(file))
    assert done.returncode == 1
    assert f"{tmp_path / 'data' / 'telemetry.sqlite'} does not exist" in done.stderr


def test_unknown_options_and_topics_are_refused(tmp_path: Path) -> None:
    assert run("stats", "--jsn").returncode == 2
    done = run("sub", "aero/#/up", AEROSTREAM_DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "topic filter 'aero/#/up' is not valid" in done.stderr


@pytest.mark.parametrize("command", ["stats", "dead-letter list", "dead-letter show 1"])
def test_a_variable_that_nobody_knows_is_warned_about(tmp_path: Path, command: str) -> None:
    open_store(f"sqlite:///{tmp_path / 'telemetry.sqlite'}").close()
    letters = DeadLetters(tmp_path / "dead-letters.sqlite", max_bytes=100_000)
    letters.add([Letter(0, Kind.FRAME, "no frame", "aero/1/f/d/up/tel", b"x")])
    letters.close()
    done = run(*command.split(), AEROSTREAM_DATA_DIR=str(tmp_path), AEROSTREAM_STORE_ULR="x")
    assert done.returncode == 0
    assert done.stderr == "aerostream-cloud: unknown variable AEROSTREAM_STORE_ULR is ignored\n"


def test_stats_as_json_and_as_a_table(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'telemetry.sqlite'}")
    times = [1_767_225_600_000_001, 1_767_225_601_000_000]
    gps = CHANNELS["gps"]
    columns: list[list[int | float | str | None]] = [[1, None] for _ in gps.fields]
    store.write([SeriesBlock(DroneName("n", "d"), DecodedBlock(gps, 1, "1", times, columns))])
    store.close()

    done = run("stats", "--json", AEROSTREAM_DATA_DIR=str(tmp_path))
    assert done.returncode == 0
    assert msgspec.json.decode(done.stdout) == [
        {
            "fleet": "n",
            "drone": "d",
            "channel": "gps",
            "component": 1,
            "instance": "1",
            "source": "GPS2_RAW",
            "samples": 2,
            "first": "2026-01-01T00:00:00.000001Z",
            "last": "2026-01-01T00:00:01.000000Z",
        }
    ]
    done = run("stats", AEROSTREAM_DATA_DIR=str(tmp_path))
    assert done.returncode == 0
    assert "GPS2_RAW" in done.stdout
    assert done.stdout.endswith("\n2 samples, 1 series, 1 drone\n")


def test_dead_letters_are_listed_and_shown(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead-letters.sqlite", max_bytes=100_000)
    letters.add(
        [Letter(1_767_225_600_000_000, Kind.FRAME, "no frame", "aero/1/f/d/up/tel", b"\xff")]
    )
    letters.close()
    environ = {"AEROSTREAM_DATA_DIR": str(tmp_path)}
    listed = run("dead-letter", "list", **environ)
    assert listed.returncode == 0
    assert listed.stdout.splitlines() == [
        "ID  RECEIVED                     KIND   TOPIC              SIZE    REASON",
        "1   2026-01-01T00:00:00.000000Z  frame  aero/1/f/d/up/tel  1 byte  no frame",
        "1 dead letter kept, 0 pushed out by the size limit",
    ]
    shown = run("dead-letter", "show", "1", **environ)
    assert shown.returncode == 0
    assert "reason:  no frame" in shown.stdout
    assert shown.stdout.endswith("in hexadecimal\nff\n")
    missing = run("dead-letter", "show", "2", **environ)
    assert missing.returncode == 1
    assert missing.stderr == "aerostream-cloud: there is no dead letter 2\n"


def kept(folder: Path) -> list[int]:
    letters = DeadLetters(folder / "dead-letters.sqlite", max_bytes=100_000, read_only=True)
    ids = letters.ids()
    letters.close()
    return ids


def delete(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(
        app, ["dead-letter", "delete", *arguments], env={"AEROSTREAM_DATA_DIR": str(folder)}
    )
    return done.exit_code, done.stdout, done.stderr


def test_dead_letters_are_deleted_as_asked_for_and_counted(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "dead-letters.sqlite", max_bytes=100_000)
    now_us = time.time_ns() // 1000
    for days, kind in enumerate([Kind.FRAME, Kind.FRAME, Kind.ROW, Kind.TOPIC, Kind.EVENT]):
        letter = Letter(now_us - days * 86_400_000_000, kind, "why", "t", bytes([days]))
        letters.add([letter])
    letters.close()
    asked = "aerostream-cloud: this would delete {} for good: add --yes to do it\n"
    assert delete(tmp_path, "--older-than", "60h") == (2, "", asked.format("2 dead letters"))
    assert delete(tmp_path, "--all") == (2, "", asked.format("5 dead letters"))
    assert kept(tmp_path) == [1, 2, 3, 4, 5]
    done = delete(tmp_path, "--older-than", "60h", "--yes")
    assert done == (0, "2 dead letters deleted, 3 kept\n", "")
    assert kept(tmp_path) == [1, 2, 3]
    assert delete(tmp_path, "1") == (0, "1 dead letter deleted, 2 kept\n", "")
    assert delete(tmp_path, "1") == (1, "", "aerostream-cloud: there is no dead letter 1\n")
    done = delete(tmp_path, "--kind", "row", "--yes")
    assert done == (0, "1 dead letter deleted, 1 kept\n", "")
    assert delete(tmp_path, "--all", "--yes") == (0, "1 dead letter deleted, 0 kept\n", "")
    which = "say which letters to delete: either IDs, or --kind, or --older-than, or --all"
    for arguments in ((), ("1", "--all"), ("--kind", "row", "--older-than", "1d")):
        assert delete(tmp_path, *arguments) == (2, "", f"aerostream-cloud: {which}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("nonsense", "no such command 'nonsense'"),
        ("stats --jsn", "no such option: --jsn (Possible options: --json)"),
        ("stats extra", "got unexpected extra argument(s) (extra)"),
        ("stats --config", "option '--config' requires an argument"),
        ("stats --config /none", "configuration file /none: No such file or directory"),
        ("serve --config /none", "configuration file /none: No such file or directory"),
        ("sub --count x", "--count / -n: 'x' is not a whole number of at least 1"),
        ("sub -n 0", "--count / -n: '0' is not a whole number of at least 1"),
        ("dead-letter nonsense", "no such command 'nonsense'"),
        ("dead-letter list --limit -1", "--limit: '-1' is not a whole number of at least 1"),
        ("dead-letter show", "missing argument 'ID'"),
        ("dead-letter show x", "ID: 'x' is not a whole number of at least 1"),
        ("dead-letter replay 1 x", "[ID]…: 'x' is not a whole number of at least 1"),
        ("dead-letter replay --kind x", "--kind: 'x' is not one of 'topic', 'frame', 'block',"),
        ("dead-letter delete --kind x", "--kind: 'x' is not one of 'topic', 'frame', 'block',"),
        ("dead-letter delete x", "[ID]…: 'x' is not a whole number of at least 1"),
        (
            "dead-letter delete --older-than month",
            "--older-than: 'month' is not an age such as 30d, 12h, 90m or 10s",
        ),
        ("provision --role x", "--role: 'x' is not one of 'drone', 'ingest',"),
        ("provision a/b --broker-pid 0", "--broker-pid: '0' is not a whole number of at least 1"),
        ("provision A/b", "fleet 'A' is not an id"),
        ("provision a/b --url http://x", "--url is unusable, its scheme is not mqtt or mqtts"),
    ],
)
def test_a_wrong_command_line_is_answered_with_one_sentence(
    tmp_path: Path, arguments: str, sentence: str
) -> None:
    done = CliRunner().invoke(app, arguments.split(), env={"AEROSTREAM_DATA_DIR": str(tmp_path)})
    assert (done.exit_code, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"aerostream-cloud: {sentence}")


def test_a_group_without_a_command_shows_its_help() -> None:
    for arguments in ((), ("dead-letter",)):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2
        assert "Commands:" in done.stderr


def test_the_list_of_settings_for_all_parts_is_true() -> None:
    # `serve` reads the union, so that neither part warns about the other's variables.
    assert {field.name for field in msgspec.structs.fields(CloudSettings)} == CLOUD_SETTINGS
