"""Fleet and drone ids."""

import pytest
from aerostream_contract.errors import InvalidName
from aerostream_contract.names import MAX_CONFIGURED_DRONE, DroneName, check_id
from hypothesis import given
from hypothesis import strategies as st


@given(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,30}", fullmatch=True))
def test_an_id_is_returned_as_it_is(value: str) -> None:
    assert check_id(value, "drone") == value


@pytest.mark.parametrize(
    "value",
    ["", "_all", "-a", "A", "a b", "a/b", "a\n", "ä", "a.b", "+", "#", "a" * 32, "١", "a\0"],
)
def test_what_is_no_id_is_refused_with_its_name_and_value(value: str) -> None:
    with pytest.raises(InvalidName, match=r"^fleet '.* is not an id: expected 1-31 characters"):
        check_id(value, "fleet")


def test_an_error_stays_short_whatever_came() -> None:
    with pytest.raises(InvalidName) as raised:
        check_id("x" * 60_000, "drone")
    assert len(str(raised.value)) < 300


def test_fleet_and_drone_are_read_and_written() -> None:
    name = DroneName.parse("north/eagle-1")
    assert (name.fleet, name.drone) == ("north", "eagle-1")
    assert str(name) == "north/eagle-1"
    assert name == DroneName("north", "eagle-1")
    assert min([name, DroneName("a", "z")]).fleet == "a"


@pytest.mark.parametrize("text", ["", "a", "/", "a/", "/a", "a/b/c", "A/b", "a/b\n", "a//b"])
def test_what_names_no_drone_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        DroneName.parse(text)


def test_any_name_fits_a_certificate_and_a_second_vehicle_on_the_link_fits_an_id() -> None:
    assert len(str(DroneName("f" * 31, "d" * 31))) <= 64
    check_id(f"{'d' * MAX_CONFIGURED_DRONE}-255", "drone")
