"""The limit of open files, asked for in a process of its own."""

import subprocess
import sys

import pytest

_PROGRAM = """
import resource, sys
from aerostream_contract.open_files import allow_files
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_files(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "allowed"),
    [(64, 200, 150, 150), (64, 200, 300, 200), (100, 200, 50, 100), (64, 64, 64, 64)],
)
def test_the_limit_is_raised_as_far_as_needed_and_possible(
    soft: int, hard: int, wanted: int, allowed: int
) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(soft), str(hard), str(wanted)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert [int(number) for number in said.split()] == [allowed, allowed, hard]
