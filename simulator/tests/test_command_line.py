"""A wrong command line is answered with one sentence that names what was given."""

import sys

import pytest
from aerostream_sim import cli


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("fly --vehicles x", "--vehicles 'x': expected a whole number"),
        ("fly --seed=1.5", "--seed '1.5': expected a whole number"),
        ("fly --spacing wide", "--spacing 'wide': expected a number"),
        ("fly --spacing 10000000", "--spacing 10000000: expected 0 to 10000 m"),
        (
            "fly --pattern square",
            "--pattern 'square': expected one of orbit, survey, eight, tour",
        ),
        ("fly --mavlink", "option '--mavlink' requires an argument"),
        ("fly --nosuch", "no such option: --nosuch"),
        ("nosuch", "no such command 'nosuch'"),
        ("replay", "missing argument 'FLIGHT'"),
        ("replay a.tlog --speed fast", "--speed 'fast': expected a number"),
        ("swarm --pattern x", "--pattern 'x': expected one of orbit, survey, eight, tour"),
        ("faults --duration long", "--duration 'long': expected a number"),
        ("faults --first-seed -1", "--first-seed -1: expected 0 to 1000000000"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    words: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["aerostream-sim", *words.split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert capsys.readouterr().err == f"aerostream-sim: {sentence}\n"
