"""The command line: `aerostream-sim …`."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from aerostream_contract.words import counted

from aerostream_sim import options
from aerostream_sim.clock import HostClock
from aerostream_sim.command_line import BAD_INPUT, OneSentenceGroup
from aerostream_sim.errors import BadInput, SimError
from aerostream_sim.faults import help as faults_help
from aerostream_sim.faults.kinds import FaultKind
from aerostream_sim.fleet import FleetPlan
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.patterns import PatternName
from aerostream_sim.links import LinkUrl
from aerostream_sim.vehicle import AutopilotName

_FAILED = 1
_Result = TypeVar("_Result")

app = typer.Typer(
    name="aerostream-sim",
    cls=OneSentenceGroup,
    help="AeroStream's simulator: vehicles that speak MAVLink 2 as ArduPilot and PX4 do.\n\n"
    "Example: aerostream-sim fly --vehicles 3 --mavlink udpout:127.0.0.1:14650",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Vehicles = Annotated[int, typer.Option(help="How many vehicles.")]
Type = Annotated[
    str, typer.Option("--type", help="copter, plane, rover, boat; several: a comma list, in turn.")
]
Pilot = Annotated[
    str, typer.Option("--autopilot", help="ardupilot, px4; several: a comma list, in turn.")
]
Seed = Annotated[int, typer.Option(help="The same seed flies the same flights.")]
Home = Annotated[
    str | None,
    typer.Option(
        metavar="LAT,LON[,ALT]",
        help="Where the fleet stands, degrees and metres above sea level. "
        "Default: by Lake Constance, boats on the water.",
    ),
]
Spacing = Annotated[float, typer.Option(help="Metres between the vehicles at home.")]
Pattern = Annotated[
    PatternName | None, typer.Option(help="What all of them fly. Default: each its own.")
]
WindOption = Annotated[
    str, typer.Option("--wind", metavar="SPEED[,FROM]", help="Mean wind, m/s and degrees.")
]
Charge = Annotated[int, typer.Option("--battery", help="Charge of the first battery, percent.")]
Boot = Annotated[
    bool,
    typer.Option(
        "--boot",
        help="Switch the autopilots on now: they look for satellites and refuse to arm at first.",
    ),
]
Idle = Annotated[bool, typer.Option("--idle", help="Nobody lets them fly: they wait for commands.")]
Duration = Annotated[float | None, typer.Option(help="Stop by itself after so many seconds.")]


@app.command()
def fly(
    vehicles: Vehicles = 1,
    kind: Type = "copter",
    autopilot: Pilot = "ardupilot",
    mavlink: Annotated[
        str, typer.Option(help="Link of the first vehicle; each further one uses the next port.")
    ] = "udpout:127.0.0.1:14650",
    seed: Seed = 1,
    home: Home = None,
    spacing: Spacing = 60.0,
    pattern: Pattern = None,
    wind: WindOption = "3,250",
    battery: Charge = 100,
    boot: Boot = False,
    idle: Idle = False,
    duration: Duration = None,
) -> None:
    """Fly vehicles that speak MAVLink, each on a port of its own.

    They take off, fly a pattern, come home, rest, and fly again, until somebody on their link
    commands them. udpout: and tcp: go to the other side, udpin: and tcpin: wait for it.

    One copter for an agent that listens on port 14650:
      aerostream-sim fly

    Twelve of all kinds, with both autopilots, for agents on ports 14650 to 14661:
      aerostream-sim fly --vehicles 12 --type copter,plane,rover,boat --autopilot ardupilot,px4

    A copter for QGroundControl, fresh from power-on, that waits to be flown:
      aerostream-sim fly --mavlink udpout:127.0.0.1:14550 --boot --idle

    A plane to which anybody may connect by TCP:
      aerostream-sim fly --type plane --mavlink tcpin:127.0.0.1:5760
    """
    from aerostream_sim.fly import Fleet

    with _one_sentence():
        plan = _plan(
            vehicles, kind, autopilot, seed, home, spacing, pattern, wind, battery, boot, idle
        )
        specs = plan.specs()
        urls = LinkUrl.parse(mavlink).following(len(specs))
        _check_duration(duration)

        async def run() -> None:
            fleet = Fleet(specs=specs, urls=urls, clock=HostClock(), say=_say)
            stop_on_signals(fleet.stop)
            await fleet.run(duration)

        _run(run())


@app.command()
def replay(
    flight: Annotated[Path, typer.Argument(metavar="FLIGHT", help="A telemetry log (.tlog).")],
    mavlink: Annotated[str, typer.Option(help="Where to.")] = "udpout:127.0.0.1:14650",
    speed: Annotated[float, typer.Option(help="1 is real time, 10 is ten times as fast.")] = 1.0,
    start: Annotated[float, typer.Option(help="Begin so many seconds into the flight.")] = 0.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Ground stations in the log too; else they are left out.")
    ] = False,
) -> None:
    """Play a recorded flight over a link, byte for byte and in the time of its records.

    Damaged frames are played as they were recorded; bytes that belong to no record are left out.
    Where the recorder's clock jumped, back or by more than a minute, play goes straight on.
    udpin: and tcpin: wait for the first listener.

    A flight for an agent that listens on port 14650, twice as fast:
      aerostream-sim replay flight.tlog --speed 2

    Its second minute, again and again, for whoever connects by TCP:
      aerostream-sim replay flight.tlog --start 60 --loop --mavlink tcpin:127.0.0.1:5760
    """
    from aerostream_sim.replay import Replay, score
    from aerostream_sim.tlog import read_flight

    with _one_sentence():
        if not 0.001 <= speed <= 1000.0:
            raise BadInput(f"--speed {speed:.10g}: expected 0.001 to 1000")
        if not 0.0 <= start <= 1e9:
            raise BadInput(f"--start {start:.10g}: expected seconds, 0 or more")
        url = LinkUrl.parse(mavlink)
        log = read_flight(flight)
        if log.noise_bytes:
            _say(f"{counted(log.noise_bytes, 'byte')} in {flight} belong to no record: left out")
        cues = score(log, everything=everything)

        async def run() -> None:
            player = Replay(
                cues=cues,
                url=url,
                speed=speed,
                start_s=start,
                loop=loop,
                clock=HostClock(),
                say=_say,
            )
            stop_on_signals(player.stop)
            await player.run()
            _say(f"played {counted(player.played, 'frame')}")

        _run(run())


@app.command()
def swarm(
    mqtt: Annotated[str, typer.Option(help="The broker.")] = "mqtt://127.0.0.1:1883",
    fleet: Annotated[str, typer.Option(help="Name of the fleet.")] = "default",
    vehicles: Vehicles = 10,
    kind: Type = "copter",
    autopilot: Pilot = "ardupilot",
    seed: Seed = 1,
    home: Home = None,
    spacing: Spacing = 60.0,
    pattern: Pattern = None,
    wind: WindOption = "3,250",
    battery: Charge = 100,
    boot: Boot = False,
    idle: Idle = False,
    duration: Duration = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the agents. Default: a temporary one.")
    ] = None,
) -> None:
    """Fly vehicles with an edge agent each, all in this process.

    The agents are real: MAVLink comes to them over loopback sockets, and each has its own
    connection to the broker. The drones are copter-01, copter-02, plane-01 and so on. Further
    settings of the agents are AEROSTREAM_* variables, such as AEROSTREAM_RATE_POLICY.

    A hundred copters in the fleet north:
      aerostream-sim swarm --vehicles 100 --fleet north

    All kinds, for five minutes:
      aerostream-sim swarm --vehicles 40 --type copter,plane,rover,boat --duration 300
    """
    with _one_sentence():
        try:
            from aerostream_sim.swarm import Swarm, agent_settings
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("aerostream_edge"):
                raise
            raise BadInput("swarm needs the edge agent: install aerostream-sim[swarm]") from error
        plan = _plan(
            vehicles, kind, autopilot, seed, home, spacing, pattern, wind, battery, boot, idle
        )
        specs = plan.specs()
        _check_duration(duration)
        with folder(data_dir) as chosen:
            settings = agent_settings(specs, mqtt=mqtt, fleet=fleet, data_dir=chosen)

            async def run() -> None:
                all_ = Swarm(specs=specs, settings=settings, say=_say)
                stop_on_signals(all_.stop)
                await all_.run(duration)

            _run(run())


@app.command(help=faults_help.HELP, epilog=faults_help.KINDS)
def faults(
    seeds: Annotated[int, typer.Option(help="How many flights, a seed each.")] = 1,
    first_seed: Annotated[int, typer.Option(help="Seed of the first; the next follow.")] = 1,
    drones: Annotated[int, typer.Option(help="How many drones, with an agent each.")] = 3,
    duration: Annotated[
        float | None,
        typer.Option(help="Seconds of a flight. Default: 60, with --outage a minute more than it."),
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            "--faults",
            metavar="KINDS",
            help="What breaks, a comma list, or none. Default: everything.",
        ),
    ] = None,
    settle: Annotated[
        float, typer.Option(help="The most seconds to wait for everything to be stored.")
    ] = 120.0,
    outage: Annotated[
        float | None,
        typer.Option(help="One fault of so many seconds, instead of many; of a single kind."),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Flights at the same time.")] = 1,
    folder_: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="For logs and data. Default: a temporary one, in memory if it fits."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep logs and data also where nothing is wrong.")
    ] = False,
    json_: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all that was found.")
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Fly at a deployment of your own instead: the drones' broker, mqtt://host:port.",
        ),
    ] = None,
    api: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Its bridge, by which what is stored is read."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Or its store on this machine, sqlite:///path."),
    ] = None,
    fleet: Annotated[
        str | None, typer.Option(help="Fleet of the drones there. Default: faultlab.")
    ] = None,
    run_: Annotated[
        str | None,
        typer.Option("--run", metavar="NAME", help="Begins the drones' ids. Default: a new one."),
    ] = None,
) -> None:
    """Break a whole installation on purpose, and prove that nothing is lost."""
    from aerostream_sim.faults import run
    from aerostream_sim.faults.target import ON_DEPLOYMENT, Target

    with _one_sentence():
        target = None
        if broker is not None:
            target = Target.of(broker=broker, api=api, store=store, fleet=fleet, run=run_)
        elif any(each is not None for each in (api, store, fleet, run_)):
            raise BadInput("--api, --store, --fleet and --run are of a deployment: add --broker")
        request = run.Request(
            seeds=seeds,
            first_seed=first_seed,
            drones=drones,
            duration_s=duration,
            kinds=options.fault_kinds(kinds, FaultKind if target is None else ON_DEPLOYMENT),
            settle_s=settle,
            outage_s=outage,
            jobs=jobs,
            folder=folder_,
            keep=keep,
            json_file=json_,
            target=target,
        )
        good = _run(run.laboratory(request, say=_say, on_signals=stop_on_signals))
    if not good:
        raise typer.Exit(_FAILED)


@contextmanager
def folder(chosen: Path | None) -> Iterator[Path]:
    """The chosen folder, or a temporary one that goes at the end."""
    if chosen is not None:
        try:
            chosen.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"--data-dir {chosen}: {error.strerror}") from error
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="aerostream-swarm-") as name:
        yield Path(name)


def main() -> None:
    """Run the command line."""
    app()


def stop_on_signals(stop: Callable[[], None]) -> None:
    """End cleanly on Ctrl-C, SIGTERM, and when the terminal goes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever is started with nohup is to go on.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)


