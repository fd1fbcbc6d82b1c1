"""Moving the times of spooled items once the true time is told.

A spool does not rewrite its rows for that, which an SD card would feel: it keeps the move, and
applies it whenever it reads an item. What was published keeps its times for ever, so a move
names the numbers that it is for.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec
from aerostream_contract.frame import Clock, move_frame, renumber_frame, restamp_frame
from aerostream_contract.models import Event, decode, encode
from aerostream_contract.times import iso_from_us, us_from_iso
from msgspec import Struct, structs

from aerostream_edge.spool.item import Item, Kind


class Move(Struct, frozen=True):
    """Sections of one component, boot and clock whose offset turned out to be another."""

    component: int
    boot: int
    clock: int
    by_us: int
    frames_from: int = 0
    """It is for frames from this number on."""
    events_from: int = 0
    """And for events from this one on."""


class Restamp(Struct):
    """Moves, and the items that they are for."""

    ranges: list[tuple[int, int]]
    """Numbers of items that nobody had seen when the time was told."""
    moves: list[Move] = []
    everything_us: int = 0
    """Instead of moves: all times but those that came as UTC, of items that an earlier run of
    the agent stamped by the host's clock."""

    def is_for(self, number: int) -> bool:
        """Whether it moves the item with this number."""
        return any(first <= number <= last for first, last in self.ranges)

    def about_us(self, number: int) -> int:
        """By how much most times of an item move."""
        if self.everything_us:
            return self.everything_us
        return next((move.by_us for move in self.moves if number >= move.frames_from), 0)

    def applied(self, number: int, kind: Kind, payload: bytes) -> bytes:
        """The payload with its times moved."""
        if kind is Kind.TELEMETRY:
            if self.everything_us:
                return move_frame(payload, self.everything_us)
            moved = {
                (move.component, move.boot, Clock(move.clock)): move.by_us
                for move in self.moves
                if number >= move.frames_from
            }
            return restamp_frame(payload, moved) if moved else payload
        if kind is Kind.REPORT:
            return payload
        return self._moved_event(number, payload)

    def _moved_event(self, number: int, payload: bytes) -> bytes:
        event = decode(payload, Event)
        by_us = self.everything_us
        for move in self.moves:
            if (
                move.component == event.component
                and move.clock == Clock.RECEIPT
                and number >= max(move.frames_from, move.events_from)
            ):
                by_us = move.by_us
        if not by_us:
            return payload
        time = iso_from_us(us_from_iso(event.time) + by_us)
        return encode(structs.replace(event, time=time))


def restamped(restamps: Iterable[Restamp], item: Item) -> Item:
    """An item with every move that is for it.

    Raises:
        ContractError: it is not what it should be, or leaves the calendar.
    """
    for restamp in restamps:
        if restamp.is_for(item.number):
            by_us = restamp.about_us(item.number)
            item = replace(
                item,
                payload=restamp.applied(item.number, item.kind, item.payload),
                from_us=item.from_us + by_us,
                to_us=item.to_us + by_us,
            )
    return item


def moved_by(restamps: Iterable[Restamp], number: int) -> int:
    """By how many µs most times of an item move."""
    return sum(restamp.about_us(number) for restamp in restamps if restamp.is_for(number))


def renumbered(item: Item, epoch: int, number: int) -> Item:
    """An item that nobody has seen, under another epoch and number.

    Raises:
        ContractError: it is not what it should be.
    """
    if item.kind is Kind.TELEMETRY:
        payload = renumber_frame(item.payload, epoch, number)
    else:
        content: dict[str, Any] = msgspec.json.decode(item.payload)
        payload = msgspec.json.encode(content | {"epoch": epoch, "number": number})
    return replace(item, number=number, payload=payload)
