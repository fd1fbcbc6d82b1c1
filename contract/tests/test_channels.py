"""The channel table is sound, agrees with MAVLink, and only ever grows."""

from collections import Counter
from pathlib import Path

import pytest
from aerostream_contract.channels import (
    AGENT_SOURCE,
    CHANNEL_BY_NUMBER,
    CHANNELS,
    EVENT,
    Channel,
    ColumnKind,
    Field,
    channel_named,
    passthrough,
)
from aerostream_contract.errors import ContractError
from aerostream_contract.frame.limits import MAX_COLUMNS
from aerostream_contract.mavlink import MESSAGES, MessageField
from support.frames import ALL_CHANNELS

WIRE_ORDER = Path(__file__).parent / "data/wire-order.txt"

#: MAVLink's scaled units, as unit and steps per unit.
SCALED = {
    "degE7": ("deg", 10_000_000),
    "degE5": ("deg", 100_000),
    "cdeg": ("deg", 100),
    "mm": ("m", 1000),
    "cm": ("m", 100),
    "mm/s": ("m/s", 1000),
    "cm/s": ("m/s", 100),
    "mrad/s": ("rad/s", 1000),
    "mV": ("V", 1000),
    "cA": ("A", 100),
    "cdegC": ("degC", 100),
    "d%": ("%", 10),
    "c%": ("%", 100),
}
#: Scaled integers whose unit MAVLink tells in words only: dilution of precision, times 100.
SCALED_IN_WORDS = {("gps", "eph"): 100, ("gps", "epv"): 100}

MAVLINK_SOURCES = [
    (channel, source.message)
    for channel in CHANNELS.values()
    for source in channel.sources
    if source.message != AGENT_SOURCE and channel is not EVENT
]
INTEGER_RANGE = {
    "uint8": (0, 255),
    "int8": (-128, 127),
    "uint16": (0, 65_535),
    "int16": (-32_768, 32_767),
    "uint32": (0, (1 << 32) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
    "uint64": (0, (1 << 64) - 1),
}


def wire_fields(message: str) -> dict[str, MessageField]:
    """MAVLink fields by the names of their columns."""
    return {
        column: field for field in MESSAGES.named(message).fields for column in field.column_names()
    }


def test_numbers_and_names_are_unique() -> None:
    assert len(CHANNEL_BY_NUMBER) == len(CHANNELS)
    assert 0 not in CHANNEL_BY_NUMBER
    assert {name: channel.name for name, channel in CHANNELS.items()} == {n: n for n in CHANNELS}
    assert not any(name.startswith("mav_") for name in CHANNELS)


def test_each_message_fills_one_instance_of_one_channel() -> None:
    messages = Counter(message for _, message in MAVLINK_SOURCES)
    assert [message for message, count in messages.items() if count > 1] == []
    for channel in CHANNELS.values():
        instances = [source.instance for source in channel.sources]
        assert len(instances) == len(set(instances)), channel.name


@pytest.mark.parametrize(("channel", "message"), MAVLINK_SOURCES, ids=lambda v: str(v)[:40])
def test_units_and_steps_are_those_of_the_message(channel: Channel, message: str) -> None:
    wire = wire_fields(message)
    for field in channel.fields:
        if field.name not in wire:
            continue
        source = wire[field.name]
        assert field.source in ("", source.name)
        if source.type in ("float", "double"):
            # The unit is kept; steps say how finely the float is rounded.
            assert field.unit == source.unit, field.name
            assert field.kind is ColumnKind.STEPS
            continue
        plain = (source.unit, SCALED_IN_WORDS.get((channel.name, field.name), 1))
        assert (field.unit, field.steps) == SCALED.get(source.unit, plain), field.name
        wide = {"uint64": ColumnKind.UINT64, "int64": ColumnKind.INT64}
        assert field.kind is wide.get(source.type, ColumnKind.STEPS), field.name


@pytest.mark.parametrize(("channel", "message"), MAVLINK_SOURCES, ids=lambda v: str(v)[:40])
def test_every_field_of_the_message_is_carried_save_its_time_and_instance(
    channel: Channel, message: str
) -> None:
    wire = set(wire_fields(message))
    definition = MESSAGES.named(message)

    assert wire - set(channel.field_names) == {
        name for name in (channel.time_field, definition.instance_field) if name in wire
    }
    if channel.time_field is not None:
        assert definition.by_name[channel.time_field].unit in ("ms", "us")
        assert channel.time_field not in channel.field_names
    [source] = [source for source in channel.sources if source.message == message]
    assert (source.instance is None) == (definition.instance_field is not None)


def test_every_field_of_a_channel_comes_from_some_source() -> None:
    for channel in {channel.name: channel for channel, _ in MAVLINK_SOURCES}.values():
        wires = [wire_fields(source.message) for source in channel.sources]
        assert all(any(name in wire for wire in wires) for name in channel.field_names)


@pytest.mark.parametrize(("channel", "message"), MAVLINK_SOURCES, ids=lambda v: str(v)[:40])
def test_invalid_values_exist_on_the_wire(channel: Channel, message: str) -> None:
    wire = wire_fields(message)
    for field in channel.fields:
        if field.invalid and field.name in wire:
            low, high = INTEGER_RANGE[wire[field.name].type]
            assert all(low <= value <= high for value in field.invalid), field.name


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda c: str(c.name))
def test_fields_and_rates_make_sense(channel: Channel) -> None:
    assert len(set(channel.field_names)) == len(channel.fields)
    assert channel.description
    for field in channel.fields:
        assert field.description, field.name
        assert field.steps >= 1
        assert field.steps == 1 or field.kind is ColumnKind.STEPS
        # A deadband below one step would never hold anything back.
        assert field.deadband == 0 or field.deadband * field.steps >= 1, field.name
    rate = channel.rate
    assert 1 <= rate.priority <= 9
    assert (rate.rate_hz == 0) == (rate.silence_s == 0)
    assert rate.rate_hz == 0 or rate.silence_s >= 1 / rate.rate_hz
    assert channel.stale_after_s >= 2
    attended = channel.attended_rate
    assert (attended.rate_hz == 0) == (rate.rate_hz == 0)
    assert attended.rate_hz >= rate.rate_hz
    assert attended.silence_s <= rate.silence_s
    assert attended.silence_s <= channel.stale_after_s / 2


