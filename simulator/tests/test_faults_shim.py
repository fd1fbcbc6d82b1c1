"""The library that is preloaded is built where it is used."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aerostream_sim.errors import LabError, MissingTool
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.faults.shim import COMPILERS, FLAGS, SOURCES, build_shim
from aerostream_sim.faults.stack import shim_for

COMPILER = next(filter(None, map(shutil.which, COMPILERS)), None)


@pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None, reason="needs Linux and a C compiler"
)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_it_builds_without_a_warning(source: Path, tmp_path: Path) -> None:
    strict = ["-Wall", "-Wextra", "-Werror", "-Wno-missing-attributes"]
    built = subprocess.run(
        [str(COMPILER), *FLAGS, *strict, "-o", str(tmp_path / "x.so"), str(source), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr


def test_without_a_compiler_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=r"install the package gcc"):
        build_shim(tmp_path)


def test_without_a_compiler_the_faults_that_need_none_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"or leave out clock-jump, spool-full \(--faults\)"):
        shim_for([FaultKind.SPOOL_FULL, FaultKind.CLOCK_JUMP, FaultKind.KILL_ALL], tmp_path)
    assert shim_for([FaultKind.KILL_ALL], tmp_path) is None


def test_with_a_compiler_that_cannot_build_it_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'x.c: fatal error: dlfcn.h: no such file' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=r"dlfcn\.h.*libc6-dev"):
        build_shim(tmp_path)
