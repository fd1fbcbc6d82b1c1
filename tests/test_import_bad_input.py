"""`aerostream-edge import` of what is no flight, or only half of one."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.agent import Watcher, agent_environ, edge
from support.broker import Broker
from support.packets import heartbeat, message, pack
from support.ports import free_port
from support.recorded import DATA, read_flight

START_US = 1_767_225_600_000_000


def record(time_us: int, packet: bytes) -> bytes:
    return time_us.to_bytes(8, "big") + packet


def imported(broker: Broker, tmp_path: Path, *files: Path) -> list[dict[str, Any]]:
    env = agent_environ(broker.url, tmp_path / "edge", rate_policy="full")
    with Watcher(broker.port):
        done = edge("import", "--json", *map(str, files), env=env)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.tlog", None, "No such file or directory"),
        (".", None, "Is a directory"),
        ("empty.tlog", b"", "no vehicle in 0 MAVLink frames (0 other bytes)"),
        (
            "text.tlog",
            b"QGC WPL 110\r\n" * 100,
            "no vehicle in 0 MAVLink frames (1300 other bytes)",
        ),
        ("noise.tlog", bytes(range(256)) * 50, "no vehicle in 0 MAVLink frames (12800 other"),
        (
            "station.tlog",
            record(START_US, pack(heartbeat(type_=6, autopilot=8), system=255, component=190)),
            "no vehicle in 1 MAVLink frames",
        ),
    ],
    ids=["missing", "folder", "empty", "text", "noise", "ground station only"],
)
def test_what_is_no_flight_is_one_sentence_that_names_it(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    env = agent_environ(f"mqtt://127.0.0.1:{free_port()}", tmp_path / "edge")
    done = edge("import", str(path), env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr.replace("\n", " ")
    assert str(path) in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_a_log_that_is_cut_off_is_imported_as_far_as_it_goes(
    broker: Broker, tmp_path: Path
) -> None:
    whole = (DATA / "px4.tlog").read_bytes()
    cut = tmp_path / "cut.tlog"
    cut.write_bytes(whole[: len(whole) // 3 + 5])
    (report,) = imported(broker, tmp_path, cut)
    flight = read_flight(cut)
    assert (report["frames"], report["bad_bytes"]) == (flight.frames, flight.bad_bytes)
    (vehicle,) = report["vehicles"]
    assert vehicle["mapped"] >= flight.counts.total() > 1000


def test_several_flights_are_reported_one_by_one_and_two_vehicles_apart(
    broker: Broker, tmp_path: Path
) -> None:
    files = []
    for number, systems in enumerate(((1, 1, 4), (4, 4, 1))):
        path = tmp_path / f"{number}.tlog"
        path.write_bytes(
            b"".join(
                record(START_US + n, pack(sent, system=system))
                for n, (system, sent) in enumerate(
                    (system, sent)
                    for system in systems
                    for sent in (heartbeat(), message("ATTITUDE", time_boot_ms=n_ms(number)))
                )
            )
        )
        files.append(path)
    reports = imported(broker, tmp_path, *files)
    found = [
        [(each["sysid"], each["drone"], each["mapped"]) for each in report["vehicles"]]
        for report in reports
    ]
    assert found == [[(1, "d1", 4), (4, "d1-4", 2)], [(4, "d1", 4), (1, "d1-1", 2)]]


def n_ms(number: int) -> int:
    return 1000 * (number + 1)
