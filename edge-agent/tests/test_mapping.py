"""Every message, packed by pymavlink, becomes a sample with the same values."""

import math
import random
import struct
from typing import Any

import pytest
from aerostream_contract.channels import Channel, ColumnKind, Field
from aerostream_contract.columns import Cell
from aerostream_contract.mavlink import MESSAGES
from aerostream_edge.mapping import Sample, is_excepted, mapping_of, passthrough_of
from aerostream_edge.mavlink.frames import FrameParser
from aerostream_edge.mavlink.messages import encode_message, read_fields
from support.packets import MESSAGE_CLASSES, message, pack, random_message, text_field
from support.recorded import flat

MESSAGE_NAMES = sorted(MESSAGE_CLASSES)
NAMED = [name for name in MESSAGE_NAMES if mapping_of(MESSAGE_CLASSES[name].id) is not None]
ROUNDS = 12
#: The channel's own name for the time of a sample; HOME_POSITION tells when home was set.
OWN_TIMES = ("time_boot_ms", "time_usec")


def payload_of(sent: Any) -> bytes:
    (frame,) = FrameParser().feed(pack(sent))
    assert frame.message_id == type(sent).id
    return frame.payload


def mapped(sent: Any) -> Sample:
    mapping = mapping_of(type(sent).id)
    assert mapping is not None
    return mapping.sample(payload_of(sent))


def passed(sent: Any) -> Sample:
    mapping = passthrough_of(type(sent).id)
    assert mapping is not None
    return mapping.sample(payload_of(sent))


def cell(sample: Sample, name: str) -> Cell:
    return sample.cells[sample.channel.field_names.index(name)]


def columns_of(sent: Any) -> dict[str, Any]:
    """What was sent, by column; texts as the bytes that they are, which pymavlink keeps aside."""
    return {name: getattr(sent, f"_{name}_raw", value) for name, value in flat(sent).items()}


def single(value: float) -> float:
    """The float as it is on the wire."""
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


def check_mapped(field: Field, found: Cell, sent: Any) -> None:
    if field.kind is ColumnKind.TEXT:
        assert found == text_field(sent)
    elif isinstance(sent, float):
        if not math.isfinite(sent):
            assert found is None
        elif isinstance(found, int):
            assert abs(found / field.steps - single(sent)) <= 0.5000001 / field.steps
        else:
            assert found == single(sent), "too large for steps: the float itself"
    elif sent in field.invalid:
        assert found is None
    else:
        assert found == sent, "integers are exact in wire units"


@pytest.mark.parametrize("name", NAMED)
def test_mapped_values_are_within_the_tables_resolution(name: str) -> None:
    rnd = random.Random(name)
    for _ in range(ROUNDS):
        sent = random_message(name, rnd)
        values = columns_of(sent)
        sample = mapped(sent)
        assert len(sample.cells) == len(sample.channel.fields)
        for field, found in zip(sample.channel.fields, sample.cells, strict=True):
            if field.name in values:
                check_mapped(field, found, values[field.name])
            else:
                assert found is None, f"{name} has no {field.name}"


@pytest.mark.parametrize("name", NAMED)
def test_every_field_of_a_mapped_message_arrives(name: str) -> None:
    """Own time and instance are told by the sample's key, everything else by a column."""
    mapping = mapping_of(MESSAGE_CLASSES[name].id)
    assert mapping is not None
    kind = MESSAGE_CLASSES[name]
    columns = set(flat(message(name)))
    told = {mapping.channel.time_field, kind.instance_field}
    assert columns - set(mapping.channel.field_names) <= told


