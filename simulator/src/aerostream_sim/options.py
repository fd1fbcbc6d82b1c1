"""What the command line's texts mean."""

import math
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

from aerostream_contract.errors import shown

from aerostream_sim.errors import BadInput
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.models.geo import Place
from aerostream_sim.models.wind import BREEZE, WindSetting

_Name = TypeVar("_Name", bound=StrEnum)
_STRONGEST_WIND = 15.0


def names(text: str, kinds: type[_Name], option: str) -> list[_Name]:
    """A comma list of names.

    Raises:
        BadInput: one of them is none.
    """
    found = []
    for word in text.split(","):
        try:
            found.append(kinds(word.strip().lower()))
        except ValueError:
            expected = ", ".join(kinds)
            raise BadInput(
                f"{option} {shown(text)}: {shown(word.strip())} is none of {expected}"
            ) from None
    return found


def fault_kinds(text: str | None, possible: Iterable[FaultKind] = FaultKind) -> list[FaultKind]:
    """A comma list of kinds of faults, each once; not given: all possible ones.

    Raises:
        BadInput: one of them is none.
    """
    if text is None:
        return list(possible)
    if text.strip().lower() == "none":
        return []
    return list(dict.fromkeys(names(text, FaultKind, "--faults")))


def place(text: str) -> Place:
    """`LAT,LON` or `LAT,LON,ALT`.

    Raises:
        BadInput: it is no place.
    """
    numbers = _numbers(text, "--home", "LAT,LON or LAT,LON,ALT in degrees and metres", (2, 3))
    if abs(numbers[0]) > 85.0 or abs(numbers[1]) > 180.0:
        raise BadInput(f"--home {shown(text)}: latitude within ±85 and longitude within ±180")
    altitude = numbers[2] if len(numbers) > 2 else 400.0
    if not -500.0 <= altitude <= 9000.0:
        raise BadInput(f"--home {shown(text)}: altitude from -500 to 9000 m above sea level")
    return Place(numbers[0], numbers[1], altitude)


def wind(text: str) -> WindSetting:
    """`SPEED` or `SPEED,FROM`.

    Raises:
        BadInput: it is no wind that the vehicles could fly in.
    """
    numbers = _numbers(text, "--wind", "SPEED or SPEED,FROM in m/s and degrees", (1, 2))
    if not 0.0 <= numbers[0] <= _STRONGEST_WIND:
        raise BadInput(f"--wind {shown(text)}: a speed from 0 to {_STRONGEST_WIND:.0f} m/s")
    direction = numbers[1] % 360.0 if len(numbers) > 1 else BREEZE.from_deg
    return WindSetting(numbers[0], direction)


def _numbers(text: str, option: str, expected: str, counts: tuple[int, int]) -> list[float]:
    convert: Callable[[str], float] = float
    try:
        numbers = [convert(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(f"{option} {shown(text)}: expected {expected}") from None
    if len(numbers) not in counts or not all(map(math.isfinite, numbers)):
        raise BadInput(f"{option} {shown(text)}: expected {expected}")
    return numbers
