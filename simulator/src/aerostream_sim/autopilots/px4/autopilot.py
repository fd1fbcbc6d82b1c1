"""PX4, put together from its parts."""

import random
from collections.abc import Callable
from functools import partial

from aerostream_sim.autopilots.arming import AutoDisarm
from aerostream_sim.autopilots.autopilot import Autopilot, Boot
from aerostream_sim.autopilots.command_server import CommandServer
from aerostream_sim.autopilots.condition import Condition
from aerostream_sim.autopilots.mission_server import MissionServer
from aerostream_sim.autopilots.param_server import ParamServer
from aerostream_sim.autopilots.part import Part
from aerostream_sim.autopilots.power import Power
from aerostream_sim.autopilots.px4.arming import Px4Arming
from aerostream_sim.autopilots.px4.events import Px4Events
from aerostream_sim.autopilots.px4.failsafe import Px4Failsafe
from aerostream_sim.autopilots.px4.heartbeat import Px4Heartbeat
from aerostream_sim.autopilots.px4.messages import Px4Messages
from aerostream_sim.autopilots.px4.mission import Px4Mission
from aerostream_sim.autopilots.px4.modes import Px4Modes
from aerostream_sim.autopilots.px4.navigation import Px4Navigation
from aerostream_sim.autopilots.px4.orders import Px4Orders
from aerostream_sim.autopilots.px4.parameters import LANDED_ARMED_S, parameters
from aerostream_sim.autopilots.px4.reboot import Px4Reboot
from aerostream_sim.autopilots.px4.reporter import Px4Reporter
from aerostream_sim.autopilots.px4.requests import Px4Requests
from aerostream_sim.autopilots.px4.sender import Px4Sender
from aerostream_sim.autopilots.px4.stream_table import STREAMS_HZ
from aerostream_sim.autopilots.px4.texts import Px4Texts
from aerostream_sim.autopilots.px4.version import version_message
from aerostream_sim.autopilots.streams import Streams
from aerostream_sim.autopilots.timesync import Timesync
from aerostream_sim.flight.platform import Platform

_BOOT = Boot(first_heartbeat_s=1.4, gps_found_s=1.5, gps_fix_s=2.5)
_IDLE_ARMED_S = 10.1


def px4(
    *, platform: Platform, system: int, rnd: random.Random, commanded: Callable[[], None]
) -> Autopilot:
    """PX4 on one link.

    Args:
        platform: the vehicle it sits in.
        system: its MAVLink system id.
        rnd: where its delays come from.
        commanded: is called when somebody on the link commands the vehicle.
    """
    sender = Px4Sender(platform=platform, rnd=rnd)
    power = Power(platform=platform, outbox=sender.outbox)
    events = Px4Events(platform=platform, sender=sender)
    texts = Px4Texts(platform=platform, sender=sender)
    mission = Px4Mission(platform=platform, sender=sender)
    modes = Px4Modes(
        platform=platform, mission=mission, events=events, texts=texts, commanded=commanded
    )
    failsafe = Px4Failsafe(platform=platform, modes=modes, events=events, texts=texts)
    arming = Px4Arming(
        platform=platform,
        modes=modes,
        mission=mission,
        failsafe=failsafe,
        events=events,
        texts=texts,
        commanded=commanded,
    )
    navigation = Px4Navigation(
        platform=platform,
        modes=modes,
        arming=arming,
        events=events,
        texts=texts,
        commanded=commanded,
    )

    def condition() -> Condition:
        in_mission = modes.mode == modes.mission_mode and platform.flight.armed
        return Condition(arming.armable, mission.current, mission.total, in_mission)

    def accepts(target: int, component: int) -> bool:
        """Only what is meant for it; to all else it is silent."""
        return target == system and component in (0, 1)

    builders = Px4Messages(
        platform=platform, condition=condition, modes=modes, events=events
    ).builders()
    # The flights of a seed hang on every draw, and this one is nobody's.
    rnd.random()
    streams = Streams(
        {each: round(1e6 / hertz) for each, hertz in STREAMS_HZ.items() if each in builders},
        rnd.random(),
    )
    # What comes earlier here is sent earlier; texts come last.
    parts: list[Part] = [
        Px4Reporter(
            flight=platform.flight, modes=modes, mission=mission, events=events, texts=texts
        ),
        mission,
        failsafe,
        AutoDisarm(platform=platform, arming=arming, landed_s=LANDED_ARMED_S, idle_s=_IDLE_ARMED_S),
        modes,
        events,
        arming,
        navigation,
        Px4Requests(
            platform=platform,
            sender=sender,
            streams=streams,
            builders=builders,
            version=partial(version_message, system),
        ),
        Px4Reboot(),
        Timesync(platform=platform, sender=sender),
        ParamServer(system=system, params=parameters(system), sender=sender),
        MissionServer(system=system, mission=mission, sender=sender),
        texts,
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
        heartbeat=Px4Heartbeat(platform=platform, modes=modes, arming=arming, failsafe=failsafe),
        modes=modes,
        orders=Px4Orders(
            platform=platform, power=power, modes=modes, arming=arming, navigation=navigation
        ),
        parts=[*parts, commands],
    )
