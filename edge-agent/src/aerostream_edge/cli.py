"""`aerostream-edge`: the agent's command line."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from aerostream_contract.errors import ContractError
from aerostream_edge.errors import EdgeError
from aerostream_edge.settings import edge_settings

app = typer.Typer(
    help="AeroStream's edge agent: carries a vehicle's MAVLink to the cloud over MQTT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings as TOML.")
]
DroneOption = Annotated[str | None, typer.Option(help="Name of the vehicle (AEROSTREAM_DRONE).")]
FleetOption = Annotated[str | None, typer.Option(help="Its fleet (AEROSTREAM_FLEET).")]


@app.command("import")
def import_(
    flights: Annotated[list[Path], typer.Argument(metavar="FLIGHT…", help="Telemetry logs.")],
    drone: DroneOption = None,
    fleet: FleetOption = None,
    policy: Annotated[
        str | None, typer.Option(help="full or standard (AEROSTREAM_RATE_POLICY).")
    ] = None,
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

    settings = edge_settings(config, {"drone": drone, "fleet": fleet, "rate_policy": policy})
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
        app(standalone_mode=True)
    except (EdgeError, ContractError) as error:
        sys.stderr.write(f"aerostream-edge: {error}\n")
        sys.exit(2 if isinstance(error, ContractError) else 1)