@pytest.mark.parametrize("channel", ALL_CHANNELS, ids=lambda c: str(c.name))
def test_any_channel_is_found_by_its_name_and_fits_a_block(channel: Channel) -> None:
    assert channel_named(channel.name) == channel
    assert len(set(channel.field_names)) == len(channel.fields) <= MAX_COLUMNS
    assert channel.field_by_name[channel.field_names[0]] == channel.fields[0]


@pytest.mark.parametrize("name", ["", "mav_", "mav_NOTHING", "mav_Heartbeat", "HEARTBEAT", "GPS"])
def test_an_unknown_channel_is_refused_by_name(name: str) -> None:
    with pytest.raises(ContractError, match=f"^channel '{name}' is not in the channel table"):
        channel_named(name)


def test_a_message_passes_through_bit_for_bit_with_its_own_names_and_units() -> None:
    channel = channel_named("mav_battery_status")
    assert channel is passthrough(147)
    assert channel.source_of("3") == "BATTERY_STATUS"
    assert channel.units["temperature"] == "cdegC"
    assert "voltages_9" in channel.field_names
    assert all(field.steps == 1 and not field.invalid for field in channel.fields)
    assert passthrough(30) == channel_named("mav_attitude")
    assert {field.kind for field in channel_named("mav_attitude").fields} == {
        ColumnKind.STEPS,
        ColumnKind.FLOAT32,
    }
    assert passthrough(999_999) is None


def test_a_channel_without_such_an_instance_says_so() -> None:
    with pytest.raises(ContractError, match="channel gps has no instance '2'"):
        CHANNELS["gps"].source_of("2")


def wire_line(channel: Channel) -> str:
    """What the wire and the stored history depend on, in order."""
    fields = " ".join(_wire_field(field) for field in channel.fields)
    return f"{channel.number} {channel.name} {fields}"


def _wire_field(field: Field) -> str:
    return f"{field.name}:{field.kind.value}:{field.steps}"


def test_the_wire_order_only_grows() -> None:
    lines = WIRE_ORDER.read_text(encoding="ascii").splitlines()
    frozen = {int(line.split(" ")[0]): line for line in lines if not line.startswith("#")}
    for number, line in frozen.items():
        assert number in CHANNEL_BY_NUMBER, f"channel {number} is gone: {line}"
        now = wire_line(CHANNEL_BY_NUMBER[number])
        assert f"{now} ".startswith(f"{line} "), f"fields were moved or changed: {line}"
    new = [wire_line(c) for c in CHANNELS.values() if frozen.get(c.number) != wire_line(c)]
    assert new == [], f"append what is new to {WIRE_ORDER.name}"
