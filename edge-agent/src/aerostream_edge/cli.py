"""`aerostream-edge`: the agent's command line."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from aerostream_contract import __version__
from aerostream_contract.errors import ContractError

from aerostream_edge.errors import EdgeError, TakenOver
from aerostream_edge.settings import EdgeSettings, edge_settings, unknown_names

# What only one command needs is imported by that command: the agent runs on small boards.

_FAILED, _BAD_INPUT, _TAKEN_OVER = 1, 2, 3
_CHECK_S = 5.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what goes wrong is one sentence and a non-zero exit."""
    options = _parser().parse_args(arguments)
    try:
        sys.exit(options.command(options))
    except TakenOver as error:
        _fail(error, _TAKEN_OVER)
    except ContractError as error:
        _fail(error, _BAD_INPUT)
    except EdgeError as error:
        _fail(error, _FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def _run(options: argparse.Namespace) -> int:
    from aerostream_edge.agent import Agent
    from aerostream_edge.clock import HostClock
    from aerostream_edge.lock import AgentLock
    from aerostream_edge.logs import bound_log, configure_logs

    settings = _settings(options)
    configure_logs(settings.log_level)
    for variable in unknown_names():
        bound_log().warning("unknown variable is ignored", extra={"variable": variable})

    async def run() -> None:
        with AgentLock(settings.data_dir, settings.name):
            agent = Agent(settings=settings, clock=HostClock())
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, agent.stop)
            await agent.run()

    asyncio.run(run())
    return 0


def _check(options: argparse.Namespace) -> int:
    from aerostream_edge.check import check_broker, check_link

    settings = _settings(options)
    _warn_of_unknown_names()

    async def check() -> bool:
        link, broker = await asyncio.gather(
            check_link(settings, options.seconds, _say), check_broker(settings, _say)
        )
        return link and broker

    return 0 if asyncio.run(check()) else _FAILED


def _import(options: argparse.Namespace) -> int:
    from aerostream_edge.importer import Importer
    from aerostream_edge.progress import ImportDisplay

    settings = _settings(options)
    _warn_of_unknown_names()
    with (
        ImportDisplay() as display,
        Importer(settings=settings, show=display.show, say=display.say) as importer,
    ):
        for flight in options.flights:
            report = importer.run(flight)
            if options.json:
                _say(json.dumps(report.as_json()))
            else:
                display.report(report)
    return 0


class _Parser(argparse.ArgumentParser):
    """Answers a wrong command line with one sentence, not with a block of usage."""

    def error(self, message: str) -> NoReturn:
        """End with the sentence."""
        self.exit(_BAD_INPUT, f"aerostream-edge: {message.removeprefix('argument ')}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="aerostream-edge",
        description="AeroStream's edge agent: carries a vehicle's MAVLink to the cloud over MQTT.",
        epilog="Every setting is also a variable AEROSTREAM_…; docs/configuration.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _command(
        commands,
        "run",
        "Carry a live vehicle to the cloud until stopped.",
        "aerostream-edge run --drone d1 --mavlink serial:/dev/ttyAMA0:921600",
        "Ends with 0 when stopped, and with 3 when another agent took the drone's name.",
    )
    _add_mavlink(run)
    run.set_defaults(command=_run)

    check = _command(
        commands,
        "check",
        "Say what is on the link, and whether the broker lets the agent in.",
        "aerostream-edge check --drone d1 --mavlink udpin:0.0.0.0:14550",
        "Ends with 0 when a vehicle was heard and the broker let the agent in, else with 1.",
    )
    _add_mavlink(check)
    check.add_argument(
        "--seconds", type=_seconds, default=_CHECK_S, help="how long to listen (default: 5)"
    )
    check.set_defaults(command=_check)

    import_ = _command(
        commands,
        "import",
        "Send recorded flights through the real pipeline; done when all of it is stored.",
        "aerostream-edge import flight.tlog --drone d1 --policy full",
        "The vehicle with the most heartbeats is the drone, every further one drone-SYSID. "
        "Importing a flight again changes nothing.",
    )
    import_.add_argument(
        "flights", metavar="FLIGHT", nargs="+", type=Path, help="telemetry log (.tlog)"
    )
    import_.add_argument("--json", action="store_true", help="print one JSON object per file")
    import_.set_defaults(command=_import)
    return parser


def _command(
    commands: "argparse._SubParsersAction[_Parser]",
    name: str,
    what: str,
    example: str,
    note: str,
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=f"{what} {note}", epilog=f"Example: {example}"
    )
    command.add_argument("--config", metavar="FILE", type=Path, help="settings as TOML")
    command.add_argument("--drone", metavar="NAME", help="the vehicle (AEROSTREAM_DRONE)")
    command.add_argument("--fleet", metavar="NAME", help="its fleet (AEROSTREAM_FLEET)")
    command.add_argument("--mqtt", metavar="URL", help="the broker (AEROSTREAM_MQTT_URL)")
    command.add_argument(
        "--policy", metavar="NAME", help="full or standard (AEROSTREAM_RATE_POLICY)"
    )
    return command


def _add_mavlink(command: argparse.ArgumentParser) -> None:
    command.add_argument("--mavlink", metavar="URL", help="the link (AEROSTREAM_MAVLINK_URL)")


def _settings(options: argparse.Namespace) -> EdgeSettings:
    given = {
        "drone": options.drone,
        "fleet": options.fleet,
        "mqtt_url": options.mqtt,
        "mavlink_url": getattr(options, "mavlink", None),
        "rate_policy": options.policy,
    }
    return edge_settings(options.config, given)


def _warn_of_unknown_names() -> None:
    """For commands that end by themselves; `run` says it in its log."""
    for variable in unknown_names():
        sys.stderr.write(f"aerostream-edge: unknown variable {variable} is ignored\n")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 600")
    return seconds


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _fail(error: Exception, status: int) -> None:
    sys.stderr.write(f"aerostream-edge: {error}\n")
    sys.exit(status)
