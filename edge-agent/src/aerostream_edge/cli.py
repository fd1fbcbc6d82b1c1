"""`aerostream-edge`: the agent's command line."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from aerostream_contract.errors import ContractError

from aerostream_edge.errors import EdgeError, TakenOver
from aerostream_edge.settings import EdgeSettings, edge_settings, warn_of_unknown_variables

_FAILED, _BAD_INPUT, _TAKEN_OVER = 1, 2, 3

app = typer.Typer(
    help="AeroStream's edge agent: carries a vehicle's MAVLink to the cloud over MQTT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings as TOML.")]
DroneOption = Annotated[str | None, typer.Option(help="Name of the vehicle (AEROSTREAM_DRONE).")]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", help="full or standard (AEROSTREAM_RATE_POLICY).")
]
MavlinkOption = Annotated[
    str | None, typer.Option("--mavlink", metavar="URL", help="The link (AEROSTREAM_MAVLINK_URL).")
]
MqttOption = Annotated[
    str | None, typer.Option("--mqtt", metavar="URL", help="The broker (AEROSTREAM_MQTT_URL).")
]
FleetOption = Annotated[str | None, typer.Option(help="Its fleet (AEROSTREAM_FLEET).")]


@app.command()
def run(
    drone: DroneOption = None,
    fleet: FleetOption = None,
    mavlink: MavlinkOption = None,
    mqtt: MqttOption = None,
    policy: PolicyOption = None,
    config: Config = None,
) -> None:
    """Carry a live vehicle to the cloud until stopped.

    Example: aerostream-edge run --drone d1 --mavlink serial:/dev/ttyAMA0:921600

    Ends with 0 when stopped, with 3 when another agent took the drone's name.
    """
    from aerostream_edge.agent import Agent
    from aerostream_edge.clock import HostClock
    from aerostream_edge.logs import configure_logs

    settings = _settings(config, drone, fleet, mavlink, mqtt, policy)
    configure_logs(settings.log_level)
    warn_of_unknown_variables()

    async def _run() -> None:
        agent = Agent(settings=settings, clock=HostClock())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, agent.stop)
        await agent.run()

    asyncio.run(_run())


@app.command()
def check(
    drone: DroneOption = None,
    fleet: FleetOption = None,
    mavlink: MavlinkOption = None,
    mqtt: MqttOption = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to listen.")] = 5,
    config: Config = None,
) -> None:
    """Say what is on the link and whether the broker lets the agent in.

    Ends with 0 when a vehicle was heard and the broker accepted the agent, else with 1.

    Example: aerostream-edge check --drone d1 --mavlink udpin:0.0.0.0:14550
    """
    from aerostream_edge.check import check_broker, check_link

    settings = _settings(config, drone, fleet, mavlink, mqtt, None)

    async def _check() -> tuple[bool, bool]:
        return await asyncio.gather(
            check_link(settings, seconds, typer.echo), check_broker(settings, typer.echo)
        )

    if not all(asyncio.run(_check())):
        raise typer.Exit(1)


@app.command("import")
def import_(
    flights: Annotated[list[Path], typer.Argument(metavar="FLIGHT…", help="Telemetry logs.")],
    drone: DroneOption = None,
    fleet: FleetOption = None,
    mqtt: MqttOption = None,
    policy: PolicyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file.")] = False,
    config: Config = None,
) -> None:
    """Send recorded flights (.tlog) through the real pipeline; done when all of it is stored.

    The vehicle with the most heartbeats is the drone; every further one is named drone-SYSID.
    Importing a flight again changes nothing.

    Example: aerostream-edge import flight.tlog --drone d1 --policy full
    """
    from aerostream_edge.importer import Importer
    from aerostream_edge.progress import ImportDisplay

    settings = _settings(config, drone, fleet, None, mqtt, policy)
    with (
        ImportDisplay() as display,
        Importer(settings=settings, show=display.show, say=display.say) as importer,
    ):
        for flight in flights:
            report = importer.run(flight)
            if as_json:
                print(json.dumps(report.as_json()), flush=True)  # noqa: T201  # the command's output
            else:
                display.report(report)


def main() -> None:
    """Run the command line; what goes wrong is one sentence and a non-zero exit."""
    try:
        app()
    except TakenOver as error:
        sys.stderr.write(f"aerostream-edge: {error}\n")
        sys.exit(_TAKEN_OVER)
    except (EdgeError, ContractError) as error:
        sys.stderr.write(f"aerostream-edge: {error}\n")
        sys.exit(_BAD_INPUT if isinstance(error, ContractError) else _FAILED)


def _settings(
    config: Path | None,
    drone: str | None,
    fleet: str | None,
    mavlink: str | None,
    mqtt: str | None,
    policy: str | None,
) -> EdgeSettings:
    options = {
        "drone": drone,
        "fleet": fleet,
        "mavlink_url": mavlink,
        "mqtt_url": mqtt,
        "rate_policy": policy,
    }
    return edge_settings(config, options)
