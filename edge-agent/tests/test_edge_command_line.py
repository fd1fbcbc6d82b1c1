"""The agent's command line: a wrong value is answered with one sentence that names it."""

import pytest
from aerostream_edge.cli import main


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("nonsense", "COMMAND: invalid choice: 'nonsense'"),
        ("run --nope", "unrecognized arguments: --nope"),
        ("run --config", "--config: expected one argument"),
        ("run --config /none", "configuration file /none: No such file or directory"),
        ("import", "the following arguments are required: FLIGHT"),
        ("check --drone d1 --seconds 0", "--seconds: '0' is not a number of seconds from 1 to 600"),
        ("run --drone D1", "--drone or AEROSTREAM_FLEET: drone 'D1' is not an id"),
        ("run --drone d1 --fleet A/B", "--drone or --fleet: fleet 'A/B' is not an id"),
        ("run --drone d1 --mqtt http://x", "--mqtt is unusable, its scheme is not mqtt or mqtts"),
        ("run --drone d1 --mavlink nonsense", "MAVLink link 'nonsense' is unusable: expected"),
        ("run --drone d1 --policy most", "--policy is 'most', expected full or standard"),
    ],
)
def test_a_wrong_command_line_is_answered_with_one_sentence(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"aerostream-edge: {sentence}")