def _plan(
    vehicles: int,
    kind: str,
    autopilot: str,
    seed: int,
    home: str | None,
    spacing: float,
    pattern: PatternName | None,
    wind: str,
    battery: int,
    boot: bool,
    idle: bool,
) -> FleetPlan:
    if not 0 <= battery <= 100:
        raise BadInput(f"--battery {battery}: expected a percentage from 0 to 100")
    if not 0.0 <= spacing <= 10_000.0:
        raise BadInput(f"--spacing {spacing:.10g}: expected 0 to 10000 m")
    return FleetPlan(
        vehicles=vehicles,
        kinds=options.names(kind, Kind, "--type"),
        autopilots=options.names(autopilot, AutopilotName, "--autopilot"),
        seed=seed,
        home=None if home is None else options.place(home),
        spacing_m=spacing,
        wind=options.wind(wind),
        pattern=pattern,
        charge=battery / 100.0,
        boots=boot,
        idle=idle,
    )


def _check_duration(duration: float | None) -> None:
    if duration is not None and not 0.0 < duration <= 1e9:
        raise BadInput(f"--duration {duration:.10g}: expected seconds, more than 0")


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run(work)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What goes wrong is one sentence and an exit code."""
    try:
        yield
    except BadInput as error:
        _fail(error, BAD_INPUT)
    except SimError as error:
        _fail(error, _FAILED)


def _fail(error: Exception, code: int) -> None:
    sys.stderr.write(f"aerostream-sim: {error}\n")
    raise typer.Exit(code) from error


def _say(line: str) -> None:
    sys.stderr.write(f"aerostream-sim: {line}\n")
    sys.stderr.flush()
