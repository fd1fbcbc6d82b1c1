"""Recorded trials, sent again: the same command gets the same answer, in the same order."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aerostream_contract.vehicles import Heartbeat
from aerostream_sim.autopilots.commands import Cmd
from aerostream_sim.autopilots.px4.mode_table import custom_mode
from aerostream_sim.flight.flight import Landed
from aerostream_sim.vehicle import AutopilotName
from pymavlink.dialects.v20 import all as dialect
from support.recorded import SHARED
from support.simulated import RECORDED_HOMES, Bench, Heard

AUTOPILOTS = SHARED.parent / "autopilots"
VEHICLES = {
    "ArduCopter": ("copter", "ardupilot"),
    "ArduPlane": ("plane", "ardupilot"),
    "ArduRover": ("rover", "ardupilot"),
    "PX4": ("copter", "px4"),
}
FILES = {
    "ArduCopter": "ArduCopter",
    "ArduCopter-second-run": "ArduCopter",
    "ArduPlane": "ArduPlane",
    "ArduPlane-second-run": "ArduPlane",
    "ArduRover": "ArduRover",
    "PX4": "PX4",
    "PX4-second-run-ground-link": "PX4",
}
#: Two numbers that no autopilot knows, as recorded.
KNOWN = {int(each) for each in Cmd} | {31999, 65000}
#: The longest times to an answer that were recorded, seconds.
LONGEST_S = {"ArduCopter": 0.012, "ArduPlane": 0.036, "ArduRover": 0.023, "PX4": 0.042}
#: Texts that came by chance while something else was tried.
UNRELATED = ("EKF", "AHRS", "GPS", "PreArm", "RC")
#: Answers of one packet: what comes later is another story.
WINDOW_S = 0.06
#: Trials that the simulator does not repeat, by a part of their name, and why.
LEFT_OUT = {
    "at once after boot": "a vehicle that just boots: see test_boot.py",
    "right after boot": "a vehicle that just boots: see test_boot.py",
    "just after a reboot": "a vehicle that just boots: see test_boot.py",
    "time until armable": "a vehicle that just boots: see test_boot.py",
    "after the reboot": "a vehicle that just boots: see test_boot.py",
    "tried every 2 s": "a vehicle that just boots: see test_boot.py",
    "time until arm is accepted": "a vehicle that just boots: see test_boot.py",
    "from process start": "a vehicle that just boots: see test_boot.py",
    "boot": "a vehicle that just boots: see test_boot.py",
    "no mission": "a simulated vehicle always has its round as a mission",
    "without a mission": "a simulated vehicle always has its round as a mission",
    "AUTO (10) disarmed": "a simulated vehicle always has its round as a mission",
    "MISSION_START": "missions and their uploads are not simulated yet",
    "AVAILABLE_MODES": "not simulated",
    "failsafe": "the recorded vehicle had latched a failsafe",
    "low battery": "the recorded vehicle had a low battery",
    "battery at 1 pct": "the recorded vehicle had a low battery",
    "GPS": "loss of GPS is not simulated",
    "NAV_DLL_ACT": "loss of the ground station is not simulated",
    "OFFBOARD": "setpoints are not simulated",
    "setpoint": "setpoints are not simulated",
    "orbit": "orbits are not simulated",
    "ORBIT": "orbits are not simulated",
    "fence": "fences are not simulated",
    "CHANGE_SPEED": "limits of speed are the model's own",
    "own component 191": "the recorded vehicle was armed already, and no heartbeat had told it",
    "246) param1=1, disarmed": "it boots: see test_boot.py",
    "empty mission": "a simulated vehicle always has its round as a mission",
    "POSCTL in flight": "EVENT with a reason that is not simulated",
}


def trials() -> Iterator[Any]:
    for name, vehicle in FILES.items():
        path = AUTOPILOTS / f"{name}.trials.jsonl"
        if not path.exists():
            continue
        for number, line in enumerate(path.read_text().splitlines()):
            trial = json.loads(line)
            if supported(trial):
                label = f"{name}-{number}-{trial['name'][:60]}"
                yield pytest.param(name, vehicle, trial, id=label.replace(" ", "_"))


def supported(trial: dict[str, Any]) -> bool:
    sent = trial["sent"]
    if not sent or any(part in trial["name"] for part in LEFT_OUT):
        return False
    return all(
        each["msg"] == "SET_MODE"
        or (each["msg"] in ("COMMAND_LONG", "COMMAND_INT") and number_of(each["command"]) in KNOWN)
        for each in sent
    )


def number_of(text: str | int) -> int:
    """`MAV_CMD_X (400)` or a number."""
    return text if isinstance(text, int) else int(text.rsplit("(", 1)[1].rstrip(")"))


def value_of(field: Any) -> Any:
    return math.nan if field == "NaN" else field


def bench_for(name: str, vehicle: str, trial: dict[str, Any]) -> Bench:
    kind, autopilot = VEHICLES[vehicle]
    home = RECORDED_HOMES[AutopilotName(autopilot)]
    bench = Bench(kind, autopilot, idle=True, home=home)
    before = trial["before"]
    bench.vehicle.autopilot.modes.mode = mode_number(kind, autopilot, before["mode"])
    if "ground-link" in name:
        bench.send(dialect.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3), (255, 190))
        bench.run(0.2)
    flight = bench.vehicle.platform.flight
    if before["armed"]:
        flight.arm()
        if before["landed_state"] == "MAV_LANDED_STATE_IN_AIR":
            flight.motion.up = max(5.0, before["rel_alt_m"])
            flight.motion.grounded = False
            flight.motion.airspeed = 0.0 if flight.craft.hovers else 18.0
            flight.landed = Landed.IN_AIR
            flight.hold()
    # Away from the regular heartbeat, so that one that comes was caused.
    bench.now_s += 2.0
    bench.vehicle.advance(bench.now_s, heard=False)
    while not any(each.name == "HEARTBEAT" for each in bench.run(0.05)):
        pass
    bench.run(0.2)
    return bench


def mode_number(kind: str, autopilot: str, name: str) -> int:
    mav_type = {"copter": 2, "plane": 1, "rover": 10}[kind]
    number = 3 if autopilot == "ardupilot" else 12
    known = (
        range(30) if number == 3 else [custom_mode(m, s) for m in range(1, 11) for s in range(11)]
    )
    for mode in known:
        if Heartbeat(mav_type, number, 1, mode, 3).mode == name:
            return mode
    raise AssertionError(name)


def send(bench: Bench, sent: dict[str, Any], sender: tuple[int, int]) -> None:
    fields = {name: value_of(value) for name, value in sent.items()}
    if sent["msg"] == "SET_MODE":
        message = dialect.MAVLink_set_mode_message(1, sent["base_mode"], sent["custom_mode"])
        bench.send(message, sender)
        return
    fields["command"] = number_of(sent["command"])
    kind = (
        dialect.MAVLink_command_long_message
        if sent["msg"] == "COMMAND_LONG"
        else dialect.MAVLink_command_int_message
    )
    bench.send(kind(*(fields[name] for name in kind.fieldnames)), sender)


def test_trials_are_there() -> None:
    if not AUTOPILOTS.is_dir():
        pytest.skip(f"needs the recorded trials in {AUTOPILOTS.name}, beside the project")
    assert len(list(trials())) > 250


@pytest.mark.parametrize(("name", "vehicle", "trial"), list(trials()))
def test_the_answers_are_those_of_the_recording(
    name: str, vehicle: str, trial: dict[str, Any]
) -> None:
    bench = bench_for(name, vehicle, trial)
    sender = (255, 190) if "ground-link" in name else (1, 191)
    if "ground-link" in name:
        bench.send(dialect.MAVLink_heartbeat_message(6, 8, 0, 0, 4, 3), sender)
        bench.run(0.05)
    start_s = bench.now_s
    heard: list[Heard] = []
    for sent in trial["sent"]:
        while (bench.now_s - start_s) * 1000 < sent["t_ms"]:
            heard += bench.run(0.001, 0.001)
        send(bench, sent, sender)
    last_s = trial["sent"][-1]["t_ms"] / 1000
    heard += bench.run(WINDOW_S, 0.001)

    before = bench_mode(trial, vehicle)
    recorded = [told for each in trial["came_back"] if (told := from_record(each, last_s, before))]
    simulated = [
        told for each in heard if (told := from_simulator(each, before, trial["came_back"]))
    ]
    assert without_repeats(simulated) == without_repeats(recorded)
    if len(trial["sent"]) == 1:
        for each in heard:
            if each.name == "COMMAND_ACK":
                assert each.at_s - start_s <= LONGEST_S[vehicle] + 0.002


def bench_mode(trial: dict[str, Any], vehicle: str) -> int:
    return mode_number(*VEHICLES[vehicle], trial["before"]["mode"])


def from_record(came: dict[str, Any], last_s: float, mode: int) -> tuple[Any, ...] | None:
    if came["t_ms"] / 1000 > last_s + WINDOW_S:
        return None
    match came["msg"]:
        case "COMMAND_ACK":
            return ("ack", number_of(came["command"]), number_of(came["result"]))
        case "STATUSTEXT" if not came["text"].startswith(UNRELATED):
            return ("text", came["text"].rstrip("\t")[:50])
        case "AUTOPILOT_VERSION" | "MESSAGE_INTERVAL":
            return (came["msg"],)
        case "HEARTBEAT" if came["custom_mode"] != mode and not came["mode"].startswith(
            ("AUTO.", "POSCTL", "ALTCTL", "OFFBOARD")
        ):
            return ("mode", came["custom_mode"])
    return None


def from_simulator(
    heard: Heard, mode: int, came_back: list[dict[str, Any]]
) -> tuple[Any, ...] | None:
    message = heard.message
    asked = {each["msg"] for each in came_back}
    match heard.name:
        case "COMMAND_ACK":
            return ("ack", message.command, message.result)
        case "STATUSTEXT" if message.chunk_seq == 0 and not message.text.startswith(UNRELATED):
            return ("text", message.text.rstrip("\t"))
        case "AUTOPILOT_VERSION" | "MESSAGE_INTERVAL" if heard.name in asked:
            return (heard.name,)
        case "HEARTBEAT" if message.custom_mode != mode and message.autopilot == 3:
            return ("mode", message.custom_mode)
    return None


def without_repeats(told: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A regular heartbeat may follow the extra one at once, and a text be said twice."""
    return [each for each, before in zip(told, [(), *told], strict=False) if each != before]


def test_the_folder_is_the_recordings() -> None:
    """The helper's path is where the trials are, so a skip above means that they are away."""
    assert Path(AUTOPILOTS).name == "autopilots"
