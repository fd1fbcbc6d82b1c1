"""ArduPilot, put together from its parts."""

import math
import random
from collections.abc import Callable
from functools import partial

from aerostream_sim.autopilots.ardupilot.arming import ArduPilotArming
from aerostream_sim.autopilots.ardupilot.failsafe import ArduPilotFailsafe
from aerostream_sim.autopilots.ardupilot.heartbeat import ArduPilotHeartbeat
from aerostream_sim.autopilots.ardupilot.messages import ArduPilotMessages
from aerostream_sim.autopilots.ardupilot.mission import ArduPilotMission
from aerostream_sim.autopilots.ardupilot.modes import ArduPilotModes
from aerostream_sim.autopilots.ardupilot.navigation import ArduPilotNavigation
from aerostream_sim.autopilots.ardupilot.orders import ArduPilotOrders
from aerostream_sim.autopilots.ardupilot.parameters import parameters
from aerostream_sim.autopilots.ardupilot.reboot import ArduPilotReboot
from aerostream_sim.autopilots.ardupilot.reporter import ArduPilotReporter
from aerostream_sim.autopilots.ardupilot.requests import ArduPilotRequests
from aerostream_sim.autopilots.ardupilot.sender import ArduPilotSender
from aerostream_sim.autopilots.ardupilot.texts import ArduPilotTexts
from aerostream_sim.autopilots.ardupilot.timesync import ArduPilotTimesync
from aerostream_sim.autopilots.ardupilot.vehicles import VEHICLES
from aerostream_sim.autopilots.ardupilot.version import banner, version_message
from aerostream_sim.autopilots.arming import AutoDisarm
from aerostream_sim.autopilots.autopilot import Autopilot, Boot
from aerostream_sim.autopilots.command_server import CommandServer
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.autopilots.mission_server import MissionServer
from aerostream_sim.autopilots.param_server import ParamServer
from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.power import Power
from aerostream_sim.autopilots.streams import Streams
from aerostream_sim.autopilots.texts import Severity
from aerostream_sim.flight.kinds import Kind
from aerostream_sim.flight.platform import Platform

_BOOT = Boot(first_heartbeat_s=0.9, gps_found_s=9.0, gps_fix_s=14.0)
_LANDED_ARMED_S = 0.3
#: Only a copter's.
_IDLE_ARMED_S = 9.9


def ardupilot(
    *, platform: Platform, system: int, rnd: random.Random, commanded: Callable[[], None]
) -> Autopilot:
    """ArduPilot on one link.

    Args:
        platform: the vehicle it sits in.
        system: its MAVLink system id.
        rnd: where its delays come from.
        commanded: is called when somebody on the link commands the vehicle.
    """
    facts = VEHICLES[platform.kind]
    sender = ArduPilotSender(platform=platform, rnd=rnd, ack_ms=facts.ack_ms)
    power = Power(platform=platform, outbox=sender.outbox)
    streams = Streams(facts.streams, rnd.random())
    texts = ArduPilotTexts(platform=platform, facts=facts, sender=sender)
    mission = ArduPilotMission(platform=platform, texts=texts)

    def tell_mode() -> None:
        sender.say(heartbeat())

    modes = ArduPilotModes(
        platform=platform,
        facts=facts,
        mission=mission,
        texts=texts,
        changed=tell_mode,
        commanded=commanded,
    )
    failsafe = ArduPilotFailsafe(platform=platform, facts=facts, modes=modes, texts=texts)
    heartbeat = ArduPilotHeartbeat(platform=platform, facts=facts, modes=modes, failsafe=failsafe)
    arming = ArduPilotArming(
        platform=platform,
        facts=facts,
        modes=modes,
        mission=mission,
        failsafe=failsafe,
        texts=texts,
        commanded=commanded,
    )

    def condition() -> Condition:
        in_mission = modes.mode == modes.mission_mode and platform.flight.armed
        return Condition(arming.armable, mission.current, mission.total, in_mission)

    def accepts(target: int, _component: int) -> bool:
        """It obeys whatever component a command is meant for, even one that does not exist."""
        return target in (system, 0)

    def say_banner() -> None:
        for line in banner(platform.kind, facts):
            texts.say(Severity.INFO, line)

    builders = ArduPilotMessages(platform=platform, facts=facts, condition=condition).builders()
    # What comes earlier here is sent earlier.
    parts: list[Part] = [
        texts,
        ArduPilotTimesync(platform=platform, system=system, sender=sender, rnd=rnd),
        arming,
        ArduPilotReporter(
            platform=platform,
            facts=facts,
            modes=modes,
            mission=mission,
            texts=texts,
            sender=sender,
        ),
        failsafe,
        AutoDisarm(
            platform=platform,
            arming=arming,
            landed_s=_LANDED_ARMED_S,
            idle_s=_IDLE_ARMED_S if platform.kind is Kind.COPTER else math.inf,
            waits_for_take_off=True,
        ),
        modes,
        mission,
        ArduPilotNavigation(
            platform=platform, facts=facts, modes=modes, texts=texts, commanded=commanded
        ),
        ArduPilotRequests(
            platform=platform,
            sender=sender,
            streams=streams,
            builders=builders,
            version=partial(version_message, facts, system),
            texts=texts,
        ),
        ArduPilotReboot(flight=platform.flight, power=power, commanded=commanded),
        ParamServer(system=system, params=parameters(system), sender=sender, listed=say_banner),
        MissionServer(system=system, mission=mission, sender=sender),
    ]
    commands = CommandServer(
        system=system, accepts=accepts, sender=sender, modes=modes, parts=parts
    )
    return Autopilot(
        platform=platform,
        rnd=rnd,
        boot=_BOOT,
        sender=sender,
        power=power,
        streams=streams,
        builders=builders,
        heartbeat=heartbeat,
        modes=modes,
        orders=ArduPilotOrders(
            platform=platform,
            power=power,
            modes=modes,
            arming=arming,
            facts=facts,
            mission=mission,
        ),
        parts=[*parts, commands],
    )
