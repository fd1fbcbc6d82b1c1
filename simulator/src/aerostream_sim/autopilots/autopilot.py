"""One autopilot on one link: it beats, streams, listens, and lets its parts do the rest."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aerostream_sim.autopilots.modes import Modes
from aerostream_sim.autopilots.orders import Orders
from aerostream_sim.autopilots.part import Listener, Part
from aerostream_sim.autopilots.power import Power
from aerostream_sim.autopilots.sender import Sender
from aerostream_sim.autopilots.streams import Streams
from aerostream_sim.flight.flight import News
from aerostream_sim.flight.platform import Platform
from aerostream_sim.mavlink.telemetry import Builder
from aerostream_sim.mavlink.wire import Message

_HEARTBEAT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """Seconds from power-on."""

    first_heartbeat_s: float
    gps_found_s: float
    """Until the GPS receiver is found."""
    gps_fix_s: float


class Autopilot:
    """One autopilot on one link, made of its parts.

    Args:
        platform: the vehicle it sits in.
        rnd: where its delays come from.
        boot: how it starts.
        sender: sends for it.
        power: whether it has any.
        streams: what it sends in intervals.
        builders: what it can send, by message id.
        heartbeat: makes HEARTBEAT.
        modes: its modes.
        orders: what an operator sees and orders.
        parts: all that it does, in the order in which that is done.
    """

    def __init__(
        self,
        *,
        platform: Platform,
        rnd: random.Random,
        boot: Boot,
        sender: Sender,
        power: Power,
        streams: Streams,
        builders: Mapping[int, Builder],
        heartbeat: Callable[[], Message],
        modes: Modes,
        orders: Orders,
        parts: Sequence[Part],
    ) -> None:
        self.modes = modes
        self.orders = orders
        self.streams = streams
        self.builders = builders
        self._platform = platform
        self._rnd = rnd
        self._boot = boot
        self._sender = sender
        self._power = power
        self._heartbeat = heartbeat
        self._parts = parts
        self._listeners: dict[str, Listener] = {}
        for part in parts:
            self._listeners.update(part.listeners())
        self._beat_s = 0.0

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._power.on

    @property
    def next_answer_s(self) -> float:
        """When something waits to be sent; infinity: nothing does."""
        return self._sender.outbox.next_s

    def power_on(self, *, ready_for_s: float = 0.0) -> None:
        """Switch on.

        Args:
            ready_for_s: it was switched on so long ago, and all is well; 0: now.
        """
        now_s, boot = self._platform.now_s, self._boot
        ready = ready_for_s > 0.0
        self._power.restore()
        self._platform.power_on(
            booted_s=now_s - ready_for_s, gps_found_s=boot.gps_found_s, gps_fix_s=boot.gps_fix_s
        )
        self.streams.restart(now_s + (0.0 if ready else boot.first_heartbeat_s))
        self._beat_s = now_s + (self._rnd.random() if ready else boot.first_heartbeat_s)
        for part in self._parts:
            part.restart()
            if not ready:
                part.boot()

    def step(self, news: list[News], *, heard: bool) -> list[list[Message]]:
        """Do what is due at the platform's time; gives what to send, each bundle together."""
        now_s = self._platform.now_s
        if self._power.back_s is not None:
            if now_s < self._power.back_s:
                return []
            self.power_on()
        for part in self._parts:
            part.watch(news)
        bundles = self.answers(now_s)
        if now_s >= self._beat_s:
            self._beat_s += _HEARTBEAT_S
            bundles.append([self._heartbeat()])
        if heard:
            streamed = [self.builders[each](at_s) for each, at_s in self.streams.due(now_s)]
            bundles.append([message for message in streamed if message is not None])
        else:
            self.streams.skip(now_s)
            bundles.clear()
        self._power.reboot_if_due()
        return bundles

    def answers(self, now_s: float) -> list[list[Message]]:
        """What waited to be sent until now, each bundle together."""
        return [list(each) for each in self._sender.outbox.due(now_s)]

    def take(self, message: Any, now_s: float) -> None:
        """Take a message that came over the link at a moment."""
        self._sender.heard_s = now_s
        if not self.powered or self._platform.boot_s < self._boot.first_heartbeat_s:
            return
        listener = self._listeners.get(message.get_type())
        if listener is not None:
            listener(message)


class MakeAutopilot(Protocol):
    """Makes an autopilot of one kind."""

    def __call__(
        self,
        *,
        platform: Platform,
        system: int,
        rnd: random.Random,
        commanded: Callable[[], None],
    ) -> Autopilot:
        """Make one.

        Args:
            platform: the vehicle it sits in.
            system: its MAVLink system id.
            rnd: where its delays come from.
            commanded: is called when somebody on the link commands the vehicle.
        """
        ...
