"""`aerostream-edge check`: what is on the link, and does the broker let us in?"""

import asyncio
import contextlib
import errno
from collections import Counter
from collections.abc import Callable

from aerostream_contract.mavlink import MESSAGES
from aerostream_contract.words import counted

from aerostream_edge.accounts import Account, account_of
from aerostream_edge.errors import LinkError, StateError, UplinkError
from aerostream_edge.links import Link, LinkUrl, open_link
from aerostream_edge.lock import AgentLock
from aerostream_edge.mavlink.frames import Frame, FrameParser
from aerostream_edge.reasons import because
from aerostream_edge.roster import Roster
from aerostream_edge.settings import EdgeSettings, check_own_account
from aerostream_edge.uplink import Connected, Disconnected, Refused, Tls, Unreachable, Uplink

_BROKER_TIMEOUT_S = 12.0

Say = Callable[[str], None]


class LinkSurvey:
    """What was heard on a link."""

    def __init__(self) -> None:
        self.parser = FrameParser()
        self.roster = Roster()
        self._messages: dict[tuple[int, int], Counter[int]] = {}

    def take(self, data: bytes) -> None:
        """Take bytes of the link."""
        self._take(self.parser.feed(data))

    def finish(self) -> None:
        """The time is over: what waited for more bytes is decided."""
        self._take(self.parser.finish())

    def lines(self, seconds: float) -> list[str]:
        """The findings, one sentence a line."""
        counts = self.parser.counts
        lines = [
            f"  {counted(counts.total, 'byte')}: {counted(counts.frames, 'MAVLink frame')}, "
            f"{counts.bad_checksum_frames} with a bad checksum, "
            f"{counts.unknown_frames} of unknown messages, "
            f"{counted(counts.noise, 'byte')} of noise"
        ]
        for (system, component), messages in sorted(self._messages.items()):
            lines.append(
                f"  {system}/{component} {self._kind(system, component)}: "
                f"{messages.total() / seconds:.0f} messages/s of "
                f"{counted(len(messages), 'kind')}, most "
                f"{', '.join(_name(i) for i, _ in messages.most_common(3))}"
            )
        return lines

    def _take(self, frames: list[Frame]) -> None:
        for frame in frames:
            self.roster.observe(frame)
            sender = self._messages.setdefault((frame.system, frame.component), Counter())
            sender[frame.message_id] += 1

    def _kind(self, system: int, component: int) -> str:
        autopilot, heartbeat = self.roster.autopilots.get(system, (None, None))
        if heartbeat is not None and component == autopilot:
            armed = "armed" if heartbeat.armed else "disarmed"
            return f"{heartbeat.autopilot_name} {heartbeat.vehicle}, {heartbeat.mode}, {armed}"
        if heartbeat is not None:
            return "a component of that vehicle"
        return "no vehicle (ground station, radio or other)"


async def check_link(settings: EdgeSettings, seconds: float, say: Say) -> bool:
    """Listen on the link and say what is there; True where a vehicle is."""
    url = LinkUrl.parse(settings.mavlink_url)
    survey = LinkSurvey()
    try:
        link = await open_link(url)
    except LinkError as error:
        say(f"link: {error}{_who_has_it(error)}")
        return False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _listen(link, survey)
    link.close()
    survey.finish()
    found = survey.roster.vehicles
    if not survey.parser.counts.total:
        say(f"link {url}: nothing came within {seconds:g} s")
        return False
    say(f"link {url}, {seconds:g} s:")
    for line in survey.lines(seconds):
        say(line)
    if not found:
        say("  no vehicle: expected HEARTBEAT of an autopilot at least once a second")
    return bool(found)


async def check_broker(settings: EdgeSettings, say: Say) -> bool:
    """Connect to the broker and say whether it lets the agent in."""
    check_own_account(settings)
    account = account_of(settings, settings.name)
    url = settings.broker
    if account is None:
        say(f"broker {url}: {settings.name} has no account in {settings.mqtt_credentials}")
        return False
    try:
        lock = AgentLock(settings.data_dir, settings.name)
    except StateError as error:
        say(f"broker {url}: not tried, it would throw the running agent out ({error})")
        return False
    try:
        return await _connect(settings, account, say)
    finally:
        lock.release()


async def _connect(settings: EdgeSettings, account: Account, say: Say) -> bool:
    url = settings.broker
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    try:
        uplink = Uplink(
            url=url,
            client_id=str(settings.name),
            username=account.username,
            password=account.password,
            tls=Tls(settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key),
            wake=lambda: _set_soon(loop, woken),
        )
    except UplinkError as error:
        say(f"broker {url}: {error}")
        return False
    uplink.start()
    try:
        async with asyncio.timeout(_BROKER_TIMEOUT_S):
            while True:
                await woken.wait()
                woken.clear()
                for event in uplink.poll():
                    match event:
                        case Connected():
                            say(f"broker {url}: lets {settings.name} in")
                            return True
                        case Refused(reason=reason):
                            say(f"broker {url}: {reason}")
                            return False
                        case Unreachable():
                            say(f"broker {url}: unreachable")
                            return False
                        case Disconnected(reason=reason):
                            say(f"broker {url}: ends the connection{because(reason)}")
                            return False
                        case _:
                            pass
    except TimeoutError:
        say(f"broker {url}: no answer within {_BROKER_TIMEOUT_S:.0f} s")
        return False
    finally:
        await asyncio.to_thread(uplink.stop)


def _who_has_it(error: LinkError) -> str:
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE:
        return ". Another program has this port, probably the agent: stop it to check the link"
    return ""


async def _listen(link: Link, survey: LinkSurvey) -> None:
    while data := await link.receive():
        survey.take(data)


def _set_soon(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


def _name(message_id: int) -> str:
    message = MESSAGES.get(message_id)
    return str(message_id) if message is None else message.name
