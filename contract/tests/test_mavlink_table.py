"""The message table says what pymavlink's `all` dialect says."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from aerostream_contract.mavlink import MESSAGES, TYPE_SIZE, MessageField
from pymavlink.dialects.v20 import all as dialect

CONTRACT = Path(__file__).parents[1]


def test_it_has_exactly_the_messages_of_the_dialect() -> None:
    assert MESSAGES.names == tuple(
        message.msgname for _, message in sorted(dialect.mavlink_map.items())
    )
    assert all(MESSAGES.named(name).name == name for name in MESSAGES.names)


@pytest.mark.parametrize("theirs", dialect.mavlink_map.values(), ids=lambda m: str(m.msgname))
def test_each_message_equals_the_dialects(theirs: Any) -> None:
    ours = MESSAGES.get(theirs.id)

    assert ours is not None
    assert ours is MESSAGES.find(theirs.msgname)
    assert (ours.name, ours.crc_extra) == (theirs.msgname, theirs.crc_extra)
    assert ours.instance_field == theirs.instance_field
    assert [field.name for field in ours.fields] == theirs.fieldnames
    assert [field.name for field in ours.wire_order] == theirs.ordered_fieldnames
    assert [field.length for field in ours.wire_order] == theirs.array_lengths
    assert [field.type for field in ours.fields] == [
        kind.removesuffix("_t") for kind in theirs.fieldtypes
    ]
    for field in ours.fields:
        assert field.unit == theirs.fieldunits_by_name.get(field.name, "").replace(" ", "")
        assert field.bitmask == (theirs.fielddisplays_by_name.get(field.name) == "bitmask")
    size = sum(TYPE_SIZE[field.type] * max(field.length, 1) for field in ours.fields)
    assert size == theirs.unpacker.size <= 255


def test_extensions_lie_behind_the_base_fields_unordered() -> None:
    gps = MESSAGES.named("GPS_RAW_INT")
    extensions = [field.name for field in gps.fields if field.extension]
    assert extensions[:2] == ["alt_ellipsoid", "h_acc"]
    assert [field.name for field in gps.wire_order[-len(extensions) :]] == extensions
    assert all(
        not field.extension
        for name in ("HEARTBEAT", "ATTITUDE", "GLOBAL_POSITION_INT")
        for field in MESSAGES.named(name).fields
    )


def test_what_is_not_in_it_is_none_or_a_key_error() -> None:
    assert MESSAGES.get(999_999) is None
    assert MESSAGES.find("NOT_A_MESSAGE") is None
    with pytest.raises(KeyError):
        MESSAGES.named("NOT_A_MESSAGE")


def test_arrays_have_a_column_per_element_and_texts_one() -> None:
    assert MessageField("q", "float", 2, "", False, False).column_names() == ["q_0", "q_1"]
    assert MessageField("text", "char", 50, "", False, False).column_names() == ["text"]
    assert MessageField("x", "float", 0, "", False, False).column_names() == ["x"]


def test_the_file_is_what_the_generator_makes() -> None:
    generator = runpy.run_path(str(CONTRACT / "tools/generate_messages.py"))
    file = CONTRACT / "src/aerostream_contract/mavlink_messages.txt"
    assert file.read_text(encoding="ascii") == generator["table"](), "run: make messages"
