"""Spooled items as one payload of history."""

from collections.abc import Sequence
from typing import NamedTuple

from aerostream_contract.errors import ContractError
from aerostream_contract.frame import encode_frame, merge_frames
from aerostream_contract.topics import UP_BF

from aerostream_edge.spool.item import Item, Kind


class Resend(NamedTuple):
    """A payload, and the numbers that it makes stored."""

    leaf: str
    payload: bytes
    numbers: list[int]


def resend(items: Sequence[Item], epoch: int) -> Resend:
    """As many of the items as fit into one payload, from the first one on.

    Frames and events are merged on `up/bf`; a command report goes alone, where it always goes.

    Args:
        items: what to send; at least one.
        epoch: theirs.
    """
    first = items[0]
    if first.kind is Kind.REPORT:
        return Resend(first.kind.leaf, first.payload, [first.number])
    items = [item for item in items if item.kind is not Kind.REPORT]
    while True:
        # By their numbers: what is in order compresses best.
        parts = sorted(items, key=lambda item: item.number)
        try:
            payload = merge_frames([_frame(item, epoch) for item in parts])
        except ContractError:
            if len(items) == 1:
                # It is what it is: the cloud says what is wrong with it, and keeps it.
                return Resend(UP_BF, first.payload, [first.number])
            items = items[: len(items) // 2]
        else:
            return Resend(UP_BF, payload, [item.number for item in parts])


def _frame(item: Item, epoch: int) -> bytes:
    if item.kind is not Kind.TELEMETRY:
        return encode_frame(epoch, item.number, [], [item.payload])
    return item.payload