@pytest.mark.parametrize("name", [name for name in MESSAGE_NAMES if not is_excepted(name)])
def test_passed_through_values_are_the_very_bits(name: str) -> None:
    rnd = random.Random(name)
    for _ in range(ROUNDS // 2):
        sent = random_message(name, rnd)
        sample = passed(sent)
        assert sample.channel.name == f"mav_{name.lower()}"
        values = columns_of(sent)
        assert sample.channel.field_names == tuple(values)
        for field, found in zip(sample.channel.fields, sample.cells, strict=True):
            value = values[field.name]
            if field.kind in (ColumnKind.FLOAT32, ColumnKind.FLOAT64):
                check_bits(field, found, value)
            elif field.kind is ColumnKind.TEXT:
                assert found == text_field(value)
            else:
                assert found == value


def check_bits(field: Field, found: Cell, sent: float) -> None:
    if not math.isfinite(sent):
        assert found is None
        return
    float_code, bit_code = ("<f", "<i") if field.kind is ColumnKind.FLOAT32 else ("<d", "<q")
    assert struct.pack(bit_code, found) == struct.pack(float_code, sent)


@pytest.mark.parametrize("name", MESSAGE_NAMES)
def test_own_time_and_instance_are_those_of_the_message(name: str) -> None:
    rnd = random.Random(name)
    kind = MESSAGE_CLASSES[name]
    for mapping in (mapping_of(kind.id), passthrough_of(kind.id)):
        if mapping is None:
            continue
        for _ in range(3):
            sent = random_message(name, rnd)
            sample = mapping.sample(payload_of(sent))
            assert sample.own_us == own_time(mapping.channel, sent)
            assert sample.instance == instance(mapping.channel, sent)


def own_time(channel: Channel, sent: Any) -> int | None:
    field = next((each for each in OWN_TIMES if each in sent.fieldnames), None)
    if field is None or channel.name == "home":
        return None
    value: int = getattr(sent, field)
    return value * 1000 if field == "time_boot_ms" else value


def instance(channel: Channel, sent: Any) -> str:
    (source,) = (each for each in channel.sources if each.message == sent.msgname)
    if source.instance is not None:
        return source.instance
    value = columns_of(sent)[type(sent).instance_field]
    return (text_field(value) if isinstance(value, bytes) else str(value)) or "0"


def test_home_position_passed_through_has_no_own_time() -> None:
    sent = message("HOME_POSITION", time_usec=5_000_000)
    assert mapped(sent).own_us is None


@pytest.mark.parametrize("name", MESSAGE_NAMES)
def test_our_packets_equal_pymavlinks(name: str) -> None:
    rnd = random.Random(name)
    definition = MESSAGES.named(name)
    # pymavlink sends extensions in MAVLink 1 too, against the protocol.
    fits_version_1 = definition.id < 256 and not any(each.extension for each in definition.fields)
    for version in (1, 2) if fits_version_1 else (2,):
        sent = random_message(name, rnd)
        values = columns_of(sent)
        ours = encode_message(name, values, system=1, component=1, sequence=0, version=version)
        assert ours == pack(sent, version=version)


def test_a_payload_that_was_cut_is_filled_with_zeros() -> None:
    sent = message("BATTERY_STATUS", id=2, voltages=[3700] + [65535] * 9, battery_remaining=-1)
    sample = mapped(sent)
    assert (sample.instance, cell(sample, "voltages_0"), cell(sample, "voltages_1")) == (
        "2",
        3700,
        None,
    )
    assert cell(sample, "battery_remaining") is None
    assert cell(sample, "mode") == 0


def test_mavlink_1_leaves_the_extensions_at_zero() -> None:
    values = {"id": 1, "mode": 3, "battery_remaining": 50}
    sent = encode_message("BATTERY_STATUS", values, system=1, component=1, sequence=0, version=1)
    (frame,) = FrameParser().feed(sent)
    mapping = mapping_of(frame.message_id)
    assert mapping is not None
    sample = mapping.sample(frame.payload)
    assert (frame.version, sample.instance, cell(sample, "battery_remaining")) == (1, "1", 50)
    assert cell(sample, "mode") == 0


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("GLOBAL_POSITION_INT", "hdg", 65535),
        ("SYS_STATUS", "voltage_battery", 65535),
        ("SYS_STATUS", "current_battery", -1),
        ("SYS_STATUS", "battery_remaining", -1),
        ("GPS_RAW_INT", "eph", 65535),
        ("GPS_RAW_INT", "satellites_visible", 255),
        ("RC_CHANNELS", "rssi", 255),
        ("RC_CHANNELS", "chan5_raw", 65535),
        ("BATTERY_STATUS", "temperature", 32767),
        ("RADIO_STATUS", "rssi", 255),
        ("ATTITUDE", "roll", math.nan),
        ("VFR_HUD", "alt", math.inf),
        ("WIND_COV", "wind_x", -math.inf),
    ],
)
def test_what_mavlink_calls_invalid_becomes_null(name: str, field: str, value: float) -> None:
    assert cell(mapped(message(name, **{field: value})), field) is None


def test_a_float_too_large_for_steps_arrives_as_it_is() -> None:
    huge = single(3e38)
    assert cell(mapped(message("ATTITUDE", roll=huge)), "roll") == huge


def test_excepted_are_the_protocols_between_programs_and_nothing_else() -> None:
    excepted = {name for name in MESSAGE_NAMES if passthrough_of(MESSAGE_CLASSES[name].id) is None}
    prefixes = ("PARAM_", "MISSION_", "COMMAND_", "FILE_", "LOG_")
    assert excepted == {
        name
        for name in MESSAGE_NAMES
        if name.startswith(prefixes) or name in ("TIMESYNC", "PING", "STATUSTEXT")
    }
    assert mapping_of(MESSAGES.named("MISSION_CURRENT").id) is not None


def test_read_fields_gives_every_column_by_name() -> None:
    sent = message("ATTITUDE", time_boot_ms=7, yaw=0.5)
    assert read_fields(type(sent).id, payload_of(sent)) == flat(sent)
