"""Numbers and their nouns."""

import pytest
from aerostream_contract.words import counted


@pytest.mark.parametrize(
    ("count", "spec", "said"),
    [(0, "", "0 drones"), (1, "", "1 drone"), (2, "", "2 drones"), (1000, ",", "1,000 drones")],
)
def test_a_noun_follows_its_number(count: int, spec: str, said: str) -> None:
    assert counted(count, "drone", spec) == said
